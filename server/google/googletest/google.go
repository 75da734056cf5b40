package googletest

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The client that a Google without Options.Clients knows.
const (
	ClientID     = "test-client.apps.googleusercontent.com"
	ClientSecret = "test-client-secret"
)

// Endpoint names one of Google's endpoints.
type Endpoint string

// The endpoints.
const (
	Discovery Endpoint = "discovery"
	Authorize Endpoint = "authorize"
	Token     Endpoint = "token"
	UserInfo  Endpoint = "userinfo"
	Keys      Endpoint = "keys"
	Revoke    Endpoint = "revoke"
	// Script and Select are Sign in with Google's: the script for pages, and its account chooser.
	Script Endpoint = "script"
	Select Endpoint = "select"
)

var paths = map[Endpoint]string{
	Discovery: "/.well-known/openid-configuration",
	Authorize: "/o/oauth2/v2/auth",
	Token:     "/token",
	UserInfo:  "/v1/userinfo",
	Keys:      "/oauth2/v3/certs",
	Revoke:    "/revoke",
	Script:    "/gsi/client",
	Select:    "/gsi/select",
}

// Options describes a stand-in. The zero value is useful.
type Options struct {
	// Issuer is the iss claim and the base of what servers call. Empty: the scheme and host that each request came to.
	Issuer string
	// BrowserURL is the base of the authorization endpoint, where browsers reach the stand-in by another name than servers do.
	// Empty: Issuer.
	BrowserURL string
	// Clients are the registered ones. None: the one of ClientID and ClientSecret, with any redirect URI.
	Clients []Client
	// Accounts are those that exist. None: DefaultAccounts.
	Accounts []Account
	// Auto is the email of the account that signs in and consents without a page. Empty: pages are shown.
	Auto string
	// KeysMaxAge is the max-age of the keys. Zero: an hour.
	KeysMaxAge time.Duration
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Rand makes codes, tokens and keys. Nil: crypto/rand.
	Rand io.Reader
}

// Client is a registered OAuth client.
type Client struct {
	ID, Secret string
	// SecondSecret is good, too, if set: Google lets a client have two while one takes the other's place.
	SecondSecret string
	// RedirectURIs are compared exactly, as Google does.
	RedirectURIs []string
	// AnyRedirectURI accepts every http or https one. Google never does.
	AnyRedirectURI bool
}

// Google is a stand-in for Google. It is an http.Handler and safe for concurrent use.
type Google struct {
	opts Options
	mux  *http.ServeMux

	mu       sync.Mutex
	issuer   string
	keys     []signingKey // the current one first
	consents map[consentKey]map[string]bool
	codes    map[string]*grant
	access   map[string]*grant
	refresh  map[string]*grant
	counts   map[Endpoint]int
	last     map[Endpoint]url.Values
	faults   faults
}

// New returns a stand-in by o.
func New(o Options) *Google {
	if len(o.Clients) == 0 {
		o.Clients = []Client{{ID: ClientID, Secret: ClientSecret, AnyRedirectURI: true}}
	}
	if len(o.Accounts) == 0 {
		o.Accounts = DefaultAccounts()
	}
	if o.KeysMaxAge == 0 {
		o.KeysMaxAge = time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	g := &Google{
		opts:     o,
		issuer:   strings.TrimSuffix(o.Issuer, "/"),
		consents: map[consentKey]map[string]bool{},
		codes:    map[string]*grant{},
		access:   map[string]*grant{},
		refresh:  map[string]*grant{},
		counts:   map[Endpoint]int{},
		last:     map[Endpoint]url.Values{},
		keys:     []signingKey{{private: firstKey()}},
	}
	g.mux = g.routes()
	return g
}

func (g *Google) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET "+paths[Discovery], g.endpoint(Discovery, g.serveDiscovery))
	mux.Handle("GET "+paths[Authorize], g.endpoint(Authorize, g.serveAuthorize))
	mux.Handle("POST "+paths[Authorize], g.endpoint(Authorize, g.serveAuthorize))
	mux.Handle("POST "+paths[Token], g.endpoint(Token, g.serveToken))
	mux.Handle("GET "+paths[UserInfo], g.endpoint(UserInfo, g.serveUserInfo))
	mux.Handle("GET "+paths[Keys], g.endpoint(Keys, g.serveKeys))
	mux.Handle("POST "+paths[Revoke], g.endpoint(Revoke, g.serveRevoke))
	g.gsiRoutes(mux)
	return mux
}

// ServeHTTP implements http.Handler.
func (g *Google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.stripBase(g.mux).ServeHTTP(w, r)
}

// stripBase takes the path of Issuer or BrowserURL off, so that both may have one.
func (g *Google) stripBase(next http.Handler) http.Handler {
	for _, base := range []string{g.opts.Issuer, g.opts.BrowserURL} {
		u, err := url.Parse(base)
		if err != nil || strings.Trim(u.Path, "/") == "" {
			continue
		}
		next = stripPrefix(strings.TrimSuffix(u.Path, "/"), next)
	}
	return next
}

func stripPrefix(prefix string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix+"/") {
			http.StripPrefix(prefix, next).ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// endpoint counts a call, remembers its form and lets the faults have their way before next.
func (g *Google) endpoint(e Endpoint, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A form that does not parse is the endpoint's own business: it will miss its fields.
		_ = r.ParseForm()
		g.mu.Lock()
		g.counts[e]++
		g.last[e] = r.Form
		around := g.faults.around[e]
		g.mu.Unlock()

		var h http.Handler = next
		for _, wrap := range around {
			h = wrap(h)
		}
		h.ServeHTTP(w, r)
	})
}

// Calls is how often e was called.
func (g *Google) Calls(e Endpoint) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts[e]
}

// LastForm is what the last call of e sent, query and form together; nil if nobody called.
func (g *Google) LastForm(e Endpoint) url.Values {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last[e]
}

// SetIssuer fixes the issuer once its address is known, for a Google made without one.
func (g *Google) SetIssuer(issuer string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.issuer = strings.TrimSuffix(issuer, "/")
}

// issuerOf is the fixed issuer, or the address that r was sent to.
func (g *Google) issuerOf(r *http.Request) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.issuer != "" {
		return g.issuer
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
