package v1beta1

// NetworkPolicy bounds who may connect to the server's pods. What they connect to is not bounded: Google's addresses change, and a
// policy knows no names.
type NetworkPolicy struct {
	// mode Enabled makes a NetworkPolicy. It lets nobody in but to these ports: 8080, what browsers and backends reach, from publicFrom;
	// 8081, health and metrics, from every pod of the cluster; 8082, the admin API, from the namespaces of spec.internalAPI.callers;
	// 8083, Envoy's questions by gRPC, from extAuthzFrom. It has an effect where the cluster's network enforces policies.
	// Default: Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	Mode Switch `json:"mode,omitempty"`

	// publicFrom are those who may reach port 8080: the proxy in front of the server, and the backends that fetch its keys. Unset:
	// everybody.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	PublicFrom []NetworkPeer `json:"publicFrom,omitempty"`

	// extAuthzFrom are those who may reach port 8083, which authenticates nobody: the pods of Envoy, and no others. Unset: nobody.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	ExtAuthzFrom []NetworkPeer `json:"extAuthzFrom,omitempty"`
}

// NetworkPeer is somebody who may connect: pods, or a range of addresses.
//
// +kubebuilder:validation:XValidation:rule="has(self.ipBlock) ? !has(self.podSelector) && !has(self.namespaceSelector) : has(self.podSelector) || has(self.namespaceSelector)",message="a peer needs podSelector, namespaceSelector or both, or else ipBlock"
type NetworkPeer struct {
	// podSelector chooses pods: in the same namespace, or in those of namespaceSelector. Unset: every pod there.
	// +optional
	PodSelector *Selector `json:"podSelector,omitempty"`

	// namespaceSelector chooses namespaces by their labels; kubernetes.io/metadata.name is one that each has. An empty one chooses all.
	// Unset: the namespace of the GoogleLogin.
	// +optional
	NamespaceSelector *Selector `json:"namespaceSelector,omitempty"`

	// ipBlock is a range of addresses.
	// +optional
	IPBlock *IPBlock `json:"ipBlock,omitempty"`
}

// IPBlock is a range of addresses.
type IPBlock struct {
	// cidr is the range, such as 10.0.0.0/8.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=49
	// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="must be a range of addresses, such as 10.0.0.0/8"
	CIDR string `json:"cidr,omitempty"`
}

// ServiceMonitor sets how metrics are collected.
type ServiceMonitor struct {
	// mode Enabled makes a ServiceMonitor, for which the cluster needs the Prometheus operator; the condition Monitored says whether it
	// has it. Default: Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	Mode Switch `json:"mode,omitempty"`

	// interval between two collections. Default: 30s.
	// +optional
	// +kubebuilder:default="30s"
	Interval Duration `json:"interval,omitempty"`

	// labels of the ServiceMonitor, by which a Prometheus selects those that concern it.
	// Example: {release: prometheus}
	// +optional
	Labels Labels `json:"labels,omitempty"`
}
