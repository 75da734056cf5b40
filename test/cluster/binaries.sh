#!/usr/bin/env bash
# Prints the folder that holds a set of programs, after making sure that all of them are in it.
# usage: binaries.sh control-plane|node|helm|helm3|caddy|traefik|crane|oauth2-proxy
#
# control-plane: etcd and an API server with garbage collection, for tests; no root needed. node: what a whole node runs.
# Kubernetes comes from KUBERNETES_BIN if that is set, else from the official release if its site can be reached, else it is
# built from source (two cores: about ten minutes each). Results are kept per version under the user's cache folder.
set -euo pipefail
# shellcheck source=test/cluster/env.sh
. "$(dirname "$0")/env.sh"
set_name=${1:?usage: binaries.sh control-plane|node|helm|helm3|caddy|traefik|crane|oauth2-proxy}
arch=$(go env GOARCH)
export CGO_ENABLED=0

released=() installed=()
case $set_name in
  control-plane) version=$kubernetes_version released=(kube-apiserver kube-controller-manager kubectl) programs=(etcd "${released[@]}") ;;
  node)
    version=$kubernetes_version released=(kubelet kube-scheduler kube-proxy) inherited=(etcd kube-apiserver kube-controller-manager kubectl)
    plugins=github.com/containernetworking/plugins/plugins
    installed=("github.com/coredns/coredns@$coredns_version" $plugins/{main/bridge,main/loopback,ipam/host-local,meta/portmap}"@$cni_version")
    programs=("${inherited[@]}" "${released[@]}" coredns bridge loopback host-local portmap)
    ;;
  helm) version=$helm_version installed=("helm.sh/helm/v4/cmd/helm@$version") programs=(helm) ;;
  helm3) version=$helm3_version installed=("helm.sh/helm/v3/cmd/helm@$version") programs=(helm) ;;
  caddy) version=$caddy_version installed=("github.com/caddyserver/caddy/v2/cmd/caddy@$version") programs=(caddy) ;;
  traefik) version=$traefik_version programs=(traefik) ;;
  crane) version=$crane_version installed=("github.com/google/go-containerregistry/cmd/crane@$version") programs=(crane) ;;
  oauth2-proxy) version=$oauth2_proxy_version installed=("github.com/oauth2-proxy/oauth2-proxy/v7@$version") programs=(oauth2-proxy) ;;
  *) die "no such set of programs: $set_name" ;;
esac

# download FOLDER: the official binaries, each checked against the release's own sum. Any trouble means "build instead".
download() {
  local site=${KUBERNETES_DOWNLOAD:-https://dl.k8s.io}/$kubernetes_version/bin/linux/$arch p
  command -v curl >/dev/null && curl -fsSL --connect-timeout 3 --max-time 10 -o "$1/.sum" "$site/kubectl.sha256" 2>/dev/null || return 1
  say "downloading Kubernetes $kubernetes_version ($set_name)"
  for p in "${released[@]}"; do
    curl -fsSL --retry 2 -o "$1/$p" "$site/$p" && curl -fsSL --retry 2 -o "$1/.sum" "$site/$p.sha256" || return 1
    echo "$(cat "$1/.sum")  $1/$p" | sha256sum --check --status || { say "the sum of $p is wrong"; return 1; }
  done
  [ "$set_name" = node ] || download_etcd "$1"
}

download_etcd() {
  local site=${ETCD_DOWNLOAD:-https://github.com/etcd-io/etcd/releases/download}/$etcd_version archive=etcd-$etcd_version-linux-$arch.tar.gz
  curl -fsSL --retry 2 -o "$1/$archive" "$site/$archive" && curl -fsSL --retry 2 -o "$1/.sum" "$site/SHA256SUMS" || return 1
  (cd "$1" && grep " $archive\$" .sum | sha256sum --check --status) || { say "the sum of $archive is wrong"; return 1; }
  tar -xzf "$1/$archive" -C "$1" --strip-components=1 "etcd-$etcd_version-linux-$arch/etcd" && rm "$1/$archive"
}

# build FOLDER: the same programs from source, at the versions that test/cluster/go.mod and go.sum pin.
build() {
  local version="-s -w -X k8s.io/component-base/version.gitVersion=$kubernetes_version -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes_version" p
  for p in "${released[@]}"; do
    say "building $p $kubernetes_version"
    go -C "$scripts" build -trimpath -ldflags "$version" -o "$1/$p" "k8s.io/kubernetes/cmd/$p"
  done
  [ "$set_name" = node ] && return
  say "building etcd $etcd_version"
  go -C "$scripts" build -trimpath -ldflags '-s -w' -o "$1/etcd" go.etcd.io/etcd/server/v3
}

# fill FOLDER
fill() {
  local p from
  if [ "${#released[@]}" -gt 0 ]; then
    (download "$1") || { rm -rf "${1:?}"/* && build "$1"; }
  fi
  if [ "$set_name" = node ]; then
    from=$("$scripts/binaries.sh" control-plane)
    for p in "${inherited[@]}"; do ln "$from/$p" "$1/$p" 2>/dev/null || cp "$from/$p" "$1/$p"; done
  fi
  for p in "${installed[@]}"; do
    say "building $p"
    GOBIN=$1 go install -trimpath -ldflags '-s -w' "$p"
  done
  [ "$set_name" != traefik ] || "$scripts/traefik.sh" "$1"
  rm -f "$1/.sum"
  chmod 0755 "$1"/*
}

# missing FOLDER: names the programs that are not there.
missing() { for p in "${programs[@]}"; do [ -x "$1/$p" ] || printf ' %s' "$p"; done; }

case $set_name in control-plane | node)
  if [ -n "${KUBERNETES_BIN:-}" ]; then
    [ -z "$(missing "$KUBERNETES_BIN")" ] || die "KUBERNETES_BIN=$KUBERNETES_BIN lacks$(missing "$KUBERNETES_BIN")"
    (cd "$KUBERNETES_BIN" && pwd) && exit
  fi ;;
esac

case $set_name in control-plane | node) shelf=$cache/kubernetes ;; *) shelf=$cache/programs ;; esac
folder=$shelf/$version-$set_name
if [ ! -d "$folder" ]; then
  need go "install Go from go.dev/doc/install"
  need flock "it is in the package util-linux"
  mkdir -p "$shelf"
  exec 9>"$folder.lock"
  flock -n 9 || { say "waiting for another run that prepares $set_name" && flock 9; }
  if [ ! -d "$folder" ]; then
    # The folder appears under its name only when it is complete, so that an interrupted run leaves nothing that looks usable.
    half=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$half"' EXIT
    fill "$half" >&2
    [ -z "$(missing "$half")" ] || die "$set_name lacks$(missing "$half") after it was built"
    chmod 0755 "$half"
    mv -T "$half" "$folder"
  fi
fi
echo "$folder"
