package login

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/middleware"
)

// maxLoginHint is the longest address that mail knows (RFC 5321, 4.5.3.1.3).
const maxLoginHint = 254

// prompts are the values of prompt that Google supports. prompt=login is not one of them.
var prompts = []string{"", "none", "consent", "select_account", "consent select_account", "select_account consent"}

// wish is what the front end asked of a login, checked.
type wish struct {
	returnTo, loginHint, prompt string
	// scopes is empty for all that are configured.
	scopes []string
}

// Start sends the browser to Google. Parameters that this server does not know are ignored: nobody but the configuration says
// what redirect_uri, client_id, state or nonce are.
func (h *Handler) Start(w http.ResponseWriter, r *http.Request) error {
	if prefetched(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	host, ok := h.Hosts.Find(r.Host)
	if !ok {
		return httperr.New(http.StatusMisdirectedRequest, httperr.Misdirected, nil)
	}
	asked, err := h.wish(r)
	if err != nil {
		h.audit.Record(r, audit.Entry{Event: eventLoginStart, Outcome: audit.OutcomeRefused, Code: string(httperr.InvalidRequest)})
		return err
	}
	// Better a page that says "later" now than after a trip to Google.
	if err := h.Ready(); err != nil {
		return httperr.Unavailable(fmt.Errorf("start login: %w", err))
	}
	f, err := flow.New(flow.Request{ReturnTo: asked.returnTo, RedirectURI: host.RedirectURI, Scopes: asked.scopes}, h.Now(), h.Rand)
	if err != nil {
		return fmt.Errorf("start login: %w", err)
	}
	target, err := h.Provider.AuthCodeURL(r.Context(), h.authRequest(f, asked))
	if err != nil {
		return startError(err)
	}
	// Last, so that a login which did not start leaves no cookie.
	if err := h.Flows.Put(w, r, f); err != nil {
		return startError(err)
	}
	h.Metrics.LoginStarted()
	redirect(w, target)
	return nil
}

func (h *Handler) authRequest(f flow.Flow, asked wish) google.AuthRequest {
	request := google.AuthRequest{
		RedirectURI:   f.RedirectURI,
		State:         f.State,
		Nonce:         f.Nonce,
		CodeChallenge: oauth2.S256ChallengeFromVerifier(f.CodeVerifier),
		LoginHint:     asked.loginHint,
		Prompt:        asked.prompt,
		Scopes:        asked.scopes,
	}
	// A hint for the account chooser, where it cannot hide an account that may sign in. The hd claim decides.
	if access := h.Config.Access; len(access.HostedDomains) == 1 && len(access.Emails) == 0 {
		request.HostedDomain = access.HostedDomains[0]
	}
	return request
}

func startError(err error) error {
	switch {
	case errors.Is(err, google.ErrNoCredentials), errors.Is(err, flow.ErrNoKeys):
		return httperr.Unavailable(fmt.Errorf("start login: %w", err))
	case errors.Is(err, google.ErrUnavailable):
		e := httperr.Login(httperr.GoogleUnavailable, fmt.Errorf("start login: %w", err))
		e.RetryAfter = 10 * time.Second
		return e
	case errors.Is(err, flow.ErrTooLong):
		return httperr.BadParam("scope", err)
	case errors.Is(err, google.ErrBadRequest):
		return httperr.New(http.StatusBadRequest, httperr.InvalidRequest, fmt.Errorf("start login: %w", err))
	}
	return fmt.Errorf("start login: %w", err)
}

// wish reads the request's parameters.
func (h *Handler) wish(r *http.Request) (wish, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return wish{}, httperr.New(http.StatusBadRequest, httperr.InvalidRequest, errors.New("malformed query"))
	}
	for _, name := range []string{"return_to", "login_hint", "prompt", "scope"} {
		if len(query[name]) > 1 {
			return wish{}, httperr.BadParam(name, errors.New("given twice"))
		}
	}
	scopes, err := h.scopes(query.Get("scope"))
	if err != nil {
		return wish{}, httperr.BadParam("scope", err)
	}
	if !slices.Contains(prompts, query.Get("prompt")) {
		return wish{}, httperr.BadParam("prompt", errors.New(`neither "none" nor any of "consent" and "select_account"`))
	}
	if err := checkHint(query.Get("login_hint")); err != nil {
		return wish{}, httperr.BadParam("login_hint", err)
	}
	return wish{
		returnTo: h.returnTo(r, query.Get("return_to")), scopes: scopes,
		prompt: query.Get("prompt"), loginHint: query.Get("login_hint"),
	}, nil
}

// returnTo is raw if a login may end there, else empty: the user did nothing wrong and comes home instead. The log says so, since
// whoever built the link cannot see it.
func (h *Handler) returnTo(r *http.Request, raw string) string {
	if raw == "" || raw == h.Config.Frontend.HomeURL {
		return ""
	}
	if h.isAccount(r, raw) {
		return raw
	}
	if !h.ReturnURLs.Allows(raw) {
		h.Log.InfoContext(r.Context(), "return_to is not allowed, using the home URL",
			"requestID", middleware.From(r.Context()).ID, "reason", "no pattern of frontend.returnURLs matches")
		return ""
	}
	return raw
}

// scopes narrows the configured ones to those that are named. What says who signed in stays in any case.
func (h *Handler) scopes(named string) ([]string, error) {
	if named == "" {
		return nil, nil
	}
	wanted := strings.Fields(named)
	for _, scope := range wanted {
		if !slices.Contains(h.Config.Google.Scopes, scope) {
			return nil, errors.New("not among the configured scopes")
		}
	}
	var scopes []string
	for _, scope := range h.Config.Google.Scopes {
		if scope == "openid" || scope == "email" || slices.Contains(wanted, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}

func checkHint(hint string) error {
	if len(hint) > maxLoginHint {
		return errors.New("longer than any email address")
	}
	if !utf8.ValidString(hint) || strings.ContainsFunc(hint, unicode.IsControl) {
		return errors.New("has control characters")
	}
	return nil
}

// prefetched tells that a browser asks in case its user will. A login that nobody wanted must not push out one that somebody did.
func prefetched(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(r.Header.Get(name)), "prefetch") {
			return true
		}
	}
	return false
}
