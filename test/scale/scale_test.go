//go:build benchscale

package scale

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
)

// atRest is how long nothing may be asked for before the manager counts as done. Events leave a little later than what they tell of.
const atRest = 3 * time.Second

func TestScale(t *testing.T) {
	ctrl.SetLogger(logr.Discard())
	program := build(t)
	var sizes []int
	for size := range strings.SplitSeq(setting("SIZES", "100,500,2000"), ",") {
		logins, err := strconv.Atoi(size)
		if err != nil {
			t.Fatalf("SIZES: %v", err)
		}
		sizes = append(sizes, logins)
	}
	w := newWorld(t, number(t, "FOREIGN", "20000"))
	for _, logins := range sizes {
		t.Run(strconv.Itoa(logins), func(t *testing.T) { measure(w.with(t, logins), program) })
	}
}

// measure prints the figures of one size, in the order in which they come about.
func measure(w *world, program string) {
	m := w.start(program)
	w.await(30*time.Minute, "all children are written", w.cast.all(v1beta1.ConditionAvailable, v1beta1.ReasonRolloutInProgress))
	w.print("reconciled_all", time.Since(m.began).Seconds(), "s")
	w.quiet(atRest)
	w.becomeReady()
	w.print("writes_per_object", w.writesPerObject(), "writes")
	m.sayMemory()
	w.print("manager_rss", m.memory("VmRSS"), "MiB")
	m.profile("ready")
	peak := m.memory("VmHWM")

	w.print("objects_per_change", w.changeOne(m), "objects")
	m.stop()

	before := w.proxy.counts()
	m = w.start(program)
	w.await(30*time.Minute, "every GoogleLogin is looked at again", func() bool {
		logins, _ := w.proxy.counts().since(before)
		return logins == w.logins
	})
	say("the resync took %.1f s", time.Since(m.began).Seconds())
	w.quiet(atRest)
	w.print("writes_per_resync", float64(w.proxy.counts().writes-before.writes), "writes")
	peak = max(peak, m.memory("VmHWM"))
	m.sayMemory()
	w.print("manager_rss_after_restart", m.memory("VmRSS"), "MiB")
	m.profile("resync")
	m.stop()

	w.print("changed_object_after_restart", w.changeDuringRestart(program, &peak).Seconds(), "s")
	w.print("manager_rss_peak", peak, "MiB")
	if limit := float64(memoryLimit(w.T)) / (1 << 20); peak > limit {
		w.Errorf("the chart's limit of %.0f MiB would have ended the manager at %.0f MiB", limit, peak)
	}
	w.proxy.wantSecretsUnread(w.T)
}

// becomeReady lets volumes come first and then pods, so that the number of passes and of writes does not depend on which is faster.
func (w *world) becomeReady() {
	w.Helper()
	w.cast.bindClaims()
	w.await(30*time.Minute, "all claims are seen", w.cast.all(v1beta1.ConditionStorageReady, v1beta1.ReasonVolumeBound))
	w.quiet(atRest)
	w.cast.rollOut()
	w.await(30*time.Minute, "all are ready", w.cast.all(v1beta1.ConditionReady, v1beta1.ReasonReady))
	w.quiet(atRest)
}

// writesPerObject is exact, or the run fails: every GoogleLogin must cost the same.
func (w *world) writesPerObject() float64 {
	w.Helper()
	c := w.proxy.counts()
	say("written: %v; refused: %v", c.written, c.refused)
	for resource, n := range c.written {
		if n%w.logins != 0 {
			w.Errorf("%d writes of %s for %d GoogleLogins: they did not all cost the same", n, resource, w.logins)
		}
	}
	_, passes := c.since(counts{})
	say("%d passes", passes)
	return float64(c.writes) / float64(w.logins)
}

// changeOne returns the most GoogleLogins that a change of one object set the manager to work on. A foreign Secret is to move none.
func (w *world) changeOne(m *manager) float64 {
	w.Helper()
	var most int
	for _, change := range []struct {
		what string
		want int
		make func(i int)
	}{
		{"the spec", 1, w.changeSpec},
		{"the client Secret", 1, func(i int) { w.touch(&corev1.Secret{}, i, nameOf(i)+clientSuffix) }},
		{"a child", 1, func(i int) { w.touch(&corev1.Service{}, i, nameOf(i)+"-googlelogin") }},
		{"a foreign Secret", 0, func(i int) { w.touch(&corev1.Secret{}, i, fmt.Sprintf("theirs-%05d", i)) }},
	} {
		before, passesBefore := w.proxy.counts(), m.passes()
		change.make(w.logins / 2)
		if change.want > 0 {
			w.await(time.Minute, "the change is seen", func() bool {
				logins, _ := w.proxy.counts().since(before)
				return logins > 0
			})
		}
		time.Sleep(time.Second)
		w.quiet(atRest)
		logins, passes := w.proxy.counts().since(before)
		say("a change of %s: %d GoogleLogins in %d passes, %.0f by the controller's metric", change.what, logins, passes, m.passes()-passesBefore)
		if logins != change.want {
			w.Errorf("a change of %s reconciled %d GoogleLogins, want %d", change.what, logins, change.want)
		}
		most = max(most, logins)
	}
	return float64(most)
}

func (w *world) touch(obj client.Object, i int, name string) {
	w.Helper()
	if err := w.c.Get(w.ctx, client.ObjectKey{Namespace: namespaceOf(i), Name: name}, obj); err != nil {
		w.Fatal(err)
	}
	obj.SetAnnotations(map[string]string{"touched": "yes"})
	if err := w.c.Update(w.ctx, obj); err != nil {
		w.Fatal(err)
	}
}

// changedTTL is what the benchmark changes in a spec, and finds again in the ConfigMap.
const changedTTL = "7m"

func (w *world) changeSpec(i int) {
	w.Helper()
	login := &v1beta1.GoogleLogin{}
	if err := w.c.Get(w.ctx, client.ObjectKey{Namespace: namespaceOf(i), Name: nameOf(i)}, login); err != nil {
		w.Fatal(err)
	}
	login.Spec.Session.AccessTokenTTL = changedTTL
	if err := w.c.Update(w.ctx, login); err != nil {
		w.Fatal(err)
	}
}

// changeDuringRestart starts a manager that has work to do for every GoogleLogin: all their Services are gone. While its queue is
// full it changes one of those that are still waiting, and measures how long it takes until the server's configuration says so.
func (w *world) changeDuringRestart(program string, peak *float64) time.Duration {
	w.Helper()
	w.each(w.logins, func(i int) error {
		service := &corev1.Service{}
		service.Namespace, service.Name = namespaceOf(i), nameOf(i)+"-googlelogin"
		return w.c.Delete(w.ctx, service)
	})
	before := w.proxy.counts()
	m := w.start(program)
	w.await(5*time.Minute, "the queue is being worked on", func() bool { return w.proxy.counts().written["services"] > before.written["services"] })
	waiting := -1
	for i := range w.logins {
		if i != w.logins/2 && !w.cast.hasService(i) {
			waiting = i
		}
	}
	if waiting < 0 {
		w.Fatal("the queue was empty before anything could be changed")
	}
	changed := time.Now()
	w.changeSpec(waiting)
	config := &corev1.ConfigMap{}
	w.await(5*time.Minute, "the change arrives", func() bool {
		if err := w.c.Get(w.ctx, client.ObjectKey{Namespace: namespaceOf(waiting), Name: nameOf(waiting) + "-config"}, config); err != nil {
			w.Fatal(err)
		}
		return strings.Contains(fmt.Sprint(config.Data), changedTTL)
	})
	took := time.Since(changed)
	say("%s was changed %.1f s after the start; %.0f were waiting when it was done", nameOf(waiting), changed.Sub(m.began).Seconds(), m.queued())
	w.quiet(atRest)
	for i := range w.logins {
		if !w.cast.hasService(i) {
			w.Errorf("%s did not get its Service back", nameOf(i))
		}
	}
	*peak = max(*peak, m.memory("VmHWM"))
	m.stop()
	return took
}

// print writes one figure.
func (w *world) print(name string, value float64, unit string) {
	fmt.Printf("%s_%d %s %s\n", name, w.logins, strconv.FormatFloat(value, 'f', decimals(unit), 64), unit)
}

// decimals are none for what is counted, unless it did not come out even.
func decimals(unit string) int {
	switch unit {
	case "s":
		return 2
	case "MiB":
		return 1
	}
	return -1
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func number(t *testing.T, name, otherwise string) int {
	t.Helper()
	n, err := strconv.Atoi(setting(name, otherwise))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
