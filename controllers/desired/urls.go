package desired

import (
	"fmt"
	"net/url"
	"slices"

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

// RedirectURIsToRegister are what Google's console has to know: the redirect URIs, and the login URIs of Google's own button, which
// posts to the origin of each of them and which Google looks up in the same list.
func RedirectURIsToRegister(login *v1beta1.GoogleLogin) []string {
	all := texts(login.Spec.RedirectURIs)
	if login.Spec.Google.SignInWithGoogle != v1beta1.Enabled {
		return all
	}
	for _, uri := range login.Spec.RedirectURIs {
		parsed, err := url.Parse(string(uri))
		if err != nil {
			continue
		}
		button := parsed.Scheme + "://" + parsed.Host + login.Spec.BasePath + "/google"
		if !slices.Contains(all, button) {
			all = append(all, button)
		}
	}
	return all
}

// LoginURL starts a login.
func LoginURL(issuer string) string { return issuer + "/login" }

// JWKSURL is where the public keys are.
func JWKSURL(issuer string) string { return issuer + "/jwks.json" }
