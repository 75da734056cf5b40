//go:build chaos

package chaos

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"time"
)

// spared says what a fault must not touch at all.
type spared int

const (
	// nothing: the fault is at the server itself, and a few requests may meet it.
	nothing spared = iota
	// valid: whoever has a valid token passes. Logins may fail as long as the fault lasts.
	valid
	// othersAndValid: as valid, and a GoogleLogin that does not use the database notices nothing.
	othersAndValid
	// everything: the fault is at the control plane.
	everything
	// replicas: whoever has several servers notices nothing.
	replicas
)

func (s spared) checks(login string) bool {
	if s == replicas {
		return login == "base"
	}
	return s >= valid
}

func (s spared) logins(login string) bool {
	return s == everything || (s == othersAndValid && login != "base") || (s == replicas && login == "base")
}

// fault is something that goes wrong, and is over when happens returns.
type fault struct {
	name    string
	spares  spared
	happens func(w *world)
}

const (
	servers  = "app.kubernetes.io/component=callback-server"
	managers = "app.kubernetes.io/component=manager"
)

var faults = []fault{
	{"servers rolled out anew", replicas, (*world).rollOut},
	{"every server pod deleted", nothing, (*world).deleteServers},
	{"every server killed with SIGKILL", nothing, func(w *world) { killContainers(w.T, namespace, servers, "server") }},
	{"managers killed in the midst of passes", everything, (*world).killManagers},
	{"no manager for 30 s", everything, (*world).withoutManagers},
	{"two managers at work at once", everything, (*world).secondManager},
	{"PostgreSQL away for 20 s", othersAndValid, func(w *world) { w.withoutDatabase((*world).stopDatabase) }},
	{"PostgreSQL crashed", othersAndValid, func(w *world) { w.withoutDatabase((*world).crashDatabase) }},
	{"Google away for 20 s", valid, (*world).withoutGoogle},
	{"API server away", everything, (*world).withoutAPIServer},
	{"etcd killed, back after 5 s", everything, (*world).restartEtcd},
	{"kubelet killed, back after 15 s", everything, (*world).restartKubelet},
}

func (w *world) rollOut() {
	for _, login := range []string{"files", "base"} {
		mustKubectl(w.T, "rollout", "restart", "deployment/"+login+"-googlelogin")
		mustKubectl(w.T, "rollout", "status", "deployment/"+login+"-googlelogin", "--timeout=120s")
	}
}

func (w *world) deleteServers() {
	mustKubectl(w.T, "delete", "pods", "--selector", servers, "--wait=true", "--timeout=120s")
}

// killManagers kills every manager while it makes a new GoogleLogin, at another moment each time. Each of them has to become Ready
// all the same, with the one key that it began with.
func (w *world) killManagers() {
	const times = 5
	for i := range times {
		apply(w.T, loginManifest(fmt.Sprintf("new-%d", i), "  storage: {type: Memory}\n"))
		time.Sleep(time.Duration(rand.Int63n(int64(400 * time.Millisecond))))
		// The pods go as well, so that the kubelet's pause before it starts a container again does not take longer each time.
		killContainers(w.T, system, managers, "manager")
		if out, err := exec.Command("kubectl", "--namespace", system, "delete", "pods", "--selector", managers, "--grace-period=0", "--force").CombinedOutput(); err != nil {
			w.Fatalf("remove the managers: %v: %s", err, out)
		}
	}
	for i := range times {
		name := fmt.Sprintf("new-%d", i)
		w.untilReady(name, recovery)
		w.wantKeys(name, 1)
		mustKubectl(w.T, "delete", "googlelogin", name, "--wait=true", "--timeout=60s")
	}
}

// withoutManagers takes every manager away, and has somebody break a child meanwhile: it is mended once they are back.
func (w *world) withoutManagers() {
	scale := func(replicas string) {
		mustKubectl(w.T, "--namespace", system, "scale", "deployment/googlelogin-manager", "--replicas="+replicas)
	}
	scale("0")
	eventually(w.T, "the managers are gone", time.Minute, func() bool {
		out, err := kubectl("--namespace", system, "get", "pods", "--selector", managers, "-o", "name")
		return err == nil && out == ""
	})
	mustKubectl(w.T, "label", "service", "base-googlelogin", "--overwrite", "app.kubernetes.io/managed-by=somebody")
	time.Sleep(30 * time.Second)
	scale("2")
	eventually(w.T, "a manager mends what was broken meanwhile", 2*time.Minute, func() bool {
		out, err := kubectl("get", "service", "base-googlelogin", "-o", `jsonpath={.metadata.labels.app\.kubernetes\.io/managed-by}`)
		return err == nil && out != "" && out != "somebody"
	})
}

// wantKeys checks how many signing keys there are.
func (w *world) wantKeys(name string, want int) {
	w.Helper()
	kids := strings.Fields(mustKubectl(w.T, "get", "googlelogin", name, "-o", "jsonpath={.status.keys[*].kid}"))
	if len(kids) != want {
		w.Errorf("%s has %d keys, want %d: %v", name, len(kids), want, kids)
	}
}

// secondManager runs a manager that asks for no lease beside the ones that do, and has both rotate.
func (w *world) secondManager() {
	before := len(strings.Fields(mustKubectl(w.T, "get", "googlelogin", "base", "-o", "jsonpath={.status.keys[*].kid}")))
	program := os.Getenv("MANAGER")
	if program == "" {
		program = "../../dist/linux/manager"
	}
	second := exec.Command(program, "--server-image=localhost/googlelogin-server:dev", "--metrics-bind-address=0", "--health-probe-bind-address=0")
	log, err := os.Create("out/second-manager.log")
	if err != nil {
		w.Fatal(err)
	}
	defer log.Close()
	second.Stdout, second.Stderr = log, log
	if err := second.Start(); err != nil {
		w.Fatal(err)
	}
	defer func() {
		_ = second.Process.Kill()
		_ = second.Wait()
	}()
	time.Sleep(3 * time.Second)
	for _, login := range []string{"files", "base"} {
		mustKubectl(w.T, "annotate", "googlelogin", login, "--overwrite", "googlelogin.dev/rotate-at="+time.Now().UTC().Format(time.RFC3339))
	}
	// Both repair what somebody changes by hand, at the same time.
	for range 10 {
		mustKubectl(w.T, "label", "service", "base-googlelogin", "--overwrite", "app.kubernetes.io/managed-by=somebody")
		time.Sleep(time.Second)
	}
	eventually(w.T, "the rotation that was asked for is carried out", time.Minute, func() bool {
		out, err := kubectl("get", "googlelogin", "base", "-o", "jsonpath={.status.lastHandledRotateAt}")
		return err == nil && out != ""
	})
	w.wantKeys("base", before+1)
	w.wantKeys("files", before+1)
	w.wantQuiet()
}

// wantQuiet checks that two managers do not change the same objects back and forth.
func (w *world) wantQuiet() {
	w.Helper()
	versions := func() string {
		return mustKubectl(w.T, "get", "service/base-googlelogin", "configmap/base-config", "deployment/base-googlelogin", "secret/base-signing-keys", "-o",
			`jsonpath={range .items[*]}{.kind} {.metadata.resourceVersion}{"\n"}{end}`)
	}
	before := versions()
	time.Sleep(3 * time.Second)
	if after := versions(); after != before {
		w.Errorf("two managers go on writing what nobody changed:\n%s\n%s", before, after)
	}
}

func (w *world) withoutDatabase(stop func(*world)) {
	stop(w)
	time.Sleep(20 * time.Second)
	w.database.StartAgain()
}

func (w *world) stopDatabase()  { w.database.Stop() }
func (w *world) crashDatabase() { w.database.Crash() }

func (w *world) withoutGoogle() {
	mustKubectl(w.T, "scale", "deployment/fake-google", "--replicas=0")
	time.Sleep(20 * time.Second)
	mustKubectl(w.T, "scale", "deployment/fake-google", "--replicas=1")
	mustKubectl(w.T, "rollout", "status", "deployment/fake-google", "--timeout=60s")
}

func (w *world) withoutAPIServer() {
	away, err := time.ParseDuration(os.Getenv("AWAY"))
	if err != nil {
		away = 2 * time.Minute
	}
	c := find(w.T, "apiserver")
	c.kill(w.T)
	time.Sleep(away)
	c.startAgain(w.T)
	w.untilAPIServer()
}

func (w *world) untilAPIServer() {
	eventually(w.T, "the API server answers", 2*time.Minute, func() bool { _, err := kubectl("get", "--raw", "/readyz"); return err == nil })
}

func (w *world) restartEtcd() {
	c := find(w.T, "etcd")
	c.kill(w.T)
	time.Sleep(5 * time.Second)
	c.startAgain(w.T)
	w.untilAPIServer()
}

func (w *world) restartKubelet() {
	c := find(w.T, "kubelet")
	c.kill(w.T)
	time.Sleep(15 * time.Second)
	c.startAgain(w.T)
	eventually(w.T, "the node is Ready", 2*time.Minute, func() bool {
		out, err := kubectl("get", "nodes", "-o", `jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`)
		return err == nil && out == "True"
	})
}
