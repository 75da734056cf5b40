package returnurl

import (
	"errors"
	"strings"
)

// pattern is one entry of the list.
type pattern struct {
	target
	// anyLabel: host is what follows the "*." of the pattern.
	anyLabel bool
	// anyBelow: path is what precedes the "*" of the pattern.
	anyBelow bool
}

func (p pattern) matches(t target) bool {
	return p.scheme == t.scheme && p.port == t.port && p.matchesHost(t.host) && p.matchesPath(t.path)
}

func (p pattern) matchesHost(host string) bool {
	if !p.anyLabel {
		return host == p.host
	}
	_, parent, found := strings.Cut(host, ".")
	return found && parent == p.host
}

func (p pattern) matchesPath(path string) bool {
	if p.anyBelow {
		return strings.HasPrefix(path, p.path)
	}
	return path == p.path
}

func parsePattern(raw string) (pattern, error) {
	var p pattern
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		return pattern{}, errors.New("must be an absolute URL, such as https://shop.example.com/*")
	}
	if strings.ContainsAny(raw, "?#") {
		return pattern{}, errors.New("must not have a query or a fragment: they are free in what it allows")
	}
	rest, p.anyLabel = strings.CutPrefix(rest, "*.")
	rest, p.anyBelow = strings.CutSuffix(rest, "*")
	if strings.Contains(rest, "*") || (p.anyBelow && !strings.Contains(rest, "/")) {
		return pattern{}, errors.New(`may have "*" only as the first label of the host and at the end of the path`)
	}
	var ok bool
	if p.target, ok = split(scheme + "://" + rest); !ok {
		return pattern{}, errors.New("must be a URL as a browser shows it: http or https, lower-case host, no user name, no dot segments")
	}
	if p.anyLabel && !isWildcardParent(p.host) {
		return pattern{}, errors.New(`needs a domain of two labels or more behind "*.", such as *.shop.example.com`)
	}
	return p, nil
}

// isWildcardParent keeps a wildcard off a whole top-level domain, and off numbers, where it would mean an address.
func isWildcardParent(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return strings.Contains(host, ".") && strings.ContainsFunc(last, func(r rune) bool { return r >= 'a' && r <= 'z' })
}
