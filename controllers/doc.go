// Package controllers reconciles GoogleLogins. It holds all the reading and writing of the cluster; what is to be written is
// computed by packages desired and rotation.
//
// One pass loads the GoogleLogin into a scope, runs these steps in order, and ends with one status patch, which is skipped when
// nothing changed. Each step reports on its own condition:
//
//	accept        Accepted          the spec is one that the server will load
//	credentials   CredentialsReady  the Google client's ID and secret can be read
//	signingKeys   KeysReady         the keys that sign access JWTs exist and can be read
//	sealingKeys   KeysReady         the keys that seal cookies exist and can be read
//	storage       StorageReady      the volume claim for users and sessions exists
//	workload      Available         ServiceAccount, ConfigMap, Deployment and Service are as desired
//	rollout       Available         enough pods of the desired revision are ready
//	exposure      Exposed           browsers are routed to the server, if the spec asks for that
//	monitoring    Monitored         the ServiceMonitor is there, if the spec asks for one
//
// A step that cannot go on does not keep the next from running: keys and claim are made while the team's Secret is still
// missing. Only the workload waits for all before it. A server that already runs is left alone meanwhile, with the credentials
// and keys it has.
//
// Nothing foreign is ever taken over: a child that exists and is not controlled by this GoogleLogin is reported and left as it
// is. There is no finalizer: every child has an owner reference, and the garbage collector does the rest.
//
// Secrets are watched as metadata alone, and read live and one at a time when a pass needs one, so that no foreign Secret's
// content is ever in the manager's memory for longer than that.
package controllers
