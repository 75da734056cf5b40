// Package googletest is a stand-in for Google's sign-in: a small OpenID provider with Google's paths, answers and quirks, for
// tests, for the demo and for fake-google. It keeps everything in memory and must never face the internet.
//
// In a test:
//
//	g := googletest.New(googletest.Options{Auto: "ann@example.com"})
//	srv := httptest.NewServer(g)
//	defer srv.Close()
//	p := google.New(google.Options{Issuer: srv.URL, Scopes: []string{"openid", "email", "profile"}})
//	p.SetCredentials(google.Credentials{ClientID: googletest.ClientID, ClientSecret: googletest.ClientSecret})
//
// With Auto set, the authorization endpoint answers at once as that account; a login_hint that names another account wins.
// Without it, it shows pages on which a person picks an account, consents or cancels; see FieldEmail for the form fields. Options left zero give one client that may use any redirect URI, and the accounts Ann, Bob and Stranger.
//
// It can be made to misbehave, one fault at a time or several at once:
//
//	g.Misbehave(googletest.TokenStatus(500))
//	g.Misbehave(googletest.Claims(func(c map[string]any) { c["aud"] = "someone-else" }))
//	g.Behave()
//
// and it counts what it is asked: g.Calls(googletest.Token) is 0 as long as nobody tried to redeem a code.
//
// The routes, on Google's own paths:
//
//	GET  /.well-known/openid-configuration
//	GET  /o/oauth2/v2/auth     checks the request, then chooses, asks consent, or redirects with a code
//	POST /o/oauth2/v2/auth     the same pages' forms; the request stays in the query
//	POST /token                authorization_code and refresh_token
//	GET  /v1/userinfo
//	GET  /oauth2/v3/certs
//	POST /revoke
//	GET  /gsi/client           the script of Sign in with Google, in redirect mode
//	GET  /gsi/select           its account chooser, which ends in a form for the page's server
//	POST /gsi/select
package googletest
