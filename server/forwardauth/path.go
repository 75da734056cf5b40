package forwardauth

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDecodings is how often a path may be decoded on its way to whoever acts on it.
const maxDecodings = 3

// isClear says whether everybody who reads this path and query sees the same: the proxy that picks the rules for it, and the
// application behind. It must also still be clear after it is decoded again. With slashes, one that is encoded once may be there: the path
// is then judged as it looks with it decoded.
func isClear(uri string, slashes bool) bool {
	path, _, _ := strings.Cut(uri, "?")
	if strings.ContainsFunc(uri, isOutOfPlace) || !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || hasDotSegment(path) {
		return false
	}
	for i := range maxDecodings {
		if !strings.Contains(path, "%") {
			return true
		}
		decoded, valid := decode(path)
		// Beyond the first decoding a percent sign may stand for itself.
		if !valid && i == 0 || !staysClear(path, decoded, slashes && i == 0) {
			return false
		}
		if decoded == path {
			return true
		}
		path = decoded
	}
	return false
}

// decode replaces what is percent-encoded, leaves what is wrongly encoded as it is, and says whether there was none of that: a strict
// decoder fails there, but a lenient one goes on.
func decode(path string) (decoded string, valid bool) {
	valid = true
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			out.WriteByte(path[i])
			continue
		}
		c, err := strconv.ParseUint(path[i+1:min(i+3, len(path))], 16, 8)
		if err != nil || i+2 >= len(path) {
			valid = false
			out.WriteByte('%')
			continue
		}
		out.WriteByte(byte(c))
		i += 2
	}
	return out.String(), valid
}

// staysClear looks at what decoding a path brought to light: a separator, unless it may, a dot segment, what is no text.
func staysClear(path, decoded string, slashes bool) bool {
	separators := strings.Count(decoded, "/") == strings.Count(path, "/") || slashes && !strings.Contains(decoded, "//")
	return separators && !strings.Contains(decoded, `\`) &&
		!strings.ContainsFunc(decoded, unicode.IsControl) && utf8.ValidString(decoded) && !hasDotSegment(decoded)
}

// isOutOfPlace finds what no request target may have (RFC 9112, 3.2), or what some readers repair.
func isOutOfPlace(c rune) bool { return c <= ' ' || c > '~' || c == '#' || c == '\\' }

// hasDotSegment looks at what is before a ";" as well: some servers cut path parameters off before they walk the path.
func hasDotSegment(path string) bool {
	if !strings.Contains(path, "/.") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." {
			return true
		}
	}
	return false
}
