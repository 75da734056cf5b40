package server

import (
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/limit"
	"github.com/googlelogin/operator/server/login"
	"github.com/googlelogin/operator/server/middleware"
)

// Who is remembered at most, at 220 bytes each: about 11 MB of client addresses under the worst attack and 4 MB of accounts, which
// Google has verified before they get here. Ordinary traffic is forgotten within a minute.
const (
	addressKeys = 50_000
	accountKeys = 20_000
)

// limits bound the size of a request. A URL of Google's with the longest code stays under 4 KiB. A browser that started a hundred
// logins at once sends a hundred flow cookies of about 600 bytes with each request, until they are cleared; it must not be locked
// out for that.
var limits = middleware.Limits{MaxQuery: 16 << 10, MaxHeader: 96 << 10, MaxBody: 64 << 10}

// maxHeaderBytes is where net/http cuts a request off. It is above limits.MaxHeader, so that most oversized requests get a page that
// clears surplus cookies.
const maxHeaderBytes = 256 << 10

// newLimiter allows perMinute events of one key in the long run, and as many at once.
func newLimiter(perMinute, keys int, now func() time.Time) *limit.Limiter {
	return limit.New(limit.Options{PerMinute: perMinute, Burst: perMinute, Keys: keys, Now: now})
}

// perClient bounds how often one client address may ask for what costs randomness, a seal, a look into the store or a request to
// Google. Who is refused has lost nothing: a callback can be reloaded, its flow is untouched.
//
// A client is its address as middleware.Identify found it. Without trusted proxies that is the peer, whatever the request says of
// itself; behind a proxy all users then share one budget, which the log says when the server starts.
//
// One limiter is the budget of all routes.
func perClient(limiter middleware.Limiter, h *login.Handler) limited {
	return func(next http.Handler, answer func(http.ResponseWriter, *http.Request, error)) http.Handler {
		tooMany := func(w http.ResponseWriter, r *http.Request, wait time.Duration) { answer(w, r, h.TooMany(r, wait)) }
		return middleware.RateLimit(limiter, limit.AddressKey, tooMany)(next)
	}
}

// limited hands on what a client may have one more of; answer tells it of an error in the words that it understands.
type limited func(next http.Handler, answer func(http.ResponseWriter, *http.Request, error)) http.Handler

// pruned clears surplus flow cookies before refuse answers: most likely they are why the header is too large.
func pruned(flows interface {
	Prune(w http.ResponseWriter, r *http.Request)
}, refuse http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		flows.Prune(w, r)
		refuse.ServeHTTP(w, r)
	})
}
