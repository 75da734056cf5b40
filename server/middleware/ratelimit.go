package middleware

import (
	"net/http"
	"net/netip"
	"time"
)

// Limiter counts requests by key.
type Limiter interface {
	// Allow says whether key may have one more, and if not, how long until it may.
	Allow(key string) (allowed bool, wait time.Duration)
}

// RateLimit hands a request on if its client may have one more, and else to tooMany, before anything about it was looked at: what
// is refused here costs little and uses nothing up. key makes the client out of its address.
func RateLimit(
	limiter Limiter, key func(netip.Addr) string, tooMany func(w http.ResponseWriter, r *http.Request, wait time.Duration),
) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if allowed, wait := limiter.Allow(key(From(r.Context()).ClientIP)); !allowed {
				tooMany(w, r, wait)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
