package login

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/pages"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

// Provider is Google.
type Provider interface {
	AuthCodeURL(ctx context.Context, r google.AuthRequest) (string, error)
	Redeem(ctx context.Context, r google.Redemption) (google.Grant, error)
}

// Flows keeps logins under way in the browser.
type Flows interface {
	Put(w http.ResponseWriter, r *http.Request, f flow.Flow) error
	Open(r *http.Request, state string) (flow.Flow, error)
	Clear(w http.ResponseWriter, r *http.Request, state string)
}

// Finished remembers flows that came back.
type Finished interface {
	// Claim is true for the first caller that names this flow. An error says that nobody knows.
	Claim(ctx context.Context, f flow.Flow) (first bool, err error)
}

// Policy decides who may sign in.
type Policy interface {
	Admit(id identity.Identity) error
}

// Users are the people known here.
type Users interface {
	SignIn(ctx context.Context, id identity.Identity) (users.SignedIn, error)
	Get(ctx context.Context, id string) (identity.User, error)
}

// Sessions are who is signed in.
type Sessions interface {
	Start(ctx context.Context, w http.ResponseWriter, r *http.Request, u identity.User, missingScopes []string) (identity.Session, error)
	Check(r *http.Request) (session.Claims, error)
	Resume(ctx context.Context, w http.ResponseWriter, r *http.Request) (session.Current, error)
	RenewNow(ctx context.Context, w http.ResponseWriter, r *http.Request) (session.Current, error)
	End(ctx context.Context, w http.ResponseWriter, r *http.Request, everywhere bool) error
	List(ctx context.Context, userID string) ([]identity.Session, error)
	Bearer(r *http.Request) (session.Current, error)
	EndBearer(ctx context.Context, r *http.Request, everywhere bool) error
	EndOne(ctx context.Context, userID, id string) (bool, error)
	// Ended makes known that sessions were ended in the store already.
	Ended(ids ...string)
}

// Limiter counts events by key.
type Limiter interface {
	// Allow says whether key may have one more, and if not, how long until it may.
	Allow(key string) (allowed bool, wait time.Duration)
}

// Records are the sessions as the store keeps them. One that is not there is session.ErrNoSession.
type Records interface {
	SessionByHandle(ctx context.Context, handleHash [32]byte) (identity.Session, error)
}

// ReturnURLs are the pages that a login may end at.
type ReturnURLs interface {
	Allows(raw string) bool
}

// Keys are our public keys.
type Keys interface {
	Ready() error
	JWKS() (body []byte, etag string)
}

// Pages are what is shown to people.
type Pages interface {
	SignIn(w http.ResponseWriter, r *http.Request, page pages.SignIn)
	SignedOut(w http.ResponseWriter, r *http.Request)
	Account(w http.ResponseWriter, r *http.Request, page pages.Account)
	ErrorPage(w http.ResponseWriter, r *http.Request, p httperr.Page)
}

// Metrics counts what happens. Every label is from a closed list.
type Metrics interface {
	// LoginFinished gets "success", "refused" or a code of httperr's closed list.
	LoginFinished(outcome string)
	LoginStarted()
	SessionStarted()
	SessionEnded(everywhere bool)
	// RateLimited gets "address" or "account", for what asked too often.
	RateLimited(limit string)
	// CredentialsRejected counts logins that fail because Google does not take our client: a reason to wake somebody.
	CredentialsRejected()
}

// Options has all that a Handler needs. None of it may be nil but Nonces and Button, which go together.
type Options struct {
	Config     config.Config
	Hosts      Hosts
	Provider   Provider
	Flows      Flows
	Finished   Finished
	Policy     Policy
	Users      Users
	Sessions   Sessions
	Records    Records
	ReturnURLs ReturnURLs
	Keys       Keys
	Pages      Pages
	Metrics    Metrics
	// Accounts bounds how often one Google account signs in.
	Accounts Limiter
	// Nonces and Button make the sign-in page show Google's own button, if the configuration asks for it.
	Nonces Nonces
	Button Button
	// Ready tells why a login could not be finished now, so that none is started.
	Ready func() error
	Now   func() time.Time
	Rand  io.Reader
	Log   *slog.Logger
}

// Handler has a method for each route. Their errors are for httperr.Adaptor.
type Handler struct {
	Options
	audit audit.Log
	flood *audit.Flood
	paths paths
	// issuer is who may say that an answer is Google's (RFC 9207).
	issuer    string
	failures  *failureURL
	discovery document
}

// paths are our own, without a host.
type paths struct {
	login, signIn, failed, signedOut, account string
}

// New makes a Handler. It fails on a configuration that config.Validate would refuse.
func New(o Options) (*Handler, error) {
	base := Base(o.Config)
	records := audit.New(o.Log)
	h := &Handler{
		Options: o,
		audit:   records,
		flood:   audit.NewFlood(records, o.Now),
		paths: paths{
			login: base + "/login", signIn: base + "/", failed: base + "/error", signedOut: base + "/signed-out",
			account: base + "/account",
		},
		issuer: o.Config.Google.Issuer,
	}
	if h.issuer == "" {
		h.issuer = google.Issuer
	}
	failed := o.Config.Frontend.LoginURL
	if failed == "" {
		failed = h.paths.failed
	}
	var err error
	if h.failures, err = newFailureURL(failed); err != nil {
		return nil, fmt.Errorf("parse login URL: %w", err)
	}
	if h.discovery, err = newDiscovery(o.Config); err != nil {
		return nil, fmt.Errorf("make discovery document: %w", err)
	}
	return h, nil
}

// redirect answers 303, which makes a GET of whatever the request was. RFC 9700, 4.12 forbids 307 here: it would hand on a form.
// There is no body: the target may hold what does not belong in a page.
func redirect(w http.ResponseWriter, target string) {
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}
