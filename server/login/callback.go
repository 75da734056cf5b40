package login

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/middleware"
)

// answer is what Google's redirect says.
type answer struct {
	state, code, problem, issuer string
}

// maxParam has the longest value that is accepted of each parameter. Google's codes are around 80 characters and up to 256 bytes;
// a state is 43. An error code may be any length: nothing but the closed list is made of it.
var maxParam = map[string]int{"state": 128, "code": 2048, "iss": 512}

// parseAnswer reads the callback's parameters. One that comes twice is an attempt to make two readers see different things.
func parseAnswer(r *http.Request) (answer, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return answer{}, errors.New("malformed query")
	}
	for _, name := range []string{"state", "code", "error", "iss", "scope"} {
		if len(query[name]) > 1 {
			return answer{}, errors.New(name + " is given twice")
		}
		if most, bounded := maxParam[name]; bounded && len(query.Get(name)) > most {
			return answer{}, errors.New(name + " is too long")
		}
	}
	if query.Has("error") && query.Get("error") == "" {
		return answer{}, errors.New("error is empty")
	}
	return answer{
		state: query.Get("state"), code: query.Get("code"), problem: query.Get("error"), issuer: query.Get("iss"),
	}, nil
}

// Callback ends a login. The package comment has its steps.
func (h *Handler) Callback(w http.ResponseWriter, r *http.Request) error {
	a, err := parseAnswer(r)
	if err != nil {
		return h.refuse(r, err)
	}
	f, err := h.Flows.Open(r, a.state)
	h.Flows.Clear(w, r, a.state)
	if errors.Is(err, flow.ErrExpired) {
		return h.fail(w, r, httperr.LoginExpired, err)
	}
	if err != nil {
		return h.unproven(w, r, a, err)
	}
	first, err := h.Finished.Claim(r.Context(), f)
	if err != nil {
		return h.Fail(w, r, err)
	}
	if !first {
		return h.unproven(w, r, a, errors.New("flow is finished"))
	}
	if a.issuer != "" && a.issuer != h.issuer {
		return h.refuse(r, errors.New("iss is not Google"))
	}
	if !h.isCallback(r, f.RedirectURI) {
		return h.refuse(r, errors.New("flow belongs to another redirect URI"))
	}
	if a.problem != "" {
		return h.fail(w, r, codeOfGoogle(a.problem), errors.New("google answered with an error"))
	}
	if a.code == "" {
		return h.fail(w, r, httperr.LoginFailed, errors.New("google answered with neither code nor error"))
	}
	return h.complete(w, r, f, a.code)
}

// complete redeems the code of a proven flow and signs the user in.
func (h *Handler) complete(w http.ResponseWriter, r *http.Request, f flow.Flow, code string) error {
	grant, err := h.Provider.Redeem(r.Context(), google.Redemption{
		Code: code, CodeVerifier: f.CodeVerifier, Nonce: f.Nonce, RedirectURI: f.RedirectURI, Scopes: h.asked(f),
	})
	if err != nil {
		return h.Fail(w, r, err)
	}
	return h.Finish(w, r, grant, f.ReturnTo)
}

func (h *Handler) asked(f flow.Flow) []string {
	if len(f.Scopes) > 0 {
		return f.Scopes
	}
	return h.Config.Google.Scopes
}

// isCallback tells whether the request came to the redirect URI that its flow was made for.
func (h *Handler) isCallback(r *http.Request, redirectURI string) bool {
	host, ok := h.Hosts.Find(r.Host)
	return ok && host.Callbacks[r.URL.EscapedPath()] == redirectURI
}

func (h *Handler) refuse(r *http.Request, cause error) error {
	return h.Refuse(r, eventCallback, cause)
}

// unproven answers a callback without a flow of this browser. Somebody who is signed in has most likely pressed "back", or
// reloaded: that browser goes home, to its own session and not to where the request would lead. An error is never a reason to
// redirect: anybody can write ?error= into a link.
func (h *Handler) unproven(w http.ResponseWriter, r *http.Request, a answer, cause error) error {
	if a.problem != "" {
		return h.refuse(r, cause)
	}
	if _, err := h.Sessions.Resume(r.Context(), w, r); err != nil {
		return h.refuse(r, cause)
	}
	h.Log.InfoContext(r.Context(), "callback without a flow, user is signed in already",
		"requestID", middleware.From(r.Context()).ID)
	redirect(w, h.Config.Frontend.HomeURL)
	return nil
}
