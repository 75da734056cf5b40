// Package controlplane runs a real Kubernetes control plane for the tests of one package: etcd, the API server with our CRD, and
// the controller manager's garbage collector. There are no nodes: no pod ever runs, and a test plays the part of whoever would
// report on one.
//
// A package declares one Plane, which starts with the first test that asks for it, and stops it at the end:
//
//	var plane controlplane.Plane
//
//	func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }
//
//	func TestSomething(t *testing.T) {
//		c := plane.Client(t)
//		ns := plane.Namespace(t)
//		…
//	}
//
// The programs are looked up in the folder that KUBEBUILDER_ASSETS names; `make test` sets it.
package controlplane
