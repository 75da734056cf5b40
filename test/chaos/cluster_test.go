//go:build chaos

package chaos

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	namespace = "googlelogin-chaos"
	system    = "googlelogin-system"
	// bridge is the node's address, which pods reach.
	bridge = "10.244.0.1"
)

// kubectl returns what kubectl prints; the error holds what it complains about.
func kubectl(args ...string) (string, error) {
	var out, complaint bytes.Buffer
	command := exec.Command("kubectl", append([]string{"--namespace", namespace, "--request-timeout=20s"}, args...)...)
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

func mustKubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := kubectl(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func apply(t *testing.T, manifest string) {
	t.Helper()
	command := exec.Command("kubectl", "apply", "-f", "-")
	command.Stdin = strings.NewReader(manifest)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("kubectl apply: %v\n%s", err, out)
	}
}

// eventually asks again until done, for so long.
func eventually(t *testing.T, what string, patience time.Duration, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain until %s", patience, what)
		}
	}
}

// killContainers ends containers as the kernel does when memory is short: SIGKILL, and no word to anybody.
func killContainers(t *testing.T, inNamespace, selector, container string) {
	t.Helper()
	ids := mustKubectl(t, "--namespace", inNamespace, "get", "pods", "--selector", selector, "-o",
		`jsonpath={range .items[*]}{.status.containerStatuses[?(@.name=="`+container+`")].containerID}{"\n"}{end}`)
	for id := range strings.FieldsSeq(ids) {
		_, id, _ = strings.Cut(id, "://")
		kill := exec.Command("ctr", "--address", filepath.Join(state(), "containerd.sock"), "--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", id)
		if out, err := kill.CombinedOutput(); err != nil {
			t.Logf("kill container %s: %v: %s", id, err, out)
		}
	}
}

// state is the folder of the node cluster.
func state() string { return filepath.Dir(os.Getenv("KUBECONFIG")) }

// component is a process of the node: etcd, apiserver, kubelet.
type component struct {
	name string
	pid  int
	args []string
}

func find(t *testing.T, name string) component {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(state(), name+".pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	// A pid alone may be somebody else's by now.
	if err != nil || !strings.Contains(string(line), state()) {
		t.Fatalf("%s does not run: %v", name, err)
	}
	return component{name, pid, strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")}
}

// kill is kill -9, and returns once the process is gone.
func (c component) kill(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(c.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, c.name+" is gone", time.Minute, func() bool {
		content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.pid), "stat"))
		return err != nil || strings.Contains(string(content), ") Z ")
	})
}

// startAgain starts it as the node's own script did. It outlives this test.
func (c component) startAgain(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(state(), c.name+".log"), os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command := exec.Command(c.args[0], c.args[1:]...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(command.Process.Pid)
	go func() { _ = command.Wait() }()
	if err := os.WriteFile(filepath.Join(state(), c.name+".pid"), []byte(pid+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
