package server

import (
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/forwardauth"
	"github.com/googlelogin/operator/server/login"
)

// newChecks makes what answers proxies. Unlike the other routes they are served under every host: a proxy asks by the Service's
// name, or by the name of the application that it protects.
func newChecks(cfg config.Config, deps Deps, hosts login.Hosts) *forwardauth.Handler {
	loginURL := func(host string) string {
		if known, ok := hosts.Find(host); ok {
			return known.Origin + login.Base(cfg) + "/login"
		}
		return cfg.Issuer + "/login"
	}
	return forwardauth.New(forwardauth.Options{
		Base: login.Base(cfg), HomeURL: cfg.Frontend.HomeURL, Cookie: cfg.Session.Cookie.Name, LoginURL: loginURL,
		EncodedSlashes: cfg.ForwardAuth.EncodedSlashes,
		Sessions:       deps.Sessions, ReturnURLs: deps.ReturnURLs, Metrics: deps.Metrics, Log: deps.Log,
		TurnedAway: login.TurnAway(deps.Log),
	})
}
