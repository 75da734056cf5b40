package google

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

// asymmetric are the algorithms that a stand-in may sign with. Neither "none" nor HMAC: with HMAC, whoever knows the public key
// or the client secret could sign.
var asymmetric = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"}

// discovery finds a stand-in's endpoints when they are first needed, and remembers them. After a failure the next use tries again.
type discovery struct {
	issuer string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger
	found  atomic.Pointer[endpoints]
	flight singleflight.Group
}

func newDiscovery(issuer string, client *http.Client, now func() time.Time, log *slog.Logger) *discovery {
	return &discovery{issuer: issuer, client: client, now: now, log: log}
}

func (d *discovery) endpoints(ctx context.Context) (*endpoints, error) {
	if e := d.found.Load(); e != nil {
		return e, nil
	}
	done := d.flight.DoChan("", func() (any, error) { return shareable(ctx, d.log, callDiscovery, d.fetch) })
	select {
	case <-ctx.Done():
		return nil, unavailable("discover issuer", ctx.Err())
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*endpoints), nil
	}
}

func (d *discovery) fetch(ctx context.Context) (*endpoints, error) {
	doc, _, err := get(ctx, d.client, callDiscovery, strings.TrimSuffix(d.issuer, "/")+"/.well-known/openid-configuration", "")
	if err != nil {
		return nil, unavailable("discover issuer", err)
	}
	e, err := d.read(doc)
	if err != nil {
		return nil, unavailable("read discovery document", err)
	}
	d.found.Store(e)
	return e, nil
}

// read checks the document. Its issuer must be ours to the letter: a document that speaks for another issuer is how a mix-up
// attack begins.
func (d *discovery) read(doc object) (*endpoints, error) {
	issuer, err := doc.text("issuer")
	if err != nil {
		return nil, err
	}
	if issuer != d.issuer {
		return nil, invalid("the document is of another issuer")
	}
	urls := map[string]string{}
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"} {
		if urls[name], err = d.endpoint(doc, name); err != nil {
			return nil, err
		}
	}
	algs, err := doc.texts("id_token_signing_alg_values_supported")
	if err != nil {
		return nil, err
	}
	style, err := authStyle(doc)
	if err != nil {
		return nil, err
	}
	return &endpoints{
		issuer:    issuer,
		oauth2:    oauth2.Endpoint{AuthURL: urls["authorization_endpoint"], TokenURL: urls["token_endpoint"], AuthStyle: style},
		userInfo:  urls["userinfo_endpoint"],
		algs:      allowedAlgs(algs),
		keys:      newKeySet(urls["jwks_uri"], d.client, d.now, d.log),
		acceptIss: func(iss string) bool { return iss == issuer },
	}, nil
}

// endpoint is one URL of the document. Behind an https issuer, nothing may fall back to plain HTTP; a browser's own machine is
// the exception that browsers make too.
func (d *discovery) endpoint(doc object, name string) (string, error) {
	raw, err := doc.text(name)
	if err != nil {
		return "", err
	}
	if raw == "" && name == "userinfo_endpoint" {
		return "", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", invalid("%s is not a URL", name)
	}
	downgrade := strings.HasPrefix(d.issuer, "https://") && u.Scheme != "https"
	if downgrade && !(name == "authorization_endpoint" && loopback(u.Hostname())) {
		return "", invalid("%s is not https", name)
	}
	return raw, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}

// allowedAlgs are those of the document that this server takes; RS256, which every provider must have, if it names none.
func allowedAlgs(named []string) []string {
	list := slices.DeleteFunc(slices.Clone(named), func(a string) bool { return !slices.Contains(asymmetric, a) })
	if len(list) == 0 {
		return []string{"RS256"}
	}
	return list
}

// authStyle prefers the body, as Google does. A provider that lists only the header gets the header; nobody is probed.
func authStyle(doc object) (oauth2.AuthStyle, error) {
	methods, err := doc.texts("token_endpoint_auth_methods_supported")
	if err != nil {
		return 0, err
	}
	switch {
	case len(methods) == 0, slices.Contains(methods, "client_secret_post"):
		return oauth2.AuthStyleInParams, nil
	case slices.Contains(methods, "client_secret_basic"):
		return oauth2.AuthStyleInHeader, nil
	}
	return 0, fmt.Errorf("%w: the token endpoint takes no client secret", ErrTokenInvalid)
}
