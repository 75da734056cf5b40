package v1beta1

// ServiceAccount is the identity of the server's pods.
type ServiceAccount struct {
	// name of a ServiceAccount in the same namespace that you have made. No token of it is mounted: the server asks nothing of the
	// cluster. Unset: one of the operator's making, called <metadata.name>-googlelogin.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="server.serviceAccount.name must be the name of a ServiceAccount: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// annotations of the ServiceAccount that the operator makes: a cloud's workload identity, say. Without effect on one that you name.
	// +optional
	Annotations Annotations `json:"annotations,omitempty"`
}

// PodMetadata is added to the server's pods.
type PodMetadata struct {
	// labels of the pods, beside those of the operator.
	// +optional
	Labels Labels `json:"labels,omitempty"`

	// annotations of the pods, beside those of the operator.
	// +optional
	Annotations Annotations `json:"annotations,omitempty"`
}

// Labels of an object, beside those of the operator.
//
// +kubebuilder:validation:MaxProperties=32
// +kubebuilder:validation:XValidation:rule="self.all(k, !(k in ['app.kubernetes.io/name', 'app.kubernetes.io/instance', 'app.kubernetes.io/component', 'app.kubernetes.io/managed-by']) && !k.startsWith('googlelogin.dev/'))",message="the labels app.kubernetes.io/name, instance, component and managed-by, and those under googlelogin.dev/, are the operator's own: choose other names"
// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue())",message="the name of a label must be letters, digits, '-', '_' and '.', at most 63, behind an optional domain and '/'"
type Labels map[string]LabelValue

// LabelValue is the value of a label.
//
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`
type LabelValue string

// Annotations of an object, beside those of the operator.
//
// +kubebuilder:validation:MaxProperties=32
// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('googlelogin.dev/'))",message="annotations under googlelogin.dev/ are the operator's own: choose other names"
// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue())",message="the name of an annotation must be letters, digits, '-', '_' and '.', at most 63, behind an optional domain and '/'"
type Annotations map[string]AnnotationValue

// AnnotationValue is the value of an annotation.
//
// +kubebuilder:validation:MaxLength=8192
type AnnotationValue string

// EnvVar is an environment variable of the server.
//
// +kubebuilder:validation:XValidation:rule="!has(self.valueFrom) || !has(self.value) || size(self.value) == 0",message="set value or valueFrom, not both"
type EnvVar struct {
	// name of the variable, such as HTTPS_PROXY. What the operator itself may set is refused: GODEBUG, and names that begin with
	// GOOGLELOGIN_ or KUBERNETES_.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",message="the name of a variable must be letters, digits and '_', and not begin with a digit"
	// +kubebuilder:validation:XValidation:rule="self != 'GODEBUG' && !self.startsWith('GOOGLELOGIN_') && !self.startsWith('KUBERNETES_')",message="GODEBUG, and names that begin with GOOGLELOGIN_ or KUBERNETES_, are reserved"
	Name string `json:"name,omitempty"`

	// value of the variable. Everybody who may read this object reads it: take valueFrom for a secret.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Value string `json:"value,omitempty"`

	// valueFrom takes the value from elsewhere.
	// +optional
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

// EnvVarSource says where a variable's value is.
type EnvVarSource struct {
	// secretKeyRef names a key of a Secret in the same namespace. A variable is read when a pod starts, so a changed Secret needs
	// `kubectl rollout restart`.
	// +required
	SecretKeyRef SecretKeyRef `json:"secretKeyRef,omitzero"`
}

// SecretKeyRef names a key of a Secret in the namespace of the GoogleLogin.
type SecretKeyRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="must be the name of a Secret: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// key of the value.
	// +required
	Key SecretKey `json:"key,omitempty"`
}
