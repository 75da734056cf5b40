//go:build browser

package browser

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/googlelogin/operator/test/chromium"
)

// patience bounds a wait for something that should happen at once; it only ends a test that hangs.
const patience = 60 * time.Second

// profiles is the browser whose profiles the tests split among themselves.
var profiles context.Context

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	if err := os.MkdirAll("out", 0o755); err != nil {
		return 1, err
	}
	browser, stop, err := chromium.Start(
		// Nothing but this machine: a page that asks for anything else is a page with a mistake.
		chromedp.Flag("host-resolver-rules", "MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
	)
	if err != nil {
		return 1, err
	}
	defer stop()
	profiles = browser
	return m.Run(), nil
}
