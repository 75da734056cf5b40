package server

import (
	"log/slog"
	"net/http"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/extauthz"
	"github.com/googlelogin/operator/server/login"
	"github.com/googlelogin/operator/server/middleware"
)

// newEnvoy makes what Envoy asks by gRPC, with the handler and the middlewares of the checks over HTTP.
func newEnvoy(cfg config.Config, deps Deps) (http.Handler, error) {
	hosts, err := login.ParseHosts(cfg.RedirectURIs)
	if err != nil {
		return nil, err
	}
	trusted, err := middleware.ParseProxies(cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	checks := newChecks(cfg, deps, hosts)
	guard := func(h http.Handler) http.Handler {
		return chain(h,
			middleware.Identify(trusted, deps.Rand),
			middleware.Trace(deps.Tracer),
			middleware.Log(deps.Log, deps.Metrics, deps.Now),
			middleware.Recover(deps.Log, http.HandlerFunc(checks.Failed)),
		)
	}
	return extauthz.New(extauthz.Options{
		Plain: checks.ExtAuthz(false, guard), Bearer: checks.ExtAuthz(true, guard), Log: deps.Log,
	}), nil
}

// newGRPCServer is for h, which is spoken to by HTTP/2 alone, without TLS: Envoy and we are in one cluster.
func newGRPCServer(h http.Handler, log *slog.Logger) *http.Server {
	s := newServer(h, log)
	s.Protocols = new(http.Protocols)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s
}
