package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel/trace/noop"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/test/controlplane"
)

// replica is a manager that a test can stop before its end.
type replica struct {
	health string
	stop   func()
}

// startReplica runs one of several managers, whose lease is in the team's namespace.
func (x *team) startReplica(config *rest.Config) *replica {
	x.Helper()
	o := quiet()
	o.leaderElect, o.leaderElectionNamespace, o.healthAddress = true, x.ns, freeAddress(x)
	ctx, cancel := context.WithCancel(context.Background())
	mgr, err := newManager(ctx, config, o, noop.Tracer{})
	if err != nil {
		x.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	stopped := false
	r := &replica{health: o.healthAddress, stop: func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			x.Errorf("the manager ended with %v", err)
		}
	}}
	x.Cleanup(r.stop)
	return r
}

// ready asks the readiness probe, as the kubelet does.
func (r *replica) ready() string { return r.passes("") }

// passes asks one of the checks that the probe sums up.
func (r *replica) passes(check string) string {
	answer, err := http.Get("http://" + r.health + "/readyz" + check)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Sprintf("readyz answers %d", answer.StatusCode)
	}
	return ""
}

// withoutSecrets answers for the API server that Secrets must not be seen, until they may.
type withoutSecrets struct {
	next http.RoundTripper
	may  *atomic.Bool
}

// RoundTrip implements http.RoundTripper.
func (s withoutSecrets) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.may.Load() || !strings.HasSuffix(r.URL.Path, "/secrets") {
		return s.next.RoundTrip(r)
	}
	return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func TestAManagerThatMayNotWatchSecretsIsNotReady(t *testing.T) {
	x, may := newTeam(t), &atomic.Bool{}
	config := rest.CopyConfig(plane.Config(t))
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return withoutSecrets{next, may} })
	r := x.startReplica(config)
	controlplane.Eventually(t, func() string { return r.passes("/caches") })
	if r.ready() == "" {
		t.Error("a manager is ready that will not hear of a changed Secret")
	}
	may.Store(true)
	controlplane.Eventually(t, r.ready)
}

func (x *team) holder() string {
	lease := &coordinationv1.Lease{}
	if err := x.get("googlelogin-manager.googlelogin.dev", lease); err != nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

func (x *team) awaitHolder(not string) string {
	x.Helper()
	controlplane.Eventually(x, func() string {
		if holder := x.holder(); holder == "" || holder == not {
			return fmt.Sprintf("the lease is held by %q", holder)
		}
		return ""
	})
	return x.holder()
}

func TestALeaderThatStopsGivesItsLeaseBack(t *testing.T) {
	x := newTeam(t)
	leader := x.startReplica(plane.Config(t))
	x.awaitHolder("")
	leader.stop()
	if holder := x.holder(); holder != "" {
		t.Errorf("%q still holds the lease, and a successor has to wait for it to run out", holder)
	}
}

func TestAStandbyIsReadyAndTakesOver(t *testing.T) {
	x := newTeam(t)
	leader := x.startReplica(plane.Config(t))
	first := x.awaitHolder("")
	controlplane.Eventually(t, leader.ready)
	standby := x.startReplica(plane.Config(t))
	// Only what has filled its caches is ready, so this one has without being the leader.
	controlplane.Eventually(t, standby.ready)
	if holder := x.holder(); holder != first {
		t.Fatalf("the lease went from %q to %q while its holder runs", first, holder)
	}

	leader.stop()
	x.shop()
	x.await(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonSecretNotFound)
	x.awaitHolder(first)
}
