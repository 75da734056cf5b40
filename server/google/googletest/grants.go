package googletest

import (
	"encoding/base64"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// The long names that Google gives back for the short ones.
const (
	scopeEmail   = "https://www.googleapis.com/auth/userinfo.email"
	scopeProfile = "https://www.googleapis.com/auth/userinfo.profile"
)

const (
	codeTTL        = 10 * time.Minute
	accessTokenTTL = time.Hour
	// Beyond this many, Google forgets the oldest without a word.
	maxRefreshTokens = 100
)

// grant is what one consent, or one silent repetition of it, gave a client.
type grant struct {
	client      Client
	account     Account
	redirectURI string
	nonce       string
	challenge   string
	method      string
	scopes      map[string]bool
	// refreshable is set by access_type=offline at a consent, and by nothing else.
	refreshable bool
	issuedAt    time.Time
	// used is set by the first redemption; the second one takes the tokens away.
	used         bool
	accessExpiry time.Time
}

type consentKey struct{ clientID, sub string }

// expandScopes turns a scope parameter into the set of long names.
func expandScopes(scope string) map[string]bool {
	set := map[string]bool{}
	for s := range strings.FieldsSeq(scope) {
		switch s {
		case "email":
			s = scopeEmail
		case "profile":
			s = scopeProfile
		}
		set[s] = true
	}
	return set
}

// scopeParam is the scope of a token response, in an order of its own, as Google's is.
func scopeParam(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), " ")
}

// consented reports whether the account already granted all of want to the client.
func (g *Google) consented(clientID, sub string, want map[string]bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	have := g.consents[consentKey{clientID, sub}]
	for s := range want {
		if !have[s] {
			return false
		}
	}
	return true
}

// issueCode remembers gr under a new code, and its scopes as consented.
func (g *Google) issueCode(gr *grant) string {
	code := "4/0A" + g.random()
	g.mu.Lock()
	defer g.mu.Unlock()
	if only := g.faults.grantOnly; only != nil {
		gr.scopes = expandScopes(strings.Join(only, " "))
	}
	key := consentKey{gr.client.ID, gr.account.Sub}
	if g.consents[key] == nil {
		g.consents[key] = map[string]bool{}
	}
	maps.Copy(g.consents[key], gr.scopes)
	gr.issuedAt = g.opts.Now()
	g.codes[code] = gr
	return code
}

// issueAccess gives gr an access token. The lock must be held.
func (g *Google) issueAccess(gr *grant) string {
	token := "ya29." + g.random()
	gr.accessExpiry = g.opts.Now().Add(accessTokenTTL)
	g.access[token] = gr
	return token
}

// issueRefresh gives gr a refresh token and drops the oldest past Google's limit. The lock must be held.
func (g *Google) issueRefresh(gr *grant) string {
	var oldest string
	var n int
	for token, other := range g.refresh {
		if other.client.ID != gr.client.ID || other.account.Sub != gr.account.Sub {
			continue
		}
		n++
		if oldest == "" || other.issuedAt.Before(g.refresh[oldest].issuedAt) {
			oldest = token
		}
	}
	if n >= maxRefreshTokens {
		delete(g.refresh, oldest)
	}
	token := "1//0" + g.random()
	g.refresh[token] = gr
	return token
}

// dropTokens takes away every token of the grants that match. The lock must be held.
func (g *Google) dropTokens(match func(*grant) bool) {
	drop := func(_ string, gr *grant) bool { return match(gr) }
	maps.DeleteFunc(g.access, drop)
	maps.DeleteFunc(g.refresh, drop)
}

func (g *Google) random() string {
	b := make([]byte, 24)
	if _, err := io.ReadFull(g.opts.Rand, b); err != nil {
		panic("googletest: the source of randomness ended: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
