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
	var o object
	// Its error may quote the document.
	if err := json.Unmarshal(b, &o); err != nil || o == nil {
		return nil, invalid("not a JSON object")
	}
	if err := walk(b); err != nil {
		return nil, err
	}
	return o, nil
}

// walk goes through valid JSON, and fails at a key that came before in the same object.
func walk(b []byte) error {
	// The keys of each object around, nil for an array.
	var around []map[string]bool
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			if len(around) == maxDepth {
				return invalid("JSON nests too deep")
			}
			var seen map[string]bool
			if b[i] == '{' {
				seen = map[string]bool{}
			}
			around = append(around, seen)
		case '}', ']':
			around = around[:len(around)-1]
		case '"':
			text := b[i : i+textLength(b[i:])]
			i += len(text) - 1
			if !isKey(b[i+1:]) {
				continue
			}
			if err := newKey(text, around[len(around)-1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// textLength is how long the string is that b begins with, both quotes included.
func textLength(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// isKey says whether what was before is a key, by what follows.
func isKey(rest []byte) bool {
	for _, c := range rest {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c == ':'
		}
	}
	return false
}

func newKey(raw []byte, seen map[string]bool) error {
	key, err := unquote(raw)
	if err != nil {
		return invalid("malformed JSON")
	}
	if seen[key] {
		return invalid("a JSON key occurs twice")
	}
	seen[key] = true
	return nil
}

// unquote is what a string of valid JSON says. Most have no escapes.
func unquote(raw []byte) (s string, err error) {
	if len(raw) >= 2 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	err = json.Unmarshal(raw, &s)
	return s, err
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
	s, err := unquote(o[name])
	if err != nil {
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
