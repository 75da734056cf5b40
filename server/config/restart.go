package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Restart returns what a server takes from the configuration only when it starts: what it opens, listens on, watches and is called.
// Everything else it takes from a changed file while it serves, so the control plane need not restart it.
//
// A new field belongs to this part until something makes it follow a change: to forget that costs a rollout, and not a setting that
// is written down and not in force.
func (c Config) Restart() Config {
	c.Issuer, c.BasePath, c.RedirectURIs = "", "", nil
	c.Client.ID = ""
	c.Google.Scopes, c.Google.Prompt, c.Google.SignInWithGoogle = nil, "", false
	c.Frontend, c.Access, c.Session = Frontend{}, Access{}, Session{}
	c.Keys.JWKSMaxAge = 0
	c.InternalAPI.Issuer, c.InternalAPI.Callers = "", nil
	c.ForwardAuth, c.Pages, c.TokenEndpoint, c.RateLimits = ForwardAuth{}, Pages{}, TokenEndpoint{}, RateLimits{}
	c.TrustedProxies, c.DrainTimeout = nil, 0
	return c
}

// RestartHash is the same for two configurations between which a server can change without a restart.
func (c Config) RestartHash() (string, error) {
	content, err := c.Restart().Marshal()
	if err != nil {
		return "", fmt.Errorf("hash configuration: %w", err)
	}
	return Hash(content), nil
}

// Hash names the content of a configuration file.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}
