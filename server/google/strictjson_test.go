package google

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func nested(levels int) string {
	return strings.Repeat(`{"a":`, levels-1) + "{}" + strings.Repeat("}", levels-1)
}

func TestParseObject_TakesNoKeyTwice(t *testing.T) {
	for name, row := range map[string]struct {
		document string
		ok       bool
	}{
		"no keys":                          {`{}`, true},
		"keys once":                        {`{"a":1,"b":"x","c":[1,{"a":2}]}`, true},
		"a key in two objects":             {`{"a":{"x":1},"b":{"x":1}}`, true},
		"a value like a key":               {`{"a":"b","b":"a"}`, true},
		"values with braces and quotes":    {`{"a":"{\"a\":1,\"a\":2}","b":"]}\\","c":"\\\""}`, true},
		"space around the colon":           {"{\"a\" \n:\t1}", true},
		"keys that differ in case":         {`{"sub":1,"SUB":2}`, true},
		"a list of one text":               {`{"a":["b","b"]}`, true},
		"a key twice":                      {`{"sub":"1","sub":"2"}`, false},
		"a key twice, with space":          {`{"sub" :"1","sub"` + "\n" + `:"2"}`, false},
		"a key twice, once escaped":        {`{"sub":"1","s\u0075b":"2"}`, false},
		"a key twice, with a quote":        {`{"a\"":"1","a\"":"2"}`, false},
		"a key twice, deeper":              {`{"a":[{"b":{"x":1,"x":1}}]}`, false},
		"a key twice, an object between":   {`{"a":1,"b":{"c":[{}]},"a":2}`, false},
		"the empty key twice":              {`{"":1,"":2}`, false},
		"as deep as may be":                {nested(maxDepth), true},
		"deeper":                           {nested(maxDepth + 1), false},
		"deeper, in lists":                 {`{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`, false},
		"something after the object":       {`{"a":1}{}`, false},
		"no object":                        {`["a"]`, false},
		"null":                             {`null`, false},
		"a string without an end":          {`{"a":"b}`, false},
		"an escape without an end":         {`{"a":"b\`, false},
		"a raw line break in a string":     {"{\"a\":\"\n\"}", false},
		"not UTF-8":                        {"{\"a\":\"\xff\"}", false},
		"half a surrogate, then the other": {`{"\ud800":1,"\udc00":2}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := parseObject([]byte(row.document))
			if row.ok != (err == nil) || (err != nil && !errors.Is(err, ErrTokenInvalid)) {
				t.Errorf("object %v, error %v, want ok %t", o, err, row.ok)
			}
		})
	}
}

func TestObject_TextIsUnescaped(t *testing.T) {
	o, err := parseObject([]byte(`{"plain":"Ann Ö","escaped":"a\"\u0062\n","number":1,"list":["a"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"plain": "Ann Ö", "escaped": "a\"b\n", "absent": ""} {
		if got, err := o.text(name); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"number", "list"} {
		if got, err := o.text(name); err == nil {
			t.Errorf("%s passed as the text %q", name, got)
		}
	}
}

// FuzzKeys holds what is read against the tokens of another parser.
func FuzzKeys(f *testing.F) {
	for _, seed := range []string{`{"a":1,"a":2}`, `{"a\"":[{"b":"}"}],"c":"\\"}`, `{"a" : {"b":[[]]}}`, nested(maxDepth + 1), `{"\ud800":1,"\ufffd":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		o, err := parseObject(document)
		want := json.Valid(document) && utf8.Valid(document) && bytes.HasPrefix(bytes.TrimLeft(document, " \t\r\n"), []byte("{"))
		if want {
			d := json.NewDecoder(bytes.NewReader(document))
			d.UseNumber()
			want = tokens(d, 0)
		}
		// The other parser makes a question mark of half a surrogate pair.
		halves := bytes.Contains(bytes.ToLower(document), []byte(`\ud`))
		if got := err == nil; got != want && !(halves && !got) {
			t.Fatalf("%q: passes %t, by the tokens %t", document, got, want)
		}
		var theirs map[string]json.RawMessage
		if err == nil && (json.Unmarshal(document, &theirs) != nil || len(theirs) != len(o)) {
			t.Errorf("%q: has %d keys, by the other parser %d", document, len(o), len(theirs))
		}
	})
}

// tokens says whether one value nests as deep as may be at most, and has no key twice.
func tokens(d *json.Decoder, depth int) bool {
	token, err := d.Token()
	open, nests := token.(json.Delim)
	if err != nil || !nests {
		return err == nil
	}
	if depth == maxDepth {
		return false
	}
	seen := map[any]bool{}
	for d.More() {
		if open == '{' {
			key, err := d.Token()
			if err != nil || seen[key] {
				return false
			}
			seen[key] = true
		}
		if !tokens(d, depth+1) {
			return false
		}
	}
	_, err = d.Token()
	return err == nil
}
