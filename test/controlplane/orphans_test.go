package controlplane

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// orphanVariable makes this package's test program play a test run: it starts a program, says which process that is, and waits.
const orphanVariable = "CONTROLPLANE_TEST_ORPHAN"

func TestProgramsEndWithAKilledTestRun(t *testing.T) {
	if program := os.Getenv(orphanVariable); program != "" {
		t.Log(playTestRun(program))
		return
	}
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	program, err := mortal(t.TempDir(), sleep)
	if err != nil {
		t.Fatal(err)
	}
	if program == sleep {
		t.Fatal("setpriv is missing: install util-linux, or a killed test run leaves etcd and an API server behind")
	}
	run := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$") //nolint:gosec // this very program
	run.Env = append(os.Environ(), orphanVariable+"="+program)
	output, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the run said %q", line)
	}
	if !runsSleep(pid) {
		t.Fatalf("process %d is no sleep", pid)
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	Eventually(t, func() string {
		if runsSleep(pid) {
			return "the program runs on without the test run"
		}
		return ""
	})
}

func playTestRun(program string) error {
	command := exec.Command(program, "600") //nolint:gosec // what the test names
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := onLastingThread(command.Start); err != nil {
		return err
	}
	for !runsSleep(command.Process.Pid) {
	}
	if _, err := os.Stdout.WriteString(strconv.Itoa(command.Process.Pid) + "\n"); err != nil {
		return err
	}
	return command.Wait()
}

// runsSleep reports whether a process is alive and runs sleep(1), not the shell or setpriv on their way to it.
func runsSleep(pid int) bool {
	program, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
	return err == nil && filepath.Base(program) == "sleep"
}
