package v1beta1

// The types below have the names and the shape of Kubernetes' own, without the parts that reach into other namespaces, and with
// descriptions that leave room in the CRD.

// Affinity says which nodes, and the neighbourhood of which pods, the server prefers or requires, as in a pod's spec.affinity.
type Affinity struct {
	// nodeAffinity chooses nodes.
	// +optional
	NodeAffinity *NodeAffinity `json:"nodeAffinity,omitempty"`

	// podAffinity seeks the neighbourhood of pods in the same namespace.
	// +optional
	PodAffinity *PodAffinity `json:"podAffinity,omitempty"`

	// podAntiAffinity avoids the neighbourhood of pods in the same namespace.
	// +optional
	PodAntiAffinity *PodAffinity `json:"podAntiAffinity,omitempty"`
}

// NodeAffinity chooses nodes.
type NodeAffinity struct {
	// requiredDuringSchedulingIgnoredDuringExecution must hold of a node.
	// +optional
	RequiredDuringSchedulingIgnoredDuringExecution *NodeSelector `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty"`

	// preferredDuringSchedulingIgnoredDuringExecution makes a node the better, the more of it holds.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	PreferredDuringSchedulingIgnoredDuringExecution []PreferredNodes `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty"`
}

// NodeSelector holds of a node if one of its terms does.
type NodeSelector struct {
	// nodeSelectorTerms are alternatives.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	NodeSelectorTerms []NodeSelectorTerm `json:"nodeSelectorTerms,omitempty"`
}

// PreferredNodes are nodes that are better than others.
type PreferredNodes struct {
	// weight of the preference, 1 to 100.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight int32 `json:"weight,omitempty"`

	// preference says which nodes.
	// +required
	Preference NodeSelectorTerm `json:"preference,omitzero"`
}

// NodeSelectorTerm holds of a node if all its requirements do.
type NodeSelectorTerm struct {
	// matchExpressions are held against the node's labels.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	MatchExpressions []Requirement `json:"matchExpressions,omitempty"`

	// matchFields are held against the node's fields: metadata.name.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	MatchFields []Requirement `json:"matchFields,omitempty"`
}

// Requirement compares one label.
type Requirement struct {
	// key is the label's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	Key string `json:"key,omitempty"`

	// operator is In, NotIn, Exists or DoesNotExist; of nodes also Gt and Lt.
	// +required
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist;Gt;Lt
	Operator string `json:"operator,omitempty"`

	// values that the operator compares with.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	Values []string `json:"values,omitempty"`
}

// PodAffinity is about the neighbourhood of pods.
type PodAffinity struct {
	// requiredDuringSchedulingIgnoredDuringExecution must hold.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	RequiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty"`

	// preferredDuringSchedulingIgnoredDuringExecution is better than its opposite.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	PreferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty"`
}

// WeightedPodAffinityTerm is a preference.
type WeightedPodAffinityTerm struct {
	// weight of the preference, 1 to 100.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight int32 `json:"weight,omitempty"`

	// podAffinityTerm says which pods.
	// +required
	PodAffinityTerm PodAffinityTerm `json:"podAffinityTerm,omitzero"`
}

// PodAffinityTerm says which pods, and what their neighbourhood is.
type PodAffinityTerm struct {
	// labelSelector chooses pods in the same namespace.
	// +required
	LabelSelector Selector `json:"labelSelector,omitzero"`

	// topologyKey is the node's label whose value neighbours share, such as kubernetes.io/hostname.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	TopologyKey string `json:"topologyKey,omitempty"`
}

// Selector chooses by labels; an empty one chooses all.
type Selector struct {
	// matchLabels must all be there.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	MatchLabels map[string]LabelValue `json:"matchLabels,omitempty"`

	// matchExpressions must all hold.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	MatchExpressions []Requirement `json:"matchExpressions,omitempty"`
}

// Toleration is a taint of nodes that the server puts up with.
type Toleration struct {
	// key of the taint. Unset, with operator Exists: every taint.
	// +optional
	// +kubebuilder:validation:MaxLength=317
	Key string `json:"key,omitempty"`

	// operator is Exists or Equal. Unset: Equal.
	// +optional
	// +kubebuilder:validation:Enum=Exists;Equal
	Operator string `json:"operator,omitempty"`

	// value of the taint, with operator Equal.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Value string `json:"value,omitempty"`

	// effect of the taint. Unset: every effect.
	// +optional
	// +kubebuilder:validation:Enum=NoSchedule;PreferNoSchedule;NoExecute
	Effect string `json:"effect,omitempty"`

	// tolerationSeconds is how long a taint of effect NoExecute is put up with. Unset: for ever.
	// +optional
	TolerationSeconds *int64 `json:"tolerationSeconds,omitempty"`
}

// TopologySpreadConstraint spreads the server's pods over the values of a label of nodes.
type TopologySpreadConstraint struct {
	// topologyKey is the label, such as topology.kubernetes.io/zone.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	TopologyKey string `json:"topologyKey,omitempty"`

	// maxSkew is by how many pods one value may be ahead of another.
	// +required
	// +kubebuilder:validation:Minimum=1
	MaxSkew int32 `json:"maxSkew,omitempty"`

	// whenUnsatisfiable is DoNotSchedule or ScheduleAnyway.
	// +required
	// +kubebuilder:validation:Enum=DoNotSchedule;ScheduleAnyway
	WhenUnsatisfiable string `json:"whenUnsatisfiable,omitempty"`

	// minDomains is how many values there have to be at least, with DoNotSchedule.
	// +optional
	// +kubebuilder:validation:Minimum=1
	MinDomains *int32 `json:"minDomains,omitempty"`
}
