package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/config"
)

func TestLogin_OfFewerScopesMissesNoneOfThem(t *testing.T) {
	w := newWorld(t, func(c *config.Config) {
		c.Google.Scopes = append(c.Google.Scopes, "https://www.googleapis.com/auth/calendar.readonly")
	})
	b := w.browser()
	at := b.start("scope", "profile")
	if got := param(t, at, "scope"); got != "openid email profile" {
		t.Errorf("asked for %q, want what says who it is and what was named", got)
	}
	if got := b.get(b.authorize(at)).redirected(t); got != home {
		t.Errorf("ends at %s", got)
	}
	if me := b.script(http.MethodGet, shop+"/auth/me"); !strings.Contains(me.body, `"missing_scopes":[]`) {
		t.Errorf("scopes that were not asked for are missing: %s", me.body)
	}
}
