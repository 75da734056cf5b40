package v1beta1

// Condition types. "Positive" conditions are good when True; "negative" ones are present only while they are True.
const (
	// ConditionReady (positive) sums up the others: True when users can sign in with the spec that observedGeneration names.
	ConditionReady = "Ready"
	// ConditionAccepted (positive) says whether the operator works on this object as it is written.
	ConditionAccepted = "Accepted"
	// ConditionCredentialsReady (positive) says whether the Google client's ID and secret could be read, and whether Google takes them
	// as far as the servers know.
	ConditionCredentialsReady = "CredentialsReady"
	// ConditionKeysReady (positive) says whether the signing and sealing keys exist and can be read, and the cluster's public ones if
	// spec.internalAPI needs them.
	ConditionKeysReady = "KeysReady"
	// ConditionStorageReady (positive) says whether the storage for users and sessions is there.
	ConditionStorageReady = "StorageReady"
	// ConditionAvailable (positive) says whether enough server pods are ready to serve.
	ConditionAvailable = "Available"
	// ConditionExposed (positive) says whether browsers are routed to the server. It is there only if spec.exposure asks for that, and
	// counts for Ready then.
	ConditionExposed = "Exposed"
	// ConditionMonitored (positive) says whether the ServiceMonitor is there. It is there only if spec.server.serviceMonitor asks for one,
	// and does not count for Ready: it keeps nobody from signing in.
	ConditionMonitored = "Monitored"
	// ConditionConfigLoaded (positive) says whether every server has loaded the configuration that follows from the spec. Unknown: the
	// servers cannot be asked; nothing waits for it then.
	ConditionConfigLoaded = "ConfigLoaded"
	// ConditionReconciling (negative) says that the operator is at work, or waits for something that will pass by itself.
	ConditionReconciling = "Reconciling"
	// ConditionStalled (negative) says that only the user can mend what is wrong.
	ConditionStalled = "Stalled"
	// ConditionUpgradePending (negative) says that the servers do not run yet as this release of the operator would run them. It does not
	// count for Ready: they serve all the same.
	ConditionUpgradePending = "UpgradePending"
	// ConditionPaused (negative) says that the annotation googlelogin.dev/paused keeps the operator's hands off. Every other condition
	// is as it was last observed.
	ConditionPaused = "Paused"
)

// AnnotationPaused on a GoogleLogin, with the value "true", keeps the operator from writing anything but the condition Paused: no child
// is made, changed or repaired, and no key rotates. Servers run on.
const AnnotationPaused = "googlelogin.dev/paused"

// Reasons, for conditions and for the events that tell of their transitions.
const (
	// ReasonReady: users can sign in.
	ReasonReady = "Ready"
	// ReasonAccepted: the spec can be worked on.
	ReasonAccepted = "Accepted"
	// ReasonInvalidSpec: the spec asks for something that the server would refuse to load, or the API server to store in a child.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonOwnedByAnother: an object with the name of a child exists and belongs to somebody else. It is never taken over.
	ReasonOwnedByAnother = "OwnedByAnother"

	// ReasonCredentialsProven: Google takes the client ID and secret.
	ReasonCredentialsProven = "CredentialsProven"
	// ReasonRejectedByGoogle: Google does not take the client ID and secret.
	ReasonRejectedByGoogle = "RejectedByGoogle"
	// ReasonCredentialsFound: client ID and secret were read. Google was not asked yet, or did not answer.
	ReasonCredentialsFound = "CredentialsFound"
	// ReasonSecretNotFound: spec.client.secretRef or spec.storage.postgres.secretRef names a Secret that does not exist.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretKeyMissing: the Secret lacks the keys that the spec names.
	ReasonSecretKeyMissing = "SecretKeyMissing"
	// ReasonInvalidCredentials: the Secret's content cannot be used.
	ReasonInvalidCredentials = "InvalidCredentials"
	// ReasonClientIDMismatch: spec.client.id and the Secret name different clients.
	ReasonClientIDMismatch = "ClientIDMismatch"

	// ReasonKeysPublished: signing and sealing keys are in place.
	ReasonKeysPublished = "KeysPublished"
	// ReasonKeysUnreadable: a Secret with keys exists and cannot be understood. It is never overwritten.
	ReasonKeysUnreadable = "KeysUnreadable"
	// ReasonKeyPublished: a new key was made and is in the key set, or among the keys that open cookies.
	ReasonKeyPublished = "KeyPublished"
	// ReasonKeyActivated: a key took over from the one before it.
	ReasonKeyActivated = "KeyActivated"
	// ReasonKeyRetired: a key was dropped that nothing needs any more.
	ReasonKeyRetired = "KeyRetired"
	// ReasonEmergencyRotation: every signing key was dropped at once for a new one, as somebody asked. Every access token that was
	// out is refused.
	ReasonEmergencyRotation = "EmergencyRotation"
	// ReasonKeysAdopted: a Secret with keys that belonged to nobody is used from now on.
	ReasonKeysAdopted = "KeysAdopted"
	// ReasonKeysReplaced: a Secret with keys was gone, or another was named, and new keys took the place of lost ones.
	ReasonKeysReplaced = "KeysReplaced"

	// ReasonClusterKeysUnavailable: the cluster's public keys could not be read, with which the tokens of spec.internalAPI.callers are
	// verified. The operator tries again.
	ReasonClusterKeysUnavailable = "ClusterKeysUnavailable"
	// ReasonClusterKeysForbidden: the operator may not read them.
	ReasonClusterKeysForbidden = "ClusterKeysForbidden"

	// ReasonVolumeBound: the volume claim is bound.
	ReasonVolumeBound = "VolumeBound"
	// ReasonVolumePending: the volume claim waits for a volume.
	ReasonVolumePending = "VolumePending"
	// ReasonVolumeLost: the volume behind the claim is gone.
	ReasonVolumeLost = "VolumeLost"
	// ReasonVolumeRejected: the API server refuses the claim as spec.storage asks for it.
	ReasonVolumeRejected = "VolumeRejected"
	// ReasonDatabaseFound: the URI of the PostgreSQL database was read. Whether the database answers is the pods' readiness.
	ReasonDatabaseFound = "DatabaseFound"
	// ReasonInvalidDatabaseURI: the Secret's content is not the URI of a PostgreSQL database.
	ReasonInvalidDatabaseURI = "InvalidDatabaseURI"
	// ReasonInvalidDatabaseCA: the Secret's content is no certificate of an authority.
	ReasonInvalidDatabaseCA = "InvalidDatabaseCA"
	// ReasonMemory: users and sessions are in memory and lost at a restart, as the spec asks.
	ReasonMemory = "Memory"

	// ReasonAvailable: enough pods are ready.
	ReasonAvailable = "Available"
	// ReasonScaledToZero: spec.server.replicas is 0.
	ReasonScaledToZero = "ScaledToZero"
	// ReasonRolloutInProgress: pods of the wanted revision are starting.
	ReasonRolloutInProgress = "RolloutInProgress"
	// ReasonPodsFailing: a pod cannot start; the message copies the pod's own reason.
	ReasonPodsFailing = "PodsFailing"
	// ReasonUpgradeHeld: spec.server.upgradePolicy is OnSpecChange, and the spec has not changed since the operator was upgraded.
	ReasonUpgradeHeld = "UpgradeHeld"
	// ReasonUpgradeQueued: the servers of other GoogleLogins are replaced first.
	ReasonUpgradeQueued = "UpgradeQueued"
	// ReasonUpgradeInProgress: the servers are being replaced for the sake of an upgrade of the operator.
	ReasonUpgradeInProgress = "UpgradeInProgress"
	// ReasonIngressMade: the Ingress is there, and has no address, or none yet.
	ReasonIngressMade = "IngressMade"
	// ReasonIngressServed: a controller has given the Ingress an address.
	ReasonIngressServed = "IngressServed"
	// ReasonRouteAccepted: every Gateway has accepted the HTTPRoute.
	ReasonRouteAccepted = "RouteAccepted"
	// ReasonRoutePending: a Gateway has not answered yet.
	ReasonRoutePending = "RoutePending"
	// ReasonRouteRefused: a Gateway refuses the HTTPRoute; the message copies its reason.
	ReasonRouteRefused = "RouteRefused"
	// ReasonGatewayAPINotInstalled: the cluster does not know HTTPRoutes.
	ReasonGatewayAPINotInstalled = "GatewayAPINotInstalled"
	// ReasonServiceMonitorMade: the ServiceMonitor is there.
	ReasonServiceMonitorMade = "ServiceMonitorMade"
	// ReasonPrometheusOperatorNotInstalled: the cluster does not know ServiceMonitors.
	ReasonPrometheusOperatorNotInstalled = "PrometheusOperatorNotInstalled"
	// ReasonPaused: the annotation googlelogin.dev/paused is "true".
	ReasonPaused = "Paused"
	// ReasonConfigLoaded: every server works with the configuration that follows from the spec.
	ReasonConfigLoaded = "ConfigLoaded"
	// ReasonConfigPending: the configuration is written, and a server has not loaded it yet.
	ReasonConfigPending = "ConfigPending"
	// ReasonConfigRefused: a server refuses to load the configuration; the message copies why.
	ReasonConfigRefused = "ConfigRefused"
	// ReasonServersUnreachable: the operator cannot ask the servers what they have loaded.
	ReasonServersUnreachable = "ServersUnreachable"
	// ReasonWaiting: an earlier step has to succeed first.
	ReasonWaiting = "Waiting"
	// ReasonReconcileError: the pass ended in an error and is tried again.
	ReasonReconcileError = "ReconcileError"
)
