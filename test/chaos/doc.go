// Package chaos does to a real cluster what nobody plans for, one fault after another, while users sign in and every request of theirs is
// checked: pods and managers are killed, PostgreSQL and Google go away, and so do the API server, etcd and the kubelet. What each fault
// did is measured from outside. Nothing may be lost, and every run has to end Ready by itself. Before the faults come the changes of an
// ordinary day, a policy, a secret, a rollout, an operator's upgrade, which nobody may notice at all.
//
// The tests are behind the build tag chaos; `make chaos` runs them. They need the node cluster of test/cluster, since they kill
// its processes, and root. The operator has to be installed; two GoogleLogins of their own, one on SQLite and one on a PostgreSQL
// server outside of the cluster, are made in a namespace of their own and removed again.
//
//	CHAOS=manager    runs the changes and faults whose names this expression matches, and no others
//	AWAY=2m          how long the API server is away
//	ROTATIONS=20     how many rotations of the signing keys TestRotationUnderLoad sees through
package chaos
