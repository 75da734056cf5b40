package login

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/httperr"
)

// Origins are the front end's: the ones of its pages that the configuration names outright. A pattern such as
// https://*.shop.example.com/* names pages that a login may end at; it does not let every host there act for the user.
func Origins(f config.Frontend) []string {
	var origins []string
	for _, raw := range append([]string{f.HomeURL, f.LoginURL}, f.ReturnURLs...) {
		u, err := url.Parse(strings.TrimSuffix(raw, "*"))
		if err != nil || u.Host == "" || strings.Contains(u.Host, "*") {
			continue
		}
		if origin := u.Scheme + "://" + u.Host; !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins
}

// CORS lets the front end's origins read the answer, with the user's cookies, and answers their preflights. Any other origin gets
// no header, and its browser shows it nothing.
func CORS(origins []string, method string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header.Add("Vary", "Origin")
			origin := r.Header.Get("Origin")
			allowed := len(r.Header.Values("Origin")) == 1 && slices.Contains(origins, origin)
			if allowed {
				header.Set("Access-Control-Allow-Origin", origin)
				header.Set("Access-Control-Allow-Credentials", "true")
				header.Set("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate, X-Request-Id")
			}
			if r.Method != http.MethodOptions {
				next.ServeHTTP(w, r)
				return
			}
			if allowed {
				header.Set("Access-Control-Allow-Methods", method)
				header.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, X-Requested-With")
				header.Set("Access-Control-Max-Age", "600")
			}
			w.WriteHeader(http.StatusNoContent)
		})
	}
}

// CrossOrigin refuses POSTs that a page of another origin makes, but for the front end's, and for Google's to the one route that is
// made for it.
func (h *Handler) CrossOrigin(errors *httperr.Adaptor) (*http.CrossOriginProtection, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range Origins(h.Config.Frontend) {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trust front end: %w", err)
		}
	}
	if h.Config.Google.SignInWithGoogle {
		// Google's page posts from accounts.google.com, and has no other way. Package credential says what is in place of this.
		protection.AddInsecureBypassPattern("POST " + Base(h.Config) + "/google")
	}
	protection.SetDenyHandler(errors.Handle(func(_ http.ResponseWriter, r *http.Request) error {
		h.audit.Record(r, audit.Entry{Event: eventRequest, Outcome: audit.OutcomeRefused, Code: string(httperr.Forbidden)})
		return httperr.New(http.StatusForbidden, httperr.Forbidden, nil)
	}))
	return protection, nil
}
