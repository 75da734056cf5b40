package googletest

import (
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed pages.html
var pagesHTML string

var pages = template.Must(template.New("pages").Parse(pagesHTML))

// The form fields of the pages. Both are posted to the page's own URL, which carries the authorization request.
//
// The account chooser posts FieldEmail. The consent page posts FieldEmail again, FieldDecision with DecisionAllow or
// DecisionCancel, and FieldScope once for each scope beyond the basic ones that is left ticked.
const (
	FieldEmail     = "email"
	FieldDecision  = "decision"
	FieldScope     = "scope"
	DecisionAllow  = "allow"
	DecisionCancel = "cancel"
)

func renderChooser(w http.ResponseWriter, accounts []Account, unknown string) {
	render(w, http.StatusOK, "chooser", map[string]any{"Title": "Choose an account", "Accounts": accounts, "Unknown": unknown})
}

func renderConsent(w http.ResponseWriter, req authRequest, account Account) {
	render(w, http.StatusOK, "consent", map[string]any{
		"Title": "Sign in to the app", "Account": account, "Client": req.client.ID, "RedirectURI": req.redirectURI,
		"Email": req.scopes[scopeEmail], "Profile": req.scopes[scopeProfile], "Optional": req.optional(),
	})
}

func renderError(w http.ResponseWriter, e pageError) {
	render(w, http.StatusBadRequest, "error", map[string]any{"Title": "Access blocked", "Code": e.Code, "Detail": e.Detail})
}

func render(w http.ResponseWriter, status int, name string, data map[string]any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = pages.ExecuteTemplate(w, name, data)
}
