package processes

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/google/googletest"
)

// TestASpoiltKeyFileKeepsTheKeysBefore writes over the key file in place, as a careless hand does, while the server is at work.
func TestASpoiltKeyFileKeepsTheKeysBefore(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := onSQLite(t, newConfig(t, google.URL))
	p := start(t, cfg)
	first := p.mustLogin(t)
	good, err := os.ReadFile(cfg.Keys.SigningFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name, content string
	}{
		{"empty", ""}, {"half a file", string(good[:len(good)/2])}, {"garbage", "\x00\xff canary-of-the-keys"}, {"no keys", `{"keys":[]}`},
	} {
		refused := strings.Count(p.log.String(), "file refused")
		if err := os.WriteFile(cfg.Keys.SigningFile, []byte(step.content), 0o600); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); strings.Count(p.log.String(), "file refused") == refused; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: nothing in the log\n%s", step.name, p.log)
			}
		}
		if status := p.check(t, p.Token(first)); status != http.StatusOK {
			t.Errorf("%s: a token from before: status %d", step.name, status)
		}
		if status := p.check(t, p.Token(p.mustLogin(t))); status != http.StatusOK {
			t.Errorf("%s: a token from now: status %d", step.name, status)
		}
	}
	if err := os.WriteFile(cfg.Keys.SigningFile, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if status := p.check(t, p.Token(p.mustLogin(t))); status != http.StatusOK {
		t.Errorf("with the file back: status %d", status)
	}
	if strings.Contains(p.log.String(), "canary") {
		t.Errorf("the log quotes the file:\n%s", p.log)
	}
}
