package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/googlelogin/operator/server/google/googletest"
)

const envPrefix = "FAKE_GOOGLE_"

// settings are the flags and what the environment adds.
type settings struct {
	listen, issuer, browserURL string
	clientID, clientSecret     string
	secondSecret               string
	secretFile, accountsFile   string
	auto                       string
	redirectURIs               list
}

// list is a flag that may be given several times, or once with commas.
type list []string

// String implements flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *list) Set(value string) error {
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			*l = append(*l, item)
		}
	}
	return nil
}

func parseSettings(args []string, getenv func(string) string) (settings, error) {
	s := settings{clientSecret: getenv(envPrefix + "CLIENT_SECRET"), secondSecret: getenv(envPrefix + "SECOND_CLIENT_SECRET")}
	flags := flag.NewFlagSet("fake-google", flag.ContinueOnError)
	flags.StringVar(&s.listen, "listen", ":9000", "`address` to listen on")
	flags.StringVar(&s.issuer, "issuer", "", "the iss of tokens and base `URL` for servers; default: the address of each request")
	flags.StringVar(&s.browserURL, "browser-url", "", "base `URL` for browsers; default: the issuer")
	flags.StringVar(&s.clientID, "client-id", googletest.ClientID, "the one registered client's `ID`")
	flags.StringVar(&s.secretFile, "client-secret-file", "", "`file` with the client's secret")
	flags.Var(&s.redirectURIs, "redirect-uri", "registered redirect `URI`, may be repeated; default: any")
	flags.StringVar(&s.accountsFile, "accounts", "", "YAML or JSON `file` of accounts; default: Ann, Bob and a stranger")
	flags.StringVar(&s.auto, "auto", "", "`email` of the account that signs in without a page")

	var fault error
	flags.VisitAll(func(f *flag.Flag) {
		name := envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := getenv(name); value != "" {
			fault = errors.Join(fault, f.Value.Set(value))
		}
	})
	fromEnv := len(s.redirectURIs)
	if err := errors.Join(fault, flags.Parse(args)); err != nil {
		return settings{}, err
	}
	// What the command line says replaces what the environment says, here as for every other flag.
	if len(s.redirectURIs) > fromEnv {
		s.redirectURIs = s.redirectURIs[fromEnv:]
	}
	return s, s.check()
}

func (s settings) check() error {
	for name, value := range map[string]string{"issuer": s.issuer, "browser-url": s.browserURL} {
		u, err := url.Parse(value)
		if value != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			return fmt.Errorf("--%s is not a URL with http or https", name)
		}
	}
	return nil
}

// options reads the files and puts everything together.
func (s settings) options() (googletest.Options, error) {
	secret, err := s.secret()
	if err != nil {
		return googletest.Options{}, err
	}
	accounts, err := readAccounts(s.accountsFile)
	if err != nil {
		return googletest.Options{}, err
	}
	if s.auto != "" && !known(accounts, s.auto) {
		return googletest.Options{}, errors.New("--auto names no account")
	}
	client := googletest.Client{
		ID: s.clientID, Secret: secret, SecondSecret: s.secondSecret, RedirectURIs: s.redirectURIs, AnyRedirectURI: len(s.redirectURIs) == 0,
	}
	return googletest.Options{
		Issuer: s.issuer, BrowserURL: s.browserURL, Clients: []googletest.Client{client}, Accounts: accounts, Auto: s.auto,
	}, nil
}

func (s settings) secret() (string, error) {
	switch {
	case s.secretFile != "":
		b, err := os.ReadFile(s.secretFile)
		if err != nil {
			return "", fmt.Errorf("read client secret: %w", err)
		}
		if secret := strings.TrimSpace(string(b)); secret != "" {
			return secret, nil
		}
		return "", errors.New("the client secret's file is empty")
	case s.clientSecret != "":
		return s.clientSecret, nil
	}
	return googletest.ClientSecret, nil
}

func readAccounts(path string) ([]googletest.Account, error) {
	if path == "" {
		return googletest.DefaultAccounts(), nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	var doc struct {
		Accounts []googletest.Account `json:"accounts"`
	}
	if err := yaml.UnmarshalStrict(b, &doc); err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	seen := map[string]bool{}
	for _, a := range doc.Accounts {
		if a.Email == "" || a.Sub == "" || seen[a.Sub] || seen[a.Email] {
			return nil, fmt.Errorf("read accounts: %q needs an email and a sub of its own", a.Email)
		}
		seen[a.Sub], seen[a.Email] = true, true
	}
	if len(doc.Accounts) == 0 {
		return nil, errors.New("read accounts: there are none in the file")
	}
	return doc.Accounts, nil
}

func known(accounts []googletest.Account, email string) bool {
	for _, a := range accounts {
		if strings.EqualFold(a.Email, email) {
			return true
		}
	}
	return false
}
