package v1beta1

// ForwardAuth sets how proxies ask about each request before they hand it to an application. The routes under <basePath>/check are
// always served.
type ForwardAuth struct {
	// extAuthz set to Enabled answers Envoy by gRPC as well (envoy.service.auth.v3), on port 8083 of the Service, named "ext-authz". The
	// port is for Envoy alone: keep others from it by a NetworkPolicy, and put it on no route. Default: Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	ExtAuthz Switch `json:"extAuthz,omitempty"`
	// encodedSlashes set to Enabled lets a path with an encoded slash pass ("%2F", as GitLab, npm registries and S3 have it), which is refused
	// otherwise, since a proxy with rules by path may see another path than the application. Enable it only where the proxy asks about every
	// path of the application. Encoded dots, backslashes and slashes encoded twice stay refused. Default: Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	EncodedSlashes Switch `json:"encodedSlashes,omitempty"`
}
