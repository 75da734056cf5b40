package controlplane

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// mortal returns a program to run in a program's stead: the kernel ends it with this process, however that ends. Otherwise a test run that
// is killed would leave etcd and an API server behind.
//
// It is a script for setpriv(1), and not os/exec's Pdeathsig, because it is envtest that starts the programs. Where there is no setpriv the
// program is returned as it is.
func mortal(folder, program string) (string, error) {
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		return program, nil //nolint:nilerr // Then nobody cleans up after a killed run.
	}
	script := filepath.Join(folder, filepath.Base(program))
	content := fmt.Sprintf("#!/bin/sh\nexec %q --pdeathsig KILL -- %q \"$@\"\n", setpriv, program)
	if err := os.WriteFile(script, []byte(content), 0o700); err != nil { //nolint:gosec // It is to be run.
		return "", err
	}
	return script, nil
}

// onLastingThread runs f on a thread that lives as long as the process: to the kernel the parent of a program is the thread that started it.
func onLastingThread(f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		result <- f()
		select {} // The thread of a locked goroutine ends with it.
	}()
	return <-result
}
