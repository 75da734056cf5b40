package v1beta1

// Exposure says how browsers reach the callback server: under the host of each redirect URI, its path, and each path below basePath
// that browsers ask for. Redirect URIs on localhost and on addresses are not exposed.
//
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'HTTPRoute' || has(self.httpRoute)",message="exposure of type HTTPRoute needs exposure.httpRoute.parentRefs, the Gateway to attach to",fieldPath=".httpRoute"
type Exposure struct {
	// type of the object that routes to the server. None: you route to the Service yourself. Ingress: an Ingress. HTTPRoute: a route of
	// the Gateway API. Default: None.
	// +optional
	// +kubebuilder:default=None
	Type ExposureType `json:"type,omitempty"`

	// ingress sets the Ingress. Only with type Ingress.
	// +optional
	Ingress *Ingress `json:"ingress,omitempty"`

	// httpRoute sets the HTTPRoute. Only with type HTTPRoute, and required then.
	// +optional
	HTTPRoute *HTTPRoute `json:"httpRoute,omitempty"`
}

// ExposureType says what routes to the server.
//
// +kubebuilder:validation:Enum=None;Ingress;HTTPRoute
type ExposureType string

const (
	// ExposureNone leaves the routing to the team.
	ExposureNone ExposureType = "None"
	// ExposureIngress makes an Ingress.
	ExposureIngress ExposureType = "Ingress"
	// ExposureHTTPRoute makes an HTTPRoute.
	ExposureHTTPRoute ExposureType = "HTTPRoute"
)

// Ingress sets the Ingress in front of the server.
type Ingress struct {
	// ingressClassName is the class of the controller that serves it. Unset: the cluster's default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="exposure.ingress.ingressClassName must be the name of an IngressClass: lower-case letters, digits, '-' and '.'"
	IngressClassName string `json:"ingressClassName,omitempty"`

	// annotations of the Ingress. With cert-manager.io/cluster-issuer or cert-manager.io/issuer, cert-manager makes the certificate.
	// +optional
	Annotations Annotations `json:"annotations,omitempty"`

	// labels of the Ingress.
	// +optional
	Labels Labels `json:"labels,omitempty"`

	// tls sets the certificates.
	// +optional
	// +kubebuilder:default={}
	TLS IngressTLS `json:"tls,omitzero"`
}

// IngressTLS sets the certificates of an Ingress.
type IngressTLS struct {
	// mode Enabled names a Secret with a certificate for each host. Disabled leaves TLS to the ingress controller's default certificate,
	// or to a proxy before it: browsers must come by https all the same. Default: Enabled.
	// +optional
	// +kubebuilder:default=Enabled
	Mode Switch `json:"mode,omitempty"`

	// secretName is the Secret, in the same namespace, with one certificate for all hosts. Unset: one for each host, called
	// <metadata.name>-<host>-tls.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="exposure.ingress.tls.secretName must be the name of a Secret: lower-case letters, digits, '-' and '.'"
	SecretName string `json:"secretName,omitempty"`
}

// HTTPRoute sets the HTTPRoute to the server. TLS, and cert-manager's annotations, are the Gateway's.
type HTTPRoute struct {
	// parentRefs are the Gateways to attach to.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	ParentRefs []ParentRef `json:"parentRefs,omitempty"`

	// hostnames that the route answers to. Unset: the hosts of redirectURIs.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Hostnames []Hostname `json:"hostnames,omitempty"`

	// annotations of the HTTPRoute.
	// +optional
	Annotations Annotations `json:"annotations,omitempty"`

	// labels of the HTTPRoute.
	// +optional
	Labels Labels `json:"labels,omitempty"`
}

// ParentRef names a Gateway.
type ParentRef struct {
	// name of the Gateway.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="must be the name of a Gateway: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// namespace of the Gateway. It is the Gateway that decides, by allowedRoutes, from which namespaces routes may attach to it.
	// Unset: the namespace of the GoogleLogin.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Label().validate(self).hasValue()",message="must be the name of a namespace: lower-case letters, digits and '-'"
	Namespace string `json:"namespace,omitempty"`

	// sectionName is the listener of the Gateway. Unset: every listener that fits.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="must be the name of a listener: lower-case letters, digits, '-' and '.'"
	SectionName string `json:"sectionName,omitempty"`

	// port of the listener. Unset: every port.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
}

// Hostname is the name of a host, whose first label may be "*".
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^([*][.])?[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$')",message="must be the name of a host in lower case, such as shop.example.com or *.example.com, without a port"
type Hostname string
