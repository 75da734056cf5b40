package postgrestest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tinyDisk is the room of a tiny disk: a new server and its database leave some of it.
const tinyDisk = 96 << 20

// onTinyDisk mounts a small file system for a part of the data, in a mount namespace of the server's own, which needs no root. It keeps
// starting the server, as the kubelet does: one whose log cannot be written gives up. PostgreSQL refuses to be root even there, hence
// the second namespace.
const onTinyDisk = `
part=$1 size=$2; shift 2
mv "$part" "$part.before"
mkdir --mode=700 "$part"
mount -t tmpfs -o "size=$size,mode=700" tmpfs "$part"
cp --recursive --preserve=mode "$part.before/." "$part"
trap 'kill -INT "$server"; wait "$server"; exit 0' INT
while :; do
	unshare --user --map-user=1000 --map-group=1000 "$@" &
	server=$!
	wait "$server" || true
	sleep 0.2
done
`

// supervised is the command of a server that has a part of its data on a tiny disk.
func (s *Server) supervised(path string, args []string) (string, []string) {
	part := filepath.Join(dataIn(s.Dir), s.options.TinyDisk)
	return program(s.t, "unshare", "util-linux"), append([]string{"--user", "--map-root-user", "--mount", "sh", "-euc", onTinyDisk, "sh",
		part, fmt.Sprint(tinyDisk), path}, args...)
}

// Fill takes all the room that is left on the tiny disk, and returns what gives it back.
func (s *Server) Fill() (free func()) {
	s.t.Helper()
	// Where the server sees it, and nobody else does.
	disk := fmt.Sprintf("/proc/%d/root%s", s.process.cmd.Process.Pid, filepath.Join(dataIn(s.Dir), s.options.TinyDisk))
	var room syscall.Statfs_t
	if err := syscall.Statfs(disk, &room); err != nil {
		s.t.Fatal(err)
	}
	if size := int64(room.Blocks) * room.Bsize; size != tinyDisk {
		s.t.Fatalf("the disk has %d bytes, want %d: this would fill another one", size, tinyDisk)
	}
	filler := filepath.Join(disk, "filler")
	output, err := command(s.t, "/bin/dd", "if=/dev/zero", "of="+filler, "bs=64k").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "No space left on device") {
		s.t.Fatalf("fill the disk: %v\n%s", err, output)
	}
	return func() {
		s.t.Helper()
		if err := os.Remove(filler); err != nil {
			s.t.Fatal(err)
		}
	}
}
