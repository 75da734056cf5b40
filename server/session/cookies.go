package session

import (
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/config"
)

// HandleSuffix makes the name of the handle's cookie from that of the JWT's.
const HandleSuffix = "-session"

// cookies writes and reads the two cookies.
type cookies struct {
	token, handle string
	domain        string
	sameSite      http.SameSite
}

func newCookies(c config.Cookie) cookies {
	// Lax, not Strict: Google's redirect is cross-site, and Strict would keep these cookies from the page that a login ends at.
	sameSite := http.SameSiteLaxMode
	if c.SameSite == "None" {
		sameSite = http.SameSiteNoneMode
	}
	return cookies{token: c.Name, handle: c.Name + HandleSuffix, domain: c.Domain, sameSite: sameSite}
}

// set writes one cookie. It lives until its content is dead, so that a browser does not carry around what nobody accepts.
func (c cookies) set(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, c.cookie(name, value, max(1, int(life/time.Second))))
}

func (c cookies) clear(w http.ResponseWriter) {
	http.SetCookie(w, c.cookie(c.token, "", -1))
	http.SetCookie(w, c.cookie(c.handle, "", -1))
}

func (c cookies) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // The configuration says Lax or None; Secure and HttpOnly are always set.
		Name: name, Value: value, Path: "/", Domain: c.domain, MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: c.sameSite,
	}
}

// read returns the one cookie of this name.
func read(r *http.Request, name string) (string, error) {
	switch found := r.CookiesNamed(name); len(found) {
	case 0:
		return "", http.ErrNoCookie
	case 1:
		return found[0].Value, nil
	default:
		return "", errAmbiguous
	}
}
