package desired

import (
	"cmp"
	"fmt"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/server/config"
)

// ClusterKeys are what the cluster's ServiceAccount tokens are known by. They are public.
type ClusterKeys struct {
	// Issuer is their iss claim.
	Issuer string
	// JWKS has the keys, as JSON.
	JWKS string
}

// ClusterKeysOf returns the keys that are in a ConfigMap's data; the zero value if they are not there as a whole.
func ClusterKeysOf(data map[string]string) ClusterKeys {
	var written struct {
		InternalAPI struct {
			Issuer string `json:"issuer"`
		} `json:"internalAPI"`
	}
	keys := data[ClusterKeysKey]
	if err := yaml.Unmarshal([]byte(data[ConfigKey]), &written); err != nil || keys == "" || written.InternalAPI.Issuer == "" {
		return ClusterKeys{}
	}
	return ClusterKeys{Issuer: written.InternalAPI.Issuer, JWKS: keys}
}

// administered says whether the admin port is open. Without the cluster's keys nobody could prove who they are.
func administered(in Input) bool {
	return len(in.Login.Spec.InternalAPI.Callers) > 0 && in.Cluster.Issuer != ""
}

// internalAPIConfig maps the callers, and gives those without a namespace the GoogleLogin's own.
func internalAPIConfig(login *v1beta1.GoogleLogin, issuer string) config.InternalAPI {
	out := config.InternalAPI{Issuer: issuer, KeysFile: configDir + "/" + ClusterKeysKey}
	for _, caller := range login.Spec.InternalAPI.Callers {
		c := config.Caller{Namespace: cmp.Or(caller.Namespace, login.Namespace), ServiceAccount: caller.ServiceAccount}
		for _, permission := range caller.Permissions {
			c.Permissions = append(c.Permissions, config.Permission(permission))
		}
		out.Callers = append(out.Callers, c)
	}
	return out
}

func adminAddress() string { return fmt.Sprintf(":%d", adminPort) }

// configItems are the files of the ConfigMap that the server sees.
func configItems(in Input) []*corev1ac.KeyToPathApplyConfiguration {
	items := []*corev1ac.KeyToPathApplyConfiguration{item(ConfigKey, ConfigKey)}
	if administered(in) {
		items = append(items, item(ClusterKeysKey, ClusterKeysKey))
	}
	return items
}
