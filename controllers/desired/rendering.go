package desired

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// Annotations of the ConfigMap that tell a later release of the operator, which renders otherwise, what this one has done. The Deployment
// would seem the better place, but a Deployment's annotations count as its spec: each of their changes would look like a rollout.
const (
	// RenderedGenerationAnnotation is the generation of the GoogleLogin that the server was last seen to by.
	RenderedGenerationAnnotation = "googlelogin.dev/rendered-generation"
	// RenderedHashAnnotation is the hash of the Rendering that the server runs with. Where it is not that of what is there, somebody has
	// changed it by hand.
	RenderedHashAnnotation = "googlelogin.dev/rendered-hash"
	// PendingHashAnnotation is the hash of the Rendering that waits, if one does.
	PendingHashAnnotation = "googlelogin.dev/pending-hash"
)

// Rendering is what a server runs with that depends on the release of the operator. Both belong together: an older server refuses a
// configuration that says more than it knows.
type Rendering struct {
	Template *corev1ac.PodTemplateSpecApplyConfiguration
	Config   string
}

// Rendering is what this release makes of the spec, or what is kept in its place.
func (in Input) Rendering() Rendering {
	if in.kept != nil {
		return *in.kept
	}
	return Rendering{Template: podTemplate(in), Config: string(in.config)}
}

// Keep lets the server go on with a Rendering of before.
func (in Input) Keep(before Rendering) Input {
	in.kept = &before
	return in
}

// Hash tells Renderings apart.
func (r Rendering) Hash() string {
	// Types of client-go can always be encoded.
	template, _ := json.Marshal(r.Template)
	sum := sha256.Sum256(append(template, r.Config...))
	return hex.EncodeToString(sum[:16])
}

func (in Input) renderingAnnotations() map[string]string {
	out := map[string]string{
		RenderedGenerationAnnotation: strconv.FormatInt(in.Login.Generation, 10),
		RenderedHashAnnotation:       in.Rendering().Hash(),
	}
	if in.kept != nil {
		next := in
		next.kept = nil
		out[PendingHashAnnotation] = next.Rendering().Hash()
	}
	return out
}

// Running is what a server was found to run with.
type Running struct {
	Rendering
	// Generation is that of the GoogleLogin that the server was last seen to by.
	Generation int64
	// Pending is the hash of what has waited since, empty if nothing has.
	Pending string
}

// RunningOf reads what fieldOwner has made a server run with. It returns false if that is not to be known, since somebody else has
// changed it, or nobody has written it down.
func RunningOf(deployment *appsv1.Deployment, configMap *corev1.ConfigMap, fieldOwner string) (Running, bool) {
	ours, err := appsv1ac.ExtractDeployment(deployment, fieldOwner)
	if err != nil || ours.Spec == nil || ours.Spec.Template == nil {
		return Running{}, false
	}
	config, err := corev1ac.ExtractConfigMap(configMap, fieldOwner)
	if err != nil {
		return Running{}, false
	}
	generation, err := strconv.ParseInt(config.Annotations[RenderedGenerationAnnotation], 10, 64)
	if err != nil {
		return Running{}, false
	}
	rendering := Rendering{Template: ours.Spec.Template, Config: config.Data[ConfigKey]}
	return Running{Rendering: rendering, Generation: generation, Pending: config.Annotations[PendingHashAnnotation]},
		rendering.Hash() == config.Annotations[RenderedHashAnnotation]
}
