package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/server/config"
)

// fleet are servers, by the address of their pod, that say what the test wants.
type fleet struct {
	mu    sync.Mutex
	says  map[string]config.Status
	asked int
}

func (f *fleet) Status(_ context.Context, address string) (config.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	s, ok := f.says[address]
	if !ok {
		return config.Status{}, errors.New("connection refused")
	}
	return s, nil
}

// withServers is a started shop with a ready pod at each address. Their servers have loaded what there is to load.
func withServers(t *testing.T, addresses ...string) (*world, *fleet) {
	t.Helper()
	w := newWorld(t)
	f := &fleet{says: map[string]config.Status{}}
	w.r.Servers = f
	w.started()
	for i, address := range addresses {
		w.readyPod(fmt.Sprintf("shop-googlelogin-%d", i), address)
		f.says[address] = w.upToDate()
	}
	w.reconcile()
	return w, f
}

// readyPod plays the ReplicaSet controller and the kubelet.
func (w *world) readyPod(name, address string) {
	w.Helper()
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	// A real one: the garbage collector takes pods whose owner does not exist.
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name},
		Spec:       appsv1.ReplicaSetSpec{Selector: d.Spec.Selector, Template: d.Spec.Template},
	}
	w.create(set)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.ns, Name: name, Labels: d.Spec.Template.Labels, Annotations: d.Spec.Template.Annotations,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: set.Name, UID: set.UID, Controller: ptr.To(true)}},
		},
		Spec: d.Spec.Template.Spec,
	}
	w.create(pod)
	pod.Status = corev1.PodStatus{
		PodIP: address, PodIPs: []corev1.PodIP{{IP: address}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	if err := w.c.Status().Update(w.ctx, pod); err != nil {
		w.Fatal(err)
	}
}

// upToDate is the status of a server with the configuration that the ConfigMap holds, whose client Google takes.
func (w *world) upToDate() config.Status {
	w.Helper()
	configMap := &corev1.ConfigMap{}
	w.get("shop-config", configMap)
	return config.Status{
		Version: "1", Instance: w.ns + "/shop", ConfigHash: config.Hash([]byte(configMap.Data[desired.ConfigKey])),
		Credentials: config.CredentialsStatus{Verdict: config.VerdictProven},
	}
}

func (w *world) changeAccess(domain string) {
	w.Helper()
	login := w.login()
	login.Spec.Access.HostedDomains = []v1beta1.HostedDomain{v1beta1.HostedDomain(domain)}
	w.update(login)
}

func TestAChangeThatServersTakeByThemselvesIsReadyWhenAllHaveTakenIt(t *testing.T) {
	w, f := withServers(t, "192.0.2.1", "192.0.2.2")
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	w.wantCondition(v1beta1.ConditionConfigLoaded, metav1.ConditionTrue, v1beta1.ReasonConfigLoaded)
	w.wantCondition(v1beta1.ConditionCredentialsReady, metav1.ConditionTrue, v1beta1.ReasonCredentialsProven)
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	before := d.ResourceVersion
	w.writes.take()

	w.changeAccess("other.example.com")
	result := w.reconcile()
	want := []string{"apply ConfigMap shop-config", "patch shop-googlelogin-0", "patch shop-googlelogin-1", "patch status shop"}
	if diff := cmp.Diff(want, w.writes.take()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonConfigPending)
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonConfigPending)
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionTrue, v1beta1.ReasonAvailable)
	w.wantAbsent(v1beta1.ConditionStalled)
	if result.RequeueAfter == 0 || result.RequeueAfter > 5*time.Second {
		t.Errorf("asked again after %s, want soon", result.RequeueAfter)
	}

	f.says["192.0.2.1"] = w.upToDate()
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonConfigPending)
	if got := w.writes.take(); got != nil {
		t.Errorf("a pass that found half of the servers changed wrote %q, want nothing", got)
	}
	f.says["192.0.2.2"] = w.upToDate()
	result = w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	w.wantAbsent(v1beta1.ConditionReconciling)
	w.writes.take()
	w.reconcile()
	if got := w.writes.take(); got != nil || result.RequeueAfter < 10*time.Second {
		t.Errorf("wrote %q and asks again after %s, with nothing to do", got, result.RequeueAfter)
	}
	w.get("shop-googlelogin", d)
	if d.ResourceVersion != before {
		t.Error("the Deployment was written to")
	}
}

func TestServersThatDoNotLoadTheConfiguration(t *testing.T) {
	for name, row := range map[string]struct {
		says                     func(*config.Status)
		soonReason, lateReason   string
		soonOutcome, lateOutcome outcome
		message                  string
	}{
		"refuse it": {
			func(s *config.Status) { s.ConfigHash, s.ConfigProblem = "old", "decode:\n unknown field \"x\"" },
			v1beta1.ReasonConfigPending, v1beta1.ReasonConfigRefused, waiting, stalled, `decode: unknown field "x"`},
		"are slow": {
			func(s *config.Status) { s.ConfigHash = "old" },
			v1beta1.ReasonConfigPending, v1beta1.ReasonConfigPending, waiting, waiting, "kubelet"},
		"are others, at the same address": {
			func(s *config.Status) { s.Instance = "other/shop" },
			v1beta1.ReasonConfigPending, v1beta1.ReasonServersUnreachable, waiting, unknown, "NetworkPolicy"},
		"have loaded it, and refuse what is not there any more": {
			func(s *config.Status) { s.ConfigProblem = "file is gone" },
			v1beta1.ReasonConfigLoaded, v1beta1.ReasonConfigLoaded, good, good, "every server"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScope(shopIn("team"), time.Unix(0, 0))
			s.configMap = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "shop-config"}}
			status := config.Status{Instance: "team/shop", ConfigHash: "new"}
			row.says(&status)
			r := &Reconciler{Servers: &fleet{says: map[string]config.Status{"192.0.2.1": status}}}
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Labels: desired.Labels("shop")}, Status: corev1.PodStatus{PodIP: "192.0.2.1"}}
			answers := r.ask(t.Context(), []*corev1.Pod{pod})
			soon, late := s.loaded(answers, "new", time.Second), s.loaded(answers, "new", patience)
			if soon.reason != row.soonReason || soon.outcome != row.soonOutcome {
				t.Errorf("at first: %+v", soon)
			}
			if late.reason != row.lateReason || late.outcome != row.lateOutcome || !strings.Contains(late.message, row.message) {
				t.Errorf("later: %+v", late)
			}
		})
	}
}

func TestServersThatCannotBeAskedHoldNothingUpForever(t *testing.T) {
	w, f := withServers(t, "192.0.2.1")
	clear(f.says)
	w.changeAccess("other.example.com")
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonConfigPending)
	w.r.Now = func() time.Time { return time.Now().Add(patience + time.Second) }
	result := w.reconcile()
	w.wantCondition(v1beta1.ConditionConfigLoaded, metav1.ConditionUnknown, v1beta1.ReasonServersUnreachable)
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	w.wantAbsent(v1beta1.ConditionReconciling)
	if result.RequeueAfter != askUnreachable {
		t.Errorf("asked again after %s, want %s", result.RequeueAfter, askUnreachable)
	}
	w.writes.take()
	w.reconcile()
	if got := w.writes.take(); got != nil {
		t.Errorf("wrote %q, want nothing", got)
	}
}

func TestC31_ARejectedClientIsStalledUntilAServerSaysOtherwise(t *testing.T) {
	w, f := withServers(t, "192.0.2.1", "192.0.2.2")
	say := func(address string, verdict config.Verdict, oldInUse bool) {
		s := f.says[address]
		s.Credentials = config.CredentialsStatus{Verdict: verdict, OldInUse: oldInUse}
		f.says[address] = s
	}
	say("192.0.2.2", config.VerdictRejected, true)
	w.reconcile()
	c := w.wantCondition(v1beta1.ConditionCredentialsReady, metav1.ConditionFalse, v1beta1.ReasonRejectedByGoogle)
	for _, part := range []string{`"shop-google"`, "client_secret", "Google's console", "go on with the secret before it"} {
		if !strings.Contains(c.Message, part) {
			t.Errorf("message %q does not say %s", c.Message, part)
		}
	}
	w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, v1beta1.ReasonRejectedByGoogle)
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionTrue, v1beta1.ReasonAvailable)

	t.Log("Google is away: the verdict stands")
	say("192.0.2.1", config.VerdictUnknown, false)
	say("192.0.2.2", config.VerdictUnknown, false)
	w.writes.take()
	w.reconcile()
	w.wantCondition(v1beta1.ConditionCredentialsReady, metav1.ConditionFalse, v1beta1.ReasonRejectedByGoogle)
	if got := w.writes.take(); got != nil {
		t.Errorf("wrote %q, want nothing", got)
	}

	t.Log("it takes the client after all")
	say("192.0.2.1", config.VerdictProven, false)
	say("192.0.2.2", config.VerdictProven, false)
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	w.wantAbsent(v1beta1.ConditionStalled)
}

func TestOnlyReadyPodsOfAReplicaSetAreAsked(t *testing.T) {
	w, f := withServers(t, "192.0.2.1")
	stray := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "stray", Labels: desired.Labels("shop")},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "server", Image: "x"}}},
	}
	w.create(stray)
	stray.Status = corev1.PodStatus{PodIP: "192.0.2.9", PodIPs: []corev1.PodIP{{IP: "192.0.2.9"}}, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
	if err := w.c.Status().Update(w.ctx, stray); err != nil {
		t.Fatal(err)
	}
	before := f.asked
	w.reconcile()
	if got := f.asked - before; got != 1 {
		t.Errorf("%d pods were asked, want one", got)
	}
}

func TestAskServers_BelievesNothingButAPlainAnswer(t *testing.T) {
	followed := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		good   bool
	}{
		"a status": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"instance":"team/shop","configHash":"x","newer":1}`))
		}, true},
		"an error":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, false},
		"a page":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, false},
		"an old one": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }, false},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, false},
		"a long page": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"x":"` + strings.Repeat("x", 1<<20) + `","configHash":"x"}`))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(row.answer)
			defer server.Close()
			got, err := AskServers().(inquiry).get(t.Context(), server.URL+"/status")
			if (err == nil) != row.good || (row.good && got.ConfigHash != "x") {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	if followed {
		t.Error("a redirect was followed")
	}
}
