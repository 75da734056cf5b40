#!/usr/bin/env bash
# Stops the node that up.sh started, and removes all that it left on the machine: processes, mounts, network, state folder.
# usage: down.sh [--locked]     --locked: the caller holds the lock that keeps up.sh and down.sh apart
set -uo pipefail
. "$(dirname "$0")/env.sh"
[ -d "$state" ] || exit 0
if [ "${1:-}" != --locked ]; then exec 9>"$state.lock" && flock 9; fi

# stop NAME...: ends the processes that up.sh started, and waits until they are gone.
stop() {
  local name
  for name; do running "$name" && kill "$(cat "$state/$name.pid")"; done
  for name; do
    for _ in $(seq 100); do running "$name" || break; sleep 0.1; done
    running "$name" && kill -9 "$(cat "$state/$name.pid")"
  done
}

end_at_once() {
  local name
  for name; do running "$name" && kill -9 "$(cat "$state/$name.pid")"; done
}

containers() {
  local ctr=(ctr -a "$containerd_socket" -n k8s.io) id
  running containerd || return
  for id in $("${ctr[@]}" tasks ls -q); do "${ctr[@]}" tasks rm -f "$id"; done
  for id in $("${ctr[@]}" containers ls -q); do "${ctr[@]}" containers rm "$id"; done
} >/dev/null 2>&1

shims() {
  local pid
  for pid in $(pgrep -f "containerd-shim-runc-v2 .*-address $containerd_socket"); do kill -9 "$pid"; done
}

mounts() {
  local mount
  awk -v below="$state/" 'index($2, below) == 1 {print $2}' /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done
}

network() {
  local table family way
  ip link show "$bridge" >/dev/null 2>&1 && ip link del "$bridge"
  for way in -i -o; do
    while iptables -D FORWARD $way "$bridge" -m comment --comment googlelogin-cluster -j ACCEPT 2>/dev/null; do :; done
  done
  # A table that was there before belongs to somebody else.
  nft list tables | while read -r _ family table; do
    for ours in "${nft_tables[@]}"; do
      [ "$ours" = "$family $table" ] && ! grep -qxF "table $ours" "$state/nft-tables" && nft delete table "$family" "$table"
    done
  done
  [ -f "$state/sysctls" ] && sysctl -qp "$state/sysctls"
}

cgroups() {
  find /sys/fs/cgroup -depth -type d \( -path '*/kubepods/*' -o -name kubepods \) -exec rmdir {} + 2>/dev/null
}

# traces: what the kubelet, the CNI plugins and runc keep at places of their own choosing.
traces() {
  local file
  for file in /var/lib/cni/results/googlelogin-*-eth0; do
    [ -e "$file" ] || continue
    rm -f "$file" "$(sed 's#/googlelogin-\(.*\)-eth0$#/cni-loopback-\1-lo#' <<<"$file")"
  done
  find /var/log/containers -maxdepth 1 -type l -lname "$state/*" -delete
  rm -f /var/lib/kubelet/device-plugins/kubelet.sock
  rmdir /var/lib/cni/results /var/lib/cni /var/log/containers /var/lib/kubelet/device-plugins /var/lib/kubelet \
    /run/containerd/runc/k8s.io /run/containerd/runc /run/containerd/s /run/containerd
} 2>/dev/null

if [ -f "$state/etcd.pid" ]; then
  say "taking the node down"
  stop kubelet proxy provisioner scheduler controller-manager
  containers
  stop containerd
  # Their own way to stop takes ten seconds, and what they hold is thrown away.
  end_at_once apiserver etcd
  shims
  mounts
  network
  cgroups
  traces
fi
if grep -qF " $state/" /proc/mounts; then die "mounts are left below $state: it was not removed"; fi
rm -rf "$state"
