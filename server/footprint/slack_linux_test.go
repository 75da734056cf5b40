package footprint

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// helper is set for the test's own program when it is started to be relaxed.
const helper = "FOOTPRINT_TEST_RELAX"

func TestRelax_BeginsAgainOnceWithSlackForEveryThread(t *testing.T) {
	if os.Getenv(helper) != "" {
		relaxAndTell()
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), helper+"=1")
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	got, _, _ := strings.Cut(string(output), "\n")
	want := fmt.Sprintf("process %d, slack [500000 500000 500000 500000], left in the environment: %q", cmd.Process.Pid, "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the program that began again (-want +got):\n%s", diff)
	}
}

// relaxAndTell runs in a process of its own, twice: the first time does not come back from Relax.
func relaxAndTell() {
	if err := Relax(); err != nil {
		fmt.Println(err)
		return
	}
	slacks := make([]int, 4)
	var group sync.WaitGroup
	for i := range slacks {
		group.Go(func() {
			// Never unlocked, so that each has a thread of its own.
			runtime.LockOSThread()
			slacks[i], _ = unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
		})
	}
	group.Wait()
	fmt.Printf("process %d, slack %v, left in the environment: %q\n", os.Getpid(), slacks, os.Getenv(relaxed))
}
