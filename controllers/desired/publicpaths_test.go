package desired_test

import (
	"os"
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/config"
)

// A redirect URI on the path of an endpoint would be refused by the server: the API server says so first, by a list of its own.
func TestTheCRDKnowsThePublicPaths(t *testing.T) {
	crd, err := os.ReadFile("../../config/crd/bases/googlelogin.dev_googlelogins.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range config.PublicPaths("") {
		if !strings.Contains(string(crd), "'"+path+"'") {
			t.Errorf("the CRD takes a redirect URI with the path <basePath>%s", path)
		}
	}
}
