package desired

import (
	"cmp"
	"fmt"
	"time"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/server/config"
)

// ServerConfig maps the spec onto the server's configuration. It is the one place that does. The API server has filled in the
// defaults of the spec; what a spec leaves open all the same is decided here or by config.Default.
//
// It does not validate: NewInput does, by the server's own rules.
func ServerConfig(in Input) (config.Config, error) {
	login := in.Login
	issuer, err := Issuer(login)
	if err != nil {
		return config.Config{}, err
	}
	session, err := sessionConfig(login)
	if err != nil {
		return config.Config{}, err
	}
	spec := &login.Spec
	cfg := config.Default()
	cfg.Instance = login.Namespace + "/" + login.Name
	cfg.Issuer = issuer
	cfg.BasePath = spec.BasePath
	cfg.RedirectURIs = texts(spec.RedirectURIs)
	cfg.Client = clientConfig(spec.Client)
	cfg.Google = config.Google{
		Issuer: spec.Google.Issuer, Scopes: texts(spec.Scopes), Prompt: prompt(spec.Google.Prompt),
		SignInWithGoogle: spec.Google.SignInWithGoogle == v1beta1.Enabled,
	}
	cfg.Frontend = config.Frontend{
		HomeURL:    string(spec.Frontend.HomeURL),
		LoginURL:   string(spec.Frontend.LoginURL),
		ReturnURLs: texts(spec.Frontend.ReturnURLs),
	}
	cfg.Access = config.Access{
		Accounts:      config.Accounts(spec.Access.Accounts),
		HostedDomains: texts(spec.Access.HostedDomains),
		Emails:        texts(spec.Access.Emails),
		LinkByEmail:   spec.Access.LinkByEmail == v1beta1.Enabled,
	}
	cfg.Pages = pagesConfig(spec.Pages)
	cfg.TokenEndpoint = tokenEndpointConfig(spec.TokenEndpoint)
	cfg.RateLimits = config.RateLimits{
		PerAddress: cmp.Or(int(spec.Server.RateLimits.PerAddress), cfg.RateLimits.PerAddress),
		PerAccount: cmp.Or(int(spec.Server.RateLimits.PerAccount), cfg.RateLimits.PerAccount),
	}
	cfg.TrustedProxies = texts(spec.Server.TrustedProxies)
	cfg.ForwardAuth.EncodedSlashes = spec.ForwardAuth.EncodedSlashes == v1beta1.Enabled
	if servesEnvoy(login) {
		cfg.Listen.ExtAuthz = fmt.Sprintf(":%d", extAuthzPort)
	}
	if administered(in) {
		cfg.Listen.Admin, cfg.InternalAPI = adminAddress(), internalAPIConfig(login, in.Cluster.Issuer)
	}
	cfg.Session = session
	cfg.Storage = storageConfig(spec.Storage)
	cfg.Keys, err = keysConfig(spec.SigningKeys, cfg.Keys)
	return cfg, err
}

// tokenEndpointConfig leaves out what has no effect while the endpoint is off.
func tokenEndpointConfig(endpoint v1beta1.TokenEndpoint) config.TokenEndpoint {
	if endpoint.Mode != v1beta1.Enabled {
		return config.TokenEndpoint{}
	}
	return config.TokenEndpoint{
		Enabled: true, ClientIDs: endpoint.ClientIDs, RefreshTokens: endpoint.RefreshTokens == v1beta1.Enabled,
	}
}

// clientConfig names every file that the Secret may hold; the server takes those that exist, by the rules of config.Client.
func clientConfig(client v1beta1.Client) config.Client {
	return config.Client{
		ID:              client.ID,
		IDFile:          clientDir + "/" + clientIDFile,
		SecretFile:      clientDir + "/" + clientSecretFile,
		CredentialsFile: clientDir + "/" + credentialsFile,
	}
}

func sessionConfig(login *v1beta1.GoogleLogin) (config.Session, error) {
	spec := login.Spec.Session
	out := config.Session{Audiences: texts(spec.Audiences), Cookie: cookieConfig(login)}
	if len(out.Audiences) == 0 {
		out.Audiences = []string{login.Name}
	}
	for _, d := range []struct {
		field string
		from  v1beta1.Duration
		to    *config.Duration
	}{
		{"spec.session.accessTokenTTL", spec.AccessTokenTTL, &out.AccessTokenTTL},
		{"spec.session.idleTimeout", spec.IdleTimeout, &out.IdleTimeout},
		{"spec.session.lifetime", spec.Lifetime, &out.Lifetime},
	} {
		parsed, err := time.ParseDuration(string(d.from))
		if err != nil {
			return config.Session{}, fmt.Errorf("%s is not a duration such as 10m or 24h", d.field)
		}
		*d.to = config.Duration(parsed)
	}
	return out, nil
}

func cookieConfig(login *v1beta1.GoogleLogin) config.Cookie {
	cookie := login.Spec.Session.Cookie
	out := config.Cookie{Name: cookie.Name, Domain: cookie.Domain, SameSite: string(cookie.SameSite)}
	if out.Name != "" {
		return out
	}
	// A browser takes a __Host- cookie only without a domain.
	prefix := "__Host-"
	if out.Domain != "" {
		prefix = "__Secure-"
	}
	out.Name = prefix + login.Name
	return out
}

func pagesConfig(pages v1beta1.Pages) config.Pages {
	out := config.Pages{
		Title: pages.Title, AccentColor: pages.AccentColor, SignInText: pages.SignInText, SupportURL: pages.SupportURL,
	}
	if pages.Logo != nil {
		out.Logo = &config.Logo{MediaType: pages.Logo.MediaType, Data: pages.Logo.Data, Alt: pages.Logo.Alt}
	}
	return out
}

func storageConfig(storage v1beta1.Storage) config.Storage {
	switch storage.Type {
	case v1beta1.StorageMemory:
		return config.Storage{Type: config.StorageMemory}
	case v1beta1.StoragePostgres:
		out := config.Storage{Type: config.StoragePostgres, URIFile: databaseDir + "/" + uriFile}
		if storage.Postgres != nil && storage.Postgres.CASecretRef != nil {
			out.CAFile = databaseCADir + "/" + caFile
		}
		return out
	default:
		return config.Storage{Type: config.StorageSQLite, Path: dataDir + "/googlelogin.db"}
	}
}

func prompt(p v1beta1.Prompt) string {
	switch p {
	case v1beta1.PromptConsent:
		return "consent"
	case v1beta1.PromptAuto:
		return ""
	default:
		return "select_account"
	}
}

func texts[T ~string](values []T) []string {
	if len(values) == 0 {
		return nil
	}
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}
