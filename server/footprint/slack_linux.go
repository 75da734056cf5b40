package footprint

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// slack is how much later than asked the kernel may wake a thread. Go's watcher, which asks for 20 µs at a time while anything
	// runs, is the only one that notices; the rest of Go rounds its timers to a millisecond.
	slack = 500 * time.Microsecond
	// relaxed in the environment says that Relax was here before. The slack itself would say so too, but a sandbox that takes it
	// and does not keep it would have us begin for ever.
	relaxed = "GOOGLELOGIN_RELAXED"
)

// Relax spares the processor most of the work of Go's watcher (sysmon), which wakes up many thousands of times a second to see
// whether a thread waits for the disk: that was a fifth of a login. A thread gets its slack from the one that starts it, and
// the watcher was started before main. So this sets it, and lets the program begin again in its place, with the same process ID:
// it has to come before everything that must not happen twice. It returns when that is done, or with an error if it cannot be.
// docs/decisions/0025-the-server-begins-twice.md has the rest.
func Relax() error {
	if os.Getenv(relaxed) != "" {
		return os.Unsetenv(relaxed)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find program: %w", err)
	}
	// The slack is this thread's, and the new program's first thread is the one that asks for it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0); err != nil {
		return fmt.Errorf("set timer slack: %w", err)
	}
	return fmt.Errorf("start again: %w", unix.Exec(program, os.Args, append(os.Environ(), relaxed+"=1")))
}
