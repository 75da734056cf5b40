package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"github.com/googlelogin/operator/server/httperr"
)

func newPages(t *testing.T) *Pages {
	t.Helper()
	p, err := New(Options{SignInURL: "/auth/", HomeURL: "https://shop.example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func rendered(t *testing.T, show func(p *Pages, w http.ResponseWriter, r *http.Request)) string {
	t.Helper()
	w := httptest.NewRecorder()
	show(newPages(t), w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", w.Header())
	}
	return w.Body.String()
}

var allPages = map[string]func(p *Pages, w http.ResponseWriter, r *http.Request){
	"sign-in":    func(p *Pages, w http.ResponseWriter, r *http.Request) { p.SignIn(w, r, "/auth/login") },
	"signed-out": func(p *Pages, w http.ResponseWriter, r *http.Request) { p.SignedOut(w, r) },
	"error": func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.ErrorPage(w, r, httperr.Page{Status: 400, Code: httperr.InvalidRequest, Param: "prompt", RequestID: "0123456789"})
	},
}

func TestPages_LoadNothingAndRunNothing(t *testing.T) {
	for name, show := range allPages {
		t.Run(name, func(t *testing.T) {
			page := rendered(t, show)
			root, err := html.Parse(strings.NewReader(page))
			if err != nil {
				t.Fatal(err)
			}
			styles := 0
			for node := range root.Descendants() {
				switch node.Data {
				case "script", "img", "link", "iframe", "form", "object":
					t.Errorf("the page has a %s", node.Data)
				case "style":
					styles++
					sum := sha256.Sum256([]byte(node.FirstChild.Data))
					want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
					if !strings.Contains(ContentSecurityPolicy(), want) {
						t.Errorf("the policy %s does not allow the page's style %s", ContentSecurityPolicy(), want)
					}
				}
				for _, attribute := range node.Attr {
					if strings.HasPrefix(attribute.Key, "on") || attribute.Key == "style" || attribute.Key == "src" {
						t.Errorf("<%s> has %s, which the policy forbids", node.Data, attribute.Key)
					}
				}
			}
			if styles != 1 {
				t.Errorf("%d styles", styles)
			}
		})
	}
}

func TestPages_AreAccessible(t *testing.T) {
	for name, show := range allPages {
		page := rendered(t, show)
		for _, needed := range []string{`<html lang="en">`, "<main>", "<h1>", `name="viewport"`, "<title>"} {
			if strings.Count(page, needed) != 1 {
				t.Errorf("%s has %d of %s, want one", name, strings.Count(page, needed), needed)
			}
		}
	}
}

func TestPages_EscapeWhatTheyAreGiven(t *testing.T) {
	page := rendered(t, func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.ErrorPage(w, r, httperr.Page{Status: 400, Code: httperr.Unknown, RequestID: "<b>x", Param: `"><i>`})
		p.SignIn(w, r, `/auth/login?return_to="><script>`)
	})
	for _, raw := range []string{"<b>", "<i>", "<script"} {
		if strings.Contains(page, raw) {
			t.Errorf("the page holds %s", raw)
		}
	}
}

func TestPages_ButtonHasGooglesText(t *testing.T) {
	page := rendered(t, allPages["sign-in"])
	if !strings.Contains(page, ">Sign in with Google</span>") || !strings.Contains(page, `href="/auth/login"`) || !strings.Contains(page, "shop.example.com") {
		t.Errorf("sign-in page: %s", page)
	}
}

func TestCatalogue_HasATextForEveryCode(t *testing.T) {
	p := newPages(t)
	codes := append(httperr.LoginCodes(), httperr.InvalidRequest, httperr.Unauthenticated, httperr.Forbidden, httperr.NotFound,
		httperr.MethodNotAllowed, httperr.Misdirected, httperr.HeaderTooLarge, httperr.UnsupportedGrantType)
	for _, code := range codes {
		for _, part := range []string{".title", ".text"} {
			if p.texts.texts[0][string(code)+part] == "" {
				t.Errorf("no text %s%s", code, part)
			}
		}
	}
}

func TestCatalogue_TakesTranslationsAsFiles(t *testing.T) {
	files := fstest.MapFS{
		"texts/de.json": {Data: []byte(`{"a": "deutsch"}`)},
		"texts/en.json": {Data: []byte(`{"a": "english"}`)},
		"texts/af.json": {Data: []byte(`{"a": "afrikaans"}`)},
	}
	c, err := loadCatalogue(files)
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"de-AT,de;q=0.9,en;q=0.8": "deutsch", "en-GB": "english", "": "english", "ja": "english", "af": "afrikaans",
		strings.Repeat("de,", 1000): "english", "\x00;;;q=z": "english",
	} {
		if _, texts := c.choose(header); texts["a"] != want {
			t.Errorf("Accept-Language %.20q gets %s, want %s", header, texts["a"], want)
		}
	}
	for name, content := range map[string]string{"a missing key": `{}`, "an unknown key": `{"a": "x", "b": "y"}`, "an empty text": `{"a": ""}`} {
		files["texts/de.json"] = &fstest.MapFile{Data: []byte(content)}
		if _, err := loadCatalogue(files); err == nil {
			t.Errorf("took a translation with %s", name)
		}
	}
}
