package middleware

import "net/http"

// Limits bound what a request may bring. MaxHeader is for header and request line together, and above the others, so that a
// handler gets to see most oversized requests and answers them with a page that explains itself.
type Limits struct {
	// MaxQuery is for the query of the URL.
	MaxQuery int
	// MaxHeader is for the names and values of all header fields.
	MaxHeader int
	// MaxBody is for the body; a handler that reads more gets an error.
	MaxBody int64
}

// Limit refuses oversized requests: a query with queryTooLong, a header with headerTooLong.
func Limit(limits Limits, queryTooLong, headerTooLong http.Handler) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case len(r.URL.RawQuery) > limits.MaxQuery:
				queryTooLong.ServeHTTP(w, r)
			case headerSize(r.Header) > limits.MaxHeader:
				headerTooLong.ServeHTTP(w, r)
			default:
				r.Body = http.MaxBytesReader(w, r.Body, limits.MaxBody)
				next.ServeHTTP(w, r)
			}
		})
	}
}

func headerSize(h http.Header) int {
	size := 0
	for name, values := range h {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	return size
}
