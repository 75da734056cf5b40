package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

// oracle is a Google that says of each secret what the test wants.
type oracle struct {
	says map[string]error
	used []string
	// asked are the redirect URIs that it was asked with.
	asked []string
}

func (o *oracle) SetCredentials(c google.Credentials) { o.used = append(o.used, c.ClientSecret) }

func (o *oracle) Prove(_ context.Context, c google.Credentials, redirectURI string) error {
	o.asked = append(o.asked, redirectURI)
	return o.says[c.ClientSecret]
}

func secret(s string) google.Credentials {
	return google.Credentials{ClientID: "id", ClientSecret: s}
}

func newTestProof() (*proof, *oracle) {
	o := &oracle{says: map[string]error{"bad": google.ErrClientRejected, "away": google.ErrUnavailable}}
	p := newProof(callback, slog.New(slog.DiscardHandler))
	p.google, p.running = o, true
	return p, o
}

func TestC31_ARefusedSecretDoesNotStopTheOldOne(t *testing.T) {
	offer := func(s string) func(*proof) { return func(p *proof) { p.offer(secret(s)) } }
	prove := func(p *proof) { p.once(context.Background()) }
	met := func(s string, err error) func(*proof) { return func(p *proof) { p.met(secret(s), err) } }
	for name, row := range map[string]struct {
		steps []func(*proof)
		// used are the secrets that logins used, one after the other.
		used []string
		want config.CredentialsStatus
	}{
		"the first is used before anything is known": {
			[]func(*proof){offer("one")}, []string{"one"}, config.CredentialsStatus{Verdict: config.VerdictUnknown}},
		"the first is proven": {
			[]func(*proof){offer("one"), prove}, []string{"one"}, config.CredentialsStatus{Verdict: config.VerdictProven}},
		"the first is refused, and nothing is better": {
			[]func(*proof){offer("bad"), prove}, []string{"bad"}, config.CredentialsStatus{Verdict: config.VerdictRejected}},
		"a good one gives way to a good one, once that is proven": {
			[]func(*proof){offer("one"), prove, offer("two"), prove}, []string{"one", "two"}, config.CredentialsStatus{Verdict: config.VerdictProven}},
		"a good one stays until the next is proven": {
			[]func(*proof){offer("one"), prove, offer("two")}, []string{"one"}, config.CredentialsStatus{Verdict: config.VerdictUnknown, OldInUse: true}},
		"a good one stays when the next is refused": {
			[]func(*proof){offer("one"), prove, offer("bad"), prove}, []string{"one"}, config.CredentialsStatus{Verdict: config.VerdictRejected, OldInUse: true}},
		"a good one stays while Google is away": {
			[]func(*proof){offer("one"), prove, offer("away"), prove}, []string{"one"}, config.CredentialsStatus{Verdict: config.VerdictUnknown, OldInUse: true}},
		"a refused one gives way at once": {
			[]func(*proof){offer("bad"), prove, offer("away")}, []string{"bad", "away"}, config.CredentialsStatus{Verdict: config.VerdictUnknown}},
		"one of which nothing is known gives way at once": {
			[]func(*proof){offer("away"), prove, offer("two")}, []string{"away", "two"}, config.CredentialsStatus{Verdict: config.VerdictUnknown}},
		"a login proves it": {
			[]func(*proof){offer("away"), met("away", nil)}, []string{"away"}, config.CredentialsStatus{Verdict: config.VerdictProven}},
		"a login disproves it": {
			[]func(*proof){offer("one"), prove, met("one", google.ErrClientRejected)}, []string{"one"}, config.CredentialsStatus{Verdict: config.VerdictRejected}},
		"a login disproves the old one while the new one waits": {
			[]func(*proof){offer("one"), prove, offer("away"), prove, met("one", google.ErrClientRejected)}, []string{"one", "away"},
			config.CredentialsStatus{Verdict: config.VerdictUnknown}},
		"a login disproves the old one, and the new one is refused": {
			[]func(*proof){offer("one"), prove, offer("bad"), prove, met("one", google.ErrClientRejected)}, []string{"one"},
			config.CredentialsStatus{Verdict: config.VerdictRejected, OldInUse: true}},
		"back to the old one": {
			[]func(*proof){offer("one"), prove, offer("bad"), prove, offer("one")}, []string{"one"}, config.CredentialsStatus{Verdict: config.VerdictProven}},
		"a login of long ago says nothing of the new one": {
			[]func(*proof){offer("bad"), prove, offer("two"), met("bad", google.ErrClientRejected)}, []string{"bad", "two"},
			config.CredentialsStatus{Verdict: config.VerdictUnknown}},
	} {
		t.Run(name, func(t *testing.T) {
			p, o := newTestProof()
			for _, step := range row.steps {
				step(p)
			}
			if diff := cmp.Diff(row.want, p.status()); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.used, o.used); diff != "" {
				t.Errorf("secrets in use (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProof_AsksGoogleLessAndLessWhileItIsAway(t *testing.T) {
	p, o := newTestProof()
	if wait := p.once(t.Context()); wait != 0 {
		t.Errorf("nothing to prove: again after %s", wait)
	}
	p.offer(secret("away"))
	var got []string
	for range 8 {
		got = append(got, p.once(t.Context()).String())
	}
	want := []string{"10s", "20s", "40s", "1m20s", "2m40s", "5m20s", "10m0s", "10m0s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
	o.says["away"] = nil
	if wait := p.once(t.Context()); wait != 0 || p.status().Verdict != config.VerdictProven {
		t.Errorf("proven, and again after %s: %+v", wait, p.status())
	}
	o.says["away"] = errors.New("not asked")
	if wait := p.once(t.Context()); wait != 0 {
		t.Error("asked of a client that is proven")
	}
	p.offer(secret("bad"))
	if wait := p.once(t.Context()); wait != proveRejected {
		t.Errorf("refused, and again after %s", wait)
	}
}

// A team moves to another client with other redirect URIs, without a restart: the old ones are not registered with it.
func TestProof_AsksWithARedirectURIThatIsRegisteredNow(t *testing.T) {
	p, o := newTestProof()
	p.offer(secret("away"))
	p.once(t.Context())
	<-p.changed
	p.register("https://new.example.com/auth/callback")
	select {
	case <-p.changed:
	default:
		t.Error("Google is not asked again")
	}
	p.register("https://new.example.com/auth/callback")
	if wait := p.once(t.Context()); wait != proveAtMost {
		t.Errorf("asked again after %s", wait)
	}
	if diff := cmp.Diff([]string{callback, "https://new.example.com/auth/callback"}, o.asked); diff != "" {
		t.Errorf("redirect URIs (-want +got):\n%s", diff)
	}
	select {
	case <-p.changed:
		t.Error("the same URI is news")
	default:
	}
}

// The whole way, against a stand-in that answers a junk code as Google does.
func TestC31_TheServerProvesItsClientAndSaysWhatGoogleThinks(t *testing.T) {
	stand := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := localConfig(t, stand.URL)
	write(t, cfg.Client.SecretFile, "hunter2-wrong")
	p := runProving(t, cfg)
	p.untilStatus(t, func(s config.Status) bool { return s.Credentials.Verdict == config.VerdictRejected })
	if a, err := p.ask(t, "/auth/login", nil); err != nil || a.StatusCode != 303 {
		t.Errorf("a login starts: %v, %v", a, err)
	}
	if response, err := http.Get(p.internal + "/readyz"); err != nil || response.StatusCode != 200 {
		t.Errorf("readyz: %v, %v; Google's verdict is no part of it", response, err)
	}
	callback, cookies := p.proceed(t)
	write(t, cfg.Client.SecretFile, googletest.ClientSecret)
	p.until(t, `googlelogin_reloads_total{file="credentials",result="success"}`)
	// A client that was refused gives way to the next one before that is proven, so that this login gets through.
	p.untilStatus(t, func(s config.Status) bool { return s.Credentials.Verdict == config.VerdictUnknown })
	done, err := p.ask(t, callback, cookies)
	if err != nil || done.Header.Get("Location") != home {
		t.Fatalf("login: %v, %v", done, err)
	}
	p.untilStatus(t, func(s config.Status) bool {
		return s.Credentials == config.CredentialsStatus{Verdict: config.VerdictProven}
	})

	t.Log("a bad secret takes the place of a good one")
	callback, cookies = p.proceed(t)
	write(t, cfg.Client.SecretFile, "hunter2-wrong")
	p.untilStatus(t, func(s config.Status) bool { return s.Credentials.OldInUse })
	if done, err := p.ask(t, callback, cookies); err != nil || done.Header.Get("Location") != home {
		t.Errorf("login with the old secret: %v, %v", done, err)
	}
	if strings.Contains(p.logs.String(), "hunter2") {
		t.Error("a secret is in the log")
	}
}
