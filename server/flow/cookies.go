package flow

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// maxFlows is how many logins may be under way in one browser.
	maxFlows = 8
	// maxFlowBytes bounds all flow cookies of one browser together. Proxies commonly refuse a Cookie header of 8 KiB, and the
	// session's own cookies have to fit beside these. Two flows with the longest return_to do.
	maxFlowBytes = 6656
	// maxCookieBytes is what browsers keep of one cookie, name and value.
	maxCookieBytes = 4096
	// cookieLifetime is longer than a flow's, so that a user who comes back late hears that the login expired, and not that
	// nobody knows it.
	cookieLifetime = time.Hour

	purpose = "googlelogin flow cookie v1"
)

var (
	// ErrUnknown says that the browser has no flow of that state: it never had, it finished, or the cookie is no work of ours.
	// Which of them is deliberately not told apart by callers.
	ErrUnknown = errors.New("no flow of that state in this browser")
	// ErrExpired says that the flow is the right one, and too old.
	ErrExpired = errors.New("flow expired")
	// ErrTooLong says that a flow does not fit in a cookie.
	ErrTooLong = errors.New("flow does not fit in a cookie")
)

// AEAD seals and opens, bound to associated data. A Sealer is one.
type AEAD interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// Cookies keeps flows in the browser's cookies.
type Cookies struct {
	instance string
	prefix   string
	aead     AEAD
	now      func() time.Time
}

// NewCookies keeps the flows of one GoogleLogin: instance is its namespace/name, sessionCookie the name of its session cookie,
// from which the names of flow cookies are made.
func NewCookies(instance, sessionCookie string, aead AEAD, now func() time.Time) *Cookies {
	// Flow cookies are always __Host-, even where the session's cookie has a domain and is __Secure- therefore: a flow ends on
	// the host that it began on, and nobody else needs to see it.
	rest := strings.TrimPrefix(strings.TrimPrefix(sessionCookie, "__Host-"), "__Secure-")
	return &Cookies{instance: instance, prefix: "__Host-" + rest + "-flow-", aead: aead, now: now}
}

// Put seals f into its cookie, and clears cookies that are surplus: of flows that are unreadable, expired or, oldest first, past
// the limits.
func (c *Cookies) Put(w http.ResponseWriter, r *http.Request, f Flow) error {
	value, err := c.seal(f)
	if err != nil {
		return err
	}
	name := c.prefix + f.ID
	size := len(name) + len(value)
	if size > maxCookieBytes {
		return ErrTooLong
	}
	c.drop(w, c.surplus(r, 1, size))
	http.SetCookie(w, c.cookie(name, value, int(cookieLifetime.Seconds())))
	return nil
}

// Open returns the flow that belongs to state in this browser, ErrUnknown, or ErrExpired with the flow. The state is compared in
// constant time before anything in the flow is used.
func (c *Cookies) Open(r *http.Request, state string) (Flow, error) {
	found := r.CookiesNamed(c.prefix + idOf(state))
	// A browser sends one cookie of a __Host- name. Two are somebody's trick, and which one counts is not ours to guess.
	if len(found) != 1 {
		return Flow{}, ErrUnknown
	}
	f, err := c.open(found[0])
	if err != nil || !f.hasState(state) {
		return Flow{}, ErrUnknown
	}
	if f.Expired(c.now()) {
		return f, ErrExpired
	}
	return f, nil
}

// Clear removes the cookie that belongs to state, if the browser sent one, and what is surplus beside it. Flows that are merely
// expired stay: their users are still to hear that they came too late.
func (c *Cookies) Clear(w http.ResponseWriter, r *http.Request, state string) {
	name := c.prefix + idOf(state)
	if len(r.CookiesNamed(name)) > 0 {
		c.clear(w, name)
	}
	flows, unreadable := c.read(r, name)
	c.drop(w, append(unreadable, pastLimits(flows, 0, 0)...))
}

// Prune clears what is surplus, for a browser whose cookies have become too many for anything else.
func (c *Cookies) Prune(w http.ResponseWriter, r *http.Request) { c.drop(w, c.surplus(r, 0, 0)) }

func (c *Cookies) seal(f Flow) (string, error) {
	plain, err := f.encode()
	if err != nil {
		return "", fmt.Errorf("encode flow: %w", err)
	}
	box, err := c.aead.Encrypt(plain, c.associatedData(c.prefix+f.ID))
	if err != nil {
		return "", fmt.Errorf("seal flow: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(box), nil
}

func (c *Cookies) open(cookie *http.Cookie) (Flow, error) {
	if len(cookie.Name)+len(cookie.Value) > maxCookieBytes {
		return Flow{}, ErrTooLong
	}
	// Strict: without it the last character has spare bits, and one flow would have several spellings.
	box, err := base64.RawURLEncoding.Strict().DecodeString(cookie.Value)
	if err != nil {
		return Flow{}, fmt.Errorf("decode flow cookie: %w", err)
	}
	plain, err := c.aead.Decrypt(box, c.associatedData(cookie.Name))
	if err != nil {
		return Flow{}, fmt.Errorf("open flow cookie: %w", err)
	}
	return decode(plain)
}

// associatedData binds a seal to its purpose, GoogleLogin and cookie. None of the parts can hold a NUL.
func (c *Cookies) associatedData(name string) []byte {
	return []byte(strings.Join([]string{purpose, c.instance, name}, "\x00"))
}

func (c *Cookies) clear(w http.ResponseWriter, name string) {
	http.SetCookie(w, c.cookie(name, "", -1))
}

func (c *Cookies) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true,
		// Lax, not Strict: Google's redirect is cross-site, and Strict would keep this cookie from the callback.
		SameSite: http.SameSiteLaxMode,
	}
}
