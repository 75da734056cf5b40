package footprint

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnwritten_IsWhatTheFileHas(t *testing.T) {
	const smaps = `00400000-00401000 r-xp 00000000 fe:00 12 /server
Rss:                   4 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00401000-00402000 r--p 00001000 fe:00 12 /server
Anonymous:             0 kB
00402000-00403000 r--p 00002000 fe:00 12 /server
Anonymous:             4 kB
00403000-00404000 rw-p 00003000 fe:00 12 /server
Anonymous:             0 kB
00404000-00405000 r-xp 00000000 fe:00 13 /lib/libc.so
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0
Anonymous:             0 kB
`
	want := []mapping{{0x400000, 0x401000}, {0x401000, 0x402000}}
	if diff := cmp.Diff(want, unwritten(strings.NewReader(smaps), "/server"), cmp.AllowUnexported(mapping{})); diff != "" {
		t.Errorf("text and untouched constants (-want +got):\n%s", diff)
	}
}

func TestDropText_TheProgramGoesOn(t *testing.T) {
	before := fileMemory(t)
	dropText()
	if after := fileMemory(t); after >= before {
		t.Errorf("%d KiB of the program are resident, want less than the %d before", after, before)
	}
}

// fileMemory is the resident memory that came from files, in KiB.
func fileMemory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes
}
