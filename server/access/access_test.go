package access_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/access"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
)

// restricted names both ways in.
var restricted = config.Access{
	Accounts: config.AccountsRestricted, HostedDomains: []string{"corp.com", "Sub.Example.com"}, Emails: []string{"Ann@gmail.com"},
}

func id(email, hostedDomain string) identity.Identity {
	return identity.Identity{Issuer: "i", Subject: "1", Email: email, EmailVerified: true, HostedDomain: hostedDomain}
}

func denied(code, reason string) error { return &access.Denial{Code: code, Reason: reason} }

func TestAdmit(t *testing.T) {
	var (
		unlisted  = denied("account_not_allowed", "hosted domain not listed")
		personal  = denied("account_not_allowed", "personal account not listed")
		nobody    = denied("account_not_allowed", "nobody is admitted")
		malformed = denied("account_not_allowed", "malformed email")
	)
	onlyDomains := config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"corp.com"}}
	onlyEmails := config.Access{Accounts: config.AccountsRestricted, Emails: []string{"ann@gmail.com"}}
	anyone := config.Access{Accounts: config.AccountsAny}
	for name, row := range map[string]struct {
		policy config.Access
		id     identity.Identity
		want   error
	}{
		"hosted domain on the list":                     {restricted, id("bob@corp.com", "corp.com"), nil},
		"hosted domain in other case":                   {restricted, id("bob@corp.com", "CORP.com"), nil},
		"list in other case":                            {restricted, id("bob@sub.example.com", "sub.example.com"), nil},
		"secondary domain of a listed organization":     {restricted, id("bob@other.com", "corp.com"), nil},
		"email on the list":                             {restricted, id("ann@gmail.com", ""), nil},
		"email on the list, of another organization":    {restricted, id("ann@gmail.com", "elsewhere.com"), nil},
		"E67 personal account, domains alone":           {onlyDomains, id("bob@gmail.com", ""), personal},
		"E67 consumer account on company mail":          {onlyDomains, id("bob@corp.com", ""), personal},
		"E67 personal account not on the list":          {onlyEmails, id("bob@gmail.com", ""), personal},
		"E68 hosted domain of another, company mail":    {restricted, id("bob@corp.com", "evil.com"), unlisted},
		"E68 hosted domain below a listed one":          {restricted, id("bob@corp.com", "evil.corp.com"), unlisted},
		"E68 hosted domain above a listed one":          {restricted, id("bob@example.com", "example.com"), unlisted},
		"E68 hosted domain with a listed end":           {restricted, id("bob@corp.com", "evilcorp.com"), unlisted},
		"E68 hosted domain with a dot behind":           {restricted, id("bob@corp.com", "corp.com."), unlisted},
		"E68 hosted domain with a space":                {restricted, id("bob@corp.com", " corp.com"), unlisted},
		"E68 hosted domain with a NUL":                  {restricted, id("bob@corp.com", "corp.com\x00"), unlisted},
		"E68 hosted domain with look-alike letters":     {restricted, id("bob@corp.com", "c\u043erp.com"), unlisted},
		"E69 email in other case":                       {restricted, id("ANN@GMAIL.COM", ""), nil},
		"E69 email with a plus is another":              {restricted, id("ann+x@gmail.com", ""), personal},
		"E69 email with a dot is another":               {restricted, id("a.nn@gmail.com", ""), personal},
		"E69 two at signs":                              {restricted, id("ann@evil.com@corp.com", "corp.com"), malformed},
		"E69 two at signs, quoted":                      {restricted, id(`"ann@evil.com"@corp.com`, "corp.com"), malformed},
		"E69 trailing dot":                              {restricted, id("ann@gmail.com.", ""), malformed},
		"E69 NUL":                                       {restricted, id("ann@gmail.com\x00", ""), malformed},
		"E69 right-to-left mark":                        {restricted, id("\u200fann@gmail.com", ""), malformed},
		"E69 look-alike letter":                         {restricted, id("\u0430nn@gmail.com", ""), malformed},
		"E69 letter that lower case turns into ASCII":   {restricted, id("\u212aann@gmail.com", ""), malformed},
		"E69 domain in another script":                  {anyone, id("ann@m\u00fcller.example", ""), nil},
		"E69 domain in its xn-- form":                   {anyone, id("ann@xn--mller-kva.example", ""), nil},
		"E69 no at sign":                                {anyone, id("ann", ""), malformed},
		"E69 empty":                                     {anyone, id("", ""), malformed},
		"E69 line break":                                {anyone, id("ann@gmail.com\r\nX-Admin: 1", ""), malformed},
		"E69 comma":                                     {anyone, id("ann,bob@gmail.com", ""), malformed},
		"E69 too long":                                  {anyone, id(strings.Repeat("a", 250)+"@gmail.com", ""), malformed},
		"E69 domain of one label":                       {anyone, id("ann@localhost", ""), malformed},
		"any account":                                   {anyone, id("bob@gmail.com", ""), nil},
		"any account, of an organization":               {anyone, id("bob@corp.com", "evil.com"), nil},
		"both lists empty":                              {config.Access{Accounts: config.AccountsRestricted}, id("bob@corp.com", "corp.com"), nobody},
		"no accounts said":                              {config.Access{}, id("bob@corp.com", "corp.com"), nobody},
		"accounts misspelt":                             {config.Access{Accounts: "any"}, id("bob@corp.com", "corp.com"), nobody},
		"empty hosted domain listed":                    {config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{""}}, id("bob@gmail.com", ""), nobody},
		"hosted domain listed as a wildcard":            {config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"*.com", "*"}}, id("b@corp.com", "corp.com"), nobody},
		"a user name where a hosted domain is expected": {onlyDomains, id("corp.com@gmail.com", ""), personal},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, access.New(row.policy).Admit(row.id)); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

// Each row takes an identity that is admitted and spoils one field.
func TestAdmit_EachFieldDeniesAlone(t *testing.T) {
	policy := access.New(config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"corp.com"}})
	good := id("bob@corp.com", "corp.com")
	if err := policy.Admit(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*identity.Identity){
		"D60 email not verified": func(id *identity.Identity) { id.EmailVerified = false },
		"email malformed":        func(id *identity.Identity) { id.Email = "bob" },
		"hosted domain missing":  func(id *identity.Identity) { id.HostedDomain = "" },
		"hosted domain another":  func(id *identity.Identity) { id.HostedDomain = "evil.com" },
	} {
		spoilt := good
		spoil(&spoilt)
		if policy.Admit(spoilt) == nil {
			t.Errorf("%s: admitted", name)
		}
	}
}

func TestD60_AnUnverifiedEmailIsRefusedWhoeverMaySignIn(t *testing.T) {
	for _, accounts := range []config.Accounts{config.AccountsAny, config.AccountsRestricted} {
		c := config.Access{Accounts: accounts}
		if accounts == config.AccountsRestricted {
			c = restricted
		}
		who := id("ann@gmail.com", "corp.com")
		who.EmailVerified = false
		if diff := cmp.Diff(denied("email_not_verified", "email not verified"), access.New(c).Admit(who)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", accounts, diff)
		}
	}
}

func TestZeroPolicy_AdmitsNobody(t *testing.T) {
	var denial *access.Denial
	if err := (access.Policy{}).Admit(id("bob@corp.com", "corp.com")); !errors.As(err, &denial) {
		t.Errorf("error is %v, want a *Denial", err)
	}
}

func TestDenial_NamesNobody(t *testing.T) {
	err := access.New(restricted).Admit(id("bob@evil.com", "evil.com"))
	if strings.Contains(err.Error(), "evil") {
		t.Errorf("error names the account: %v", err)
	}
}
