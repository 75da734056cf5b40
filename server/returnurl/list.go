package returnurl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// List is what is allowed. The zero List allows nothing.
type List struct {
	patterns []pattern
	// ownHosts, ownBase and ownPaths are our own endpoints, see Except.
	ownHosts []string
	ownBase  string
	ownPaths []string
}

// Parse reads patterns, and names every one that it cannot read.
func Parse(patterns []string) (List, error) {
	var (
		l        List
		problems []error
	)
	for i, raw := range patterns {
		p, err := parsePattern(raw)
		if err != nil {
			problems = append(problems, fmt.Errorf("[%d] %q: %w", i, raw, err))
			continue
		}
		l.patterns = append(l.patterns, p)
	}
	return l, errors.Join(problems...)
}

// Except returns a List that also refuses our own endpoints, since a login that ends at the login page, or at a callback, begins
// again: everything at or below basePath, and the path of each redirect URI, on the host of any redirect URI and on every port.
// A redirect URI that this package would not read as a URL is no host of ours.
func (l List) Except(basePath string, redirectURIs []string) List {
	l.ownBase = basePath
	l.ownHosts, l.ownPaths = nil, nil
	for _, raw := range redirectURIs {
		if own, ok := split(raw); ok {
			l.ownHosts = append(l.ownHosts, own.host)
			l.ownPaths = append(l.ownPaths, decodedPath(own.path))
		}
	}
	return l
}

// Allows says whether a login may end at raw. If it does, raw is safe in a Location header as it stands.
func (l List) Allows(raw string) bool {
	t, ok := split(raw)
	if !ok || l.isOwn(t) {
		return false
	}
	return slices.ContainsFunc(l.patterns, func(p pattern) bool { return p.matches(t) })
}

func (l List) isOwn(t target) bool {
	if !slices.Contains(l.ownHosts, t.host) {
		return false
	}
	path := decodedPath(t.path)
	below := l.ownBase != "" && (path == l.ownBase || strings.HasPrefix(path, l.ownBase+"/"))
	return below || slices.Contains(l.ownPaths, path)
}
