//go:build chaos

package chaos

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/googlelogin/operator/test/verifiers"
	"github.com/googlelogin/operator/test/visitor"
)

// fast is the quickest rhythm that the CRD lets through. The key set may be cached for five seconds; the node's kubelet brings a
// changed Secret to its pods within some ten.
const fast = `  session: {accessTokenTTL: 1m, audiences: [shop]}
  signingKeys: {rotationPeriod: 1m, prePublish: 30s, jwksMaxAge: 5s}
`

// patrol verifies every token that a load was given, with services that know the key set alone, and remembers who signed.
type patrol struct {
	*visitor.Visitor
	services []*verifiers.Verifier

	mu sync.Mutex
	// out are the tokens that have not expired, by the time at which they will.
	out      map[string]time.Time
	seen     map[string]bool
	signers  map[string]int
	verified int
	refused  []string
	// unpublished are the keys that signed before they were in any key set that was fetched. Those of the first set are as old as the
	// patrol.
	unpublished []string
	published   map[string]time.Time
}

func newPatrol(v *visitor.Visitor) *patrol {
	return &patrol{
		Visitor: v, services: verifiers.All(origin+"/auth", "shop"),
		out: map[string]time.Time{}, seen: map[string]bool{}, signers: map[string]int{}, published: map[string]time.Time{},
	}
}

// TestRotationUnderLoad rotates the signing keys of two servers twenty times, while users sign in and services verify. No token may
// be refused, new or about to expire, and none may be signed by a key that was not in the key set before.
func TestRotationUnderLoad(t *testing.T) {
	rotations := 20
	if given, err := strconv.Atoi(os.Getenv("ROTATIONS")); err == nil {
		rotations = given
	}
	w := newWorld(t)
	v := w.login("base", "  server: {replicas: 2, "+unlimited+"}\n"+fast+w.onPostgres("base"))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l := begin(ctx, "base", v, 50*time.Millisecond, 200*time.Millisecond)
	p := newPatrol(v)
	l.group.Go(func() { every(ctx, 250*time.Millisecond, func(ctx context.Context) { p.round(ctx, l.sessions()) }) })

	began := time.Now()
	for len(p.keys()) <= rotations {
		if time.Since(began) > time.Duration(rotations+5)*90*time.Second {
			t.Fatalf("only %d keys have signed in %s", len(p.keys()), time.Since(began))
		}
		time.Sleep(time.Second)
	}
	stop()
	l.group.Wait()
	checks, logins := l.counts()
	fmt.Printf("\n| rotations | in | logins | failed | checks | failed | tokens verified, by three libraries | refused | signed by a key not published before |\n|---|---|---|---|---|---|---|---|---|\n"+
		"| %d | %s | %d | %d | %d | %d | %d | %d | %d |\n\n", len(p.keys())-1, time.Since(began).Round(time.Second), logins.asked, logins.failed,
		checks.asked, checks.failed, p.verified, len(p.refused), len(p.unpublished))
	if len(p.refused) > 0 || len(p.unpublished) > 0 || checks.failed > 0 || logins.failed > 0 {
		t.Errorf("refused: %v; unpublished: %v; checks: %s; logins: %s", p.refused, p.unpublished, checks.problem, logins.problem)
	}
}

// keys are those that have signed so far.
func (p *patrol) keys() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]int{}
	for kid, n := range p.signers {
		out[kid] = n
	}
	return out
}

// round verifies what is new, and what has a few seconds left to live.
func (p *patrol) round(ctx context.Context, sessions [][]*http.Cookie) {
	now := time.Now()
	for _, s := range p.services {
		if err := s.Refresh(now, func() ([]byte, time.Duration, error) { return p.fetch(ctx) }); err != nil {
			if ctx.Err() == nil {
				p.refused = append(p.refused, err.Error())
			}
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, cookies := range sessions[max(0, len(sessions)-50):] {
		token := p.Token(cookies)[0].Value
		if p.seen[token] {
			continue
		}
		p.seen[token] = true
		kid, expires := describe(token)
		p.signers[kid]++
		if at, known := p.published[kid]; !known || at.After(now) {
			p.unpublished = append(p.unpublished, kid)
		}
		p.out[token] = expires
		p.verify(token, now)
	}
	for token, expires := range p.out {
		if now.After(expires.Add(-3 * time.Second)) {
			delete(p.out, token)
			p.verify(token, expires.Add(-time.Second))
		}
	}
}

func (p *patrol) verify(token string, at time.Time) {
	for _, s := range p.services {
		p.verified++
		if err := s.Verify(token, at); err != nil {
			p.refused = append(p.refused, err.Error())
		}
	}
}

var maxAge = regexp.MustCompile(`max-age=([0-9]+)`)

// fetch gets the key set as a service does, and notes which keys are in it.
func (p *patrol) fetch(ctx context.Context) ([]byte, time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Public+"/auth/jwks.json", nil)
	if err != nil {
		return nil, 0, err
	}
	_, request.Host, _ = strings.Cut(p.Origin, "://")
	response, err := p.HTTP.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	var raw json.RawMessage
	if err := json.NewDecoder(response.Body).Decode(&raw); err != nil {
		return nil, 0, err
	}
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, 0, err
	}
	at := time.Now()
	if len(p.published) == 0 {
		at = time.Time{}
	}
	for _, key := range set.Keys {
		if _, known := p.published[key.Kid]; !known {
			p.published[key.Kid] = at
		}
	}
	allowed := maxAge.FindStringSubmatch(response.Header.Get("Cache-Control"))
	if response.StatusCode != http.StatusOK || allowed == nil {
		return nil, 0, fmt.Errorf("key set: status %d, Cache-Control %q", response.StatusCode, response.Header.Get("Cache-Control"))
	}
	seconds, err := strconv.Atoi(allowed[1])
	return raw, time.Duration(seconds) * time.Second, err
}

// describe reads a token without verifying it: that is what the services are for.
func describe(token string) (kid string, expires time.Time) {
	parts := strings.Split(token, ".")
	var header struct{ Kid string }
	var claims struct{ Exp int64 }
	for i, into := range []any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(raw, into) != nil {
			return "", time.Time{}
		}
	}
	return header.Kid, time.Unix(claims.Exp, 0)
}
