package install

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/test/controlplane"
)

// TestHelmWaitsUntilUsersCanSignIn installs a team's chart by Helm 4 with --wait, and plays the operator.
func TestHelmWaitsUntilUsersCanSignIn(t *testing.T) {
	for name, row := range map[string]struct {
		last    metav1.Condition
		failure string
	}{
		"ready": {metav1.Condition{Type: v1beta1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1beta1.ReasonReady}, ""},
		"stalled": {metav1.Condition{Type: v1beta1.ConditionStalled, Status: metav1.ConditionTrue, Reason: v1beta1.ReasonSecretNotFound, Message: "create the Secret"},
			"create the Secret"},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := plane.Namespace(t)
			ended := make(chan string, 1)
			run := helmCommand(t, "install", "team", teamChart(t), "--namespace", namespace, "--wait", "--timeout", "5m")
			go func() {
				output, err := run.CombinedOutput()
				if err == nil {
					output = nil
				}
				ended <- string(output)
			}()
			c, key := plane.Client(t), client.ObjectKey{Namespace: namespace, Name: "shop"}
			login := &v1beta1.GoogleLogin{}
			controlplane.Eventually(t, func() string {
				if err := c.Get(context.Background(), key, login); err != nil {
					return err.Error()
				}
				return ""
			})
			report := func(condition metav1.Condition) {
				condition.ObservedGeneration, condition.LastTransitionTime = login.Generation, metav1.Now()
				login.Status.ObservedGeneration, login.Status.Conditions = login.Generation, []metav1.Condition{condition}
				if err := c.Status().Update(context.Background(), login); err != nil {
					t.Fatal(err)
				}
			}
			report(metav1.Condition{Type: v1beta1.ConditionReconciling, Status: metav1.ConditionTrue, Reason: v1beta1.ReasonRolloutInProgress})
			select {
			case output := <-ended:
				t.Fatalf("Helm did not wait: %s", output)
			default:
			}
			report(row.last)
			if got := <-ended; (got == "") != (row.failure == "") || !strings.Contains(got, row.failure) {
				t.Errorf("Helm ends with %q, want %q", got, row.failure)
			}
		})
	}
}

// TestHelmTakesNoNewObjectForReady plays no operator: what nobody has looked at yet is in progress, by the status that the CRD gives a new
// object, and Helm waits for as long as it may.
func TestHelmTakesNoNewObjectForReady(t *testing.T) {
	run := helmCommand(t, "install", "team", teamChart(t), "--namespace", plane.Namespace(t), "--wait", "--timeout", "5s")
	printed, err := run.CombinedOutput()
	if err == nil || !strings.Contains(string(printed), "InProgress") {
		t.Errorf("Helm ends with %v: %s", err, printed)
	}
}

func helmCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	folder := output(t, nil, filepath.Join(root, "test/cluster/binaries.sh"), "helm")
	command := exec.Command(filepath.Join(strings.TrimSpace(string(folder)), "helm"), args...)
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "KUBECONFIG="+plane.Kubeconfig(t))
	return command
}

// teamChart is a chart with a GoogleLogin in it, of a team that knows nothing of the operator's.
func teamChart(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: team\nversion: 1.0.0\n",
		"templates/googlelogin.yaml": `apiVersion: googlelogin.dev/v1beta1
kind: GoogleLogin
metadata: {name: shop}
spec:
  client: {secretRef: {name: shop-google}}
  redirectURIs: [https://shop.example.com/auth/callback]
  frontend: {homeURL: https://shop.example.com/}
`,
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
