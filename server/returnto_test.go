package server

import (
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
)

// TestF_WhereALoginEnds goes through whole logins: what package returnurl decides has to reach the browser, and nothing may be lost
// or added between the start, the sealed cookie and the last redirect.
func TestF_WhereALoginEnds(t *testing.T) {
	const app = "https://x.apps.example.com/app/"
	rows := map[string]struct{ to, want string }{
		"F78 userinfo":                   {"https://ok@shop.example.com/", home},
		"F78 encoded tab":                {"/\t/evil.test", home},
		"F78 line break":                 {shop + "/a\r\nSet-Cookie: x=y", home},
		"F78 three slashes":              {"https:///evil.test", home},
		"F78 no slashes":                 {"https:evil.test", home},
		"F78 data":                       {"data:text/html,x", home},
		"F78 dot segments":               {app + "../../", home},
		"F78 encoded dot segments":       {app + "%2e%2e/", home},
		"F78 encoded backslash":          {app + "..%5c", home},
		"F78 full-width host":            {"https://ｓhop.example.com/", home},
		"F79 one label":                  {app + "y", app + "y"},
		"F79 two labels":                 {"https://a.b.apps.example.com/app/y", home},
		"F79 no label":                   {"https://apps.example.com/app/y", home},
		"F79 a label that is not one":    {"https://evilapps.example.com/app/y", home},
		"F79 above the path":             {"https://x.apps.example.com/other", home},
		"F80 another port":               {"https://shop.example.com:444/", home},
		"F80 the scheme's own port":      {"https://shop.example.com:443/x", "https://shop.example.com:443/x"},
		"F80 another scheme":             {"http://shop.example.com/", home},
		"F81 too long":                   {shop + "/" + strings.Repeat("a", 2048), home},
		"F81 the longest":                {shop + "/" + strings.Repeat("a", 2048-len(shop)-1), shop + "/" + strings.Repeat("a", 2048-len(shop)-1)},
		"F82 our login":                  {shop + "/auth/login?return_to=x", home},
		"F82 our callback":               {callback + "?state=x", home},
		"F82 our logout":                 {shop + "/auth/logout", home},
		"F82 our login, another case":    {shop + "/auth/%6cogin", home},
		"F84 fragment":                   {shop + "/cart#item=1", shop + "/cart#item=1"},
		"F84 query and fragment":         {shop + "/cart?a=b&c=%2F#/route?x", shop + "/cart?a=b&c=%2F#/route?x"},
		"F84 something like our error":   {shop + "/cart?error=access_denied", shop + "/cart?error=access_denied"},
		"F78 an address within the path": {shop + "/go?to=https://evil.test/", shop + "/go?to=https://evil.test/"},
	}
	w := newWorld(t, func(c *config.Config) {
		c.Frontend.ReturnURLs = append(c.Frontend.ReturnURLs, "https://*.apps.example.com/app/*")
	})
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if got := w.browser().login("return_to", row.to).redirected(t); got != row.want {
				t.Errorf("%.80q ends at %.80q, want %.80q", row.to, got, row.want)
			}
		})
		w.clock.advance(10 * time.Second) // a person's pace
	}
}
