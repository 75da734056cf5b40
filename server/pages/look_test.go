package pages

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
)

func TestAccentColor_IsReadableWhateverItIs(t *testing.T) {
	styled := regexp.MustCompile(`^:root \{ --accent: (#[0-9a-f]{6}); --on-accent: (#[0-9a-f]{6}); \}\n` +
		`@media \(prefers-color-scheme: dark\) \{ :root \{ --accent: (#[0-9a-f]{6}); --on-accent: (#[0-9a-f]{6}); \} \}\n$`)
	for part := 0; part < 6*6*6; part++ {
		color := fmt.Sprintf("#%02x%02X%02x", part%6*51, part/6%6*51, part/36*51)
		style, err := accentStyle(color)
		if err != nil {
			t.Fatal(err)
		}
		found := styled.FindStringSubmatch(style)
		if found == nil {
			t.Fatalf("%s makes the style %q", color, style)
		}
		var colors [4]rgb
		for i := range colors {
			if colors[i], err = parseColor(found[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		for what, pair := range map[string][2]rgb{
			"link on the light page": {colors[0], lightGround[0]}, "link on the light card": {colors[0], lightGround[1]},
			"text on the light button": {colors[1], colors[0]}, "text on the dark button": {colors[3], colors[2]},
			"link on the dark page": {colors[2], darkGround[0]}, "link on the dark card": {colors[2], darkGround[1]},
		} {
			if got := contrast(pair[0], pair[1]); got < 4.5 {
				t.Errorf("%s: the %s has a contrast of %.2f", color, what, got)
			}
		}
	}
}

func TestAccentColor_StaysIfItCanBeRead(t *testing.T) {
	style, err := accentStyle("#7B1FA2")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(style, ":root { --accent: #7b1fa2; --on-accent: #ffffff; }") {
		t.Errorf("style: %s", style)
	}
	for _, color := range []string{"red", "#fff", "#12345", "#1234567", "#12345g", "#ffffff;}", " #ffffff"} {
		if style, err := accentStyle(color); err == nil {
			t.Errorf("%q makes the style %s", color, style)
		}
	}
}

// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio; the values are those that contrast checkers show.
func TestContrast_IsThatOfWCAG(t *testing.T) {
	for pair, want := range map[[2]string]float64{
		{"#000000", "#ffffff"}: 21, {"#ffffff", "#ffffff"}: 1, {"#767676", "#ffffff"}: 4.54, {"#0b57d0", "#ffffff"}: 6.39,
	} {
		a, _ := parseColor(pair[0])
		b, _ := parseColor(pair[1])
		if got := contrast(a, b); math.Abs(got-want) > 0.01 {
			t.Errorf("%v: %.2f, want %.2f", pair, got, want)
		}
	}
}

func TestStyle_HasTheGroundsThatColorsAreHeldAgainst(t *testing.T) {
	light, dark, _ := strings.Cut(baseStyle, "@media (prefers-color-scheme: dark)")
	for ground, in := range map[string]string{
		fmt.Sprintf("--page: %s; --card: %s;", lightGround[0], lightGround[1]): light,
		fmt.Sprintf("--page: %s; --card: %s;", darkGround[0], darkGround[1]):   dark,
	} {
		if !strings.Contains(in, ground) {
			t.Errorf("the style lacks %s", ground)
		}
	}
}

func TestLogo_IsAPictureOrNothing(t *testing.T) {
	p := newPages(t, func(look *config.Pages) {
		look.Logo = &config.Logo{MediaType: "image/png", Data: []byte("<script>alert(1)</script>")}
	})
	get := func(headers ...string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/auth/logo", nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		p.Logo(w, r)
		return w
	}
	first := get()
	want := http.Header{
		"Content-Type": {"image/png"}, "X-Content-Type-Options": {"nosniff"}, "Cross-Origin-Resource-Policy": {"same-origin"},
		"Content-Security-Policy": {"default-src 'none'; sandbox; frame-ancestors 'none'"},
		"Cache-Control":           {"public, max-age=300"}, "Accept-Ranges": {"bytes"}, "Content-Length": {"25"},
		"Etag": first.Header()["Etag"],
	}
	if diff := cmp.Diff(want, first.Header()); diff != "" || first.Code != 200 {
		t.Errorf("status %d, headers (-want +got):\n%s", first.Code, diff)
	}
	if again := get("If-None-Match", first.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("asked again with the ETag: status %d", again.Code)
	}
	other := newPages(t, func(look *config.Pages) { look.Logo = &config.Logo{MediaType: "image/png", Data: []byte("other")} })
	if p.logo.etag == other.logo.etag || len(p.logo.etag) < 10 {
		t.Errorf("ETag %s", p.logo.etag)
	}
	if p.logo.Alt != "shop.example.com" || !p.HasLogo() || newPages(t, nil).HasLogo() {
		t.Errorf("logo %v", p.logo.Alt)
	}
}

func TestUserAgents_AreNamedByWhatPeopleCallThem(t *testing.T) {
	const webkit = "AppleWebKit/537.36 (KHTML, like Gecko) "
	for userAgent, want := range map[string][2]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0":                  {"Edge", "Windows"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/143.0.0.0 Safari/537.36 OPR/120.0.0.0":                  {"Opera", "Windows"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15": {"Safari", "macOS"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/143.0 Mobile":    {"Chrome", "iPhone"},
		"Mozilla/5.0 (Linux; Android 10; K) " + webkit + "SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36":            {"Samsung Internet", "Android"},
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + webkit + "Chrome/143.0.0.0 Safari/537.36":                                 {"Chrome", "ChromeOS"},
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                {"Firefox", "Linux"},
		"curl/8.14.1": {"curl", ""},
		"":            {"", ""},
		"<script>":    {"", ""},
	} {
		browser, system := recognize(userAgent)
		if got := [2]string{browser, system}; got != want {
			t.Errorf("%q is %v, want %v", userAgent, got, want)
		}
	}
	p := newPages(t, nil)
	f := p.frame(httptest.NewRequest(http.MethodGet, "/", nil), "account.title")
	if got := f.browser("curl/8.14.1"); got != "curl" {
		t.Errorf("a browser without a system is %q", got)
	}
}
