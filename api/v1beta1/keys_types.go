package v1beta1

// SigningKeys sets how the keys follow one another that sign access JWTs. The operator makes them, publishes each before it is
// used, and keeps each until no token needs it: docs/key-rotation.md. The keys that seal cookies follow the same rhythm.
//
// +kubebuilder:validation:XValidation:rule="!has(self.prePublish) || !has(self.rotationPeriod) || duration(self.prePublish) < duration(self.rotationPeriod)",message="signingKeys.prePublish must be shorter than signingKeys.rotationPeriod: a key is published while the one before it is in use",fieldPath=".prePublish"
// +kubebuilder:validation:XValidation:rule="!has(self.prePublish) || !has(self.jwksMaxAge) || duration(self.prePublish) >= duration(self.jwksMaxAge)",message="signingKeys.prePublish must not be shorter than signingKeys.jwksMaxAge: services that cache the key set that long would refuse tokens of the new key",fieldPath=".prePublish"
// +kubebuilder:validation:XValidation:rule="!has(self.rotationPeriod) || !has(self.prePublish) || !has(self.jwksMaxAge) || duration(self.rotationPeriod) < duration('1h') || duration(self.prePublish) >= duration(self.jwksMaxAge) + duration('2m')",message="signingKeys.prePublish must be at least signingKeys.jwksMaxAge and 2m more, the time that Kubernetes may take to bring a new key to every pod; only a rotationPeriod under 1h, which is for tests, goes without",fieldPath=".prePublish"
// +kubebuilder:validation:XValidation:rule="!has(self.retain) || size(self.retain) == 0 || !has(self.rotationPeriod) || duration(self.retain).getSeconds() <= 10 * duration(self.rotationPeriod).getSeconds()",message="signingKeys.retain must be at most ten times signingKeys.rotationPeriod: the key set would grow too large",fieldPath=".retain"
type SigningKeys struct {
	// rotationPeriod is how long a key signs before the next one takes over. 1m to 8760h; periods under 1h are for tests.
	// Default: 720h.
	// +optional
	// +kubebuilder:default="720h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('8760h')",message="signingKeys.rotationPeriod must be between 1m and 8760h"
	RotationPeriod Duration `json:"rotationPeriod,omitempty"`

	// prePublish is how long before it signs a key is in the key set for everybody to read. It must cover jwksMaxAge and the two
	// minutes that Kubernetes may take to bring a new key to every pod. Default: 24h.
	// +optional
	// +kubebuilder:default="24h"
	PrePublish Duration `json:"prePublish,omitempty"`

	// jwksMaxAge is how long services may cache the key set, as its Cache-Control header says. 5s to 24h. Default: 15m.
	// +optional
	// +kubebuilder:default="15m"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('5s') && duration(self) <= duration('24h')",message="signingKeys.jwksMaxAge must be between 5s and 24h"
	JWKSMaxAge Duration `json:"jwksMaxAge,omitempty"`

	// retain is how long a key stays in the key set after the next one took over; at least session.accessTokenTTL, since tokens
	// live that long. Unset: session.accessTokenTTL and jwksMaxAge and 2m more, which leaves time to a pod that learns late.
	// +optional
	Retain OptionalDuration `json:"retain,omitempty"`

	// secretName is the Secret with the signing keys: one that exists is adopted, if it has the type
	// googlelogin.dev/signing-keys and belongs to nobody else, such as one that deletionPolicy Retain left behind or that a
	// backup brought back. Another name means other keys, so everybody signs in again. Unset: <metadata.name>-signing-keys.
	// Example: shop-keys
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="size(self) == 0 || self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="signingKeys.secretName must be the name of a Secret: a-z, 0-9, '-' and '.'"
	SecretName string `json:"secretName,omitempty"`

	// deletionPolicy says what becomes of the Secrets with keys, the signing and the sealing ones, when the GoogleLogin is
	// deleted. Delete: they go with it. Retain: they stay, and a GoogleLogin of the same name takes them up again; tokens that
	// are out remain valid. Default: Delete.
	// +optional
	// +kubebuilder:default=Delete
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// OptionalDuration is a Duration that may be empty.
//
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:Pattern=`^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$`
type OptionalDuration string

// DeletionPolicy says what becomes of an object when its GoogleLogin is deleted.
//
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

const (
	// DeletionPolicyDelete means that it goes with the GoogleLogin.
	DeletionPolicyDelete DeletionPolicy = "Delete"
	// DeletionPolicyRetain means that it stays.
	DeletionPolicyRetain DeletionPolicy = "Retain"
)

// Annotations of a GoogleLogin by which a person asks for a rotation. Any value that is new asks once; the status echoes it.
const (
	// AnnotationRotateAt asks for a new signing key, published now and used as soon as every verifier knows it.
	AnnotationRotateAt = "googlelogin.dev/rotate-at"
	// AnnotationEmergencyRotateAt drops every signing key at once for a new one. Every access token is refused from then on.
	AnnotationEmergencyRotateAt = "googlelogin.dev/emergency-rotate-at"
)
