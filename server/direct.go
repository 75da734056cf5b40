package server

import (
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/credential"
	"github.com/googlelogin/operator/server/forwardauth"
	"github.com/googlelogin/operator/server/login"
	"github.com/googlelogin/operator/server/nonce"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/token"
)

// Provider is Google.
type Provider interface {
	login.Provider
	login.Button
	credential.Provider
	token.Provider
}

// Sessions are who is signed in.
type Sessions interface {
	forwardauth.Sessions
	login.Sessions
	token.Sessions
}

// direct has the ways in that bring an ID token without our redirect to Google; nil for those that are not enabled. They share the
// nonces, and what says which of them were used.
type direct struct {
	nonces     *nonce.Handler
	credential *credential.Handler
	token      *token.Handler
}

// newDirect makes them, and lets the hosted sign-in page show Google's own button where its credential is taken.
func newDirect(cfg config.Config, deps Deps, h *login.Handler) *direct {
	options := nonce.Options{
		Instance: cfg.Instance, SessionCookie: cfg.Session.Cookie.Name, AEAD: deps.Sealer, Now: deps.Now, Rand: deps.Rand,
	}
	used := nonce.NewUsed(deps.Nonces)
	d := &direct{nonces: &nonce.Handler{ReturnTo: h.ReturnTo, Ready: deps.Ready}}
	if cfg.Google.SignInWithGoogle {
		d.nonces.Pages = nonce.NewPages(options)
		d.credential = &credential.Handler{Provider: deps.Provider, Pages: d.nonces.Pages, Used: used, Logins: h, Now: deps.Now}
		h.Nonces, h.Button = d.nonces, deps.Provider
	}
	if cfg.TokenEndpoint.Enabled {
		d.nonces.Apps = nonce.NewApps(options)
		options := token.Options{
			Provider: deps.Provider, Nonces: d.nonces.Apps, Used: used, Logins: h, Sessions: deps.Sessions,
			ClientIDs: cfg.TokenEndpoint.ClientIDs, RedirectURIs: cfg.RedirectURIs, Scopes: cfg.Google.Scopes,
			Ready: deps.Ready, Now: deps.Now, Log: deps.Log, Metrics: deps.Metrics,
		}
		if cfg.TokenEndpoint.RefreshTokens {
			options.Refresh = refresh.New(deps.Families, deps.Now, deps.Rand)
		}
		d.token = token.New(options)
	}
	return d
}
