package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
)

// policy is what a page needs beyond a bare one.
type policy struct {
	// google is the folder of Google's script, empty for none.
	google string
	// forms lets the page's forms lead to this server.
	forms bool
}

// formsToSelf is for pages with forms of ours. Google's script posts a form of its own, too.
var formsToSelf = policy{forms: true}

// ContentSecurityPolicy is for answers that are no page of ours.
const ContentSecurityPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// policy allows the pages' one style, by its hash, and what the page needs.
func (p *Pages) policy(withLogo bool, needs ...policy) string {
	sum := sha256.Sum256([]byte(p.style))
	style := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	forms, google := "'none'", ""
	for _, need := range needs {
		if need.forms {
			forms = "'self'"
		}
		if need.google != "" {
			google = need.google
		}
	}
	parts := []string{"default-src 'none'"}
	if google != "" {
		style += " " + google + "style"
		parts = append(parts, "script-src "+google+"client", "frame-src "+google, "connect-src "+google)
	}
	if withLogo {
		parts = append(parts, "img-src 'self'")
	}
	parts = append(parts, style, "base-uri 'none'", "form-action "+forms, "frame-ancestors 'none'")
	return strings.Join(parts, "; ")
}

// policy is what Google documents for its script: the script, its style, its frames and its requests, all in one folder. A script
// from anywhere that cannot be written into a policy as one such folder is not allowed, and the page does without.
func (b *Button) policy() (policy, bool) {
	if b == nil {
		return policy{}, false
	}
	folder, ok := strings.CutSuffix(b.ScriptURL, "/gsi/client")
	if !ok || strings.ContainsAny(folder, " \t\r\n,;'\"?#*") {
		return policy{}, false
	}
	u, err := url.Parse(folder)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return policy{}, false
	}
	return policy{google: folder + "/gsi/"}, true
}
