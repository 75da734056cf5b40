//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// kubectl returns what kubectl prints; the error holds what it complains about.
func kubectl(args ...string) (string, error) {
	var out, complaint bytes.Buffer
	command := exec.Command("kubectl", args...)
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return out.String(), nil
}

// inDemo runs kubectl in the demo's namespace.
func inDemo(t *testing.T, args ...string) string {
	t.Helper()
	out, err := kubectl(append([]string{"--namespace", namespace}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// apply hands kubectl an object on its standard input.
func apply(object string, flags ...string) (string, error) {
	var complaint bytes.Buffer
	command := exec.Command("kubectl", append([]string{"--namespace", namespace, "apply", "-f", "-"}, flags...)...)
	command.Stdin, command.Stderr = strings.NewReader(object), &complaint
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s", strings.TrimSpace(complaint.String()))
	}
	return string(out), nil
}

// ready waits until the GoogleLogin says that users can sign in, and until the way to its server is open: a Service leads to a new
// pod a moment after the pod is ready.
func ready(t *testing.T) {
	t.Helper()
	inDemo(t, "wait", "--for=create", "deployment/"+server, "--timeout=60s")
	inDemo(t, "rollout", "status", "deployment/"+server, "--timeout=120s")
	inDemo(t, "wait", "--for=condition=Ready", "googlelogin/shop", "--timeout=120s")
	eventually(t, "the shop's sign-in answers", func() bool { return answers(issuer+"/me") == http.StatusUnauthorized })
}

// answers is the status that address answers with, 0 if nobody does.
func answers(address string) int {
	response, err := shared.client.Get(address)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// eventually waits for what only a change outside of this process can bring about.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
