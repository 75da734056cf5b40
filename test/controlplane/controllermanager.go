package controlplane

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// controllerManager is the kube-controller-manager beside the API server, with nothing but its garbage collector: other
// controllers would make pods that nobody runs.
type controllerManager struct {
	command *exec.Cmd
	folder  string
}

func startControllerManager(program string, kubeconfig []byte) (*controllerManager, error) {
	folder, err := os.MkdirTemp("", "controller-manager-")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(config, kubeconfig, 0o600); err != nil {
		return nil, err
	}
	output, err := os.Create(filepath.Join(folder, "output"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }()
	command := exec.Command(program, //nolint:gosec // the program under test's own environment, named by whoever runs the tests
		"--kubeconfig="+config,
		"--authentication-kubeconfig="+config,
		"--authorization-kubeconfig="+config,
		"--controllers=garbage-collector-controller",
		"--leader-elect=false",
		"--secure-port=0",
	)
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start kube-controller-manager: %w", err), os.RemoveAll(folder))
	}
	return &controllerManager{command: command, folder: folder}, nil
}

func (m *controllerManager) stop() error {
	if err := m.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop kube-controller-manager: %w", err)
	}
	// The exit code of a program that was told to end says nothing.
	_ = m.command.Wait()
	return os.RemoveAll(m.folder)
}
