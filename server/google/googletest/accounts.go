package googletest

import (
	"slices"
	"strings"
)

// Account is a Google account.
type Account struct {
	Email string `json:"email"`
	// Sub is the unique identifier, 21 digits at Google.
	Sub  string `json:"sub"`
	Name string `json:"name,omitempty"`
	// GivenName and FamilyName are taken from Name if empty.
	GivenName  string `json:"givenName,omitempty"`
	FamilyName string `json:"familyName,omitempty"`
	Picture    string `json:"picture,omitempty"`
	// HostedDomain is the hd claim; empty for a personal account, which then has none.
	HostedDomain string `json:"hd,omitempty"`
	// Unverified makes email_verified false.
	Unverified bool `json:"unverified,omitempty"`
}

// DefaultAccounts are two people of example.com and a stranger with a personal account.
func DefaultAccounts() []Account {
	return []Account{
		{Email: "ann@example.com", Sub: "110000000000000000001", Name: "Ann Example", HostedDomain: "example.com"},
		{Email: "bob@example.com", Sub: "110000000000000000002", Name: "Bob Example", HostedDomain: "example.com"},
		{Email: "stranger@gmail.test", Sub: "110000000000000000003", Name: "Stranger"},
	}
}

// names are the given and family name, split off Name where they are not set.
func (a Account) names() (given, family string) {
	given, family, _ = strings.Cut(a.Name, " ")
	if a.GivenName != "" {
		given = a.GivenName
	}
	if a.FamilyName != "" {
		family = a.FamilyName
	}
	return given, family
}

// Initial is the letter that the account chooser shows instead of a picture.
func (a Account) Initial() string {
	for _, r := range a.Name + a.Email {
		return strings.ToUpper(string(r))
	}
	return "?"
}

// account finds an account by email or sub, which are what a login_hint may be.
func (g *Google) account(hint string) (Account, bool) {
	if hint == "" {
		return Account{}, false
	}
	i := slices.IndexFunc(g.opts.Accounts, func(a Account) bool {
		return a.Sub == hint || strings.EqualFold(a.Email, hint)
	})
	if i < 0 {
		return Account{}, false
	}
	return g.opts.Accounts[i], true
}

// claims are what the ID token and userinfo say about a, by the scopes that were granted.
func (a Account) claims(granted map[string]bool) map[string]any {
	c := map[string]any{"sub": a.Sub}
	if a.HostedDomain != "" {
		c["hd"] = a.HostedDomain
	}
	if granted[scopeEmail] {
		c["email"] = a.Email
		c["email_verified"] = !a.Unverified
	}
	if granted[scopeProfile] {
		given, family := a.names()
		setIf(c, "name", a.Name)
		setIf(c, "given_name", given)
		setIf(c, "family_name", family)
		setIf(c, "picture", a.Picture)
	}
	return c
}

func setIf(c map[string]any, name, value string) {
	if value != "" {
		c[name] = value
	}
}
