#!/usr/bin/env bash
# Brings up the cluster that CLUSTER names, or sees that it is there.
set -euo pipefail
# shellcheck source=test/cluster/env.sh
. "$(dirname "$0")/env.sh"

kind_up() {
  need docker "CLUSTER=kind runs a node in docker"
  need kind "install it from kind.sigs.k8s.io, or use CLUSTER=node (root) or CLUSTER=current"
  docker info >/dev/null 2>&1 || die "docker does not answer: start its engine, or use CLUSTER=node or CLUSTER=current"
  mkdir -p "$state"
  if kind get clusters 2>/dev/null | grep -qxF "$kind_name"; then
    kind export kubeconfig --name "$kind_name" --kubeconfig "$state/kind.kubeconfig"
  else
    kind create cluster --name "$kind_name" --kubeconfig "$state/kind.kubeconfig" --wait 120s
  fi
}

current_up() {
  need kubectl "CLUSTER=current uses kubectl's current context"
  kubectl get --raw /readyz >/dev/null || die "kubectl's current context does not answer: choose another, or use CLUSTER=node or CLUSTER=kind"
  say "using the cluster of kubectl's context $(kubectl config current-context)"
}

case $CLUSTER in
  node) "$scripts/node/up.sh" ;;
  kind) kind_up ;;
  current) current_up ;;
esac
