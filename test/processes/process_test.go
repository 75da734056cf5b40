package processes

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/test/standalone"
	"github.com/googlelogin/operator/test/visitor"
)

// process is one running server.
type process struct {
	*visitor.Visitor
	cmd *exec.Cmd
	log *output
	// done is closed once the process is gone; err is how it ended.
	done chan struct{}
	err  error
}

// start runs a server with this configuration, and returns once it listens. It is killed when the test ends.
func start(t *testing.T, cfg config.Config) *process {
	t.Helper()
	return startProgram(t, program, cfg)
}

func startProgram(t *testing.T, program string, cfg config.Config) *process {
	t.Helper()
	return startCommand(t, exec.Command(program, "--config", standalone.WriteConfig(t, cfg)))
}

// startCommand is for a command that becomes a server.
func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, log: &output{}, done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.log
	address, failed := make(chan string, 1), make(chan error, 1)
	go p.run(stdout, address, failed)
	t.Cleanup(p.kill)
	select {
	case at := <-address:
		p.Visitor = newVisitor("http://" + at)
	case err := <-failed:
		t.Fatalf("start the server: %v", err)
	case <-p.done:
		t.Fatalf("the server ended at once: %v\n%s", p.err, p.log)
	}
	return p
}

// run owns the process. The kernel kills it when the thread ends that started it, not when the test does: so the thread stays.
func (p *process) run(stdout io.Reader, address chan<- string, failed chan<- error) {
	runtime.LockOSThread()
	if err := p.cmd.Start(); err != nil {
		failed <- err
		return
	}
	defer close(p.done)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		_, _ = p.log.Write(append(lines.Bytes(), '\n'))
		var entry struct{ Msg, Public string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "listening" {
			address <- entry.Public
		}
	}
	p.err = p.cmd.Wait()
}

// kill is kill -9: the process does nothing more, whatever it is at.
func (p *process) kill() {
	select {
	case <-p.done:
	default:
		if p.cmd.Process != nil {
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	}
}

// output is what a process has said so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
