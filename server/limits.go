package server

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/limit"
	"github.com/googlelogin/operator/server/middleware"
)

// Logins per client address. A whole office behind one address signs in within minutes, each person with two requests; whoever
// needs more is no person. 20,000 addresses are about 4 MB.
const (
	loginsPerMinute = 240
	loginsBurst     = 240
	loginsKeys      = 20_000
)

// perClient bounds how often one client may ask for what costs randomness, a seal or a request to Google.
//
// It is on only where trusted proxies are configured. Without them the peer is most likely a proxy all the same, every user seems
// to have its address, and the limit would lock all of them out together.
func perClient(cfg config.Config, errors *httperr.Adaptor, now func() time.Time) func(http.Handler) http.Handler {
	if len(cfg.TrustedProxies) == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	clients := limit.New(limit.Options{PerMinute: loginsPerMinute, Burst: loginsBurst, Keys: loginsKeys, Now: now})
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			allowed, wait := clients.Allow(clientKey(middleware.From(r.Context()).ClientIP))
			if allowed {
				next.ServeHTTP(w, r)
				return
			}
			refused := httperr.Login(httperr.TooManyRequests, nil)
			refused.RetryAfter = max(wait, time.Second)
			errors.Write(w, r, refused)
		})
	}
}

// clientKey is an address, or the /64 that one IPv6 customer has to itself.
func clientKey(addr netip.Addr) string {
	if addr.Is6() {
		if network, err := addr.Prefix(64); err == nil {
			return network.String()
		}
	}
	return addr.String()
}
