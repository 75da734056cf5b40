package google

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Issuer is Google's. It is the issuer of every identity from Google, however the token spelled it.
const Issuer = "https://accounts.google.com"

// issuerBare is the other spelling that Google's tokens may have.
const issuerBare = "accounts.google.com"

// skew is how far Google's clock and ours may be apart.
const skew = time.Minute

// Options describes a Provider.
type Options struct {
	// Issuer is a stand-in for Google; empty means Google.
	Issuer string
	// Scopes and Prompt are asked where an AuthRequest names none.
	Scopes []string
	Prompt string
	// HTTPClient is copied; its copy follows no redirects and, if it has no timeout, gets one. Nil: a client with limits on every
	// step.
	HTTPClient *http.Client
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Log. Nil: discard.
	Log *slog.Logger
	// Met, if set, is told what a login says of the client that it was made with: nil if Google took it, else ErrClientRejected.
	Met func(c Credentials, rejected error)
	// Registerer takes the metrics. Nil: they are counted and shown to nobody.
	Registerer prometheus.Registerer
}

// Provider is Google, or a stand-in for it. It is safe for concurrent use.
type Provider struct {
	scopes []string
	prompt string
	*shared
}

// shared is what every Provider for one issuer has in common.
type shared struct {
	client      *http.Client
	now         func() time.Time
	log         *slog.Logger
	credentials atomic.Pointer[Credentials]
	endpoints   endpointSource
	met         func(c Credentials, rejected error)
}

// New returns a Provider. It contacts nobody.
func New(o Options) *Provider {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Provider{scopes: o.Scopes, prompt: o.Prompt, shared: &shared{client: newClient(o), now: o.Now, log: o.Log, met: o.Met}}
	if o.Issuer == "" || o.Issuer == Issuer {
		p.endpoints = googleEndpoints(p.client, o.Now, o.Log)
	} else {
		p.endpoints = newDiscovery(o.Issuer, p.client, o.Now, o.Log)
	}
	return p
}

// Asking returns a Provider that asks for other scopes and another prompt, and has all else in common with p: connections, keys and
// credentials, those that are set later too.
func (p *Provider) Asking(scopes []string, prompt string) *Provider {
	return &Provider{scopes: scopes, prompt: prompt, shared: p.shared}
}

// SetCredentials replaces the credentials. Requests under way go on with the old ones.
func (p *Provider) SetCredentials(c Credentials) { p.credentials.Store(&c) }

// Ready is nil once credentials are set. It never contacts Google: whether Google is up says nothing about this server.
func (p *Provider) Ready() error {
	_, err := p.currentCredentials()
	return err
}

func (p *Provider) currentCredentials() (Credentials, error) {
	c := p.credentials.Load()
	if c == nil || c.ClientID == "" || c.ClientSecret == "" {
		return Credentials{}, ErrNoCredentials
	}
	return *c, nil
}
