package nonce

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// PageLifetime is how long a page with a button may stay open. A user who comes back later is led to a fresh one.
	PageLifetime = time.Hour
	// pageCookieLifetime is longer, so that the server can tell that user from a stranger.
	pageCookieLifetime = 24 * time.Hour
	// maxPages is how many pages with a button one browser may have open.
	maxPages = 8
	// maxCookieBytes is what browsers keep of one cookie, name and value.
	maxCookieBytes = 4096
	// nonceBytes makes a nonce that nobody guesses.
	nonceBytes = 32

	pagePurpose = "googlelogin nonce cookie v1"
)

// ErrTooLong says that a page's return_to does not fit in the cookie.
var ErrTooLong = errors.New("nonce does not fit in a cookie")

// AEAD seals and opens, bound to associated data.
type AEAD interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// Page is one page with a button, as the browser's cookie remembers it.
type Page struct {
	Nonce string
	// ReturnTo is where its user wanted to go; empty for the front end's home. It was allowed when the page was made, and has to
	// be checked again.
	ReturnTo  string
	ExpiresAt time.Time
}

// Expired tells whether the page is too old at now.
func (p Page) Expired(now time.Time) bool { return !now.Before(p.ExpiresAt) }

// Options of Pages and Apps.
type Options struct {
	// Instance is the GoogleLogin's namespace/name.
	Instance string
	// SessionCookie is the name of the session's cookie, from which the name of the nonces' cookie is made.
	SessionCookie string
	AEAD          AEAD
	Now           func() time.Time
	// Rand has to be crypto/rand's outside tests.
	Rand io.Reader
}

// Pages gives out the nonces of pages.
type Pages struct {
	options Options
	cookie  string
}

// NewPages gives out nonces of one GoogleLogin.
func NewPages(o Options) *Pages {
	rest := strings.TrimPrefix(strings.TrimPrefix(o.SessionCookie, "__Host-"), "__Secure-")
	return &Pages{options: o, cookie: "__Host-" + rest + "-nonce"}
}

// Issue makes the nonce of a page and puts it into the browser's cookie, beside those of the browser's other pages. Two pages that
// are asked for at the very same moment do not see each other; the later answer wins, and the other page's user is led to a fresh
// one.
func (p *Pages) Issue(w http.ResponseWriter, r *http.Request, returnTo string) (Page, error) {
	now := p.options.Now().UTC().Truncate(time.Second)
	random := make([]byte, nonceBytes)
	if _, err := io.ReadFull(p.options.Rand, random); err != nil {
		return Page{}, fmt.Errorf("read randomness: %w", err)
	}
	page := Page{Nonce: base64.RawURLEncoding.EncodeToString(random), ReturnTo: returnTo, ExpiresAt: now.Add(PageLifetime)}
	open := []Page{page}
	for _, other := range p.Open(r) {
		if len(open) < maxPages && now.Before(other.ExpiresAt.Add(pageCookieLifetime-PageLifetime)) {
			open = append(open, other)
		}
	}
	value, err := p.sealFitting(open)
	if err != nil {
		return Page{}, err
	}
	p.set(w, value, pageCookieLifetime)
	return page, nil
}

// Open returns the pages that the browser's cookie remembers, the expired ones too. A browser sends one cookie of a __Host- name;
// two are somebody's trick, and then there are none.
func (p *Pages) Open(r *http.Request) []Page {
	found := r.CookiesNamed(p.cookie)
	if len(found) != 1 || len(found[0].Value) > maxCookieBytes {
		return nil
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(found[0].Value)
	if err != nil {
		return nil
	}
	plain, err := p.options.AEAD.Decrypt(box, p.associatedData())
	if err != nil {
		return nil
	}
	var kept []sealedPage
	if err := json.Unmarshal(plain, &kept); err != nil {
		return nil
	}
	pages := make([]Page, 0, len(kept))
	for _, k := range kept {
		pages = append(pages, Page{Nonce: k.Nonce, ReturnTo: k.ReturnTo, ExpiresAt: time.Unix(k.Expires, 0).UTC()})
	}
	return pages
}

// Forget takes one page out of the browser's cookie.
func (p *Pages) Forget(w http.ResponseWriter, r *http.Request, nonce string) error {
	var rest []Page
	for _, page := range p.Open(r) {
		if page.Nonce != nonce {
			rest = append(rest, page)
		}
	}
	if len(rest) == 0 {
		p.set(w, "", -time.Second)
		return nil
	}
	value, err := p.sealFitting(rest)
	if err != nil {
		return err
	}
	p.set(w, value, pageCookieLifetime)
	return nil
}

// sealedPage is a page inside the seal; one-letter names, since the cookie is small.
type sealedPage struct {
	Nonce    string `json:"n"`
	ReturnTo string `json:"r,omitempty"`
	Expires  int64  `json:"e"`
}

// sealFitting seals as many pages as a cookie holds, the newest first.
func (p *Pages) sealFitting(open []Page) (string, error) {
	for n := len(open); n > 0; n-- {
		value, err := p.seal(open[:n])
		if err != nil || len(p.cookie)+len(value) <= maxCookieBytes {
			return value, err
		}
	}
	return "", ErrTooLong
}

func (p *Pages) seal(open []Page) (string, error) {
	kept := make([]sealedPage, 0, len(open))
	for _, page := range open {
		kept = append(kept, sealedPage{page.Nonce, page.ReturnTo, page.ExpiresAt.Unix()})
	}
	plain, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("encode nonces: %w", err)
	}
	box, err := p.options.AEAD.Encrypt(plain, p.associatedData())
	if err != nil {
		return "", fmt.Errorf("seal nonces: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(box), nil
}

// associatedData binds a seal to its purpose, GoogleLogin and cookie. None of the parts can hold a NUL.
func (p *Pages) associatedData() []byte {
	return []byte(strings.Join([]string{pagePurpose, p.options.Instance, p.cookie}, "\x00"))
}

func (p *Pages) set(w http.ResponseWriter, value string, life time.Duration) {
	// #nosec G124 -- None, because Google's page posts the credential to us from another site, and Lax keeps a cookie from that.
	// What the cookie holds opens nothing without an ID token that Google signed for the nonce in it.
	http.SetCookie(w, &http.Cookie{
		Name: p.cookie, Value: value, Path: "/", MaxAge: int(life / time.Second), Secure: true, HttpOnly: true,
		SameSite: http.SameSiteNoneMode,
	})
}
