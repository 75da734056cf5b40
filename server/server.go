package server

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/forwardauth"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/login"
	"github.com/googlelogin/operator/server/middleware"
	"github.com/googlelogin/operator/server/nonce"
	"github.com/googlelogin/operator/server/pages"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
)

// Deps are the parts that the public handler is made of.
type Deps struct {
	Provider Provider
	Sealer   flow.AEAD
	Policy   login.Policy
	Users    login.Users
	Sessions Sessions
	Records  login.Records
	Nonces   nonce.Store
	Families refresh.Store
	Finished login.Finished
	// Accounts and Addresses count what one account and one client address ask for.
	Accounts, Addresses login.Limiter
	ReturnURLs          login.ReturnURLs
	Keys                login.Keys
	Metrics             Metrics
	// Ready tells why a login could not be finished now.
	Ready func() error
	Now   func() time.Time
	Rand  io.Reader
	Log   *slog.Logger
	// Tracer is nil if requests are not traced.
	Tracer trace.Tracer
}

// Metrics counts logins and requests.
type Metrics interface {
	forwardauth.Metrics
	login.Metrics
	middleware.Observer
	session.Metrics
}

// New makes the public handler of one GoogleLogin.
func New(cfg config.Config, deps Deps) (http.Handler, error) {
	hosts, err := login.ParseHosts(cfg.RedirectURIs)
	if err != nil {
		return nil, err
	}
	trusted, err := middleware.ParseProxies(cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	texts, err := pages.New(pages.Options{Look: cfg.Pages, Base: login.Base(cfg), HomeURL: cfg.Frontend.HomeURL})
	if err != nil {
		return nil, fmt.Errorf("make pages: %w", err)
	}
	flows := flow.NewCookies(cfg.Instance, cfg.Session.Cookie.Name, deps.Sealer, deps.Now)
	h, err := login.New(login.Options{
		Config: cfg, Hosts: hosts, Pages: texts,
		Flows:    flows,
		Accounts: deps.Accounts,
		Finished: deps.Finished,
		Provider: deps.Provider, Policy: deps.Policy, Users: deps.Users, Sessions: deps.Sessions, Records: deps.Records,
		ReturnURLs: deps.ReturnURLs, Keys: deps.Keys, Metrics: deps.Metrics,
		Ready: deps.Ready, Now: deps.Now, Rand: deps.Rand, Log: deps.Log,
	})
	if err != nil {
		return nil, err
	}
	errors := httperr.NewAdaptor(texts, deps.Log)
	direct := newDirect(cfg, deps, h)
	all := routes(cfg, h, direct, texts, errors, perClient(deps.Addresses, h))
	checks := newChecks(cfg, deps, hosts)
	if err := collision(hosts, all, checks); err != nil {
		return nil, err
	}
	sameOrigin, err := h.CrossOrigin(errors)
	if err != nil {
		return nil, err
	}
	refuse := func(status int, code httperr.Code) http.Handler { return errors.Always(httperr.New(status, code, nil)) }
	around := []func(http.Handler) http.Handler{
		middleware.Identify(trusted, deps.Rand),
		middleware.Trace(deps.Tracer),
		middleware.Log(deps.Log, deps.Metrics, deps.Now),
		middleware.Secure(pages.ContentSecurityPolicy),
	}
	public := chain(
		sameOrigin.Handler(&router{hosts, all, errors}),
		append(slices.Clone(around),
			middleware.Recover(deps.Log, refuse(http.StatusInternalServerError, httperr.ServerError)),
			middleware.Limit(limits,
				refuse(http.StatusBadRequest, httperr.InvalidRequest),
				pruned(flows, refuse(http.StatusRequestHeaderFieldsTooLarge, httperr.HeaderTooLarge))))...,
	)
	// No cross-origin protection and no limits here: whether the application takes a request from another site is the application's
	// to say, a check reads no body, and a header too large is one without a session.
	return checks.Mount(chain(checks, append(around, middleware.Recover(deps.Log, http.HandlerFunc(checks.Failed)))...), public), nil
}

// Check says whether New could work with a configuration, beyond what config.Validate looks at.
func Check(cfg config.Config) error {
	_, err := New(cfg, Deps{Log: slog.New(slog.DiscardHandler)})
	return err
}

// routes has every route of the public port but those of package forwardauth, which go on below their paths. Every POST is guarded by
// the cross-origin protection around the router; limited is for what costs more than an answer. Their paths are config.PublicPaths, by which
// Ingresses let browsers in.
func routes(
	cfg config.Config, h *login.Handler, d *direct, texts *pages.Pages, errors *httperr.Adaptor, perClient limited,
) map[string]route {
	base, handle := login.Base(cfg), errors.Handle
	limited := func(next http.Handler) http.Handler { return perClient(next, errors.Write) }
	cors := func(method string) func(http.Handler) http.Handler {
		return login.CORS(login.Origins(cfg.Frontend), method)
	}
	all := map[string]route{
		callbackRoute:         {name: "callback", methods: get(limited(handle(h.Callback)))},
		base + "/login":       {name: "login", methods: get(limited(handle(h.Start)))},
		base + "/me":          {name: "me", methods: fromFrontend(http.MethodGet, handle(h.Me), cors(http.MethodGet))},
		base + "/refresh":     {name: "refresh", methods: fromFrontend(http.MethodPost, limited(handle(h.Refresh)), cors(http.MethodPost))},
		base + "/logout":      {name: "logout", methods: fromFrontend(http.MethodPost, handle(h.Logout), cors(http.MethodPost))},
		base + "/token":       {name: "token", methods: post(handle(h.Token))},
		cmp.Or(base, "/"):     {name: "sign-in", methods: read(handle(h.SignInPage))},
		base + "/":            {name: "sign-in", methods: read(handle(h.SignInPage))},
		base + "/error":       {name: "error", methods: read(handle(h.FailedPage))},
		base + "/signed-out":  {name: "signed-out", methods: read(handle(h.SignedOutPage))},
		base + "/account":     {name: "account", methods: read(handle(h.AccountPage))},
		base + "/account/end": {name: "account-end", methods: post(handle(h.EndSession))},
		base + "/jwks.json":   {name: "jwks", methods: read(handle(h.JWKS)), anyHost: true},
		base + discoveryRoute: {name: "discovery", methods: read(handle(h.Discovery)), anyHost: true},
	}
	if d.credential != nil {
		all[base+"/google"] = route{name: "credential", methods: post(limited(handle(d.credential.Post)))}
	}
	if d.token != nil {
		all[base+"/token"] = route{name: "token", methods: fromFrontend(http.MethodPost, perClient(d.token, d.token.WriteError), cors(http.MethodPost))}
	}
	if cfg.TokenEndpoint.Enabled && cfg.TokenEndpoint.RefreshTokens {
		revoke := perClient(http.HandlerFunc(d.token.Revoke), d.token.WriteError)
		all[base+"/token/revoke"] = route{name: "revoke", methods: fromFrontend(http.MethodPost, revoke, cors(http.MethodPost))}
	}
	if d.credential != nil || d.token != nil {
		nonces := limited(handle(d.nonces.Serve))
		all[base+"/nonce"] = route{name: "nonce", methods: fromFrontend(http.MethodGet, nonces, cors(http.MethodGet))}
	}
	if texts.HasLogo() {
		all[base+"/logo"] = route{name: "logo", methods: read(http.HandlerFunc(texts.Logo))}
	}
	return all
}

const discoveryRoute = "/.well-known/openid-configuration"

// chain puts h into the middlewares, the first of them outermost.
func chain(h http.Handler, around ...func(http.Handler) http.Handler) http.Handler {
	for i := len(around) - 1; i >= 0; i-- {
		h = around[i](h)
	}
	return h
}
