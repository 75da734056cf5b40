// Package pages renders what the callback server shows to people itself: the sign-in page, errors and the goodbye.
//
// A page is one answer: no script, no font, no image and no style from anywhere else, so that its content security policy can
// forbid all of them. Every text comes from the catalogue, and nothing of a request but what httperr and login checked.
package pages

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the template and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/googlelogin/operator/server/httperr"
)

//go:embed page.html
var pageTemplate string

//go:embed style.css
var style string

// Options says where the pages' links lead.
type Options struct {
	// SignInURL is the hosted sign-in page, as a path.
	SignInURL string
	// HomeURL is the front end's home.
	HomeURL string
}

// Pages renders the pages of one GoogleLogin.
type Pages struct {
	options  Options
	site     string
	texts    *catalogue
	template *template.Template
}

// New reads the texts and the template.
func New(o Options) (*Pages, error) {
	home, err := url.Parse(o.HomeURL)
	if err != nil {
		return nil, fmt.Errorf("parse home URL: %w", err)
	}
	texts, err := loadCatalogue(textFiles)
	if err != nil {
		return nil, err
	}
	parsed, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	return &Pages{options: o, site: home.Host, texts: texts, template: parsed}, nil
}

// ContentSecurityPolicy allows the pages' one style, by its hash, and nothing else.
func ContentSecurityPolicy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

type link struct{ URL, Text string }

// view is what the template shows; what is empty is left out.
type view struct {
	Lang, Title, Text     string
	Style                 template.CSS
	ParamLabel, Param     string
	ErrorIDLabel, ErrorID string
	Google, Again, Home   *link
}

// SignIn shows the button that leads to loginURL.
func (p *Pages) SignIn(w http.ResponseWriter, r *http.Request, loginURL string) {
	p.render(w, r, http.StatusOK, func(t texts) view {
		return view{
			Title: t["signin.title"], Text: p.withSite(t["signin.text"]),
			Google: &link{loginURL, t["signin.button"]},
		}
	})
}

// SignedOut says goodbye.
func (p *Pages) SignedOut(w http.ResponseWriter, r *http.Request) {
	p.render(w, r, http.StatusOK, func(t texts) view {
		return view{
			Title: t["signedout.title"], Text: p.withSite(t["signedout.text"]),
			Again: p.again(t), Home: p.home(t),
		}
	})
}

// ErrorPage shows what went wrong, and the way out where there is one.
func (p *Pages) ErrorPage(w http.ResponseWriter, r *http.Request, e httperr.Page) {
	p.render(w, r, e.Status, func(t texts) view {
		v := view{
			Title: t[string(e.Code)+".title"], Text: t[string(e.Code)+".text"],
			ParamLabel: t["error.param"], Param: e.Param,
			ErrorIDLabel: t["error.id"], ErrorID: e.RequestID,
			Home: p.home(t),
		}
		// Only where signing in again can help. On a host that is not ours the link would lead nowhere.
		if httperr.LoginCode(string(e.Code)) == e.Code || e.Code == httperr.Unauthenticated {
			v.Again = p.again(t)
		}
		return v
	})
}

// Message is the text of a code in the original language, for scripts.
func (p *Pages) Message(code httperr.Code) string { return p.texts.texts[0][string(code)+".text"] }

func (p *Pages) again(t texts) *link { return &link{p.options.SignInURL, t["link.again"]} }
func (p *Pages) home(t texts) *link  { return &link{p.options.HomeURL, p.withSite(t["link.home"])} }

func (p *Pages) withSite(text string) string { return strings.ReplaceAll(text, "{site}", p.site) }

func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, build func(texts) view) {
	tag, texts := p.texts.choose(r.Header.Get("Accept-Language"))
	v := build(texts)
	// #nosec G203 -- a constant of this package
	v.Lang, v.Style = tag.String(), template.CSS(style)
	var page bytes.Buffer
	if err := p.template.Execute(&page, v); err != nil {
		// The template is a constant and writes to memory: a failure is a mistake of ours that every test would meet.
		panic(fmt.Sprintf("render page: %v", err))
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", tag.String())
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}
