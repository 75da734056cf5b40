package googletest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// sessionCookie holds the sub of the account that the browser is signed in to, at the stand-in itself.
const sessionCookie = "fake_google_account"

func (g *Google) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	req, fault := g.parseAuthRequest(r.URL.Query())
	if fault != nil {
		renderError(w, *fault)
		return
	}
	account, ok := g.chosenAccount(r, req)
	if !ok && req.prompts("none") {
		g.redirect(w, r, req, url.Values{"error": {"login_required"}})
		return
	}
	if !ok {
		renderChooser(w, g.opts.Accounts, r.PostForm.Get("email"))
		return
	}
	g.authorizeAs(w, r, req, account)
}

// chosenAccount is the account that a form names, that Auto or the hint decide, or that the browser is signed in to.
func (g *Google) chosenAccount(r *http.Request, req authRequest) (Account, bool) {
	if r.Method == http.MethodPost {
		return g.account(strings.TrimSpace(r.PostForm.Get("email")))
	}
	if g.opts.Auto != "" {
		if account, ok := g.account(req.hint); ok {
			return account, true
		}
		return g.account(g.opts.Auto)
	}
	if req.prompts("select_account") {
		return Account{}, false
	}
	if account, ok := g.account(req.hint); ok {
		return account, true
	}
	if c, err := r.Cookie(sessionCookie); err == nil {
		return g.account(c.Value)
	}
	return Account{}, false
}

func (g *Google) authorizeAs(w http.ResponseWriter, r *http.Request, req authRequest, account Account) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: account.Sub, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	decision := r.PostForm.Get("decision")
	consent := req.prompts("consent") || !g.consented(req.client.ID, account.Sub, req.scopes)
	switch {
	case decision == "cancel":
		g.redirect(w, r, req, url.Values{"error": {"access_denied"}})
	case consent && req.prompts("none"):
		g.redirect(w, r, req, url.Values{"error": {"consent_required"}})
	case consent && decision != "allow" && g.opts.Auto == "":
		renderConsent(w, req, account)
	default:
		g.grantCode(w, r, req, account, consent)
	}
}

// grantCode sends the browser back with a code. Only a consent that asked for offline access makes it refreshable.
func (g *Google) grantCode(w http.ResponseWriter, r *http.Request, req authRequest, account Account, consent bool) {
	scopes := maps.Clone(req.scopes)
	if r.PostForm.Get("decision") == "allow" {
		for _, s := range req.optional() {
			if !slices.Contains(r.PostForm["scope"], s) {
				delete(scopes, s)
			}
		}
	}
	gr := &grant{
		client: req.client, account: account, redirectURI: req.redirectURI, nonce: req.nonce,
		challenge: req.challenge, method: req.method, scopes: scopes, refreshable: req.offline && consent,
	}
	answer := url.Values{"code": {g.issueCode(gr)}, "scope": {scopeParam(gr.scopes)}, "authuser": {"0"}, "prompt": {"none"}}
	if consent {
		answer.Set("prompt", "consent")
	}
	if account.HostedDomain != "" {
		answer.Set("hd", account.HostedDomain)
	}
	g.redirect(w, r, req, answer)
}

func (g *Google) redirect(w http.ResponseWriter, r *http.Request, req authRequest, answer url.Values) {
	to, err := url.Parse(req.redirectURI)
	if err != nil {
		renderError(w, pageError{"invalid_request", "Invalid parameter value for redirect_uri"})
		return
	}
	if req.state != "" {
		answer.Set("state", req.state)
	}
	g.mu.Lock()
	alter := g.faults.callback
	g.mu.Unlock()
	for _, f := range alter {
		f(answer)
	}
	q := to.Query()
	maps.Copy(q, answer)
	to.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	// 303, since the browser may come from a form, which must not be posted on.
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}
