# Sourced by the scripts beside it, on top of ../env.sh: what is where on the node.
# shellcheck shell=bash disable=SC2034
. "$(dirname "${BASH_SOURCE[0]}")/../env.sh"

# The pods' bridge has the node's own address: a loopback address is refused as one, and no other device is needed.
node=node-1 bridge=glogin0 address=10.244.0.1 pods=10.244.0.0/24 services=10.96.0.0/16 dns=10.96.0.10
pki=$state/pki
containerd_socket=$state/containerd.sock
nft_tables=("ip kube-proxy" "ip6 kube-proxy" "inet cni_plugins_masquerade" "inet cni_hostport")
sysctls=(net.ipv4.ip_forward vm.overcommit_memory kernel.panic kernel.panic_on_oops)

# running NAME: whether the process that start NAME began is still there. A pid alone may be someone else's by now.
running() {
  local pid
  pid=$(cat "$state/$1.pid" 2>/dev/null) && grep -aqF "$state" "/proc/$pid/cmdline" 2>/dev/null
}

# wait_for WHAT COMMAND...: until the command succeeds, for a minute.
wait_for() {
  local what=$1
  shift
  for _ in $(seq 240); do "$@" >/dev/null 2>&1 && return; sleep 0.25; done
  die "$what did not come up within a minute"
}
