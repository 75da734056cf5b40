package google

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// maxDepth is how deep a document may nest. Ours need three levels; a parser that follows thousands can be made to choke.
const maxDepth = 16

// object is a JSON object whose fields are looked up by their exact name. encoding/json alone would also take "SUB" for sub, and
// the last of two subs: two parsers that disagree about a token are how one of them gets fooled.
type object map[string]json.RawMessage

// parseObject reads one JSON object, without a key twice at any depth, without anything after it.
func parseObject(b []byte) (object, error) {
	if !utf8.Valid(b) {
		return nil, invalid("JSON is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := walk(d, 0); err != nil {
		return nil, err
	}
	var o object
	// Unmarshal, unlike the Decoder above, also fails at anything after the object.
	if err := json.Unmarshal(b, &o); err != nil || o == nil {
		return nil, invalid("not a JSON object")
	}
	return o, nil
}

// walk reads one value, and fails at a key that came before in the same object.
func walk(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		// The decoder's error may quote the document.
		return invalid("malformed JSON")
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return invalid("JSON nests too deep")
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			if err := newKey(d, seen); err != nil {
				return err
			}
		}
		if err := walk(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return invalid("malformed JSON")
	}
	return nil
}

func newKey(d *json.Decoder, seen map[string]bool) error {
	t, err := d.Token()
	if err != nil {
		return invalid("malformed JSON")
	}
	key, ok := t.(string)
	if !ok {
		return invalid("malformed JSON")
	}
	if seen[key] {
		return invalid("a JSON key occurs twice")
	}
	seen[key] = true
	return nil
}

// has reports a field that is there and not null.
func (o object) has(name string) bool {
	raw, ok := o[name]
	return ok && string(raw) != "null"
}

// text is a string field, empty if absent.
func (o object) text(name string) (string, error) {
	if !o.has(name) {
		return "", nil
	}
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return "", invalid("%s is not a string", name)
	}
	return s, nil
}

// texts are a field that is a string or a list of strings.
func (o object) texts(name string) ([]string, error) {
	if !o.has(name) {
		return nil, nil
	}
	if one, err := o.text(name); err == nil {
		return []string{one}, nil
	}
	var list []string
	if json.Unmarshal(o[name], &list) != nil {
		return nil, invalid("%s is not a list of strings", name)
	}
	return list, nil
}

// number is a whole number that is not negative, written without sign, fraction or exponent. Zero if absent.
func (o object) number(name string) (int64, error) {
	if !o.has(name) {
		return 0, nil
	}
	raw := o[name]
	var n int64
	digits := !slices.ContainsFunc(raw, func(c byte) bool { return c < '0' || c > '9' })
	if !digits || json.Unmarshal(raw, &n) != nil {
		return 0, invalid("%s is not a whole number", name)
	}
	return n, nil
}

// truth is a boolean field, false if absent.
func (o object) truth(name string) (bool, error) {
	if !o.has(name) {
		return false, nil
	}
	var b bool
	if json.Unmarshal(o[name], &b) != nil {
		return false, invalid("%s is not a boolean", name)
	}
	return b, nil
}
