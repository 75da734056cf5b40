package desired

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// Input is all that the objects are computed from.
type Input struct {
	// Login is the GoogleLogin; only its metadata and spec are read.
	Login *v1beta1.GoogleLogin
	// ServerImage is the callback server's image where the spec names none.
	ServerImage string
	// Cluster is the zero value unless the internal API needs it.
	Cluster ClusterKeys

	// config is the rendered config.yaml, restartHash what of it needs a new revision of the pods.
	config      []byte
	restartHash string
	// kept is what the server goes on with in place of what this release would render; nil: nothing.
	kept *Rendering
}

// TakesConfig says whether pods of this template can take the configuration as they are: they need no restart for it, and run the server
// that it was rendered for.
func TakesConfig(pods *corev1.PodTemplateSpec, in Input) bool {
	return pods.Annotations[RestartHashAnnotation] == in.restartHash && slices.ContainsFunc(pods.Spec.Containers, func(c corev1.Container) bool {
		return c.Name == ServerContainer && c.Image == image(in)
	})
}

// NewInput renders the server's configuration. An error means that the spec asks for what the server would refuse to load, and
// names every such field at once.
func NewInput(login *v1beta1.GoogleLogin, serverImage string, cluster ClusterKeys) (Input, error) {
	in := Input{Login: login, ServerImage: serverImage, Cluster: cluster}
	cfg, err := ServerConfig(in)
	if err != nil {
		return Input{}, err
	}
	if err := cfg.Validate(); err != nil {
		return Input{}, fmt.Errorf("the server would refuse the spec: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if in.config, err = cfg.Marshal(); err != nil {
		return Input{}, fmt.Errorf("render the server's configuration: %w", err)
	}
	if in.restartHash, err = cfg.RestartHash(); err != nil {
		return Input{}, err
	}
	return in, nil
}
