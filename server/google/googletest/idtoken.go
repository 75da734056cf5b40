package googletest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// MintIDToken returns an ID token for the account, as Sign in with Google would post it: no code, no access token. The claims
// may be altered before they are signed. The issuer must be known, by Options.Issuer, SetIssuer or NewServer.
func (g *Google) MintIDToken(clientID, email, nonce string, alter ...func(claims map[string]any)) (string, error) {
	g.mu.Lock()
	issuer := g.issuer
	g.mu.Unlock()
	if issuer == "" {
		return "", errors.New("mint an ID token: the issuer is not known; call SetIssuer first")
	}
	return g.mint(issuer, clientID, email, nonce, alter...)
}

func (g *Google) mint(issuer, clientID, email, nonce string, alter ...func(claims map[string]any)) (string, error) {
	account, ok := g.account(email)
	if !ok {
		return "", fmt.Errorf("mint an ID token: no account %q", email)
	}
	gr := &grant{
		client: Client{ID: clientID}, account: account, nonce: nonce,
		scopes: expandScopes("openid email profile"),
	}
	claims := g.idTokenClaims(issuer, gr, "")
	for _, f := range alter {
		f(claims)
	}
	return g.sign(claims)
}

// IssuedTo alters MintIDToken's claims into those of a token that an app got for its server: azp is the app's client ID, aud stays
// the server's.
func IssuedTo(azp string) func(claims map[string]any) {
	return func(claims map[string]any) { claims["azp"] = azp }
}

func (g *Google) idTokenClaims(issuer string, gr *grant, accessToken string) map[string]any {
	now := g.opts.Now()
	c := gr.account.claims(gr.scopes)
	c["iss"] = issuer
	c["azp"] = gr.client.ID
	c["aud"] = gr.client.ID
	c["iat"] = now.Unix()
	c["exp"] = now.Add(accessTokenTTL).Unix()
	setIf(c, "nonce", gr.nonce)
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		c["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	return c
}

// sign makes a JWT of claims. Header and payload are laid by hand, so that the faults can make them wrong; the signature itself
// is the JWT library's.
func (g *Google) sign(claims map[string]any) (string, error) {
	key := g.currentKey()
	g.mu.Lock()
	f := g.faults
	g.mu.Unlock()

	header := map[string]any{"alg": "RS256", "kid": key.id(), "typ": "JWT"}
	method, signer := "RS256", any(key.private)
	if f.signWith != nil {
		method, signer = f.signWith.alg, f.signWith.key
		header["alg"] = method
	}
	for _, alter := range f.claims {
		alter(claims)
	}
	for _, alter := range f.header {
		alter(header)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	for _, alter := range f.payload {
		payload = alter(payload)
	}
	protected, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("encode header: %w", err)
	}
	input := base64.RawURLEncoding.EncodeToString(protected) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := signature(method, input, signer)
	if err != nil {
		return "", err
	}
	token := input + "." + base64.RawURLEncoding.EncodeToString(signature)
	for _, alter := range f.idToken {
		token = alter(token)
	}
	return token, nil
}

func signature(alg, input string, key any) ([]byte, error) {
	if strings.EqualFold(alg, "none") {
		return nil, nil
	}
	method := jwt.GetSigningMethod(alg)
	if method == nil {
		return nil, fmt.Errorf("sign: no algorithm %q", alg)
	}
	sig, err := method.Sign(input, key)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return sig, nil
}
