package middleware

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Request is what is known about a request beside what it says itself.
type Request struct {
	// ID is ours, 128 random bits in hex, or the one that a trusted proxy gave.
	ID string
	// ClientIP is the peer, or who a chain of trusted proxies says it served. The zero Addr if the peer has no IP address.
	ClientIP netip.Addr
	// FromProxy says that the peer is a trusted proxy.
	FromProxy bool
	// Host is the request's own, before a forwarded one took its place.
	Host string
	// Route is the name of the route that answered, from a closed list; the router fills it in.
	Route string
}

type contextKey struct{}

// From returns what Identify learned. A request that did not pass Identify has an empty one of its own.
func From(ctx context.Context) *Request {
	if r, ok := ctx.Value(contextKey{}).(*Request); ok {
		return r
	}
	return new(Request)
}

// Proxies are the networks whose forwarded headers count.
type Proxies []netip.Prefix

// ParseProxies reads CIDRs.
func ParseProxies(cidrs []string) (Proxies, error) {
	proxies := make(Proxies, 0, len(cidrs))
	for _, cidr := range cidrs {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			return nil, fmt.Errorf("parse trusted proxy: %w", err)
		}
		proxies = append(proxies, prefix.Masked())
	}
	return proxies, nil
}

func (p Proxies) trust(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// Identify gives each request its id, client address and host. Forwarded headers count from trusted peers alone: from anyone
// else they are what an attacker wrote.
func Identify(trusted Proxies, rand io.Reader) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			info := &Request{ClientIP: peer(r), Host: r.Host}
			if trusted.trust(info.ClientIP) {
				info.FromProxy = true
				info.ID = forwardedID(r)
				info.ClientIP = trusted.client(info.ClientIP, r.Header.Values("X-Forwarded-For"))
				r = withForwardedHost(r)
			}
			if info.ID == "" {
				info.ID = newID(rand)
			}
			w.Header().Set("X-Request-Id", info.ID)
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, info)))
		})
	}
}

// client walks X-Forwarded-For from the right, where each proxy appends whom it served, and stops at the first address that is
// no trusted proxy: everything left of it was written by that client. An entry that is no address ends the walk, too.
func (p Proxies) client(peer netip.Addr, forwarded []string) netip.Addr {
	client := peer
	entries := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(entries) - 1; i >= 0 && p.trust(client); i-- {
		addr, ok := forwardedAddr(strings.TrimSpace(entries[i]))
		if !ok {
			break
		}
		client = addr
	}
	return client
}

// forwardedAddr reads an entry of X-Forwarded-For. Some proxies append the client's port.
func forwardedAddr(entry string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(entry)
	if err != nil {
		withPort, err := netip.ParseAddrPort(entry)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

// withForwardedHost replaces the request's host, so that whatever asks for it later asks in one place.
func withForwardedHost(r *http.Request) *http.Request {
	host := r.Header.Values("X-Forwarded-Host")
	if len(host) != 1 || host[0] == "" || strings.Contains(host[0], ",") {
		return r
	}
	changed := *r
	changed.Host = host[0]
	return &changed
}

func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

func newID(rand io.Reader) string {
	var id [16]byte
	// Without randomness a server that signs people in must not go on; Recover answers.
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		panic("no randomness")
	}
	return hex.EncodeToString(id[:])
}

// forwardedID returns the id that a trusted proxy gave, if it can go into a log line and a URL as it is.
func forwardedID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if !ValidID(id) {
		return ""
	}
	return id
}

// ValidID tells whether id looks like a request id: 8 to 64 letters, digits, "-" or "_".
func ValidID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alphanumeric && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
