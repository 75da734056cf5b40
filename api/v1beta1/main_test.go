package v1beta1_test

import (
	"os"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/test/controlplane"
)

var plane controlplane.Plane

func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }

// apiServer returns a client of a real API server that has the CRD.
func apiServer(t *testing.T) client.Client {
	t.Helper()
	c, err := client.New(plane.Config(t), client.Options{Scheme: plane.Scheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
