package controllers

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/googlelogin/operator/api/v1beta1"
)

func TestSummary(t *testing.T) {
	all := func(change func(*scope)) *scope {
		s := newScope(&v1beta1.GoogleLogin{}, time.Unix(1000, 0))
		change(s)
		for _, c := range s.summed() {
			if _, ok := s.findings[c]; !ok {
				s.succeed(c, "Fine", "fine")
			}
		}
		return s
	}
	for _, row := range []struct {
		name                        string
		scope                       *scope
		ready, reconciling, stalled string
	}{
		{"all good", all(func(*scope) {}), v1beta1.ReasonReady, "", ""},
		{"one waits", all(func(s *scope) { s.wait(v1beta1.ConditionKeysReady, "Slow", "") }), "Slow", "Slow", ""},
		{"one is stalled", all(func(s *scope) { s.stall(v1beta1.ConditionKeysReady, "Bad", "") }), "Bad", "", "Bad"},
		{"an early one waits, a later one is stalled", all(func(s *scope) {
			s.wait(v1beta1.ConditionCredentialsReady, "Slow", "")
			s.stall(v1beta1.ConditionStorageReady, "Bad", "")
		}), "Slow", "", "Bad"},
		{"one is off", all(func(s *scope) {
			s.report(v1beta1.ConditionAvailable, finding{off, "Off", ""})
		}), "Off", "", ""},
		{"the first of two bad findings counts", all(func(s *scope) {
			s.stall(v1beta1.ConditionKeysReady, "First", "")
			s.succeed(v1beta1.ConditionKeysReady, "Fine", "")
			s.wait(v1beta1.ConditionKeysReady, "Second", "")
		}), "First", "", "First"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.scope.summarize()
			reason := func(condition string) string {
				c := meta.FindStatusCondition(row.scope.login.Status.Conditions, condition)
				if c == nil {
					return ""
				}
				if condition != v1beta1.ConditionReady && c.Status != metav1.ConditionTrue {
					t.Errorf("%s is present and %s", condition, c.Status)
				}
				return c.Reason
			}
			got := [3]string{reason(v1beta1.ConditionReady), reason(v1beta1.ConditionReconciling), reason(v1beta1.ConditionStalled)}
			if diff := cmp.Diff([3]string{row.ready, row.reconciling, row.stalled}, got); diff != "" {
				t.Errorf("reasons of Ready, Reconciling, Stalled (-want +got):\n%s", diff)
			}
		})
	}
}

// broken answers every Get of a Secret with an error that passes by itself.
func broken(c client.WithWatch) client.Reader {
	return interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if _, secret := obj.(*corev1.Secret); secret {
				return errors.New("the API server is away")
			}
			return c.Get(ctx, key, obj, opts...)
		},
	})
}

func TestAPassingErrorIsReportedAndHidesNothingElse(t *testing.T) {
	w := newWorld(t)
	w.started()
	working := w.r.Live
	w.r.Live = broken(w.c)
	if _, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("shop")}); err == nil {
		t.Error("the pass ended without the error, so nobody tries again")
	}
	w.wantCondition(v1beta1.ConditionCredentialsReady, metav1.ConditionFalse, v1beta1.ReasonReconcileError)
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonReconcileError)
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonReconcileError)
	w.wantAbsent(v1beta1.ConditionStalled)
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionTrue, v1beta1.ReasonAvailable)

	w.r.Live = working
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
}

// TestAConditionThatWasNotLookedAtSaysSo: after an error the later conditions still speak of the spec that they were found for.
func TestAConditionThatWasNotLookedAtSaysSo(t *testing.T) {
	w := newWorld(t)
	login := w.started()
	w.get("shop", login)
	login.Spec.Frontend.HomeURL = "https://shop.example.com/other"
	w.update(login)
	w.r.Live = broken(w.c)
	if _, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("shop")}); err == nil {
		t.Fatal("the pass ended without the error")
	}
	got := map[string]int64{}
	for _, c := range w.login().Status.Conditions {
		got[c.Type] = c.ObservedGeneration
	}
	want := map[string]int64{
		v1beta1.ConditionAccepted:         2,
		v1beta1.ConditionCredentialsReady: 2,
		v1beta1.ConditionKeysReady:        1,
		v1beta1.ConditionStorageReady:     1,
		v1beta1.ConditionAvailable:        1,
		v1beta1.ConditionConfigLoaded:     1,
		v1beta1.ConditionReady:            2,
		v1beta1.ConditionReconciling:      2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("observed generations (-want +got):\n%s", diff)
	}
}

func TestALostRaceForTheStatusIsRunAgain(t *testing.T) {
	w := newWorld(t)
	w.shop()
	stale := &staleClient{Client: w.r.Client}
	w.r.Client = stale
	w.reconcile()
	stale.login = w.login()
	login := w.login()
	login.Labels = map[string]string{"changed": "meanwhile"}
	w.update(login)
	w.create(clientSecret(w.ns))
	if result := w.reconcile(); result.RequeueAfter != conflictRetry {
		t.Errorf("result %+v of a pass over a stale copy, want another pass soon", result)
	}
	stale.login = nil
	w.reconcile()
	w.wantCondition(v1beta1.ConditionCredentialsReady, metav1.ConditionTrue, v1beta1.ReasonCredentialsFound)
}

// staleClient answers with an old copy of the GoogleLogin, as a cache may.
type staleClient struct {
	client.Client
	login *v1beta1.GoogleLogin
}

func (c *staleClient) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	if login, ok := obj.(*v1beta1.GoogleLogin); ok && c.login != nil {
		c.login.DeepCopyInto(login)
		return nil
	}
	return c.Client.Get(ctx, key, obj, opts...)
}
