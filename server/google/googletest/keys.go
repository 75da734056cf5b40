package googletest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"sync"
)

// signingKey is an RSA key under its RFC 7638 thumbprint.
type signingKey struct{ private *rsa.PrivateKey }

// firstKey is shared by every Google of a process: making an RSA key takes longer than most tests. RotateKey makes new ones.
var firstKey = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("googletest: make a signing key: " + err.Error())
	}
	return key
}

// RotateKey signs with a new key from now on. The old ones stay published.
func (g *Google) RotateKey() {
	key := signingKey{private: newKey()}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keys = append([]signingKey{key}, g.keys...)
}

// PublicKey is the key that tokens are signed with.
func (g *Google) PublicKey() *rsa.PublicKey {
	return &g.currentKey().private.PublicKey
}

// KeyID is the kid of the key that tokens are signed with.
func (g *Google) KeyID() string { return g.currentKey().id() }

func (g *Google) currentKey() signingKey {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.keys[0]
}

func (k signingKey) id() string {
	canonical := fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, k.e(), k.n())
	h := crypto.SHA256.New()
	h.Write([]byte(canonical))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (k signingKey) n() string { return base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()) }

func (k signingKey) e() string {
	return base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes())
}

func (k signingKey) jwk() map[string]any {
	return map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": k.id(), "n": k.n(), "e": k.e()}
}

func (g *Google) serveKeys(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	var list []map[string]any
	for _, k := range g.keys {
		list = append(list, k.jwk())
	}
	alter := g.faults.jwks
	g.mu.Unlock()

	doc := map[string]any{"keys": list}
	for _, f := range alter {
		f(doc)
	}
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d, must-revalidate, no-transform", int(g.opts.KeysMaxAge.Seconds())))
	writeJSON(w, http.StatusOK, doc)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
