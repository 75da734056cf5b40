package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/httperr"
)

func newPages(t *testing.T, look func(*config.Pages)) *Pages {
	t.Helper()
	o := Options{Base: "/auth", HomeURL: "https://shop.example.com/"}
	if look != nil {
		look(&o.Look)
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// everything sets all that can be set.
func everything(look *config.Pages) {
	*look = config.Pages{
		Title: "Example Shop", AccentColor: "#7b1fa2", SignInText: "Use your work account.", SupportURL: "mailto:help@example.com",
		Logo: &config.Logo{MediaType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n"), Alt: "A shop window"},
	}
}

type show func(p *Pages, w http.ResponseWriter, r *http.Request)

var ann = Account{Name: "Ann Example", Email: "ann@example.com", Sessions: []Session{
	{
		ID: "s-1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
		SignedInAt: time.Date(2026, 3, 14, 15, 9, 26, 0, time.FixedZone("CET", 3600)),
		LastUsedAt: time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC), Current: true,
	},
	{ID: "s-2"},
}}

var google = Button{
	ClientID: "123.apps.googleusercontent.com", LoginURI: "https://shop.example.com/auth/google", Nonce: "n-1",
	ScriptURL: "https://accounts.google.com/gsi/client",
}

var allPages = map[string]show{
	"sign-in": func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.SignIn(w, r, SignIn{LoginURL: "/auth/login"})
	},
	"signed-out": func(p *Pages, w http.ResponseWriter, r *http.Request) { p.SignedOut(w, r) },
	"account":    func(p *Pages, w http.ResponseWriter, r *http.Request) { p.Account(w, r, ann) },
	"error": func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.ErrorPage(w, r, httperr.Page{Status: 400, Code: httperr.InvalidRequest, Param: "prompt", RequestID: "0123456789"})
	},
}

func withButton(p *Pages, w http.ResponseWriter, r *http.Request) {
	button := google
	p.SignIn(w, r, SignIn{LoginURL: "/auth/login", Button: &button})
}

// shown is an answer, its text and its nodes.
type shown struct {
	*httptest.ResponseRecorder
	page  string
	nodes []*html.Node
}

func render(t *testing.T, p *Pages, show show, language string) shown {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", language)
	show(p, w, r)
	root, err := html.Parse(strings.NewReader(w.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	return shown{w, w.Body.String(), slices.Collect(root.Descendants())}
}

func (s shown) elements(name string) []map[string]string {
	var found []map[string]string
	for _, node := range s.nodes {
		if node.Type != html.ElementNode || node.Data != name {
			continue
		}
		attributes := map[string]string{}
		for _, a := range node.Attr {
			attributes[a.Key] = a.Val
		}
		found = append(found, attributes)
	}
	return found
}

func (s shown) policy() map[string]string {
	directives := map[string]string{}
	for part := range strings.SplitSeq(s.Header().Get("Content-Security-Policy"), "; ") {
		name, value, _ := strings.Cut(part, " ")
		directives[name] = value
	}
	return directives
}

func (s shown) styleHash(t *testing.T) string {
	t.Helper()
	for _, node := range s.nodes {
		if node.Type == html.ElementNode && node.Data == "style" {
			sum := sha256.Sum256([]byte(node.FirstChild.Data))
			return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		}
	}
	t.Fatal("no style")
	return ""
}

func TestPages_LoadNothingAndRunNothing(t *testing.T) {
	for look, edit := range map[string]func(*config.Pages){"plain": nil, "with everything set": everything} {
		for name, show := range allPages {
			t.Run(name+" "+look, func(t *testing.T) {
				s := render(t, newPages(t, edit), show, "")
				want := map[string]string{
					"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
					"style-src": s.styleHash(t),
				}
				if name == "account" {
					want["form-action"] = "'self'"
				}
				if edit != nil {
					want["img-src"] = "'self'"
				}
				if diff := cmp.Diff(want, s.policy()); diff != "" {
					t.Errorf("policy (-want +got):\n%s", diff)
				}
				if s.Header().Get("Content-Type") != "text/html; charset=utf-8" || s.Header().Get("Cache-Control") != "no-store" ||
					s.Header().Get("Vary") != "Accept-Language" {
					t.Errorf("headers %v", s.Header())
				}
				for _, forbidden := range []string{"script", "link", "iframe", "object", "base"} {
					if len(s.elements(forbidden)) > 0 {
						t.Errorf("the page has a %s", forbidden)
					}
				}
				for _, img := range s.elements("img") {
					if img["src"] != "/auth/logo" || img["alt"] != "A shop window" {
						t.Errorf("the page shows %v", img)
					}
				}
				for _, node := range s.nodes {
					for _, attribute := range node.Attr {
						if strings.HasPrefix(attribute.Key, "on") || attribute.Key == "style" {
							t.Errorf("<%s> has %s, which the policy forbids", node.Data, attribute.Key)
						}
					}
				}
			})
		}
	}
}

func TestPages_AreTranslatedAndAccessible(t *testing.T) {
	p := newPages(t, everything)
	titles := map[string]bool{}
	for name, show := range allPages {
		for _, lang := range []string{"en", "de", "fr", "es", "ja", "bg"} {
			s := render(t, p, show, lang)
			if s.Header().Get("Content-Language") != lang {
				t.Errorf("%s in %s says it is in %s", name, lang, s.Header().Get("Content-Language"))
			}
			for _, needed := range []string{
				`<html lang="` + lang + `" dir="ltr">`, "<main>", "</main>", "<h1>", `name="viewport"`, "<title>",
			} {
				if strings.Count(s.page, needed) != 1 {
					t.Errorf("%s in %s has %d of %s, want one", name, lang, strings.Count(s.page, needed), needed)
				}
			}
			if strings.ContainsAny(regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAllString(s.page, ""), "{}") {
				t.Errorf("%s in %s shows a placeholder", name, lang)
			}
			title := regexp.MustCompile(`<title>(.*)</title>`).FindStringSubmatch(s.page)[1]
			if !strings.HasSuffix(title, " · Example Shop") || titles[title] {
				t.Errorf("%s in %s has the title %q", name, lang, title)
			}
			titles[title] = true
		}
	}
}

var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' autofocus onfocus=alert(1) x='`, `</title><script>`, `</style><script>`,
	`{{.}}`, `{site}`, `javascript:alert(1)`, "\u202e\u2067", `&lt;b&gt;`, `--><b>`, `expression(alert(1))`, `*/}</style>`,
}

func TestPages_EscapeWhateverTheyAreGiven(t *testing.T) {
	for _, text := range hostile {
		p := newPages(t, func(look *config.Pages) {
			everything(look)
			look.Title, look.SignInText, look.SupportURL, look.Logo.Alt = text, text, text, text
		})
		account := Account{Name: text, Email: text, Sessions: []Session{{ID: text, UserAgent: text}}}
		button := Button{ClientID: text, LoginURI: text, Nonce: text, ScriptURL: google.ScriptURL}
		for name, show := range map[string]show{
			"sign-in":    func(p *Pages, w http.ResponseWriter, r *http.Request) { p.SignIn(w, r, SignIn{text, &button}) },
			"signed-out": allPages["signed-out"],
			"account":    func(p *Pages, w http.ResponseWriter, r *http.Request) { p.Account(w, r, account) },
			"error": func(p *Pages, w http.ResponseWriter, r *http.Request) {
				p.ErrorPage(w, r, httperr.Page{Status: 400, Code: httperr.Code(text), Param: text, RequestID: text})
			},
		} {
			got, plain := render(t, p, show, ""), render(t, newPages(t, everything), show, "")
			counts := func(s shown) map[string]int {
				n := map[string]int{}
				for _, node := range s.nodes {
					if node.Type != html.ElementNode {
						continue
					}
					n[node.Data]++
					for _, a := range node.Attr {
						n[node.Data+" "+a.Key]++
						if strings.HasPrefix(a.Val, "javascript:") && (a.Key == "href" || a.Key == "src" || a.Key == "action") {
							t.Errorf("%s with %q leads to %s", name, text, a.Val)
						}
					}
				}
				return n
			}
			if diff := cmp.Diff(counts(plain), counts(got)); diff != "" {
				t.Errorf("%s with %q has other elements (-want +got):\n%s", name, text, diff)
			}
			if want := got.styleHash(t); !strings.HasPrefix(got.policy()["style-src"], want) {
				t.Errorf("%s with %q: the policy does not allow the style", name, text)
			}
		}
	}
}

func TestSignIn_ButtonHasGooglesTextAndTheNoticeStandsAbove(t *testing.T) {
	s := render(t, newPages(t, everything), allPages["sign-in"], "")
	if !strings.Contains(s.page, ">Sign in with Google</span>") || !strings.Contains(s.page, `href="/auth/login"`) {
		t.Errorf("sign-in page: %s", s.page)
	}
	notice, button := strings.Index(s.page, "Use your work account."), strings.Index(s.page, "Sign in with Google")
	if notice < 0 || notice > button {
		t.Errorf("the notice is at %d, the button at %d", notice, button)
	}
	if plain := render(t, newPages(t, nil), allPages["sign-in"], ""); !strings.Contains(plain.page, "shop.example.com") {
		t.Errorf("without a title the page does not name the site: %s", plain.page)
	}
}

func TestSignIn_GooglesOwnButtonBesideThePlainLink(t *testing.T) {
	s := render(t, newPages(t, everything), withButton, "de")
	want := map[string]string{
		"default-src": "'none'", "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'", "img-src": "'self'",
		"style-src":  s.styleHash(t) + " https://accounts.google.com/gsi/style",
		"script-src": "https://accounts.google.com/gsi/client", "frame-src": "https://accounts.google.com/gsi/",
		"connect-src": "https://accounts.google.com/gsi/",
	}
	if diff := cmp.Diff(want, s.policy()); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]map[string]string{{"src": "https://accounts.google.com/gsi/client", "async": ""}}, s.elements("script")); diff != "" {
		t.Errorf("scripts (-want +got):\n%s", diff)
	}
	var onload, drawn map[string]string
	for _, div := range s.elements("div") {
		if div["id"] == "g_id_onload" {
			onload = div
		}
		if div["class"] == "g_id_signin" {
			drawn = div
		}
	}
	if diff := cmp.Diff(map[string]string{
		"id": "g_id_onload", "data-client_id": google.ClientID, "data-login_uri": google.LoginURI, "data-nonce": google.Nonce,
		"data-ux_mode": "redirect", "data-auto_prompt": "true", "data-itp_support": "true",
	}, onload); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if drawn["data-locale"] != "de" || !strings.Contains(s.page, `data-locale="de"></div><a class="google" href="/auth/login">`) {
		t.Errorf("the button's place is %v, and the link has to stand right behind it: %s", drawn, s.page)
	}
	if s.Header().Get("Referrer-Policy") != "strict-origin-when-cross-origin" ||
		s.Header().Get("Cross-Origin-Opener-Policy") != "same-origin-allow-popups" {
		t.Errorf("headers %v", s.Header())
	}
}

func TestSignIn_DoesWithoutAScriptThatThePolicyCannotName(t *testing.T) {
	for _, script := range []string{
		"", "/gsi/client", "https:///gsi/client", "data:text/javascript,/gsi/client", "javascript:/gsi/client", "https://evil.example/x.js",
		"https://evil.example; script-src */gsi/client", "https://evil.example,*/gsi/client", "https://evil.example;x/gsi/client", "https://*/gsi/client", "https://a b/gsi/client",
		"https://user@accounts.google.com/gsi/client", "https://accounts.google.com/?x=/gsi/client", "https://accounts.google.com/gsi/client?x",
	} {
		s := render(t, newPages(t, nil), func(p *Pages, w http.ResponseWriter, r *http.Request) {
			p.SignIn(w, r, SignIn{LoginURL: "/auth/login", Button: &Button{ScriptURL: script}})
		}, "")
		if len(s.elements("script")) > 0 || s.policy()["script-src"] != "" || !strings.Contains(s.page, `href="/auth/login"`) {
			t.Errorf("%s: %v", script, s.policy())
		}
	}
}

func TestErrorPage_LeadsOnlyWhereItHelps(t *testing.T) {
	p := newPages(t, everything)
	for code, want := range map[httperr.Code][]string{
		httperr.LoginExpired:    {"/auth/", "mailto:help@example.com", "https://shop.example.com/"},
		httperr.Unauthenticated: {"/auth/", "mailto:help@example.com", "https://shop.example.com/"},
		httperr.NotFound:        {"mailto:help@example.com", "https://shop.example.com/"},
		httperr.Misdirected:     {"mailto:help@example.com", "https://shop.example.com/"},
	} {
		s := render(t, p, func(p *Pages, w http.ResponseWriter, r *http.Request) {
			p.ErrorPage(w, r, httperr.Page{Status: 418, Code: code})
		}, "")
		var hrefs []string
		for _, a := range s.elements("a") {
			hrefs = append(hrefs, a["href"])
		}
		if diff := cmp.Diff(want, hrefs); diff != "" || s.Code != 418 {
			t.Errorf("%s has status %d and leads to (-want +got):\n%s", code, s.Code, diff)
		}
		if logo := len(s.elements("img")) > 0; logo == (code == httperr.Misdirected) {
			t.Errorf("%s: logo %v", code, logo)
		}
	}
}

func TestErrorPage_OfACodeWithoutTextIsTheUnknownOne(t *testing.T) {
	s := render(t, newPages(t, nil), func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.ErrorPage(w, r, httperr.Page{Status: 400, Code: "never_heard_of"})
	}, "")
	if !strings.Contains(s.page, "<h1>Signing in did not work</h1>") || !strings.Contains(s.page, "Please sign in again.") {
		t.Errorf("page: %s", s.page)
	}
}

func TestAccount_ListsSessionsWithTheirOwnWayOut(t *testing.T) {
	s := render(t, newPages(t, nil), allPages["account"], "")
	want := []map[string]string{
		{"name": "sid", "value": "s-1", "aria-label": "Sign out: \u2068Chrome\u2069 on \u2068Linux\u2069, This browser"},
		{"name": "sid", "value": "s-2", "aria-label": "Sign out: Unknown browser"},
		{"class": "button"},
	}
	if diff := cmp.Diff(want, s.elements("button")); diff != "" {
		t.Errorf("buttons (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]map[string]string{
		{"method": "post", "action": "/auth/account/end"}, {"class": "actions", "method": "post", "action": "/auth/logout?everywhere=true"},
	}, s.elements("form")); diff != "" {
		t.Errorf("forms (-want +got):\n%s", diff)
	}
	if strings.Count(s.page, ">This browser<") != 1 {
		t.Errorf("the mark is there %d times", strings.Count(s.page, ">This browser<"))
	}
	for _, needed := range []string{
		`<strong dir="auto">Ann Example</strong>`, "<bdi>ann@example.com</bdi>",
		`<time dir="ltr" datetime="2026-03-14T14:09:26Z">2026-03-14 14:09 UTC</time>`,
	} {
		if !strings.Contains(s.page, needed) {
			t.Errorf("the page lacks %s: %s", needed, s.page)
		}
	}
	if s.Header().Get("Referrer-Policy") != "same-origin" {
		t.Errorf("Referrer-Policy %s, with which browsers send Origin: null", s.Header().Get("Referrer-Policy"))
	}
}

func TestStyle_HasNoLeftAndNoRight(t *testing.T) {
	physical := regexp.MustCompile(`[\s;{-](left|right|top|bottom|((min|max)-)?(width|height)):`)
	if found := physical.FindAllString(strings.ReplaceAll(baseStyle, "line-height", ""), -1); found != nil {
		t.Errorf("the style says %v, which stays where it is when the text runs the other way", found)
	}
}
