//go:build chaos

package chaos

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/googlelogin/operator/server/config"
)

// changes are no faults: what a team and a platform do on an ordinary day. Nobody may notice them.
var changes = []fault{
	{"access policy and limits changed", everything, (*world).changePolicy},
	{"client secret changed", everything, (*world).changeSecret},
	{"pod template changed", replicas, (*world).changeTemplate},
	{"operator rolled out anew", everything, (*world).rollOutOperator},
	{"operator upgraded", everything, (*world).upgradeOperator},
	{"operator's release taken back", replicas, (*world).downgradeOperator},
}

// changePolicy lets more people in, and asks them less often to wait. Ready has to mean that the servers go by it.
func (w *world) changePolicy() {
	w.wantSamePods(func() {
		for _, login := range []string{"files", "base"} {
			mustKubectl(w.T, "patch", "googlelogin", login, "--type=merge", "--patch",
				`{"spec":{"access":{"hostedDomains":["example.com","corp.example"]},"server":{"rateLimits":{"perAddress":90000}}}}`)
			w.untilReady(login, 2*time.Minute)
		}
		for _, pod := range w.pods() {
			if said := w.ask(pod, "/status"); !strings.Contains(said, w.configHash(pod)) {
				w.Errorf("pod %s of a GoogleLogin that is Ready has another configuration: %s", pod.name, said)
			}
		}
	})
}

// changeSecret puts the second of Google's two secrets in the place of the first, and waits until every server has read it.
func (w *world) changeSecret() {
	w.wantSamePods(func() {
		const counter = `googlelogin_reloads_total{file="credentials",result="success"} `
		before := map[string]string{}
		for _, pod := range w.pods() {
			before[pod.name] = line(w.ask(pod, "/metrics"), counter)
		}
		mustKubectl(w.T, "patch", "secret", "google-client", "--type=merge", "--patch",
			fmt.Sprintf(`{"data":{"client_secret":%q}}`, base64.StdEncoding.EncodeToString([]byte(secondSecret))))
		eventually(w.T, "every server has read the new secret", 2*time.Minute, func() bool {
			for _, pod := range w.pods() {
				if line(w.ask(pod, "/metrics"), counter) == before[pod.name] {
					return false
				}
			}
			return true
		})
	})
}

func (w *world) changeTemplate() {
	for _, login := range []string{"files", "base"} {
		mustKubectl(w.T, "patch", "googlelogin", login, "--type=merge", "--patch",
			`{"spec":{"server":{"resources":{"requests":{"cpu":"11m","memory":"32Mi"}}}}}`)
		mustKubectl(w.T, "wait", "googlelogin/"+login, "--for=condition=Ready=False", "--timeout=30s")
		w.untilReady(login, 2*time.Minute)
	}
}

// rollOutOperator is an upgrade of the operator that changes nothing for the servers.
func (w *world) rollOutOperator() {
	w.wantSamePods(func() {
		mustKubectl(w.T, "--namespace", system, "rollout", "restart", "deployment/googlelogin-manager")
		mustKubectl(w.T, "--namespace", system, "rollout", "status", "deployment/googlelogin-manager", "--timeout=120s")
		time.Sleep(10 * time.Second)
	})
}

// The image of the next release has the same server in it under another name, since it is the rollout that is looked at.
const release, nextRelease = "localhost/googlelogin-server:dev", "localhost/googlelogin-server:next"

// upgradeOperator brings a release with another image of the server. One GoogleLogin follows by itself, and one waits for its spec.
func (w *world) upgradeOperator() {
	mustKubectl(w.T, "patch", "googlelogin", "files", "--type=merge", "--patch", `{"spec":{"server":{"upgradePolicy":"OnSpecChange"}}}`)
	w.untilReady("files", time.Minute)
	w.makeNextRelease()
	held := w.podsOf("files")
	w.serverImage(nextRelease)
	w.untilImage("base", nextRelease)
	eventually(w.T, "files says that an upgrade is held", time.Minute, func() bool {
		out, err := kubectl("get", "googlelogin", "files", "-o", `jsonpath={.status.conditions[?(@.type=="UpgradePending")].reason}`)
		return err == nil && out == "UpgradeHeld"
	})
	if now := w.podsOf("files"); now != held {
		w.Errorf("files has other pods, %s, than before the upgrade, %s", now, held)
	}
}

// downgradeOperator takes the release back, and the policy with it.
func (w *world) downgradeOperator() {
	mustKubectl(w.T, "patch", "googlelogin", "files", "--type=merge", "--patch", `{"spec":{"server":{"upgradePolicy":"Auto"}}}`)
	w.serverImage(release)
	w.untilImage("base", release)
	w.untilImage("files", release)
}

func (w *world) makeNextRelease() {
	w.Helper()
	const archive = "../../dist/images/server-next.tar"
	for _, args := range [][]string{{"pack", archive, nextRelease, "../../dist/linux/server"}, {"load", archive}} {
		if out, err := exec.Command("../cluster/image.sh", args...).CombinedOutput(); err != nil {
			w.Fatalf("image.sh %s: %v\n%s", args[0], err, out)
		}
	}
}

// serverImage upgrades the operator: the same program, with another image for the servers.
func (w *world) serverImage(image string) {
	w.Helper()
	mustKubectl(w.T, "--namespace", system, "set", "env", "deployment/googlelogin-manager", "SERVER_IMAGE="+image)
	mustKubectl(w.T, "--namespace", system, "rollout", "status", "deployment/googlelogin-manager", "--timeout=120s")
}

// untilImage waits until all pods of a GoogleLogin run an image, and none another.
func (w *world) untilImage(login, image string) {
	w.Helper()
	eventually(w.T, login+" runs "+image, 3*time.Minute, func() bool {
		out, err := kubectl("get", "pods", "--selector", servers+",app.kubernetes.io/instance="+login, "-o",
			`jsonpath={range .items[*]}{.spec.containers[0].image}{"\n"}{end}`)
		images := strings.Fields(out)
		return err == nil && len(images) > 0 && !slices.ContainsFunc(images, func(i string) bool { return i != image })
	})
	w.untilReady(login, 2*time.Minute)
}

func (w *world) podsOf(login string) string {
	w.Helper()
	return mustKubectl(w.T, "get", "pods", "--selector", servers+",app.kubernetes.io/instance="+login, "-o", "jsonpath={.items[*].metadata.name}")
}

// pod is one of the callback servers, and the GoogleLogin that it is of.
type pod struct{ name, ip, login string }

func (w *world) pods() []pod {
	w.Helper()
	var out []pod
	said := mustKubectl(w.T, "get", "pods", "--selector", servers, "-o",
		`jsonpath={range .items[*]}{.metadata.name}{" "}{.status.podIP}{" "}{.metadata.labels.app\.kubernetes\.io/instance}{"\n"}{end}`)
	for entry := range strings.Lines(said) {
		fields := strings.Fields(entry)
		if len(fields) != 3 {
			w.Fatalf("a pod without an address or an instance: %q", entry)
		}
		out = append(out, pod{fields[0], fields[1], fields[2]})
	}
	return out
}

// wantSamePods checks that a change replaces and restarts no server.
func (w *world) wantSamePods(change func()) {
	w.Helper()
	running := func() string {
		return mustKubectl(w.T, "get", "pods", "--selector", servers, "--sort-by=.metadata.name", "-o",
			`jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[*].restartCount}{"\n"}{end}`)
	}
	before := running()
	change()
	if after := running(); after != before {
		w.Errorf("servers were replaced or restarted:\n%s\nbefore:\n%s", after, before)
	}
}

// configHash is that of the configuration which the ConfigMap of the pod's GoogleLogin holds.
func (w *world) configHash(p pod) string {
	w.Helper()
	content := mustKubectl(w.T, "get", "configmap", p.login+"-config", "-o", `jsonpath={.data.config\.yaml}`)
	// kubectl's answer comes without the line break at its end.
	return config.Hash([]byte(content + "\n"))
}

// ask asks a server's internal port.
func (w *world) ask(p pod, path string) string {
	w.Helper()
	response, err := http.Get("http://" + p.ip + ":8081" + path)
	if err != nil {
		w.Fatalf("ask pod %s: %v", p.name, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.Fatalf("ask pod %s: %v", p.name, err)
	}
	return string(body)
}

// line is the first line of a text that begins so.
func line(text, begins string) string {
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, begins) {
			return l
		}
	}
	return ""
}
