package controlplane

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// patience is how long Eventually waits before it gives a test up. It is no promise of speed: a test that passes ends as soon
// as its condition holds.
const patience = 90 * time.Second

// Client returns a client without a cache.
func (p *Plane) Client(t testing.TB) client.WithWatch {
	t.Helper()
	c, err := client.NewWithWatch(p.Config(t), client.Options{Scheme: p.Scheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Namespace makes a namespace for one test. It is never deleted: the control plane ends with the package.
func (p *Plane) Namespace(t testing.TB) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := p.Client(t).Create(context.Background(), ns); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// Eventually asks again until condition returns no problem, and fails the test with the last one if it never does.
func Eventually(t testing.TB, condition func() (problem string)) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		problem := condition()
		if problem == "" {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("after %s: %s", patience, problem)
		case <-again.C:
		}
	}
}
