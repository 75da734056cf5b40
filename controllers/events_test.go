package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

func TestEventsTellOfTransitionsAlone(t *testing.T) {
	w := newWorld(t)
	w.shop(func(l *v1beta1.GoogleLogin) { l.Spec.Storage.Type = v1beta1.StorageMemory })
	w.reconcile()
	want := []string{
		`Warning SecretNotFound Secret "shop-google", which spec.client.secretRef names, does not exist in this namespace: create it with the keys client_id and client_secret, or with the console's download under credentials.json`,
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
		"Normal Ready users can sign in at https://shop.example.com/auth/login",
	}
	if diff := cmp.Diff(want, w.told()); diff != "" {
		t.Errorf("events of the pass that found the server ready (-want +got):\n%s", diff)
	}
}

// What becomes True beside Ready is told of only if Ready does not mean it.
func TestReadySpeaksForWhatItSumsUp(t *testing.T) {
	is := func(condition, reason string, status metav1.ConditionStatus) *metav1.Condition {
		return &metav1.Condition{Type: condition, Reason: reason, Status: status}
	}
	ready := transition{*is(v1beta1.ConditionReady, v1beta1.ReasonReady, metav1.ConditionTrue), is(v1beta1.ConditionReady, v1beta1.ReasonPodsFailing, metav1.ConditionFalse)}
	mended := transition{*is(v1beta1.ConditionAvailable, v1beta1.ReasonAvailable, metav1.ConditionTrue), is(v1beta1.ConditionAvailable, v1beta1.ReasonPodsFailing, metav1.ConditionFalse)}
	monitored := transition{
		*is(v1beta1.ConditionMonitored, v1beta1.ReasonServiceMonitorMade, metav1.ConditionTrue),
		is(v1beta1.ConditionMonitored, v1beta1.ReasonPrometheusOperatorNotInstalled, metav1.ConditionFalse),
	}
	proven := transition{
		*is(v1beta1.ConditionCredentialsReady, v1beta1.ReasonCredentialsProven, metav1.ConditionTrue),
		is(v1beta1.ConditionCredentialsReady, v1beta1.ReasonCredentialsFound, metav1.ConditionTrue),
	}
	fromTheStart := transition{*is(v1beta1.ConditionAccepted, v1beta1.ReasonAccepted, metav1.ConditionTrue), nil}
	held := transition{*is(v1beta1.ConditionUpgradePending, v1beta1.ReasonUpgradeHeld, metav1.ConditionTrue), nil}

	login := shopIn("team")
	login.Spec.Server.ServiceMonitor.Mode = v1beta1.Enabled
	s := newScope(login, time.Time{})
	for name, row := range map[string]struct{ all, want []transition }{
		"with Ready":    {[]transition{mended, proven, fromTheStart, monitored, ready, held}, []transition{proven, monitored, ready, held}},
		"without Ready": {[]transition{mended, proven, fromTheStart, monitored, held}, []transition{mended, proven, monitored, held}},
	} {
		if diff := cmp.Diff(row.want, s.eventful(row.all), cmp.AllowUnexported(transition{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
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
