//go:build browser

package browser

import (
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/test/standalone"
)

const kitExample = "../../docs/frontend/react"

// TestKitUnderDevelopment signs in through Vite's development server, as whoever works on a front end does: its proxy is in front
// of the callback server, and React's strict mode runs every effect twice.
func TestKitUnderDevelopment(t *testing.T) {
	port := standalone.FreePort(t)
	origin := "http://localhost:" + port
	w := newWorld(t, func(c *config.Config) {
		c.Issuer = origin + "/auth"
		c.RedirectURIs = []string{origin + "/auth/callback"}
		c.Frontend = config.Frontend{HomeURL: origin + "/", LoginURL: origin + "/", ReturnURLs: []string{origin + "/*"}}
	})
	startVite(t, port, "LOGIN_SERVER="+w.origin)
	// From here on the server is where Vite is.
	w.origin = origin
	b := &kitTab{newProfile(t), &kitShop{world: w}}
	b.open("/")
	b.see(kitSignedOut)
	b.click(kitSignIn)
	b.click(`button.account[value="` + ann + `"]`)
	b.click(`button[value="cancel"]`)
	b.see(kitAlert)
	b.signIn()
	b.click("section button")
	b.see(kitSignedOut)
}

// startVite runs the example's development server until the test ends.
func startVite(t *testing.T, port string, settings ...string) {
	t.Helper()
	vite := exec.Command("node_modules/.bin/vite", "--host", "127.0.0.1", "--port", port)
	vite.Dir, vite.Env, vite.Stderr = kitExample, append(os.Environ(), settings...), os.Stderr
	if err := vite.Start(); err != nil {
		t.Fatalf("start Vite, which `make kit` installs: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- vite.Wait() }()
	t.Cleanup(func() {
		_ = vite.Process.Kill()
		<-ended
	})
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !listens("http://127.0.0.1:" + port) {
		select {
		case <-again.C:
		case err := <-ended:
			ended <- err
			t.Fatalf("Vite ended: %v", err)
		case <-deadline.C:
			t.Fatal("Vite does not listen")
		}
	}
}

func listens(address string) bool {
	response, err := http.Get(address)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}
