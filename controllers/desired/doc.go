// Package desired computes the objects that a GoogleLogin stands for. It is pure: no client, context, clock or randomness, so
// that the same GoogleLogin always gives the same objects, and a golden file shows each of them.
//
// What every GoogleLogin gets, one file per kind:
//
//	ServiceAccount         <name>-googlelogin   without an API token: the server has no business with the cluster
//	ConfigMap              <name>-config        config.yaml, the server's whole configuration, without a secret
//	PersistentVolumeClaim  <name>-data          users and sessions, with storage of type SQLite
//	Deployment             <name>-googlelogin   the callback server
//	Service                <name>-googlelogin   8080 what the internet reaches, 8081 health and metrics
//
// What it gets where the spec asks for it, all of them called <name>-googlelogin too, and nil otherwise: Ingress, HTTPRoute,
// PodDisruptionBudget, HorizontalPodAutoscaler, NetworkPolicy, ServiceMonitor.
//
// The two Secrets with keys, <name>-signing-keys and <name>-sealing-keys, hold randomness and are therefore made by package
// controllers; their names are here.
package desired
