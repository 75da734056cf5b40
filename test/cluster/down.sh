#!/usr/bin/env bash
# Removes the cluster that up.sh made. One that it did not make is left alone.
set -euo pipefail
# shellcheck source=test/cluster/env.sh
. "$(dirname "$0")/env.sh"

case $CLUSTER in
  node) "$scripts/node/down.sh" ;;
  kind)
    need kind "install it from kind.sigs.k8s.io"
    kind delete cluster --name "$kind_name"
    rm -f "$state/kind.kubeconfig"
    ;;
  current) say "CLUSTER=current: the cluster is yours, and stays" ;;
esac
