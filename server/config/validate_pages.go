package config

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLogo bounds a picture that every sign-in page shows.
const maxLogo = 48 << 10

var (
	colorPattern   = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	supportPattern = regexp.MustCompile(`^(https://[^/?#@ ]+([/?#][!-~]*)?|mailto:[!-~]+@[!-~]+)$`)
)

func (g Pages) validate(p *problems) {
	checkText(p, "pages.title", g.Title, 80)
	checkText(p, "pages.signInText", g.SignInText, 400)
	p.check(g.AccentColor == "" || colorPattern.MatchString(g.AccentColor), "pages.accentColor", "%q must be a colour such as #0b57d0", g.AccentColor)
	p.check(g.SupportURL == "" || supportPattern.MatchString(g.SupportURL), "pages.supportURL", "%q must be an https or mailto URL", g.SupportURL)
	if g.Logo == nil {
		return
	}
	checkText(p, "pages.logo.alt", g.Logo.Alt, 80)
	p.check(slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, g.Logo.MediaType), "pages.logo.mediaType",
		"%q must be image/png, image/jpeg or image/webp", g.Logo.MediaType)
	p.check(len(g.Logo.Data) > 0 && len(g.Logo.Data) <= maxLogo, "pages.logo.data", "must be a picture of at most %d bytes", maxLogo)
}

// checkText accepts what a page can show on one line or wrap by itself.
func checkText(p *problems, field, text string, most int) {
	p.check(utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, unicode.IsControl), field,
		"must be at most %d characters, without control characters or line breaks", most)
}

func (t TokenEndpoint) validate(p *problems) {
	p.check(t.Enabled || !t.RefreshTokens, "tokenEndpoint.refreshTokens", "needs tokenEndpoint.enabled")
	for _, id := range t.ClientIDs {
		p.check(id != "" && len(id) <= 255, "tokenEndpoint.clientIDs", "%q must be a client ID", id)
	}
}

func (r RateLimits) validate(p *problems) {
	p.check(r.PerAddress >= 1, "rateLimits.perAddress", "must be at least 1 request per minute")
	p.check(r.PerAccount >= 1, "rateLimits.perAccount", "must be at least 1 request per minute")
}
