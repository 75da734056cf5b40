//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// It stands in the last file: the tests run in the order of their files, and this one forgets every user.
func TestADeletedGoogleLoginLeavesNothingBehind(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(shopURL)
	b.signIn(ann)
	before := b.me().Subject
	if children(t) == "" {
		t.Fatal("there are no children to be deleted")
	}

	inDemo(t, "delete", "googlelogin", "shop", "--wait")
	eventually(t, "the GoogleLogin's children are gone", func() bool { return children(t) == "" })

	if _, err := apply(manifest(t, "googlelogin")); err != nil {
		t.Fatal(err)
	}
	ready(t)
	b.reload()
	b.see(signedOut)
	b.signIn(ann)
	if after := b.me().Subject; after == before {
		t.Error("Ann is the same user as before, though everything was deleted")
	}
}

// children are the objects that bear the GoogleLogin's labels or its name.
func children(t *testing.T) string {
	t.Helper()
	const kinds = "deployments,replicasets,pods,services,configmaps,secrets,serviceaccounts,persistentvolumeclaims"
	labelled := inDemo(t, "get", kinds, "--selector", "app.kubernetes.io/instance=shop", "-o", "name")
	var found []string
	for _, name := range strings.Fields(inDemo(t, "get", kinds, "-o", "name")) {
		if _, rest, _ := strings.Cut(name, "/"); strings.HasPrefix(rest, "shop-") && belongsToTheServer(rest) {
			found = append(found, name)
		}
	}
	return labelled + strings.Join(found, "\n")
}

// belongsToTheServer tells the operator's children from the sample shop's objects, some of which begin with the same word.
func belongsToTheServer(name string) bool {
	for _, child := range []string{server, "shop-config", "shop-data", "shop-signing-keys", "shop-sealing-keys"} {
		if strings.HasPrefix(name, child) {
			return true
		}
	}
	return false
}
