package google

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"
	"unicode"

	"github.com/googlelogin/operator/server/identity"
)

const (
	maxSubject = 255
	maxName    = 256
	maxPicture = 2048
	// latest is the end of the year 9999. Beyond it, time.Unix and the arithmetic on it stop making sense.
	latest = 253402300799
)

// claims are those of a signed payload, by exact name and type.
type claims struct {
	iss, sub, azp, nonce, atHash string
	aud                          []string
	exp, iat, nbf                int64
	hasIat, hasExp, hasNbf       bool
	fields                       object
	// alg is the one that the payload is signed with.
	alg string
}

func parseClaims(payload []byte) (c claims, err error) {
	if c.fields, err = parseObject(payload); err != nil {
		return claims{}, err
	}
	for name, to := range map[string]*string{"iss": &c.iss, "sub": &c.sub, "azp": &c.azp, "nonce": &c.nonce, "at_hash": &c.atHash} {
		if *to, err = c.fields.text(name); err != nil {
			return claims{}, err
		}
	}
	for name, to := range map[string]*int64{"exp": &c.exp, "iat": &c.iat, "nbf": &c.nbf} {
		if *to, err = c.fields.number(name); err != nil {
			return claims{}, err
		}
	}
	if c.aud, err = c.fields.texts("aud"); err != nil {
		return claims{}, err
	}
	c.hasExp, c.hasIat, c.hasNbf = c.fields.has("exp"), c.fields.has("iat"), c.fields.has("nbf")
	return c, nil
}

func (c claims) checkTimes(now time.Time) error {
	switch {
	case !c.hasExp || c.exp > latest || now.After(time.Unix(c.exp, 0).Add(skew)):
		return invalid("exp is missing, out of range or past")
	case !c.hasIat || c.iat > latest || time.Unix(c.iat, 0).After(now.Add(skew)):
		return invalid("iat is missing, out of range or in the future")
	case c.hasNbf && (c.nbf > latest || time.Unix(c.nbf, 0).After(now.Add(skew))):
		return invalid("nbf is in the future")
	}
	return nil
}

// binds says whether at_hash is that of an access token: the left half of its hash, by the hash of the signature (OpenID Connect Core,
// 3.1.3.6).
func (c claims) binds(accessToken string) bool {
	hash := sha512.New // EdDSA's, too
	switch {
	case strings.HasSuffix(c.alg, "256"):
		hash = sha256.New
	case strings.HasSuffix(c.alg, "384"):
		hash = sha512.New384
	}
	h := hash()
	h.Write([]byte(accessToken))
	sum := h.Sum(nil)
	want := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	return subtle.ConstantTimeCompare([]byte(c.atHash), []byte(want)) == 1
}

// client is whom the token was issued to. There is one audience where azp does not say it, see expectation.forUs.
func (c claims) client() string {
	if c.azp != "" || len(c.aud) == 0 {
		return c.azp
	}
	return c.aud[0]
}

// identity is who the claims are about. issuer is the one spelling that we keep: one person is one (iss, sub).
func (c claims) identity(issuer string) (identity.Identity, error) {
	id := identity.Identity{Issuer: issuer, Subject: c.sub}
	if err := readProfile(c.fields, &id); err != nil {
		return identity.Identity{}, err
	}
	raw, err := c.fields.text("email")
	if err != nil {
		return identity.Identity{}, err
	}
	if id.EmailVerified, err = c.fields.truth("email_verified"); err != nil || raw == "" {
		id.EmailVerified = false
		return id, err
	}
	id.Email, err = canonicalEmail(raw)
	return id, err
}

// readProfile reads what is for show, and hd, which is not.
func readProfile(o object, id *identity.Identity) error {
	for name, to := range map[string]*string{"name": &id.Name, "given_name": &id.GivenName, "family_name": &id.FamilyName} {
		s, err := o.text(name)
		if err != nil {
			return err
		}
		*to = legible(s)
	}
	picture, err := o.text("picture")
	if err != nil {
		return err
	}
	if strings.HasPrefix(picture, "https://") && len(picture) <= maxPicture && printable(picture) {
		id.Picture = picture
	}
	hd, err := o.text("hd")
	if err != nil || hd == "" {
		return err
	}
	id.HostedDomain, err = canonicalDomain(hd)
	return err
}

// legible is a name without control and direction characters, cut to a length that fits a page. Names are for show, so they are
// mended where an email would be refused.
func legible(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > maxName {
		s = string(runes[:maxName])
	}
	return strings.TrimSpace(s)
}
