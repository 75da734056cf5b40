package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Storage is where users and sessions are kept.
//
// +kubebuilder:validation:XValidation:rule="!has(self.type) || !has(oldSelf.type) || self.type == oldSelf.type || oldSelf.type == 'Memory' || (has(self.typeChange) && self.typeChange == 'StartEmpty')",message="storage.type cannot change just so: nothing is copied, everybody has to sign in again and gets a new user id; set storage.typeChange to StartEmpty if that is what you want, and see docs/storage.md",fieldPath=".type"
type Storage struct {
	// type of the storage. SQLite: a file on a volume claim, one server. Postgres: a PostgreSQL database, as many servers as you
	// like. Memory: lost at every restart, for development. A change of the type takes nothing along: users and sessions stay
	// where they were, which is why typeChange has to allow it. Default: SQLite.
	// +optional
	// +kubebuilder:default=SQLite
	Type StorageType `json:"type,omitempty"`

	// sqlite sets the volume claim. Only with type SQLite.
	// +optional
	SQLite *SQLite `json:"sqlite,omitempty"`

	// postgres says where the database is. Only with type Postgres, and required then.
	// +optional
	Postgres *Postgres `json:"postgres,omitempty"`

	// typeChange says whether type may change while there are users. Refused: it may not, so that an edit that drops a line does not
	// sign everybody out. StartEmpty: it may, and the new storage begins without users and sessions. Default: Refused.
	// +optional
	// +kubebuilder:default=Refused
	TypeChange StorageTypeChange `json:"typeChange,omitempty"`
}

// StorageTypeChange says whether the type of the storage may change.
//
// +kubebuilder:validation:Enum=Refused;StartEmpty
type StorageTypeChange string

const (
	// StorageTypeChangeRefused keeps the type as it is.
	StorageTypeChangeRefused StorageTypeChange = "Refused"
	// StorageTypeChangeStartEmpty lets it change, and loses the users and sessions from sight.
	StorageTypeChangeStartEmpty StorageTypeChange = "StartEmpty"
)

// StorageType says what keeps users and sessions.
//
// +kubebuilder:validation:Enum=SQLite;Postgres;Memory
type StorageType string

const (
	// StorageSQLite keeps them in a file on a PersistentVolumeClaim.
	StorageSQLite StorageType = "SQLite"
	// StoragePostgres keeps them in a PostgreSQL database.
	StoragePostgres StorageType = "Postgres"
	// StorageMemory keeps them in the server's memory.
	StorageMemory StorageType = "Memory"
)

// SQLite sets the volume claim of a SQLite database.
type SQLite struct {
	// size of the claim. It can grow where the storage class allows it, and never shrink. Default: 1Gi.
	// +optional
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 16777216 : (isQuantity(self) && quantity(self).compareTo(quantity('16Mi')) >= 0)",message="storage.sqlite.size must be a quantity of at least 16Mi, such as 1Gi"
	// +kubebuilder:validation:XValidation:rule="!isQuantity(string(self)) || !isQuantity(string(oldSelf)) || quantity(string(self)).compareTo(quantity(string(oldSelf))) >= 0",message="storage.sqlite.size cannot shrink: Kubernetes only grows volume claims"
	Size *resource.Quantity `json:"size,omitempty"`

	// storageClassName is the claim's storage class. Unset: the cluster's default. It cannot change once the claim exists.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="storage.sqlite.storageClassName cannot be changed: a volume claim keeps its class"
	StorageClassName *string `json:"storageClassName,omitempty"`
}

// Postgres says where a PostgreSQL database is. Each GoogleLogin needs a database of its own; its tables are in the schema
// googlelogin there.
type Postgres struct {
	// secretRef names the Secret with the database's URI: the one that CloudNativePG makes for a cluster's application, "<cluster>-app",
	// will do as it is. A changed URI or password is used without a restart.
	// +required
	SecretRef DatabaseSecretRef `json:"secretRef,omitzero"`

	// caSecretRef names the Secret with the certificate of the authority that signed the database's own: the one that CloudNativePG makes
	// for a cluster, "<cluster>-ca", will do as it is. With it, the server trusts this authority and no other, and sslmode is verify-full
	// where the URI names none. A changed certificate is used without a restart. Unset: the authorities that the server's image knows.
	// +optional
	CASecretRef *CASecretRef `json:"caSecretRef,omitempty"`
}

// CASecretRef names a Secret in the namespace of the GoogleLogin, and its key of an authority's certificates.
type CASecretRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="storage.postgres.caSecretRef.name must be the name of a Secret: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// key of the certificates in PEM. Other keys of the Secret, an authority's private key say, do not reach the server. Default: ca.crt.
	// +optional
	// +kubebuilder:default="ca.crt"
	Key SecretKey `json:"key,omitempty"`
}

// DatabaseSecretRef names a Secret in the namespace of the GoogleLogin, and its key of a database's URI.
type DatabaseSecretRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="storage.postgres.secretRef.name must be the name of a Secret: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// key of the URI, such as postgresql://user:password@host:5432/database?sslmode=verify-full. Default: uri.
	// +optional
	// +kubebuilder:default=uri
	Key SecretKey `json:"key,omitempty"`
}

// Server sets how the callback server runs.
//
// +kubebuilder:validation:XValidation:rule="!has(self.autoscaling) || (has(self.resources) && has(self.resources.requests) && 'cpu' in self.resources.requests)",message="server.autoscaling compares the CPU that servers use with what they request: set server.resources.requests.cpu, to 100m say",fieldPath=".autoscaling"
type Server struct {
	// replicas of the server. 0 switches it off. Only storage of type Postgres is shared by more than one. `kubectl scale` and
	// autoscalers of your own set it; with autoscaling it counts only while it is 0. Default: 1.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=64
	Replicas *int32 `json:"replicas,omitempty"`

	// image of the callback server. Unset: the image that belongs to the operator's release.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="server.image must be an image reference without spaces"
	Image string `json:"image,omitempty"`

	// upgradePolicy says when the servers follow an upgrade of the operator, which brings a new image and another way to run it. Auto: by
	// themselves, a few GoogleLogins at a time. OnSpecChange: with the next change of the spec that concerns the servers; until then they run
	// as they do, and the condition UpgradePending says so. Default: Auto.
	// +optional
	// +kubebuilder:default=Auto
	UpgradePolicy UpgradePolicy `json:"upgradePolicy,omitempty"`

	// imagePullSecrets are Secrets in the same namespace with which the image is pulled.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`

	// trustedProxies are the CIDRs of the proxies in front of the server. Only their X-Forwarded-For (read from the right),
	// X-Forwarded-Host (if it is the host of a redirect URI) and X-Request-Id count. Unset: nobody's, and every request seems to come
	// from the proxy.
	// Example: ["10.244.0.0/16"]
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	TrustedProxies []CIDR `json:"trustedProxies,omitempty"`

	// rateLimits bound how often one client and one account may ask for what costs: logins, callbacks and tokens.
	// +optional
	// +kubebuilder:default={}
	RateLimits RateLimits `json:"rateLimits,omitzero"`

	// resources of the server's container. Unset: requests of 10m CPU and 32Mi memory, and a memory limit of 128Mi.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// serviceAccount is the identity of the server's pods.
	// +optional
	ServiceAccount ServiceAccount `json:"serviceAccount,omitzero"`

	// podMetadata is added to the server's pods.
	// +optional
	PodMetadata PodMetadata `json:"podMetadata,omitzero"`

	// env are environment variables of the server, for what no field has: HTTPS_PROXY, say. A change restarts the server.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Env []EnvVar `json:"env,omitempty"`

	// nodeSelector are labels that a node must have to run the server.
	// +optional
	NodeSelector Labels `json:"nodeSelector,omitempty"`

	// tolerations are taints of nodes on which the server may run all the same.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Tolerations []Toleration `json:"tolerations,omitempty"`

	// affinity says which nodes, and the neighbourhood of which pods, the server prefers or requires.
	// +optional
	Affinity *Affinity `json:"affinity,omitempty"`

	// topologySpreadConstraints spread the server's pods. Unset: where there may be several, they are spread over nodes and zones as far
	// as that is possible.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	TopologySpreadConstraints []TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`

	// priorityClassName is the PriorityClass of the server's pods. Unset: the cluster's default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="server.priorityClassName must be the name of a PriorityClass: lower-case letters, digits, '-' and '.'"
	PriorityClassName string `json:"priorityClassName,omitempty"`

	// autoscaling lets a HorizontalPodAutoscaler choose the number of servers, in place of replicas: only replicas 0 still counts, and
	// switches the server off. Only with storage of type Postgres. Unset: there are as many servers as replicas says.
	// +optional
	Autoscaling *Autoscaling `json:"autoscaling,omitempty"`

	// podDisruptionBudget bounds how many servers a drain of nodes may take at once.
	// +optional
	// +kubebuilder:default={}
	PodDisruptionBudget PodDisruptionBudget `json:"podDisruptionBudget,omitzero"`

	// networkPolicy bounds who may connect to the server.
	// +optional
	// +kubebuilder:default={}
	NetworkPolicy NetworkPolicy `json:"networkPolicy,omitzero"`

	// serviceMonitor tells a Prometheus that its operator runs to collect the server's metrics.
	// +optional
	// +kubebuilder:default={}
	ServiceMonitor ServiceMonitor `json:"serviceMonitor,omitzero"`
}

// UpgradePolicy says when servers follow an upgrade of the operator.
//
// +kubebuilder:validation:Enum=Auto;OnSpecChange
type UpgradePolicy string

const (
	// UpgradeAuto lets them follow by themselves.
	UpgradeAuto UpgradePolicy = "Auto"
	// UpgradeOnSpecChange lets them follow with the next change of the spec.
	UpgradeOnSpecChange UpgradePolicy = "OnSpecChange"
)

// CIDR is a range of addresses, such as 10.0.0.0/8.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=49
// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="must be a range of addresses, such as 10.0.0.0/8 or 10.1.2.3/32"
// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || cidr(self).prefixLength() > 0",message="must not be every address there is: forwarded headers would then be believed from anybody"
type CIDR string

// RateLimits bound how often one client and one account may ask, in requests per minute; as many may come at once. Who asks too
// often gets 429 with Retry-After, and can go on with the same login afterwards. Each server counts for itself.
type RateLimits struct {
	// perAddress is for one client address (one /64 of IPv6). Without trustedProxies all clients behind a proxy share one address:
	// set trustedProxies first. Default: 300.
	// +optional
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=100000
	PerAddress int32 `json:"perAddress,omitempty"`

	// perAccount is for one Google account, by its sub. Default: 30.
	// +optional
	// +kubebuilder:default=30
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	PerAccount int32 `json:"perAccount,omitempty"`
}
