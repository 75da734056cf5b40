package desired

import (
	"fmt"
	"time"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/server/config"
)

// SigningSecretName names the Secret with the signing keys of login: the one that the spec names, or one of our own.
func SigningSecretName(login *v1beta1.GoogleLogin) string {
	if name := login.Spec.SigningKeys.SecretName; name != "" {
		return name
	}
	return SigningKeysName(login.Name)
}

func keysConfig(spec v1beta1.SigningKeys, defaults config.Keys) (config.Keys, error) {
	out := defaults
	out.SigningFile = signingDir + "/" + SigningKeysKey
	out.SealingFile = sealingDir + "/" + SealingKeysKey
	if spec.JWKSMaxAge == "" {
		return out, nil
	}
	maxAge, err := time.ParseDuration(string(spec.JWKSMaxAge))
	if err != nil {
		return config.Keys{}, fmt.Errorf("spec.signingKeys.jwksMaxAge is not a duration such as 10m or 24h")
	}
	out.JWKSMaxAge = config.Duration(maxAge)
	return out, nil
}
