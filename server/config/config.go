// Package config is the contract between the control plane, which writes it, and the callback server, which loads it: one
// versioned YAML file, and the shape of the key file beside it.
//
// The file holds no secret. What is secret is named by a path and read when it is needed, so that it can change without a
// restart and so that this file may be printed.
package config

import (
	"time"
)

// APIVersion is the one version of the file that this server reads.
const APIVersion = "server.googlelogin.dev/v1"

// Config is the whole configuration of one callback server.
type Config struct {
	// APIVersion must be APIVersion.
	APIVersion string `json:"apiVersion"`
	// Instance names this server among others, as namespace/name. It is bound into everything that is sealed, so that nothing
	// sealed by one GoogleLogin opens at another.
	Instance string `json:"instance"`
	// Issuer is the iss claim of our tokens: the origin of the first redirect URI and BasePath.
	Issuer string `json:"issuer"`
	// BasePath is where the endpoints live on each redirect URI's host, "/auth" say.
	BasePath string `json:"basePath"`
	// RedirectURIs are the callbacks, the default first.
	RedirectURIs []string `json:"redirectURIs"`
	Client       Client   `json:"client"`
	Google       Google   `json:"google"`
	Frontend     Frontend `json:"frontend"`
	Access       Access   `json:"access"`
	Session      Session  `json:"session"`
	Storage      Storage  `json:"storage"`
	Keys         Keys     `json:"keys"`
	Listen       Listen   `json:"listen"`
	// InternalAPI is for administrators and back ends inside the cluster.
	InternalAPI InternalAPI `json:"internalAPI,omitzero"`
	// Pages sets how the hosted pages look.
	Pages Pages `json:"pages,omitzero"`
	// ForwardAuth sets how proxies are answered.
	ForwardAuth ForwardAuth `json:"forwardAuth,omitzero"`
	// TokenEndpoint gives tokens as JSON.
	TokenEndpoint TokenEndpoint `json:"tokenEndpoint,omitzero"`
	// RateLimits bound how often one client and one account may ask.
	RateLimits RateLimits `json:"rateLimits"`
	// TrustedProxies are the CIDRs whose forwarded headers count. None by default.
	TrustedProxies []string `json:"trustedProxies,omitempty"`
	// DrainTimeout is how long requests under way may take after SIGTERM.
	DrainTimeout Duration `json:"drainTimeout"`
}

// Client says where the Google client's ID and secret are. SecretFile, with IDFile or ID, wins over CredentialsFile when both
// files exist. If more than one place names the client ID, all must agree.
type Client struct {
	// ID is the client ID where the spec names it.
	ID string `json:"id,omitempty"`
	// IDFile holds the client ID.
	IDFile string `json:"idFile,omitempty"`
	// SecretFile holds the client secret.
	SecretFile string `json:"secretFile,omitempty"`
	// CredentialsFile is the JSON file that Google's console offers for download.
	CredentialsFile string `json:"credentialsFile,omitempty"`
}

// Google says how to ask Google.
type Google struct {
	// Issuer is a stand-in for Google; empty means Google itself, whose endpoints are compiled in.
	Issuer string   `json:"issuer,omitempty"`
	Scopes []string `json:"scopes"`
	// Prompt is the prompt parameter: "select_account", "consent" or "".
	Prompt string `json:"prompt"`
	// SignInWithGoogle serves the credential POST of Google's button and One Tap.
	SignInWithGoogle bool `json:"signInWithGoogle,omitempty"`
}

// Frontend is where users come from and go back to.
type Frontend struct {
	HomeURL string `json:"homeURL"`
	// LoginURL is the front end's sign-in page; empty means the hosted one.
	LoginURL string `json:"loginURL,omitempty"`
	// ReturnURLs are patterns for return_to, see package returnurl.
	ReturnURLs []string `json:"returnURLs,omitempty"`
}

// Accounts says which Google accounts may sign in.
type Accounts string

const (
	// AccountsRestricted admits those that HostedDomains or Emails name; nobody if both are empty.
	AccountsRestricted Accounts = "Restricted"
	// AccountsAny admits every account with a verified email.
	AccountsAny Accounts = "Any"
)

// Access says who may sign in.
type Access struct {
	Accounts      Accounts `json:"accounts"`
	HostedDomains []string `json:"hostedDomains,omitempty"`
	Emails        []string `json:"emails,omitempty"`
	// LinkByEmail makes a new Google account the known user of the same email, where Google is authoritative for it.
	LinkByEmail bool `json:"linkByEmail,omitempty"`
}

// Pages sets how the hosted pages look and what they say, as text.
type Pages struct {
	// Title is the name of the service; empty means the host of Frontend.HomeURL.
	Title string `json:"title,omitempty"`
	// AccentColor is #rrggbb; empty means the built-in one.
	AccentColor string `json:"accentColor,omitempty"`
	Logo        *Logo  `json:"logo,omitempty"`
	// SignInText stands above the button of the sign-in page.
	SignInText string `json:"signInText,omitempty"`
	// SupportURL is where the error page sends people for help.
	SupportURL string `json:"supportURL,omitempty"`
}

// Logo is a picture: image/png, image/jpeg or image/webp.
type Logo struct {
	MediaType string `json:"mediaType"`
	Data      []byte `json:"data"`
	// Alt stands for the picture; empty means Pages.Title.
	Alt string `json:"alt,omitempty"`
}

// TokenEndpoint is POST {base}/token.
type TokenEndpoint struct {
	Enabled bool `json:"enabled,omitempty"`
	// ClientIDs are further clients of the same Google project whose ID tokens and refresh tokens are accepted.
	ClientIDs []string `json:"clientIDs,omitempty"`
	// RefreshTokens gives a refresh token with each access token.
	RefreshTokens bool `json:"refreshTokens,omitempty"`
}

// RateLimits are in requests per minute; as many may come at once.
type RateLimits struct {
	// PerAddress is for one client address.
	PerAddress int `json:"perAddress"`
	// PerAccount is for one Google account.
	PerAccount int `json:"perAccount"`
}

// Session sets how long a login lasts and how the browser carries it.
type Session struct {
	AccessTokenTTL Duration `json:"accessTokenTTL"`
	IdleTimeout    Duration `json:"idleTimeout"`
	Lifetime       Duration `json:"lifetime"`
	Audiences      []string `json:"audiences"`
	Cookie         Cookie   `json:"cookie"`
}

// Cookie is how the browser carries the session.
type Cookie struct {
	// Name of the cookie with the access JWT, "__Host-shop" say. The handle's cookie is Name + "-session", flow cookies are
	// "__Host-" + the rest of Name + "-flow-" + an id.
	Name   string `json:"name"`
	Domain string `json:"domain,omitempty"`
	// SameSite is "Lax" or "None".
	SameSite string `json:"sameSite"`
}

// StorageType says what keeps users and sessions.
type StorageType string

const (
	// StorageSQLite keeps them in a file.
	StorageSQLite StorageType = "SQLite"
	// StoragePostgres keeps them in a PostgreSQL database, which several servers may share.
	StoragePostgres StorageType = "Postgres"
	// StorageMemory keeps them in memory.
	StorageMemory StorageType = "Memory"
)

// Storage is where users and sessions are kept.
type Storage struct {
	Type StorageType `json:"type"`
	// Path of the SQLite file. Its folder must exist and be writable.
	Path string `json:"path,omitempty"`
	// URIFile holds the URI of the PostgreSQL database, password and all. It is read again for each new connection.
	URIFile string `json:"uriFile,omitempty"`
	// CAFile holds the certificates, in PEM, of the one authority that the PostgreSQL server's own may come from. Empty: those that the
	// system knows. It is read again for each new connection, too.
	CAFile string `json:"caFile,omitempty"`
}

// Keys says where the key files are.
type Keys struct {
	// SigningFile is a SigningKeys document, "keys.json".
	SigningFile string `json:"signingFile"`
	// SealingFile is a Tink AEAD keyset in JSON, "keyset.json".
	SealingFile string `json:"sealingFile"`
	// JWKSMaxAge is how long others may cache our public keys.
	JWKSMaxAge Duration `json:"jwksMaxAge"`
}

// ForwardAuth sets how proxies are answered.
type ForwardAuth struct {
	// EncodedSlashes lets a path with a slash that is encoded once pass.
	EncodedSlashes bool `json:"encodedSlashes,omitempty"`
}

// Listen holds the addresses to listen on.
type Listen struct {
	// Public is what the internet reaches, ":8080" say.
	Public string `json:"public"`
	// Internal has health, readiness and metrics, ":8081" say.
	Internal string `json:"internal"`
	// ExtAuthz is where Envoy asks by gRPC, ":8083" say. Empty: nowhere.
	ExtAuthz string `json:"extAuthz,omitempty"`
	// Admin is where InternalAPI.Callers call, ":8082" say. Empty: nowhere.
	Admin string `json:"admin,omitempty"`
}

// Default returns the settings that the callback server uses where its file is silent. The control plane starts from it too.
func Default() Config {
	return Config{
		APIVersion: APIVersion,
		BasePath:   "/auth",
		Google:     Google{Scopes: []string{"openid", "email", "profile"}, Prompt: "select_account"},
		Access:     Access{Accounts: AccountsRestricted},
		Session: Session{
			AccessTokenTTL: Duration(10 * time.Minute),
			IdleTimeout:    Duration(24 * time.Hour),
			Lifetime:       Duration(720 * time.Hour),
			Cookie:         Cookie{SameSite: "Lax"},
		},
		RateLimits:   RateLimits{PerAddress: 300, PerAccount: 30},
		Storage:      Storage{Type: StorageMemory},
		Keys:         Keys{JWKSMaxAge: Duration(15 * time.Minute)},
		Listen:       Listen{Public: ":8080", Internal: ":8081"},
		DrainTimeout: Duration(20 * time.Second),
	}
}
