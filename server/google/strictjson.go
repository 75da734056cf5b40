package google

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep a document may nest. Ours need three levels.
const maxDepth = 16

// object is a JSON object whose fields are looked up by their exact name. encoding/json would also take "SUB" for sub, and the last
// of two subs: two parsers that disagree about a token are how one of them gets fooled.
type object map[string]jsontext.Value

// parseObject reads one JSON object, without a key twice at any depth, without anything after it.
func parseObject(b []byte) (object, error) {
	var o object
	err := json.Unmarshal(b, &o)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return nil, invalid("a JSON key occurs twice")
	case err != nil || o == nil:
		// Its error may quote the document.
		return nil, invalid("not a JSON object in UTF-8")
	}
	for _, value := range o {
		if depth(value) >= maxDepth {
			return nil, invalid("JSON nests too deep")
		}
	}
	return o, nil
}

// depth is how many levels a value has that is valid: none for a string or a number.
func depth(value jsontext.Value) (deepest int) {
	if kind := value.Kind(); kind != '{' && kind != '[' {
		return 0
	}
	d := jsontext.NewDecoder(bytes.NewReader(value))
	for {
		if _, err := d.ReadToken(); err != nil {
			return deepest
		}
		deepest = max(deepest, d.StackDepth())
	}
}

// unquote is what a string says. Most have no escapes.
func unquote(raw jsontext.Value) (string, error) {
	if raw.Kind() == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	unquoted, err := jsontext.AppendUnquote(nil, raw)
	return string(unquoted), err
}

// has reports a field that is there and not null.
func (o object) has(name string) bool {
	raw, ok := o[name]
	return ok && raw.Kind() != 'n'
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
	n, err := strconv.ParseUint(string(o[name]), 10, 63)
	if err != nil {
		return 0, invalid("%s is not a whole number", name)
	}
	return int64(n), nil //nolint:gosec // It has 63 bits at most.
}

// truth is a boolean field, false if absent.
func (o object) truth(name string) (bool, error) {
	if !o.has(name) {
		return false, nil
	}
	switch o[name].Kind() {
	case 't':
		return true, nil
	case 'f':
		return false, nil
	}
	return false, invalid("%s is not a boolean", name)
}
