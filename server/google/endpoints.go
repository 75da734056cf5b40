package google

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// Google's endpoints. They are part of Google's promise to its developers and have not moved for years; knowing them by heart
// keeps a login from waiting for a discovery document.
const (
	authURL     = "https://accounts.google.com/o/oauth2/v2/auth"
	tokenURL    = "https://oauth2.googleapis.com/token"
	userInfoURL = "https://openidconnect.googleapis.com/v1/userinfo"
	keysURL     = "https://www.googleapis.com/oauth2/v3/certs"
)

// endpoints are where to ask, and how to check what comes back.
type endpoints struct {
	issuer    string
	oauth2    oauth2.Endpoint
	userInfo  string // empty: there is none
	algs      []string
	keys      *keySet
	acceptIss func(iss string) bool
}

// endpointSource finds the endpoints: at once for Google, by discovery for a stand-in.
type endpointSource interface {
	endpoints(ctx context.Context) (*endpoints, error)
}

// compiledIn are endpoints that need no finding.
type compiledIn struct{ e *endpoints }

func (c compiledIn) endpoints(context.Context) (*endpoints, error) { return c.e, nil }

func googleEndpoints(client *http.Client, now func() time.Time, log *slog.Logger) compiledIn {
	return compiledIn{&endpoints{
		issuer: Issuer,
		// The style is fixed: probing for it would send the code twice, and a code works once.
		oauth2:    oauth2.Endpoint{AuthURL: authURL, TokenURL: tokenURL, AuthStyle: oauth2.AuthStyleInParams},
		userInfo:  userInfoURL,
		algs:      []string{"RS256"},
		keys:      newKeySet(keysURL, client, now, log),
		acceptIss: func(iss string) bool { return iss == Issuer || iss == issuerBare },
	}}
}
