package footprint

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// dropText tells the kernel that the program's text and constants are not needed for now. It is no promise: what is used again is
// mapped again. Whatever goes wrong, the pages just stay.
func dropText() {
	program, err := os.Executable()
	if err != nil {
		return
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, m := range unwritten(bytes.NewReader(smaps), program) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED)
	}
}

// mapping is a range of addresses.
type mapping struct{ start, end uintptr }

// unwritten returns where a file is mapped that nobody can write and nobody has written: there, and only there, the kernel has
// nothing but what the file has. A loader that relocates a program writes pages before it makes them read-only, and to drop those
// would undo it.
func unwritten(smaps io.Reader, path string) []mapping {
	var found []mapping
	candidate := false
	var m mapping
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		if start, end, ok := addresses(fields[0]); ok {
			m = mapping{start, end}
			candidate = len(fields) == 6 && fields[5] == path && (fields[1] == "r-xp" || fields[1] == "r--p")
		}
		if candidate && fields[0] == "Anonymous:" && fields[1] == "0" {
			found = append(found, m)
		}
	}
	return found
}

// addresses reads the "400000-55f000" that begins a mapping.
func addresses(field string) (start, end uintptr, ok bool) {
	from, to, found := strings.Cut(field, "-")
	first, err := strconv.ParseUint(from, 16, 64)
	last, errToo := strconv.ParseUint(to, 16, 64)
	return uintptr(first), uintptr(last), found && err == nil && errToo == nil && first < last
}
