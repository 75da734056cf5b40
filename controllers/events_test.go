package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/api/v1beta1"
)

func TestEventsTellOfTransitionsAlone(t *testing.T) {
	w := newWorld(t)
	w.shop(func(l *v1beta1.GoogleLogin) { l.Spec.Storage.Type = v1beta1.StorageMemory })
	w.reconcile()
	want := []string{
		"Normal Accepted the spec can be worked on",
		`Warning SecretNotFound Secret "shop-google", which spec.client.secretRef names, does not exist in this namespace: create it with the keys client_id and client_secret, or with the console's download under credentials.json`,
		"Normal KeysPublished signing and sealing keys are in place",
		"Normal Memory users and sessions are kept in memory and lost at a restart, as spec.storage.type asks",
	}
	if diff := cmp.Diff(want, w.told()); diff != "" {
		t.Errorf("events of the first pass (-want +got):\n%s", diff)
	}
	w.reconcile()
	if got := w.told(); got != nil {
		t.Errorf("events %q of a pass that changed nothing", got)
	}

	w.create(clientSecret(w.ns))
	w.reconcile()
	want = []string{
		`Normal CredentialsFound Secret "shop-google" holds a client ID and a client secret`,
		`Normal RolloutInProgress pods of Deployment "shop-googlelogin" are starting`,
	}
	if diff := cmp.Diff(want, w.told()); diff != "" {
		t.Errorf("events of the pass that found the Secret (-want +got):\n%s", diff)
	}

	w.rollOut()
	w.reconcile()
	want = []string{
		`Normal Available Deployment "shop-googlelogin" has all its pods ready`,
		`Normal ConfigLoaded every server works with the configuration in ConfigMap "shop-config"`,
		"Normal Ready users can sign in at https://shop.example.com/auth/login",
	}
	if diff := cmp.Diff(want, w.told()); diff != "" {
		t.Errorf("events of the pass that found the server ready (-want +got):\n%s", diff)
	}
}

func TestALongNoteIsCutToWhatTheEventsAPITakes(t *testing.T) {
	long := make([]byte, 3000)
	for i := range long {
		long[i] = 'x'
	}
	if got := len(cut(string(long))); got != 1024 {
		t.Errorf("note of %d bytes, want 1024", got)
	}
}
