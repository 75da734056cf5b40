# Sourced by the scripts beside it: names they share, and how they speak.
# shellcheck shell=bash disable=SC2034

demo=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$demo/../.." && pwd)
namespace=googlelogin-demo system=googlelogin-system release=googlelogin
url=https://shop.localhost:8443/

# What the demo keeps on this machine: the forwarder's pid and log, and the root certificate.
state=${DEMO_STATE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/googlelogin/demo}

# Where the images are: on the node as localhost/..., or in the registry that a cluster of your own pulls from.
images=${IMAGE_PREFIX:-${REGISTRY:-localhost}}

say() { printf '%s\n' "$*" >&2; }
step() { say "==> $*"; }
die() { say "error: $*"; exit 1; }
need() { command -v "$1" >/dev/null || die "$1 is missing: ${*:2}"; }

# forwarder prints the pid of the forwarder that runs, and fails if none does. A pid alone proves nothing: it may be somebody
# else's by now, so the command line has to be the forwarder's too.
forwarder() {
  local pid
  pid=$(cat "$state/forward.pid" 2>/dev/null) || return 1
  case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") in
    */test/demo/forward.sh*) echo "$pid" ;;
    *) return 1 ;;
  esac
}

# close_port ends the forwarder, if one runs.
close_port() {
  local pid
  pid=$(forwarder) || return 0
  kill "$pid"
  while forwarder >/dev/null; do sleep 0.1; done
}
