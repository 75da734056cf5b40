package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
)

// valid is a configuration with every field set.
func valid() config.Config {
	c := config.Default()
	c.Instance = "shops/shop"
	c.Issuer = "https://shop.example.com/auth"
	c.RedirectURIs = []string{"https://shop.example.com/auth/callback", "http://localhost:8000/auth/callback"}
	c.Client = config.Client{ID: "123-abc.apps.googleusercontent.com", SecretFile: "/client/client_secret", CredentialsFile: "/client/credentials.json"}
	c.Frontend = config.Frontend{
		HomeURL: "https://shop.example.com/", LoginURL: "https://shop.example.com/login?from=auth", ReturnURLs: []string{"https://*.shop.example.com/app/*"},
	}
	c.Access = config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"example.com"}, Emails: []string{"Ann@gmail.com"}}
	c.Session.Audiences = []string{"shop"}
	c.Session.Cookie.Name = "__Host-shop"
	c.Storage = config.Storage{Type: config.StorageSQLite, Path: "/data/users.db"}
	c.Keys.SigningFile, c.Keys.SealingFile = "/keys/signing/keys.json", "/keys/sealing/keyset.json"
	c.TrustedProxies = []string{"10.0.0.0/8", "fd00::/8"}
	return c
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad_ReadsWhatMarshalWrites(t *testing.T) {
	want := valid()
	content, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Load(write(t, string(content)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

const least = `
apiVersion: server.googlelogin.dev/v1
instance: shops/shop
issuer: https://shop.example.com/auth
redirectURIs: [https://shop.example.com/auth/callback]
client: {credentialsFile: /client/credentials.json}
frontend: {homeURL: https://shop.example.com/}
session:
  audiences: [shop]
  cookie: {name: __Host-shop}
keys: {signingFile: /keys.json, sealingFile: /keyset.json}
`

func TestLoad_FillsInDefaults(t *testing.T) {
	got, err := config.Load(write(t, least))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Instance, want.Issuer = "shops/shop", "https://shop.example.com/auth"
	want.RedirectURIs = []string{"https://shop.example.com/auth/callback"}
	want.Client.CredentialsFile = "/client/credentials.json"
	want.Frontend.HomeURL = "https://shop.example.com/"
	want.Session.Audiences, want.Session.Cookie.Name = []string{"shop"}, "__Host-shop"
	want.Keys.SigningFile, want.Keys.SealingFile = "/keys.json", "/keyset.json"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestLoad_IsStrict(t *testing.T) {
	for name, row := range map[string]struct{ content, want string }{
		"another version":       {strings.Replace(least, "/v1", "/v2", 1) + "novelty: 1\n", `apiVersion: "server.googlelogin.dev/v2" is not`},
		"no version":            {strings.Replace(least, "apiVersion: server.googlelogin.dev/v1", "", 1), `apiVersion: "" is not`},
		"empty file":            {"", `apiVersion: "" is not`},
		"misspelt field":        {least + "drainTimeuot: 5s\n", `"drainTimeuot"`},
		"misspelt inside":       {strings.Replace(least, "audiences", "audience", 1), `unknown field "session.audience"`},
		"a field in other case": {least + "redirectUris: [https://evil.example/cb]\n", `unknown field "redirectUris"`},
		"a field twice":         {least + "instance: a/b\n", `"instance" already set`},
		"a secret's value":      {strings.Replace(least, "client: {", "client: {secret: x, ", 1), `unknown field "client.secret"`},
		"a bare number":         {least + "drainTimeout: 20\n", "Duration"},
		"no duration":           {least + "drainTimeout: soon\n", `"soon" is not a duration`},
		"not YAML":              {"{", "decode"},
		"a list":                {"[]", "decode"},
		"too large":             {least + "#" + strings.Repeat("x", 1<<20), "larger than"},
		"what Validate finds":   {strings.Replace(least, "__Host-", "", 1), "session.cookie.name"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(write(t, row.content))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error is %v, want it to tell of %s", err, row.want)
			}
			if diff := cmp.Diff(config.Config{}, c); diff != "" {
				t.Errorf("a refused configuration is handed out:\n%s", diff)
			}
		})
	}
	if _, err := config.Load(filepath.Join(t.TempDir(), "missing.yaml")); err == nil {
		t.Error("loaded a file that is not there")
	}
}

func TestValidate(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*config.Config)
		// want is the field that is named; empty if all is well.
		want string
	}{
		"nothing wrong":        {func(*config.Config) {}, ""},
		"nobody is admitted":   {func(c *config.Config) { c.Access.HostedDomains, c.Access.Emails = nil, nil }, ""},
		"anybody is admitted":  {func(c *config.Config) { c.Access = config.Access{Accounts: config.AccountsAny} }, ""},
		"hosted sign-in page":  {func(c *config.Config) { c.Frontend.LoginURL = "" }, ""},
		"stand-in for Google":  {func(c *config.Config) { c.Google.Issuer = "http://fake-google.demo.svc:8080" }, ""},
		"consent":              {func(c *config.Config) { c.Google.Prompt = "consent" }, ""},
		"whatever Google asks": {func(c *config.Config) { c.Google.Prompt = "" }, ""},
		"memory":               {func(c *config.Config) { c.Storage = config.Storage{Type: config.StorageMemory} }, ""},
		"any free port":        {func(c *config.Config) { c.Listen = config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0"} }, ""},
		"no cache of the JWKS": {func(c *config.Config) { c.Keys.JWKSMaxAge = 0 }, ""},
		"cookie for a domain": {func(c *config.Config) {
			c.RedirectURIs = c.RedirectURIs[:1]
			c.Session.Cookie = config.Cookie{Name: "__Secure-shop", Domain: "example.com", SameSite: "None"}
		}, ""},

		"another version":              {func(c *config.Config) { c.APIVersion = "v0" }, "apiVersion"},
		"no instance":                  {func(c *config.Config) { c.Instance = "" }, "instance"},
		"instance without namespace":   {func(c *config.Config) { c.Instance = "shop" }, "instance"},
		"base path with slash behind":  {func(c *config.Config) { c.BasePath = "/auth/" }, "basePath"},
		"base path is the root":        {func(c *config.Config) { c.BasePath = "/" }, "basePath"},
		"base path empty":              {func(c *config.Config) { c.BasePath = "" }, "basePath"},
		"base path with dot segment":   {func(c *config.Config) { c.BasePath = "/a/../b" }, "basePath"},
		"base path as a route pattern": {func(c *config.Config) { c.BasePath = "/{x}" }, "basePath"},
		"no redirect URI":              {func(c *config.Config) { c.RedirectURIs = nil }, "redirectURIs"},
		"17 redirect URIs":             {func(c *config.Config) { c.RedirectURIs = make([]string, 17) }, "redirectURIs"},
		"redirect URI twice":           {func(c *config.Config) { c.RedirectURIs[1] = c.RedirectURIs[0] }, "redirectURIs"},
		"redirect URI with a query":    {func(c *config.Config) { c.RedirectURIs[1] += "?x" }, "redirectURIs"},
		"redirect URI, empty query":    {func(c *config.Config) { c.RedirectURIs[1] += "?" }, "redirectURIs"},
		"redirect URI with a fragment": {func(c *config.Config) { c.RedirectURIs[1] += "#" }, "redirectURIs"},
		"redirect URI of a user":       {func(c *config.Config) { c.RedirectURIs[1] = "https://a@shop.example.com/cb" }, "redirectURIs"},
		"redirect URI with a wildcard": {func(c *config.Config) { c.RedirectURIs[1] = "https://shop.example.com/*" }, "redirectURIs"},
		"redirect URI over http":       {func(c *config.Config) { c.RedirectURIs[1] = "http://shop.example.com/cb" }, "redirectURIs"},
		"redirect URI without a path":  {func(c *config.Config) { c.RedirectURIs[1] = "https://shop.example.com/" }, "redirectURIs"},
		"redirect URI in upper case":   {func(c *config.Config) { c.RedirectURIs[1] = "https://Shop.example.com/cb" }, "redirectURIs"},
		"redirect URI not absolute":    {func(c *config.Config) { c.RedirectURIs[1] = "/cb" }, "redirectURIs"},
		"redirect URI in other script": {func(c *config.Config) { c.RedirectURIs[1] = "https://m\u00fcller.example/cb" }, "redirectURIs"},
		"issuer of another host":       {func(c *config.Config) { c.Issuer = "https://other.example.com/auth" }, "issuer"},
		"issuer with slash behind":     {func(c *config.Config) { c.Issuer += "/" }, "issuer"},
		"issuer empty":                 {func(c *config.Config) { c.Issuer = "" }, "issuer"},
		"no client secret":             {func(c *config.Config) { c.Client = config.Client{ID: "x"} }, "client"},
		"no client ID":                 {func(c *config.Config) { c.Client = config.Client{SecretFile: "/s"} }, "client"},
		"stand-in is no URL":           {func(c *config.Config) { c.Google.Issuer = "google" }, "google.issuer"},
		"scope openid missing":         {func(c *config.Config) { c.Google.Scopes = []string{"email"} }, "google.scopes"},
		"scope email missing":          {func(c *config.Config) { c.Google.Scopes = []string{"openid"} }, "google.scopes"},
		"two scopes in one":            {func(c *config.Config) { c.Google.Scopes = []string{"openid", "email", "a b"} }, "google.scopes"},
		"A5 prompt login":              {func(c *config.Config) { c.Google.Prompt = "login" }, "google.prompt"},
		"no home":                      {func(c *config.Config) { c.Frontend.HomeURL = "" }, "frontend.homeURL"},
		"home is a script":             {func(c *config.Config) { c.Frontend.HomeURL = "javascript:alert(1)" }, "frontend.homeURL"},
		"home over http":               {func(c *config.Config) { c.Frontend.HomeURL = "http://shop.example.com/" }, "frontend.homeURL"},
		"login page of a user":         {func(c *config.Config) { c.Frontend.LoginURL = "https://a:b@shop.example.com/" }, "frontend.loginURL"},
		"login page with a backslash":  {func(c *config.Config) { c.Frontend.LoginURL = `https://shop.example.com/\evil` }, "frontend.loginURL"},
		"return URL too wide":          {func(c *config.Config) { c.Frontend.ReturnURLs = []string{"https://*.com/*"} }, "frontend.returnURLs"},
		"accounts misspelt":            {func(c *config.Config) { c.Access.Accounts = "any" }, "access.accounts"},
		"any account, and a list":      {func(c *config.Config) { c.Access.Accounts = config.AccountsAny }, "access.accounts"},
		"hosted domain with at sign":   {func(c *config.Config) { c.Access.HostedDomains = []string{"@example.com"} }, "access.hostedDomains"},
		"email without at sign":        {func(c *config.Config) { c.Access.Emails = []string{"example.com"} }, "access.emails"},
		"access token too short":       {func(c *config.Config) { c.Session.AccessTokenTTL = config.Duration(time.Second) }, "session.accessTokenTTL"},
		"access token too long":        {func(c *config.Config) { c.Session.AccessTokenTTL = config.Duration(25 * time.Hour) }, "session.accessTokenTTL"},
		"access token outlives idle":   {func(c *config.Config) { c.Session.IdleTimeout = config.Duration(5 * time.Minute) }, "session.accessTokenTTL"},
		"idle outlives the session":    {func(c *config.Config) { c.Session.Lifetime = config.Duration(time.Hour) }, "session.idleTimeout"},
		"lifetime of two years":        {func(c *config.Config) { c.Session.Lifetime = config.Duration(17520 * time.Hour) }, "session.lifetime"},
		"no audience":                  {func(c *config.Config) { c.Session.Audiences = nil }, "session.audiences"},
		"empty audience":               {func(c *config.Config) { c.Session.Audiences = []string{""} }, "session.audiences"},
		"audiences fill the cookie":    {func(c *config.Config) { c.Session.Audiences = []string{strings.Repeat("a", 1200)} }, "session.audiences"},
		"cookie without prefix":        {func(c *config.Config) { c.Session.Cookie.Name = "shop" }, "session.cookie.name"},
		"cookie with the prefix alone": {func(c *config.Config) { c.Session.Cookie.Name = "__Host-" }, "session.cookie.name"},
		"cookie with a space":          {func(c *config.Config) { c.Session.Cookie.Name = "__Host-a b" }, "session.cookie.name"},
		"cookie of 65 characters":      {func(c *config.Config) { c.Session.Cookie.Name = "__Host-" + strings.Repeat("a", 58) }, "session.cookie.name"},
		"G87 __Secure- without domain": {func(c *config.Config) { c.Session.Cookie.Name = "__Secure-shop" }, "session.cookie.name"},
		"G87 __Host- with a domain":    {func(c *config.Config) { c.Session.Cookie.Domain = "example.com" }, "session.cookie.name"},
		"domain does not cover a host": {func(c *config.Config) {
			c.Session.Cookie = config.Cookie{Name: "__Secure-a", Domain: "ample.com", SameSite: "Lax"}
		}, "session.cookie.domain"},
		"domain with leading dot":   {func(c *config.Config) { c.Session.Cookie.Domain = ".example.com" }, "session.cookie.domain"},
		"same site strict":          {func(c *config.Config) { c.Session.Cookie.SameSite = "Strict" }, "session.cookie.sameSite"},
		"same site empty":           {func(c *config.Config) { c.Session.Cookie.SameSite = "" }, "session.cookie.sameSite"},
		"SQLite without a path":     {func(c *config.Config) { c.Storage.Path = "" }, "storage.path"},
		"SQLite in a relative path": {func(c *config.Config) { c.Storage.Path = "users.db" }, "storage.path"},
		"Postgres without a file":   {func(c *config.Config) { c.Storage = config.Storage{Type: config.StoragePostgres} }, "storage.uriFile"},
		"Postgres with a URI": {func(c *config.Config) {
			c.Storage = config.Storage{Type: config.StoragePostgres, URIFile: "postgresql://db/app"}
		}, "storage.uriFile"},
		"unknown storage":               {func(c *config.Config) { c.Storage.Type = "Redis" }, "storage.type"},
		"no signing keys":               {func(c *config.Config) { c.Keys.SigningFile = "" }, "keys.signingFile"},
		"no sealing keys":               {func(c *config.Config) { c.Keys.SealingFile = "" }, "keys.sealingFile"},
		"JWKS cached for two days":      {func(c *config.Config) { c.Keys.JWKSMaxAge = config.Duration(48 * time.Hour) }, "keys.jwksMaxAge"},
		"no public address":             {func(c *config.Config) { c.Listen.Public = "" }, "listen.public"},
		"address without port":          {func(c *config.Config) { c.Listen.Internal = "8081" }, "listen.internal"},
		"a port for Envoy":              {func(c *config.Config) { c.Listen.ExtAuthz = ":8083" }, ""},
		"Envoy's address without port":  {func(c *config.Config) { c.Listen.ExtAuthz = "8083" }, "listen.extAuthz"},
		"Envoy on the public port":      {func(c *config.Config) { c.Listen.ExtAuthz = c.Listen.Public }, "listen.extAuthz"},
		"Envoy on the internal port":    {func(c *config.Config) { c.Listen.ExtAuthz = c.Listen.Internal }, "listen.extAuthz"},
		"M7 metrics on the public port": {func(c *config.Config) { c.Listen.Internal = c.Listen.Public }, "listen.internal"},
		"trusted proxy is no CIDR":      {func(c *config.Config) { c.TrustedProxies = []string{"10.0.0.1"} }, "trustedProxies"},
		"no time to drain":              {func(c *config.Config) { c.DrainTimeout = 0 }, "drainTimeout"},
	} {
		t.Run(name, func(t *testing.T) {
			c := valid()
			row.change(&c)
			err := c.Validate()
			if row.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !hasLine(err.Error(), row.want+": ") {
				t.Errorf("error is %v, want it to name %s", err, row.want)
			}
		})
	}
}

func TestValidate_NamesEveryProblemAtOnce(t *testing.T) {
	err := config.Config{}.Validate()
	if err == nil {
		t.Fatal("an empty configuration is valid")
	}
	for _, field := range []string{
		"apiVersion", "instance", "issuer", "basePath", "redirectURIs", "client", "google.scopes", "frontend.homeURL", "access.accounts",
		"session.accessTokenTTL", "session.idleTimeout", "session.lifetime", "session.audiences", "session.cookie.name",
		"session.cookie.sameSite", "storage.type", "keys.signingFile", "keys.sealingFile", "listen.public", "listen.internal", "drainTimeout",
	} {
		if !hasLine(err.Error(), field+": ") {
			t.Errorf("%s is not named", field)
		}
	}
}

func hasLine(text, prefix string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}
