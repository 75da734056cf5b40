package google

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/tracing"
)

const (
	// maxIDToken is several times what Google's have. More is not even parsed.
	maxIDToken = 8 << 10
	// maxKeyID is several times what any provider uses.
	maxKeyID = 256
)

// VerifyIDToken returns who raw is about, if raw passes every check, its nonce included. It asks no userinfo: an identity from a
// minimal token may have no email, which is refused here, or no name.
func (p *Provider) VerifyIDToken(ctx context.Context, raw, nonce string) (identity.Identity, error) {
	grant, err := p.VerifyCredential(ctx, Credential{IDToken: raw, Nonce: exactly(nonce)})
	return grant.Identity, err
}

// Credential is an ID token that came without a code: from Sign in with Google, or from an app.
type Credential struct {
	IDToken string
	// Clients may have got the token, or be meant by it, beside our own client: the apps of the same Google project.
	Clients []string
	// Nonce says whether a nonce is one of those that the server gave out. It is asked once the signature is proven, and never
	// with an empty one.
	Nonce func(nonce string) bool
}

// String implements fmt.Stringer and shows nothing that opens something.
func (c Credential) String() string {
	return fmt.Sprintf("credential, %d clients more", len(c.Clients))
}

// GoString implements fmt.GoStringer.
func (c Credential) GoString() string { return "google.Credential{" + c.String() + "}" }

// LogValue implements slog.LogValuer.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// VerifyCredential returns who the ID token is about and whom it was issued to, if it passes every check that VerifyIDToken makes.
// It does not know whether it saw the token before: that is the nonce's job, and the caller's.
func (p *Provider) VerifyCredential(ctx context.Context, c Credential) (Grant, error) {
	credentials, err := p.currentCredentials()
	if err != nil {
		return Grant{}, err
	}
	e, err := p.endpoints.endpoints(ctx)
	if err != nil {
		return Grant{}, err
	}
	said, err := p.verify(ctx, e, expectation{credentials.ClientID, c.Clients, c.Nonce}, c.IDToken)
	if err != nil {
		return Grant{}, err
	}
	id, err := said.identity(e.issuer)
	if err != nil {
		return Grant{}, err
	}
	if id.Email == "" {
		return Grant{}, invalid("no email")
	}
	return Grant{Identity: id, ClientID: said.client()}, nil
}

// Knows says whether ID tokens of this client are accepted: of our own, or of one of these others.
func (p *Provider) Knows(clientID string, others []string) (bool, error) {
	credentials, err := p.currentCredentials()
	if err != nil {
		return false, err
	}
	return expectation{clientID: credentials.ClientID, others: others}.known(clientID), nil
}

// verify runs all checks. What needs no key comes first, so that nonsense causes no fetch.
func (p *Provider) verify(ctx context.Context, e *endpoints, want expectation, raw string) (c claims, err error) {
	ctx, span := tracing.Start(ctx, "verify ID token")
	defer func() {
		if err != nil {
			tracing.Fail(span, "error")
		}
		span.End()
	}()
	t, err := parseToken(raw)
	if err != nil {
		return claims{}, err
	}
	if err := t.check(e.algs); err != nil {
		return claims{}, err
	}
	if err := t.prove(ctx, e.keys); err != nil {
		return claims{}, fmt.Errorf("verify ID token: %w", err)
	}
	if c, err = parseClaims(t.payload); err != nil {
		return claims{}, err
	}
	c.alg = t.alg
	return c, want.check(e, c, p.now())
}

// header is what an ID token says about its own signature.
type header struct {
	alg, kid, typ string
	crit          bool
}

// token is a compact JWS, taken apart. Nothing of it is proven.
type token struct {
	header
	// signed is the text that the signature is about.
	signed             string
	payload, signature []byte
}

// prove asks for the key that signed the token. What the token has to say is expectation.check's.
func (t token) prove(ctx context.Context, keys *keySet) error {
	// The key is ours; a key or a URL of one in the header (jwk, jku, x5u, x5c) is never looked at.
	key, err := keys.find(ctx, t.alg, t.kid)
	if err != nil {
		return err
	}
	method := jwt.GetSigningMethod(t.alg)
	if method == nil || method.Verify(t.signed, t.signature, key.Public) != nil {
		return invalid("wrong signature")
	}
	return nil
}

// parseToken takes a compact JWS apart. All three parts must be base64url in its one strict form: Go's decoder passes over line
// breaks, and without Strict over stray bits at the end, so that one token would have several spellings and a list of those
// already seen would not know it again.
func parseToken(raw string) (token, error) {
	if len(raw) > maxIDToken {
		return token{}, invalid("token over %d bytes", maxIDToken)
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || slices.Contains(parts, "") {
		return token{}, invalid("token has not exactly three parts")
	}
	var decoded [3][]byte
	for i, part := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || strings.ContainsAny(part, "\r\n") {
			return token{}, invalid("token is not base64url")
		}
		decoded[i] = b
	}
	o, err := parseObject(decoded[0])
	if err != nil {
		return token{}, err
	}
	h, err := readHeader(o)
	return token{h, raw[:strings.LastIndexByte(raw, '.')], decoded[1], decoded[2]}, err
}

func base64url(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

func readHeader(o object) (h header, err error) {
	_, h.crit = o["crit"]
	for name, to := range map[string]*string{"alg": &h.alg, "kid": &h.kid, "typ": &h.typ} {
		if *to, err = o.text(name); err != nil {
			return header{}, err
		}
	}
	return h, nil
}

func (h header) check(algs []string) error {
	switch {
	case !slices.Contains(algs, h.alg):
		return invalid("alg is not allowed")
	case h.crit:
		return invalid("header has crit")
	case len(h.kid) > maxKeyID:
		return invalid("kid over %d bytes", maxKeyID)
	case h.typ != "" && !strings.EqualFold(h.typ, "JWT"):
		// An access token (at+jwt), ours or another's, is no ID token however good its signature.
		return invalid("typ is not JWT")
	}
	return nil
}
