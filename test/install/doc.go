// Package install renders the chart with Helm and holds what it installs against a real API server: the rights of the manager's
// ServiceAccount, and what becomes of the CRD.
//
//	go test ./test/install -update   # after a change of the manager's rights: writes the golden files
package install
