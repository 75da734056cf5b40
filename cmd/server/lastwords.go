package main

import (
	"os"
	"strings"
)

// terminationLog is where Kubernetes looks for why a container ended; the operator copies it into the status of the GoogleLogin. It is
// there in a pod alone.
const terminationLog = "/dev/termination-log"

// mostWords bounds the message: it ends up in a status.
const mostWords = 1024

// leaveWord writes why the program ends to a file that is there already. Nobody can be told if that fails. What err says is on standard
// error too: like everything there it names files, never what is in them.
func leaveWord(path string, err error) {
	file, openErr := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if openErr != nil {
		return
	}
	message := err.Error()
	if len(message) > mostWords {
		message = strings.ToValidUTF8(message[:mostWords], "")
	}
	_, _ = file.WriteString(message)
	_ = file.Close()
}
