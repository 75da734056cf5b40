package googletest

import (
	_ "embed" // for the script and its style
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed gsi.js
var gsiScript string

//go:embed gsi.css
var gsiStyle string

// gsiRoutes are Sign in with Google: the script that a page loads, what the script needs, and the account chooser, which ends in a
// form that the browser posts to the page's server.
func (g *Google) gsiRoutes(mux *http.ServeMux) {
	text := func(contentType, content string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h.Set("Content-Type", contentType+"; charset=utf-8")
			h.Set("X-Content-Type-Options", "nosniff")
			// A page may be kept apart from other origins, and the script is for any page.
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			h.Set("Access-Control-Allow-Origin", "*")
			_, _ = w.Write([]byte(content))
		}
	}
	mux.Handle("GET "+paths[Script], g.endpoint(Script, text("text/javascript", gsiScript)))
	mux.HandleFunc("GET /gsi/style", text("text/css", gsiStyle))
	mux.HandleFunc("GET /gsi/button", text("text/html", "<!doctype html><title>Google</title>"))
	mux.HandleFunc("GET /gsi/status", text("application/json", "{}"))
	mux.HandleFunc("GET /gsi/submit.js", text("text/javascript", "document.forms[0].submit();"))
	mux.Handle("GET "+paths[Select], g.endpoint(Select, g.serveSelect))
	mux.Handle("POST "+paths[Select], g.endpoint(Select, g.serveSelect))
}

// serveSelect lets a person choose an account for the page that the script is in, and hands the credential over. Like Google it
// knows the client and takes only a login URI that is registered.
func (g *Google) serveSelect(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	client, ok := g.client(q.Get("client_id"))
	switch {
	case !ok:
		renderError(w, pageError{"invalid_client", "The OAuth client was not found."})
		return
	case !client.allows(q.Get("login_uri")):
		renderError(w, pageError{"redirect_uri_mismatch", "The login URI is not registered for this client."})
		return
	}
	account, ok := g.chosenAccount(r, authRequest{prompt: []string{"select_account"}, hint: q.Get("login_hint")})
	if !ok {
		renderChooser(w, g.opts.Accounts, r.PostForm.Get("email"))
		return
	}
	credential, err := g.mint(g.issuerOf(r), client.ID, account.Email, q.Get("nonce"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	renderHandover(w, q, client.ID, credential)
}

// handover is the page that posts the form.
var handover = template.Must(template.New("handover").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Signing in - stand-in for Google</title></head>
<body><form method="post" action="{{.LoginURI}}">
{{range $name, $value := .Fields}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}<button>Continue</button></form><script src="submit.js"></script></body></html>
`))

func renderHandover(w http.ResponseWriter, q url.Values, clientID, credential string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'")
	// Not no-referrer: the form's Origin header would be "null", where Google's says accounts.google.com.
	h.Set("Referrer-Policy", "origin")
	_ = handover.Execute(w, map[string]any{
		"LoginURI": q.Get("login_uri"),
		"Fields": map[string]string{
			"credential": credential, "g_csrf_token": q.Get("g_csrf_token"), "client_id": clientID, "clientId": clientID,
			"select_by": strings.TrimSpace(q.Get("select_by")),
		},
	})
}
