package middleware

import (
	"maps"
	"net/http"
)

// Secure sets the headers that every answer carries. A handler whose answer is public or cacheable says so itself.
func Secure(contentSecurityPolicy string) func(http.Handler) http.Handler {
	// Made once: each answer points to the same values. Who sets one anew, or adds to it, does so to a list of their own.
	every := http.Header{}
	every.Set("Content-Security-Policy", contentSecurityPolicy)
	// For browsers that do not know frame-ancestors.
	every.Set("X-Frame-Options", "DENY")
	every.Set("X-Content-Type-Options", "nosniff")
	// The callback's URL holds the authorization code: it must not go on as a Referer.
	every.Set("Referrer-Policy", "no-referrer")
	every.Set("Cross-Origin-Opener-Policy", "same-origin")
	every.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	every.Set("X-Robots-Tag", "noindex")
	every.Set("Cache-Control", "no-store")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			maps.Copy(w.Header(), every)
			next.ServeHTTP(w, r)
		})
	}
}
