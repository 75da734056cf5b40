#!/usr/bin/env bash
# Starts a real one-node Kubernetes on this Linux machine: pods, Services, DNS, volumes, RBAC, Pod Security, garbage collection.
# Root is needed for namespaces, mounts and the pods' network. No NetworkPolicy engine runs: a policy is stored, not enforced.
set -euo pipefail
. "$(dirname "$0")/env.sh"

[ "$(uname)" = Linux ] && [ "$(id -u)" = 0 ] || die "CLUSTER=node needs Linux and root; use CLUSTER=kind or CLUSTER=current instead"

# Debian's package of each program that is not built here.
packages=(containerd:containerd runc:runc iptables:iptables nft:nftables conntrack:conntrack openssl:openssl ip:iproute2 sysctl:procps setsid:util-linux)
install_packages() {
  local entry wanted=()
  for entry in "${packages[@]}"; do command -v "${entry%%:*}" >/dev/null || wanted+=("${entry##*:}"); done
  [ "${#wanted[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "these are missing, and there is no apt-get to install them: ${wanted[*]}"
  say "installing ${wanted[*]}"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${wanted[@]}" >/dev/null
}

# start NAME PROGRAM ARGUMENT...: in the background, on its own, with its pid and log in the state folder.
start() {
  local name=$1
  shift
  setsid "$@" >"$state/$name.log" 2>&1 </dev/null 9>&- &
  echo $! >"$state/$name.pid"
}

# A node that came up half is worse than none: show why, and take it down.
give_up() {
  local log
  trap - EXIT
  for log in "$state"/*.log; do [ -e "$log" ] && { say "--- $log"; tail -n 5 "$log" >&2; }; done
  die "the node did not come up; its logs are in $state until make cluster-down or the next make cluster-up"
}

network() {
  local key
  for key in "${sysctls[@]}"; do echo "$key=$(sysctl -n "$key")"; done >"$state/sysctls"
  nft list tables >"$state/nft-tables"
  ip link add "$bridge" type bridge
  ip addr add "$address/24" dev "$bridge"
  ip link set "$bridge" up
  sysctl -qw net.ipv4.ip_forward=1
  # Docker, for one, sets the policy of FORWARD to DROP, and pods could then reach no Service.
  iptables -I FORWARD -i "$bridge" -m comment --comment googlelogin-cluster -j ACCEPT
  iptables -I FORWARD -o "$bridge" -m comment --comment googlelogin-cluster -j ACCEPT
}

control_plane() {
  # Nothing here outlives the machine's next start, so etcd need not wait for the disk.
  start etcd "$bin/etcd" --data-dir "$state/etcd" --unsafe-no-fsync \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
  start apiserver "$bin/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --bind-address="$address" --advertise-address="$address" \
    --service-cluster-ip-range="$services" --allow-privileged=true --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --cert-dir="$pki" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
    --kubelet-client-certificate="$pki/admin.crt" --kubelet-client-key="$pki/admin.key" --kubelet-certificate-authority="$pki/ca.crt" \
    --kubelet-preferred-address-types=InternalIP
  wait_for "the API server" "$bin/kubectl" get --raw /readyz
  start controller-manager "$bin/kube-controller-manager" --kubeconfig="$pki/controller-manager.kubeconfig" --leader-elect=false \
    --bind-address=127.0.0.1 --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" --use-service-account-credentials \
    --flex-volume-plugin-dir="$state/volume-plugins"
  start scheduler "$bin/kube-scheduler" --kubeconfig="$pki/scheduler.kubeconfig" --leader-elect=false --bind-address=127.0.0.1
}

container_runtime() {
  sed -e "s#@STATE@#$state#g" -e "s#@BIN@#$bin#g" "$here/containerd.toml" >"$state/containerd.toml"
  mkdir -p "$state/cni"
  sed -e "s#@STATE@#$state#g" -e "s#@BRIDGE@#$bridge#g" "$here/network.conflist" >"$state/cni/network.conflist"
  start containerd containerd --config "$state/containerd.toml"
  wait_for containerd ctr -a "$containerd_socket" version
  CGO_ENABLED=0 go -C "$scripts" build -trimpath -ldflags '-s -w' -o "$state/" ./pause ./provisioner
  "$scripts/image.sh" pack "$state/pause.tar" localhost/pause:1 "$state/pause"
  "$scripts/image.sh" pack --user 0:0 "$state/coredns.tar" localhost/coredns:1 "$bin/coredns"
  "$here/load.sh" "$state/pause.tar" "$state/coredns.tar"
}

kubelet_and_proxy() {
  sed -e "s#@STATE@#$state#g" -e "s#@DNS@#$dns#g" -e "s#@ADDRESS@#$address#g" "$here/kubelet.yaml" >"$state/kubelet.yaml"
  start kubelet "$bin/kubelet" --config="$state/kubelet.yaml" --kubeconfig="$pki/kubelet.kubeconfig" --hostname-override="$node" --node-ip="$address" \
    --root-dir="$state/kubelet"
  # conntrack-max-per-core 0: leave the machine's own limits alone.
  start proxy "$bin/kube-proxy" --kubeconfig="$pki/proxy.kubeconfig" --hostname-override="$node" --proxy-mode=nftables --cluster-cidr="$pods" \
    --conntrack-max-per-core=0
  start provisioner "$state/provisioner" --kubeconfig="$state/kubeconfig" --name=cluster.test/folder --root="$state/volumes"
}

# UPSTREAM_DNS, if set, is a name server for names outside of the cluster, Google's for one. Unset: pods resolve Services alone.
addons() {
  sed -e "s/#forward/${UPSTREAM_DNS:+forward . $UPSTREAM_DNS}/" "$here/addons.yaml" | "$bin/kubectl" apply -f - >/dev/null
  wait_for "the node" "$bin/kubectl" wait --for=condition=Ready --timeout=1s "node/$node"
  "$bin/kubectl" -n kube-system rollout status deployment/coredns --timeout=120s >/dev/null
}

here=$(cd "$(dirname "$0")" && pwd)
export KUBECONFIG=$state/kubeconfig
already_up() { running apiserver && running kubelet && say "the node is up already; KUBECONFIG=$KUBECONFIG"; }
if already_up; then exit; fi
need go "install Go from go.dev/doc/install"
install_packages
mkdir -p "$cache"
exec 9>"$state.lock"
flock 9
# Another run may have brought it up while this one waited.
if already_up; then exit; fi
bin=$("$scripts/binaries.sh" node)
"$here/down.sh" --locked
! nft list table ip kube-proxy >/dev/null 2>&1 || die "another Kubernetes node runs on this machine: use it with CLUSTER=current"
say "starting a one-node Kubernetes $kubernetes_version"
mkdir -p "$state" && chmod 0711 "$state"
ln -sfn "$bin" "$state/bin"
trap give_up EXIT
"$here/pki.sh" 2>"$state/pki.log"
network
control_plane
container_runtime
kubelet_and_proxy
addons
trap - EXIT
say "the node is up; KUBECONFIG=$KUBECONFIG"
