package pages

import (
	"net/http"
	"time"
)

// Account is the data of the account page.
type Account struct {
	Name, Email string
	Sessions    []Session
}

// Session is one line of the account page's list.
type Session struct {
	ID        string
	UserAgent string
	// SignedInAt and LastUsedAt are shown in UTC.
	SignedInAt, LastUsedAt time.Time
	// Current marks the session of the request.
	Current bool
}

// sessionView is a Session as the template shows it.
type sessionView struct {
	Session
	Browser string
}

// Account shows who is signed in and where, with the way to end it.
func (p *Pages) Account(w http.ResponseWriter, r *http.Request, a Account) {
	f := p.frame(r, "account.title")
	sessions := make([]sessionView, 0, len(a.Sessions))
	for _, s := range a.Sessions {
		s.SignedInAt, s.LastUsedAt = s.SignedInAt.UTC(), s.LastUsedAt.UTC()
		sessions = append(sessions, sessionView{s, f.browser(s.UserAgent)})
	}
	// With no-referrer a browser sends "Origin: null" along with the page's own forms, and some have nothing else to show
	// that they come from here.
	w.Header().Set("Referrer-Policy", "same-origin")
	p.render(w, http.StatusOK, "account.html", f, struct {
		frame
		links
		Name, Email           string
		Sessions              []sessionView
		EndURL, EverywhereURL string
	}{f, p.links(), a.Name, a.Email, sessions, p.options.Base + "/account/end", p.options.Base + "/logout?everywhere=true"}, formsToSelf)
}

// browser names a browser by what it calls itself.
func (f frame) browser(userAgent string) string {
	browser, system := recognize(userAgent)
	switch {
	case browser == "" && system == "":
		return f.texts["account.unknown"]
	case browser == "" || system == "":
		return browser + system
	}
	return fill(f.texts["account.browser"], "browser", browser, "system", system)
}
