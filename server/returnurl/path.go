package returnurl

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isPath accepts a path that means the same to everybody who reads it, also to a server that decodes it twice: it begins with
// one slash, has no empty or dot segment in any encoding, no encoded slash, backslash or percent sign, no control character.
func isPath(path string) bool {
	decoded, err := url.PathUnescape(path)
	if err != nil || !utf8.ValidString(decoded) || !strings.HasPrefix(path, "/") {
		return false
	}
	if strings.Count(decoded, "/") != strings.Count(path, "/") || strings.ContainsAny(decoded, `%\`) {
		return false
	}
	return !strings.Contains(path, "//") && !strings.ContainsFunc(decoded, unicode.IsControl) && !hasDotSegment(decoded)
}

// hasDotSegment looks at what is before a ";" as well: some servers cut path parameters off before they walk the path.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." {
			return true
		}
	}
	return false
}

// decodedPath returns what a server routes by. path has passed isPath.
func decodedPath(path string) string {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return path
	}
	return decoded
}
