package v1beta1

// InternalAPI says who inside the cluster may call the server's API for administrators, see docs/admin-api.md.
type InternalAPI struct {
	// callers are the ServiceAccounts that may call, up to 32. With the first of them the server listens on port 8082, which the Service
	// names "admin": put it on no route. Callers prove themselves with a projected token of the audience "googlelogin/<namespace>/<name>" of
	// this GoogleLogin, which the server verifies with the cluster's own public keys; the operator brings those and keeps them current.
	// Unset: nobody may call, and the port stays closed.
	// Example: [{serviceAccount: support-desk, permissions: [Users, Sessions]}]
	// +optional
	// +listType=map
	// +listMapKey=namespace
	// +listMapKey=serviceAccount
	// +kubebuilder:validation:MaxItems=32
	Callers []Caller `json:"callers,omitempty"`
}

// Caller is a ServiceAccount and what it may do.
type Caller struct {
	// serviceAccount is its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="internalAPI.callers[].serviceAccount must be the name of a ServiceAccount: lower-case letters, digits, '-' and '.'"
	ServiceAccount string `json:"serviceAccount,omitempty"`

	// namespace is the one that it lives in. Default: that of the GoogleLogin. Whoever may make pods there can call with its permissions.
	// +optional
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self == '' || !format.dns1123Label().validate(self).hasValue()",message="internalAPI.callers[].namespace must be the name of a namespace: lower-case letters, digits and '-'"
	Namespace string `json:"namespace,omitempty"`

	// permissions are what it may do. Users: list, read, export, block, relink and delete users. Sessions: list and end the sessions of a
	// user whose id is known.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Permissions []Permission `json:"permissions,omitempty"`
}

// Permission is a part of the API for administrators.
//
// +kubebuilder:validation:Enum=Users;Sessions
type Permission string

const (
	// PermissionUsers is for everything about users.
	PermissionUsers Permission = "Users"
	// PermissionSessions is for sessions alone.
	PermissionSessions Permission = "Sessions"
)
