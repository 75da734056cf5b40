package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GoogleLoginStatus is what the operator has seen.
type GoogleLoginStatus struct {
	// observedGeneration is the generation of the spec that this status speaks of; -1 until the operator has looked.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions say what is so: Ready is the summary of Accepted, CredentialsReady, KeysReady, StorageReady, Available and, where
	// spec.exposure asks for it, Exposed. Monitored speaks of the ServiceMonitor and does not count. Reconciling,
	// Stalled and Paused are present only while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// issuer is the iss claim of the access JWT: give it to whatever verifies one. Its discovery document is at
	// <issuer>/.well-known/openid-configuration.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Issuer string `json:"issuer,omitempty"`

	// loginURL starts a login: link the front end's button to it.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LoginURL string `json:"loginURL,omitempty"`

	// jwksURL is where the public keys are that verify the access JWT.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	JWKSURL string `json:"jwksURL,omitempty"`

	// redirectURIsToRegister are the strings to paste, letter by letter, into "Authorized redirect URIs" in Google's console:
	// spec.redirectURIs, and the login URIs of Google's own button where that is enabled.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=512
	RedirectURIsToRegister []string `json:"redirectURIsToRegister,omitempty"`

	// standInIssuer is set where a stand-in, not Google, vouches for users (spec.google.issuer).
	// +optional
	// +kubebuilder:validation:MaxLength=512
	StandInIssuer string `json:"standInIssuer,omitempty"`

	// keys are the keys that sign and verify access JWTs, without their private parts.
	// +optional
	// +listType=map
	// +listMapKey=kid
	// +kubebuilder:validation:MaxItems=16
	Keys []KeyStatus `json:"keys,omitempty"`

	// nextRotationAt is when the next key begins to sign.
	// +optional
	NextRotationAt *metav1.Time `json:"nextRotationAt,omitempty"`

	// lastHandledRotateAt echoes the value of the annotation googlelogin.dev/rotate-at that was last acted on; of a value over
	// 128 bytes, its SHA-256.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	LastHandledRotateAt string `json:"lastHandledRotateAt,omitempty"`

	// lastHandledEmergencyRotateAt echoes the value of the annotation googlelogin.dev/emergency-rotate-at that was last acted on;
	// of a value over 128 bytes, its SHA-256.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	LastHandledEmergencyRotateAt string `json:"lastHandledEmergencyRotateAt,omitempty"`

	// replicas is how many server pods exist.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`

	// selector finds the server's pods, in the form that the scale subresource has it: an autoscaler of your own asks there.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Selector string `json:"selector,omitempty"`

	// readyReplicas is how many server pods are ready.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas,omitempty"`
}

// KeyStatus is one signing key.
type KeyStatus struct {
	// kid is the key's RFC 7638 thumbprint, as in the JWT header and the JWKS.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	KID string `json:"kid,omitempty"`

	// algorithm is the JWT algorithm that the key signs with.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Algorithm string `json:"algorithm,omitempty"`

	// state is Next, Current or Previous. Next is published but does not sign yet, Current signs, Previous only verifies.
	// +required
	// +kubebuilder:validation:Enum=Next;Current;Previous
	State string `json:"state,omitempty"`

	// publishedAt is when the key entered the JWKS.
	// +optional
	PublishedAt *metav1.Time `json:"publishedAt,omitempty"`

	// activateAt is when the key begins to sign.
	// +optional
	ActivateAt *metav1.Time `json:"activateAt,omitempty"`

	// retireAt is when the key leaves the JWKS.
	// +optional
	RetireAt *metav1.Time `json:"retireAt,omitempty"`
}
