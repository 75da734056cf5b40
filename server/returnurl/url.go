package returnurl

import (
	"strconv"
	"strings"
)

// maxLength is the longest URL that is looked at.
const maxLength = 2048

// target is what of a URL counts.
type target struct {
	scheme, host, port string
	// path is as it was written, "/" if there was none.
	path string
}

// split reads an absolute URL as strictly as the package comment says.
func split(raw string) (target, bool) {
	if len(raw) > maxLength || !isPlain(raw) {
		return target{}, false
	}
	scheme, rest, found := strings.Cut(raw, "://")
	if !found || (scheme != "https" && scheme != "http") {
		return target{}, false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, port, ok := splitAuthority(rest[:end], scheme)
	if !ok {
		return target{}, false
	}
	path, _, _ := strings.Cut(rest[end:], "#")
	path, _, _ = strings.Cut(path, "?")
	if path == "" {
		path = "/"
	}
	return target{scheme: scheme, host: host, port: port, path: path}, isPath(path)
}

// isPlain refuses everything outside printable ASCII, and the characters that browsers either rewrite (the backslash, which they
// read as a slash) or never leave in an address.
func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == '\\' || c == '"' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// splitAuthority fills in the scheme's default port, so that ":443" and nothing are the same.
func splitAuthority(authority, scheme string) (host, port string, ok bool) {
	host, port = authority, ""
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		host, port = authority[:colon], authority[colon+1:]
		if !isPort(port) {
			return "", "", false
		}
	}
	if port == "" {
		port = defaultPort(scheme)
	}
	return host, port, isHost(host)
}

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// isPort accepts a port only as a browser writes it: decimal, without leading zeros.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}

// isHost accepts lower-case names, IPv4 addresses as four numbers, and the IPv6 loopback address, the only one that a pattern
// has a use for.
func isHost(s string) bool {
	if s == "[::1]" {
		return true
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
