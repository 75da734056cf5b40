package flow

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxCleared is how many cookies one answer clears. Tabs that start at once do not see each other's cookies and can leave a
// hundred of them; to clear all in one answer would take more header than proxies pass on (4 KiB by default with nginx).
const maxCleared = 16

func (c *Cookies) drop(w http.ResponseWriter, names []string) {
	for _, name := range names[:min(len(names), maxCleared)] {
		c.clear(w, name)
	}
}

// kept is a flow that the browser holds.
type kept struct {
	name    string
	size    int
	created time.Time
	expired bool
}

// surplus names the cookies to drop beside more flows of size bytes: those first that nobody can use any more, then the oldest.
func (c *Cookies) surplus(r *http.Request, more, size int) []string {
	flows, drop := c.read(r, "")
	var alive []kept
	for _, f := range flows {
		if f.expired {
			drop = append(drop, f.name)
			continue
		}
		alive = append(alive, f)
	}
	return append(drop, pastLimits(alive, more, size)...)
}

// read tells the flows that the browser holds, but for the cookie called except, from cookies that only have such a name.
func (c *Cookies) read(r *http.Request, except string) (flows []kept, unreadable []string) {
	now := c.now()
	for _, cookie := range r.Cookies() {
		if !strings.HasPrefix(cookie.Name, c.prefix) || cookie.Name == except {
			continue
		}
		f, err := c.open(cookie)
		if errors.Is(err, ErrNoKeys) {
			continue // nothing can be read now; that says nothing about the cookie
		}
		if err != nil {
			unreadable = append(unreadable, cookie.Name)
			continue
		}
		flows = append(flows, kept{cookie.Name, len(cookie.Name) + len(cookie.Value), f.CreatedAt, f.Expired(now)})
	}
	return flows, unreadable
}

// pastLimits names the flows to drop, the oldest first.
func pastLimits(flows []kept, more, size int) []string {
	// Of flows that began within one second the later cookie is the newer one: browsers send the oldest first (RFC 6265, 5.4).
	slices.Reverse(flows)
	slices.SortStableFunc(flows, func(a, b kept) int { return b.created.Compare(a.created) })
	var drop []string
	for i, f := range flows {
		size += f.size
		if i >= maxFlows-more || size > maxFlowBytes {
			drop = append(drop, f.name)
		}
	}
	slices.Reverse(drop)
	return drop
}
