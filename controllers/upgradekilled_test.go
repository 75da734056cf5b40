package controllers

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/googlelogin/operator/api/v1beta1"
)

// configuration is the data of shop's ConfigMap.
func (w *world) configuration() map[string]string {
	w.Helper()
	cm := &corev1.ConfigMap{}
	w.get("shop-config", cm)
	return cm.Data
}

// TestAManagerKilledInAnUpgradeLeavesNothingHalf kills the next release's manager at each write of a pass: of the one that holds the servers
// back, and of the one that lets them go. A server that is held must at no time find a configuration of that release: it would refuse
// it, and not come up again after an end of its own.
func TestAManagerKilledInAnUpgradeLeavesNothingHalf(t *testing.T) {
	for name, row := range map[string]struct {
		releases bool
		image    string
	}{
		"while it holds them back": {false, "example.com/server:1"},
		"while it lets them go":    {true, "example.com/server:2"},
	} {
		t.Run(name, func(t *testing.T) {
			killed := func(t *testing.T, n int, carriedOut bool) (died bool) {
				w := newWorld(t)
				w.started(onSpecChange)
				before := w.pretendAnOlderRelease()
				w.upgradeOperator()
				if row.releases {
					w.reconcile()
					w.changeSpec(func(s *v1beta1.GoogleLoginSpec) { s.Frontend.HomeURL = "https://shop.example.com/other" })
				}
				w.behind(killedAt(n, carriedOut))
				_, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("shop")})
				if diff := cmp.Diff(before, w.configuration()); !row.releases && diff != "" {
					t.Errorf("configuration of a held server when the manager died (-before +after):\n%s", diff)
				}
				w.alone()
				w.reconcile()
				if got := w.image("shop"); got != row.image {
					t.Errorf("image %s, want %s", got, row.image)
				}
				config := w.configuration()
				if row.releases {
					if got := config["config.yaml"]; !strings.Contains(got, "/other") || strings.Contains(got, "older release") {
						t.Errorf("configuration:\n%s", got)
					}
				} else if diff := cmp.Diff(before, config); diff != "" {
					t.Errorf("configuration of a held server (-before +after):\n%s", diff)
				}
				if !row.releases {
					w.wantCondition(v1beta1.ConditionUpgradePending, metav1.ConditionTrue, v1beta1.ReasonUpgradeHeld)
				}
				w.writes.take()
				w.reconcile()
				if got := w.writes.take(); got != nil {
					t.Errorf("one more pass writes %q", got)
				}
				return errors.Is(err, errKilled)
			}
			steps := 0
			for died := true; died; {
				steps++
				for _, carriedOut := range []bool{false, true} {
					t.Run(fmt.Sprintf("write %d, carried out: %t", steps, carriedOut), func(t *testing.T) { died = killed(t, steps, carriedOut) })
				}
			}
			if steps < 3 {
				t.Errorf("the pass has %d writes: nobody was killed in its midst", steps-1)
			}
		})
	}
}
