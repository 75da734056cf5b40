package workload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/publickey"
)

// Audience is what the token of a caller in the GoogleLogin's own namespace has to be made for. A token for the API server itself, which
// every pod has, is not enough: who gets hold of ours can do nothing with it in the cluster, and the other way round.
const Audience = "googlelogin"

// AudienceOf is what a token has to be made for to be good for one GoogleLogin alone, namespace/name. A caller of another namespace has to
// show one: several teams may have named it, and each of them sees the tokens that it shows.
func AudienceOf(instance string) string { return Audience + "/" + instance }

const (
	// maxToken is several times what the API server makes.
	maxToken = 8 << 10
	// maxKeyID is several times what any cluster uses.
	maxKeyID = 256
	// skew is how far the clocks of this node and the API server's may be apart.
	skew = time.Minute
	// maxLife is how long a token may be made for. Nobody here sees that its pod or its ServiceAccount was deleted, and whoever may
	// create tokens can ask for years. Kubernetes gives a pod one of an hour, unless it is told otherwise.
	maxLife = 24 * time.Hour
)

// algorithms are those that the API server can sign with.
func algorithms() []string { return []string{"RS256", "ES256", "ES384", "ES512"} }

var (
	// ErrInvalid says that a token proves nothing.
	ErrInvalid = errors.New("ServiceAccount token is not valid")
	// ErrNoKeys says that the cluster's keys could not be read so far, so that nobody can prove anything.
	ErrNoKeys = errors.New("no keys of the cluster")
)

// Verifier verifies tokens. It is safe for use by several goroutines.
type Verifier struct {
	keys     *Keys
	issuer   string
	instance string
	now      func() time.Time
}

// New returns a Verifier for the cluster that has these keys, and whose tokens have this issuer. instance is the GoogleLogin that the
// tokens are shown to, as namespace/name.
func New(keys *Keys, issuer, instance string, now func() time.Time) *Verifier {
	return &Verifier{keys, issuer, instance, now}
}

// Verify returns whose token it is. Errors are ErrInvalid or ErrNoKeys, with a reason that quotes nothing out of the token.
func (v *Verifier) Verify(token string) (Account, error) {
	keys := v.keys.known.Load()
	// To the parser, an empty issuer would mean any.
	if keys == nil || v.issuer == "" {
		return Account{}, ErrNoKeys
	}
	if len(token) > maxToken {
		return Account{}, fmt.Errorf("%w: over %d bytes", ErrInvalid, maxToken)
	}
	var c claims
	_, err := v.parser().ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) { return verificationKey(*keys, t) })
	if err != nil {
		return Account{}, fmt.Errorf("%w: %s", ErrInvalid, reason(err))
	}
	if err := checkLife(c); err != nil {
		return Account{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	account, err := c.account()
	if err == nil {
		err = v.checkAudience(c, account)
	}
	if err != nil {
		return Account{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return account, nil
}

func checkLife(c claims) error {
	switch {
	case c.IssuedAt == nil:
		return errors.New("iat is missing")
	case c.ExpiresAt.Sub(c.IssuedAt.Time) > maxLife:
		return fmt.Errorf("made for longer than %s", maxLife)
	}
	return nil
}

// checkAudience goes on where the parser ends, which has seen that one of the two is there.
func (v *Verifier) checkAudience(c claims, account Account) error {
	own := AudienceOf(v.instance)
	if slices.Contains(c.Audience, own) || strings.HasPrefix(v.instance, account.Namespace+"/") {
		return nil
	}
	return fmt.Errorf("a caller of another namespace needs a token of the audience %s", own)
}

func (v *Verifier) parser() *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods(algorithms()),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(v.now),
		jwt.WithLeeway(skew),
		jwt.WithIssuer(v.issuer),
		jwt.WithAudience(Audience, AudienceOf(v.instance)),
		jwt.WithExpirationRequired(),
		jwt.WithNotBeforeRequired(),
		jwt.WithIssuedAt(),
	)
}

// verificationKey looks at the header, of which the token's maker could write anything.
func verificationKey(keys []publickey.Key, t *jwt.Token) (any, error) {
	// RFC 7515, 4.1.11: whoever does not understand an extension named here must refuse, and we understand none.
	if _, critical := t.Header["crit"]; critical {
		return nil, errHeader
	}
	kid, ok := t.Header["kid"].(string)
	if !ok || kid == "" || len(kid) > maxKeyID {
		return nil, errHeader
	}
	key, err := publickey.Choose(keys, t.Method.Alg(), kid)
	if err != nil {
		return nil, errUnknownKey
	}
	return key.Public, nil
}

var (
	errHeader     = errors.New("header cannot be accepted")
	errUnknownKey = errors.New("signed by a key that the cluster does not publish")
)

// reason says why a token was refused in words of ours: those of the parser may quote the token.
func reason(err error) string {
	known := []error{
		errHeader, errUnknownKey, jwt.ErrTokenMalformed, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenInvalidIssuer,
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenExpired, jwt.ErrTokenNotValidYet,
		jwt.ErrTokenUsedBeforeIssued,
	}
	found := slices.IndexFunc(known, func(target error) bool { return errors.Is(err, target) })
	if found < 0 {
		return "cannot be read"
	}
	return known[found].Error()
}
