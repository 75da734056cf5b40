package pages

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"

	"github.com/googlelogin/operator/server/config"
)

//go:embed html/*.html
var templateFiles embed.FS

//go:embed style.css
var baseStyle string

// Options says how the pages look and where their links lead.
type Options struct {
	// Look is what the configuration says about the pages.
	Look config.Pages
	// Base is what the paths of our own endpoints begin with, without a slash at its end.
	Base string
	// HomeURL is the front end's home.
	HomeURL string
}

// Pages renders the pages of one GoogleLogin.
type Pages struct {
	options   Options
	site      string
	style     string
	logo      *logo
	texts     *catalogue
	templates *template.Template
}

// New reads the texts and the templates.
func New(o Options) (*Pages, error) {
	home, err := url.Parse(o.HomeURL)
	if err != nil {
		return nil, fmt.Errorf("parse home URL: %w", err)
	}
	texts, err := loadCatalogue(textFiles)
	if err != nil {
		return nil, err
	}
	templates, err := template.ParseFS(templateFiles, "html/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse pages: %w", err)
	}
	accent, err := accentStyle(o.Look.AccentColor)
	if err != nil {
		return nil, fmt.Errorf("parse accent colour: %w", err)
	}
	p := &Pages{
		options: o, site: cmp.Or(o.Look.Title, home.Host), style: baseStyle + accent,
		texts: texts, templates: templates,
	}
	p.logo = newLogo(o.Look.Logo, o.Base, p.site)
	return p, nil
}

// frame is what every page has.
type frame struct {
	Lang, Dir   string
	Title, Site string
	Style       template.CSS
	Logo        *logo
	texts       texts
}

// T is a text of the page's language. A key that the catalogue lacks is a mistake of ours, which every test of a page meets.
func (f frame) T(key string) (string, error) {
	text, ok := f.texts[key]
	if !ok {
		return "", fmt.Errorf("no text %s", key)
	}
	return fill(text, "site", f.Site), nil
}

// frame makes the frame of a page in the language of the request.
func (p *Pages) frame(r *http.Request, titleKey string) frame {
	tag, texts := p.texts.choose(r.Header.Get("Accept-Language"))
	return frame{
		Lang: tag.String(), Dir: direction(tag), Title: texts[titleKey], Site: p.site,
		// #nosec G203 -- a constant of this package, and colours that it wrote itself
		Style: template.CSS(p.style), Logo: p.logo, texts: texts,
	}
}

// render answers with a page. page is a struct that embeds f.
func (p *Pages) render(w http.ResponseWriter, status int, name string, f frame, page any, needs ...policy) {
	var content bytes.Buffer
	if err := p.templates.ExecuteTemplate(&content, name, page); err != nil {
		// The template is a constant and writes to memory: a failure is a mistake of ours that every test would meet.
		panic(fmt.Sprintf("render %s: %v", name, err))
	}
	h := w.Header()
	h.Set("Content-Security-Policy", p.policy(f.Logo != nil, needs...))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", f.Lang)
	h.Set("Content-Length", strconv.Itoa(content.Len()))
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(content.Bytes())
}
