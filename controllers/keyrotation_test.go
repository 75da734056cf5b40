package controllers

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/rotation"
)

// clock is a world's time, which the test moves.
type clock struct{ now time.Time }

// rotating is a shop with keys, at a time that the test moves.
func rotating(t *testing.T, change ...func(*v1beta1.GoogleLogin)) (*world, *clock) {
	t.Helper()
	w, c := newWorld(t), &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.r.Now = func() time.Time { return c.now }
	w.shop(change...)
	w.reconcile()
	w.told()
	return w, c
}

// pass moves the clock and runs a pass.
func (w *world) pass(c *clock, d time.Duration) {
	w.Helper()
	c.now = c.now.Add(d)
	w.reconcile()
}

// states are the states of the keys in the status, oldest first.
func (w *world) states() (states, kids []string) {
	w.Helper()
	for _, key := range w.login().Status.Keys {
		states, kids = append(states, key.State), append(kids, key.KID)
	}
	slices.SortFunc(kids, strings.Compare)
	return states, kids
}

// current is the kid that signs, by the status.
func (w *world) current() string {
	w.Helper()
	for _, key := range w.login().Status.Keys {
		if key.State == "Current" {
			return key.KID
		}
	}
	w.Fatal("no key is current")
	return ""
}

func (w *world) annotate(key, value string) {
	w.Helper()
	login := w.login()
	if login.Annotations == nil {
		login.Annotations = map[string]string{}
	}
	login.Annotations[key] = value
	w.update(login)
}

func (w *world) signingSecret() *corev1.Secret {
	w.Helper()
	secret := &corev1.Secret{}
	w.get("shop-signing-keys", secret)
	return secret
}

// wantTold checks the reasons of the events about signing keys since the last call.
func (w *world) wantTold(want ...string) {
	w.Helper()
	var got []string
	for _, event := range w.told() {
		if strings.Contains(event, "igning key") || strings.Contains(event, "ecret \"shop-signing-keys\"") {
			got = append(got, strings.Fields(event)[0]+" "+strings.Fields(event)[1])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestKeysRotateThroughGenerations(t *testing.T) {
	const day, retain = 24 * time.Hour, 27 * time.Minute
	w, c := rotating(t)
	for generation := range 3 {
		before := w.current()
		w.pass(c, 29*day-map[bool]time.Duration{true: retain}[generation > 0])
		states, _ := w.states()
		if diff := cmp.Diff([]string{"Current", "Next"}, states); diff != "" {
			t.Fatalf("generation %d, a day before (-want +got):\n%s", generation, diff)
		}
		w.wantTold("Normal KeyPublished")
		if w.current() != before {
			t.Error("the key changed before its time")
		}
		w.pass(c, day)
		states, _ = w.states()
		if diff := cmp.Diff([]string{"Previous", "Current"}, states); diff != "" {
			t.Fatalf("generation %d, when the key takes over (-want +got):\n%s", generation, diff)
		}
		w.wantTold("Normal KeyActivated")
		w.pass(c, retain)
		states, _ = w.states()
		if diff := cmp.Diff([]string{"Current"}, states); diff != "" {
			t.Fatalf("generation %d, when no token needs the old key (-want +got):\n%s", generation, diff)
		}
		w.wantTold("Normal KeyRetired")
		w.writes.take()
		w.reconcile()
		if got := w.writes.take(); got != nil {
			t.Errorf("a pass with nothing to do wrote %q", got)
		}
	}
}

func TestThePassComesBackForTheNextKey(t *testing.T) {
	w, c := rotating(t)
	if got, want := w.reconcile().RequeueAfter, 29*24*time.Hour; got > want || got <= 0 {
		t.Errorf("looks again after %s, want at most %s", got, want)
	}
	want := c.now.Add(30 * 24 * time.Hour)
	if got := w.login().Status.NextRotationAt; got == nil || !got.Time.Equal(want) {
		t.Errorf("the status announces the next rotation for %v, want %s", got, want)
	}
}

// TestOfTwoManagersOneRotates lets both read before either writes, over and over.
func TestOfTwoManagersOneRotates(t *testing.T) {
	w, c := rotating(t)
	c.now = c.now.Add(29 * 24 * time.Hour)
	var together sync.WaitGroup
	for range 8 {
		together.Go(func() {
			_, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("shop")})
			if err != nil && !apierrors.IsConflict(err) {
				t.Error(err)
			}
		})
	}
	together.Wait()
	w.reconcile()
	if states, kids := w.states(); len(kids) != 2 {
		t.Errorf("keys are %q, want exactly one new one", states)
	}
	w.wantTold("Normal KeyPublished")
}

func TestAStaleCopyOfTheKeysIsNotWritten(t *testing.T) {
	w, c := rotating(t)
	stale := w.signingSecret()
	c.now = c.now.Add(29 * 24 * time.Hour)
	w.reconcile()
	after := w.signingSecret()
	s := newScope(w.login(), c.now)
	k := keySecret{name: "shop-signing-keys", key: "keys.json"}
	changed := stale.DeepCopy()
	_, err := w.r.writeKeys(w.ctx, s, k, stale, changed, keyContent{content: []byte("{}")})
	if !apierrors.IsConflict(errors.Unwrap(err)) {
		t.Errorf("error %v, want a conflict", err)
	}
	if w.signingSecret().ResourceVersion != after.ResourceVersion {
		t.Error("the Secret was written to")
	}
}

func TestARequestRotatesOnce(t *testing.T) {
	w, c := rotating(t)
	before := w.current()
	w.annotate(v1beta1.AnnotationRotateAt, "now")
	w.pass(c, time.Hour)
	w.pass(c, time.Minute)
	if states, _ := w.states(); !slices.Equal(states, []string{"Current", "Next"}) || w.current() != before {
		t.Errorf("keys are %q after the request, want a next one beside the old", states)
	}
	w.wantTold("Normal KeyPublished")
	if got := w.login().Status.LastHandledRotateAt; got != "now" {
		t.Errorf("the status echoes %q, want the value of the annotation", got)
	}
	w.pass(c, 16*time.Minute)
	if w.current() == before {
		t.Error("the next key did not take over")
	}
	w.wantTold("Normal KeyActivated")
}

func TestARequestIsRememberedWithoutTheStatus(t *testing.T) {
	w, c := rotating(t)
	w.annotate(v1beta1.AnnotationEmergencyRotateAt, "leak-1")
	w.pass(c, time.Hour)
	_, before := w.states()
	login := w.login()
	login.Status = v1beta1.GoogleLoginStatus{ObservedGeneration: -1}
	if err := w.c.Status().Update(w.ctx, login); err != nil {
		t.Fatal(err)
	}
	w.told()
	w.pass(c, time.Minute)
	if _, after := w.states(); !slices.Equal(before, after) {
		t.Errorf("keys went from %q to %q, want no second emergency", before, after)
	}
	if got := w.login().Status.LastHandledEmergencyRotateAt; got != "leak-1" {
		t.Errorf("the status echoes %q, want what the Secret remembers", got)
	}
	w.wantTold()
}

func TestAnEmergencyDropsEveryKey(t *testing.T) {
	w, c := rotating(t)
	w.pass(c, 29*24*time.Hour)
	_, before := w.states()
	w.told()
	w.annotate(v1beta1.AnnotationEmergencyRotateAt, "leak-1")
	w.pass(c, time.Minute)
	states, after := w.states()
	if !slices.Equal(states, []string{"Current"}) || slices.Contains(before, after[0]) {
		t.Errorf("keys are %q, want one new key alone", states)
	}
	keys, err := rotation.Parse(w.signingSecret().Data["keys.json"])
	if err != nil || len(keys.Keys) != 1 {
		t.Errorf("the Secret holds %d keys (%v), want the new one alone", len(keys.Keys), err)
	}
	w.wantTold("Warning EmergencyRotation")
}

func TestLostKeysAreReplacedWithAWarning(t *testing.T) {
	w, c := rotating(t)
	before := w.current()
	w.delete(w.signingSecret())
	w.pass(c, time.Minute)
	if w.current() == before {
		t.Error("the status still shows the lost key")
	}
	w.wantTold("Warning KeysReplaced")
}

func TestRetainedKeysOutliveTheGoogleLoginAndAreTakenUpAgain(t *testing.T) {
	retain := func(l *v1beta1.GoogleLogin) { l.Spec.SigningKeys.DeletionPolicy = v1beta1.DeletionPolicyRetain }
	w, c := rotating(t, retain)
	before := w.current()
	if owners := w.signingSecret().OwnerReferences; len(owners) != 0 {
		t.Fatalf("the Secret has owners %v, and would be deleted with them", owners)
	}
	w.deleteAtOnce(w.login())
	w.shop()
	w.pass(c, time.Minute)
	w.wantTold("Normal KeysAdopted")
	if w.current() != before {
		t.Error("the key is another")
	}
	if !metav1.IsControlledBy(w.signingSecret(), w.login()) {
		t.Error("deletionPolicy Delete did not make the Secret go with the GoogleLogin")
	}
	login := w.login()
	retain(login)
	w.update(login)
	w.pass(c, time.Minute)
	if owners := w.signingSecret().OwnerReferences; len(owners) != 0 {
		t.Errorf("the Secret has owners %v after deletionPolicy became Retain", owners)
	}
	secret := w.signingSecret()
	secret.Labels = nil
	w.update(secret)
	w.pass(c, time.Minute)
	if w.current() != before || len(w.signingSecret().Labels) == 0 {
		t.Error("the Secret without its labels was not recognized and labelled again")
	}
	w.wantTold()
}

func TestTwoGoogleLoginsDoNotShareKeys(t *testing.T) {
	w, _ := rotating(t, func(l *v1beta1.GoogleLogin) { l.Spec.SigningKeys.DeletionPolicy = v1beta1.DeletionPolicyRetain })
	other := shopIn(w.ns)
	other.Name = "stock"
	other.Spec.SigningKeys.SecretName = "shop-signing-keys"
	w.create(other)
	before := w.signingSecret().ResourceVersion
	if _, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("stock")}); err != nil {
		t.Fatal(err)
	}
	w.get("stock", other)
	c := meta.FindStatusCondition(other.Status.Conditions, v1beta1.ConditionKeysReady)
	if c == nil || c.Reason != v1beta1.ReasonOwnedByAnother || !strings.Contains(c.Message, `GoogleLogin "shop"`) {
		t.Errorf("condition %+v, want a refusal that names the other GoogleLogin", c)
	}
	if w.signingSecret().ResourceVersion != before {
		t.Error("the Secret was written to")
	}
}

func TestANamedSecretIsAdopted(t *testing.T) {
	w, _ := rotating(t)
	content := w.signingSecret().Data["keys.json"]
	named := func(name string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name}, Type: signingKeysType, Data: map[string][]byte{"keys.json": content}}
	}
	w.create(named("from-backup"))
	opaque := named("opaque")
	opaque.Type = corev1.SecretTypeOpaque
	w.create(opaque)
	owner := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "owner"}}
	w.create(owner)
	taken := named("taken")
	taken.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, corev1.SchemeGroupVersion.WithKind("ConfigMap"))}
	w.create(taken)
	for _, row := range []struct {
		name, reason string
		status       metav1.ConditionStatus
	}{
		{"from-backup", v1beta1.ReasonKeysPublished, metav1.ConditionTrue},
		{"opaque", v1beta1.ReasonKeysUnreadable, metav1.ConditionFalse},
		{"taken", v1beta1.ReasonOwnedByAnother, metav1.ConditionFalse},
	} {
		login := w.login()
		login.Spec.SigningKeys.SecretName = row.name
		w.update(login)
		w.reconcile()
		w.wantCondition(v1beta1.ConditionKeysReady, row.status, row.reason)
	}
}

func TestOldSealingKeysOpenWhatTheySealed(t *testing.T) {
	w, c := rotating(t)
	load := func() (tink.AEAD, *keyset.Handle) {
		secret := &corev1.Secret{}
		w.get("shop-sealing-keys", secret)
		handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(secret.Data["keyset.json"])))
		if err != nil {
			t.Fatal(err)
		}
		sealer, err := aead.New(handle)
		if err != nil {
			t.Fatal(err)
		}
		return sealer, handle
	}
	first, handle := load()
	primary := handle.KeysetInfo().GetPrimaryKeyId()
	sealed, err := first.Encrypt([]byte("text"), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.pass(c, 29*24*time.Hour)
	_, handle = load()
	if info := handle.KeysetInfo(); len(info.GetKeyInfo()) != 2 || info.GetPrimaryKeyId() != primary {
		t.Errorf("a day before there are %d keys and the primary is new: %t", len(info.GetKeyInfo()), info.GetPrimaryKeyId() != primary)
	}
	distributed, _ := load()
	w.pass(c, 24*time.Hour)
	now, handle := load()
	if handle.KeysetInfo().GetPrimaryKeyId() == primary {
		t.Error("the new key does not seal")
	}
	fresh, err := now.Encrypt([]byte("text"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := distributed.Decrypt(fresh, nil); err != nil {
		t.Errorf("a pod that has not seen the last write opens what the new key sealed: %v", err)
	}
	w.annotate(v1beta1.AnnotationEmergencyRotateAt, "leak-1")
	w.pass(c, time.Hour)
	w.pass(c, time.Hour)
	last, _ := load()
	if _, err := last.Decrypt(sealed, nil); err != nil {
		t.Errorf("what the first key sealed no longer opens: %v", err)
	}
	w.pass(c, 420*24*time.Hour)
	if last, _ = load(); last != nil {
		if _, err := last.Decrypt(sealed, nil); err == nil {
			t.Error("the first key was never dropped")
		}
	}
}
