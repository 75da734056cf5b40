package google

import (
	"context"
	"crypto/subtle"
	"slices"

	"github.com/googlelogin/operator/server/identity"
)

// complete asks userinfo for what the ID token lacks and the granted scopes promise. Only what is needed to admit somebody, and
// the name, are worth a call: many providers have no picture at all.
func (p *Provider) complete(ctx context.Context, e *endpoints, id identity.Identity, c claims, accessToken string, granted []string) (identity.Identity, error) {
	may := func(scope string) bool {
		return slices.ContainsFunc(granted, func(s string) bool { return longScope(s) == longScope(scope) })
	}
	needsEmail := may("email") && (id.Email == "" || !c.fields.has("email_verified"))
	needsName := may("profile") && id.Name == ""
	if e.userInfo != "" && (needsEmail || needsName) {
		info, err := p.userInfo(ctx, e, accessToken, id.Subject)
		if err != nil {
			return identity.Identity{}, err
		}
		if id, err = merge(id, c, info); err != nil {
			return identity.Identity{}, err
		}
	}
	if id.Email == "" {
		return identity.Identity{}, invalid("neither the ID token nor userinfo has an email")
	}
	return id, nil
}

// userInfo fetches the answer about sub. Without this comparison, an access token of somebody else would lend their email.
func (p *Provider) userInfo(ctx context.Context, e *endpoints, accessToken, sub string) (object, error) {
	info, _, err := get(ctx, p.client, callUserInfo, e.userInfo, accessToken)
	if err != nil {
		return nil, err
	}
	got, err := info.text("sub")
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(got), []byte(sub)) != 1 {
		return nil, invalid("userinfo is about another sub")
	}
	return info, nil
}

// merge fills the gaps of id. What the ID token said is never overwritten.
func merge(id identity.Identity, c claims, info object) (identity.Identity, error) {
	var more identity.Identity
	if err := readProfile(info, &more); err != nil {
		return identity.Identity{}, err
	}
	fill(&id.Name, more.Name)
	fill(&id.GivenName, more.GivenName)
	fill(&id.FamilyName, more.FamilyName)
	fill(&id.Picture, more.Picture)
	return mergeEmail(id, c, info)
}

// mergeEmail takes the email, and with it the word that it is verified: that word counts only for the address that stands beside
// it. hd is not taken, since only the ID token's claim proves a hosted domain.
func mergeEmail(id identity.Identity, c claims, info object) (identity.Identity, error) {
	raw, err := info.text("email")
	if err != nil || raw == "" {
		return id, err
	}
	email, err := canonicalEmail(raw)
	if err != nil {
		return identity.Identity{}, err
	}
	verified, err := verifiedOf(info)
	if err != nil {
		return identity.Identity{}, err
	}
	if id.Email == "" {
		id.Email, id.EmailVerified = email, verified
		return id, nil
	}
	if email == id.Email && !c.fields.has("email_verified") {
		id.EmailVerified = verified
	}
	return id, nil
}

// verifiedOf reads email_verified of a userinfo answer, the one place where a string may stand for the boolean.
func verifiedOf(info object) (bool, error) {
	s, err := info.text("email_verified")
	if err != nil {
		return info.truth("email_verified")
	}
	switch s {
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	}
	return false, invalid("email_verified is not a boolean")
}

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
