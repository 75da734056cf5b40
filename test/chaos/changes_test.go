//go:build chaos

package chaos

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
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
