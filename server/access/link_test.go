package access_test

import (
	"testing"

	"github.com/googlelogin/operator/server/access"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
)

func TestE70_MayLink(t *testing.T) {
	type side struct {
		issuer, email, hostedDomain string
		verified                    bool
	}
	const google = "https://accounts.google.com"
	corp := side{google, "ann@corp.com", "corp.com", true}
	mail := side{google, "ann@gmail.com", "", true}
	with := func(s side, change func(*side)) side { change(&s); return s }
	for name, row := range map[string]struct {
		link       bool
		known, now side
		want       bool
	}{
		"E70 account of an organization, made again":     {true, corp, corp, true},
		"E70 gmail.com address, made again":              {true, mail, mail, true},
		"E70 not asked for":                              {false, corp, corp, false},
		"E70 not asked for, gmail.com":                   {false, mail, mail, false},
		"E70 personal account on company mail":           {true, corp, with(corp, func(s *side) { s.hostedDomain = "" }), false},
		"E70 company mail was a personal account":        {true, with(corp, func(s *side) { s.hostedDomain = "" }), corp, false},
		"E70 personal accounts on company mail":          {true, with(corp, func(s *side) { s.hostedDomain = "" }), with(corp, func(s *side) { s.hostedDomain = "" }), false},
		"E70 alias domain in somebody else's Workspace":  {true, corp, with(corp, func(s *side) { s.hostedDomain = "buyer.com" }), false},
		"E70 email not verified now":                     {true, corp, with(corp, func(s *side) { s.verified = false }), false},
		"E70 email not verified then":                    {true, with(corp, func(s *side) { s.verified = false }), corp, false},
		"E70 gmail.com address not verified now":         {true, mail, with(mail, func(s *side) { s.verified = false }), false},
		"E70 another issuer":                             {true, corp, with(corp, func(s *side) { s.issuer = "https://stand-in.example.com" }), false},
		"E70 another email":                              {true, corp, with(corp, func(s *side) { s.email = "bob@corp.com" }), false},
		"E70 no email":                                   {true, with(corp, func(s *side) { s.email = "" }), with(corp, func(s *side) { s.email = "" }), false},
		"E70 domain that ends like gmail.com":            {true, with(mail, func(s *side) { s.email = "ann@notgmail.com" }), with(mail, func(s *side) { s.email = "ann@notgmail.com" }), false},
		"E70 subdomain of gmail.com":                     {true, with(mail, func(s *side) { s.email = "ann@x.gmail.com" }), with(mail, func(s *side) { s.email = "ann@x.gmail.com" }), false},
		"E70 googlemail.com, which Google does not name": {true, with(mail, func(s *side) { s.email = "ann@googlemail.com" }), with(mail, func(s *side) { s.email = "ann@googlemail.com" }), false},
	} {
		t.Run(name, func(t *testing.T) {
			policy := access.New(config.Access{Accounts: config.AccountsAny, LinkByEmail: row.link})
			known := identity.User{
				Issuer: row.known.issuer, Subject: "1", Email: row.known.email, EmailVerified: row.known.verified,
				HostedDomain: row.known.hostedDomain,
			}
			now := identity.Identity{
				Issuer: row.now.issuer, Subject: "2", Email: row.now.email, EmailVerified: row.now.verified,
				HostedDomain: row.now.hostedDomain,
			}
			if got := policy.MayLink(known, now); got != row.want {
				t.Errorf("linked: %t, want %t", got, row.want)
			}
		})
	}
	if (access.Policy{}).MayLink(identity.User{}, identity.Identity{}) {
		t.Error("the zero policy links")
	}
}

// TestEachFieldOfAccessDeniesAlone: each row is a configuration that denies by one field what the row's other admits.
func TestEachFieldOfAccessDeniesAlone(t *testing.T) {
	who := id("ann@corp.com", "corp.com")
	for name, row := range map[string]struct{ admits, denies config.Access }{
		"accounts": {
			config.Access{Accounts: config.AccountsAny}, config.Access{Accounts: config.AccountsRestricted},
		},
		"hostedDomains": {
			config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"corp.com"}},
			config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"other.com"}},
		},
		"emails": {
			config.Access{Accounts: config.AccountsRestricted, Emails: []string{"ann@corp.com"}},
			config.Access{Accounts: config.AccountsRestricted, Emails: []string{"bob@corp.com"}},
		},
	} {
		if err := access.New(row.admits).Admit(who); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if access.New(row.denies).Admit(who) == nil {
			t.Errorf("%s does not deny", name)
		}
	}
	known := identity.User{Issuer: who.Issuer, Email: who.Email, EmailVerified: true, HostedDomain: who.HostedDomain}
	if !access.New(config.Access{LinkByEmail: true}).MayLink(known, who) || access.New(config.Access{}).MayLink(known, who) {
		t.Error("linkByEmail does not decide about linking")
	}
}
