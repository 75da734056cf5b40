package controllers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
)

// saboteur stands between a manager and the API server.
type saboteur struct {
	next http.RoundTripper
	// meddle answers in the API server's place, or is not interested. do asks the API server.
	meddle func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error)
}

func (s saboteur) RoundTrip(r *http.Request) (*http.Response, error) {
	return s.meddle(r, func() (*http.Response, error) { return s.next.RoundTrip(r) })
}

// behind makes the world's manager ask through a saboteur.
func (w *world) behind(meddle func(*http.Request, func() (*http.Response, error)) (*http.Response, error)) {
	w.Helper()
	c := rest.CopyConfig(plane.Config(w.T))
	c.QPS = -1
	c.Wrap(func(next http.RoundTripper) http.RoundTripper { return saboteur{next, meddle} })
	sabotaged, err := client.NewWithWatch(c, client.Options{Scheme: plane.Scheme(w.T)})
	if err != nil {
		w.Fatal(err)
	}
	w.r.Client, w.r.Live = cached(sabotaged), sabotaged
}

// alone gives the world a new manager with an undisturbed connection, as a restart does.
func (w *world) alone() {
	w.r = &Reconciler{Client: cached(w.c), Live: w.c, Recorder: w.events, ServerImage: w.r.ServerImage, Now: w.r.Now}
}

var errKilled = errors.New("the manager is dead")

// killedAt ends a manager at its nth write: before the API server has it, or after it was carried out and before anybody knows. A
// dead manager asks nothing more.
func killedAt(n int, carriedOut bool) func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
	var mu sync.Mutex
	writes := 0
	return func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodGet {
			writes++
		}
		switch {
		case writes < n:
			return do()
		case writes == n && r.Method != http.MethodGet && carriedOut:
			response, err := do()
			if err == nil {
				_ = response.Body.Close()
			}
			// Whatever comes next is later than the nth.
			writes++
			return nil, errKilled
		}
		writes = n + 1
		return nil, errKilled
	}
}

// leftovers are what an undisturbed life leaves: the children, and the keys in their states.
type leftovers struct {
	Children []string
	Keys     []string
	Ready    string
}

func (w *world) leftovers() leftovers {
	w.Helper()
	var out leftovers
	for _, kind := range []string{"Deployment", "ConfigMap", "Service", "ServiceAccount", "PersistentVolumeClaim", "Secret"} {
		list := &metav1.PartialObjectMetadataList{}
		group := map[bool]string{true: "apps", false: ""}[kind == "Deployment"]
		list.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: "v1", Kind: kind + "List"})
		if err := w.c.List(w.ctx, list, client.InNamespace(w.ns)); err != nil {
			w.Fatal(err)
		}
		for _, child := range list.Items {
			out.Children = append(out.Children, kind+" "+child.Name)
		}
	}
	states, _ := w.states()
	out.Keys = states
	if ready := meta.FindStatusCondition(w.login().Status.Conditions, v1beta1.ConditionReady); ready != nil {
		out.Ready = string(ready.Status) + " " + ready.Reason
	}
	return out
}

// stages are the passes of a life that write: the first, and the one that publishes the next key.
var stages = map[string]struct {
	prepare func(w *world, c *clock)
	finish  func(w *world, c *clock)
	// keeps says that the key which signed before signs afterwards.
	keeps bool
}{
	"a new GoogleLogin": {
		prepare: func(*world, *clock) {},
		finish: func(w *world, _ *clock) {
			w.reconcile()
			w.bindClaim()
			w.rollOut()
			w.reconcile()
		},
	},
	"the next key": {
		prepare: func(w *world, c *clock) {
			w.reconcile()
			w.bindClaim()
			w.rollOut()
			w.reconcile()
			c.now = c.now.Add(29 * 24 * time.Hour)
		},
		finish: func(w *world, _ *clock) { w.reconcile() },
		keeps:  true,
	},
	"an emergency": {
		prepare: func(w *world, _ *clock) {
			w.reconcile()
			w.bindClaim()
			w.rollOut()
			w.reconcile()
			w.annotate(v1beta1.AnnotationEmergencyRotateAt, "now")
		},
		finish: func(w *world, _ *clock) { w.reconcile() },
	},
}

// TestAManagerKilledAtAnyStepLeavesNothingHalf kills a manager at each write of a pass in turn. The next one has to end where an
// undisturbed one does, with as many keys and no other child.
func TestAManagerKilledAtAnyStepLeavesNothingHalf(t *testing.T) {
	for name, stage := range stages {
		t.Run(name, func(t *testing.T) {
			live := func(t *testing.T, n int, carriedOut bool) (o leftovers, died bool) {
				w, c := newWorld(t), &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
				w.r.Now = func() time.Time { return c.now }
				w.create(clientSecret(w.ns))
				w.shop()
				stage.prepare(w, c)
				signing := ""
				if stage.keeps {
					signing = w.current()
				}
				if n > 0 {
					w.behind(killedAt(n, carriedOut))
					_, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("shop")})
					died = errors.Is(err, errKilled)
					w.alone()
				}
				stage.finish(w, c)
				if stage.keeps && w.current() != signing {
					w.Error("another key signs than before")
				}
				// What is left to do is nothing.
				counted := w.leftovers()
				w.reconcile()
				if diff := cmp.Diff(counted, w.leftovers()); diff != "" {
					w.Errorf("one more pass changes something (-before +after):\n%s", diff)
				}
				return counted, died
			}
			want, _ := live(t, 0, false)
			steps := 0
			for died := true; died; {
				steps++
				for _, carriedOut := range []bool{false, true} {
					t.Run(fmt.Sprintf("write %d, carried out: %t", steps, carriedOut), func(t *testing.T) {
						var got leftovers
						got, died = live(t, steps, carriedOut)
						if diff := cmp.Diff(want, got); diff != "" {
							t.Errorf("(-undisturbed +killed):\n%s", diff)
						}
					})
				}
			}
			if steps < 3 {
				t.Errorf("the pass has %d writes: nobody was killed in its midst", steps-1)
			}
			t.Logf("killed at each of %d writes, before and after", steps-1)
		})
	}
}

// TestStorms answers three quarters of what managers ask with trouble of one kind, some of it after the API server has done what it was asked.
// Nothing of it is the user's to mend, so Stalled must not say so; and when the storm is over all is as it would have been.
func TestStorms(t *testing.T) {
	seed := time.Now().UnixNano()
	if given, err := strconv.ParseInt(os.Getenv("STORM_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("STORM_SEED=%d", seed)
	for _, row := range []struct {
		name, reason string
		status       int
		reads        bool
		afterwards   bool
	}{
		{"409 conflict", "Conflict", http.StatusConflict, false, false},
		{"429 too many requests", "TooManyRequests", http.StatusTooManyRequests, true, false},
		{"500 before anything was done", "InternalError", http.StatusInternalServerError, true, false},
		{"500 after it was done", "InternalError", http.StatusInternalServerError, true, true},
		{"503 unavailable", "ServiceUnavailable", http.StatusServiceUnavailable, true, true},
		{"504 timeout after it was done", "Timeout", http.StatusGatewayTimeout, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			random := rand.New(rand.NewSource(seed))
			var mu sync.Mutex
			troubles := 0
			w := newWorld(t)
			w.create(clientSecret(w.ns))
			w.shop()
			w.behind(func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
				mu.Lock()
				unlucky := random.Intn(4) != 0 && (row.reads || r.Method != http.MethodGet)
				if unlucky {
					troubles++
				}
				mu.Unlock()
				if !unlucky {
					return do()
				}
				if row.afterwards {
					response, err := do()
					if err != nil {
						return nil, err
					}
					_ = response.Body.Close()
				}
				return refusal(r, row.status, row.reason), nil
			})
			for range 40 {
				_, _ = w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("shop")})
				if stalled := meta.FindStatusCondition(w.login().Status.Conditions, v1beta1.ConditionStalled); stalled != nil {
					t.Fatalf("passing trouble is reported as the user's to mend: %s %s", stalled.Reason, stalled.Message)
				}
			}
			if troubles < 5 {
				t.Fatalf("only %d requests met the storm", troubles)
			}
			w.alone()
			stages["a new GoogleLogin"].finish(w, nil)
			got := w.leftovers()
			if got.Ready != "True Ready" || len(got.Keys) != 1 {
				t.Errorf("after the storm: %+v", got)
			}
			t.Logf("%d requests met the storm", troubles)
		})
	}
}

// refusal is an answer as the API server writes it.
func refusal(r *http.Request, status int, reason string) *http.Response {
	body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"a storm","reason":%q,"code":%d}`, reason, status)
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + reason, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader([]byte(body))),
	}
}
