//go:build bench

package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is a process of its own, that ends with the test.
type program struct {
	t       *testing.T
	cmd     *exec.Cmd
	log     string
	done    chan struct{}
	started time.Time
}

// build compiles commands as a release has them, and returns the folder.
func build(t *testing.T, packages ...string) string {
	t.Helper()
	dir := t.TempDir()
	args := append([]string{"build", "-trimpath", "-ldflags", linker(), "-o", dir + "/"}, packages...)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	// What the linker wrote must not be on its way to the disk while a server waits for it.
	syscall.Sync()
	return dir
}

// pinned starts a program on the first core. The test itself, and what it starts otherwise, was put on the second by make.
func pinned(t *testing.T, path string, args ...string) *program {
	t.Helper()
	return start(t, "taskset", append([]string{"-c", "0", path}, args...)...)
}

func start(t *testing.T, path string, args ...string) *program {
	t.Helper()
	p := &program{t: t, log: filepath.Join(t.TempDir(), "log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := make(chan error)
	go func() {
		// The kernel sends that signal when the thread ends that started the process.
		runtime.LockOSThread()
		defer close(p.done)
		p.started = time.Now()
		err := p.cmd.Start()
		began <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
	}()
	if err := <-began; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// await returns how long after its start the program answered 200.
func (p *program) await(url string) time.Duration {
	p.t.Helper()
	for {
		response, err := http.Get(url)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return time.Since(p.started)
			}
		}
		select {
		case <-p.done:
			p.t.Fatalf("%s ended: %s", p.cmd, p.output())
		case <-time.After(time.Millisecond):
		}
		if time.Since(p.started) > time.Minute {
			p.t.Fatalf("%s does not answer: %v\n%s", p.cmd, err, p.output())
		}
	}
}

func (p *program) output() string {
	content, _ := os.ReadFile(p.log)
	return string(content[max(0, len(content)-2000):])
}

// cpu is the time that the program has had of its core so far, its own and the kernel's for it.
func (p *program) cpu() time.Duration {
	p.t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	// The name of the program, in parentheses, may have spaces; utime and stime are the 14th and 15th field.
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		ticks += n
	}
	// USER_HZ is 100 wherever Go runs on Linux.
	return time.Duration(ticks) * 10 * time.Millisecond
}

// memory is a line of /proc/<pid>/status, VmRSS say, in MiB.
func (p *program) memory(line string) float64 {
	p.t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(content), line+":")
	fields := strings.Fields(rest)
	if !found || len(fields) < 2 || fields[1] != "kB" {
		p.t.Fatalf("no %s in kB", line)
	}
	kilobytes, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return kilobytes / 1024
}
