package desired

import (
	"fmt"
	"net/url"

	"github.com/googlelogin/operator/api/v1beta1"
)

// Issuer is the iss claim of the server's tokens: the origin of the first redirect URI, and the base path. It stays the same
// for every redirect URI, since whoever verifies a token compares it letter by letter.
func Issuer(login *v1beta1.GoogleLogin) (string, error) {
	if len(login.Spec.RedirectURIs) == 0 {
		return "", fmt.Errorf("spec.redirectURIs is empty: list the redirect URIs that are registered with Google")
	}
	first, err := url.Parse(string(login.Spec.RedirectURIs[0]))
	if err != nil || first.Scheme == "" || first.Host == "" {
		return "", fmt.Errorf("spec.redirectURIs[0] is not an absolute URL such as https://shop.example.com/auth/callback")
	}
	return first.Scheme + "://" + first.Host + login.Spec.BasePath, nil
}

// LoginURL starts a login.
func LoginURL(issuer string) string { return issuer + "/login" }

// JWKSURL is where the public keys are.
func JWKSURL(issuer string) string { return issuer + "/jwks.json" }
