#!/usr/bin/env bash
# Runs a command against the cluster that CLUSTER names: kubectl and helm that fit it come first in PATH, KUBECONFIG points to
# it, and IMAGE_PREFIX is what the names of loaded images begin with.
# usage: with.sh COMMAND ARGUMENT...        test/cluster/with.sh kubectl get pods
set -euo pipefail
# shellcheck source=test/cluster/env.sh
. "$(dirname "$0")/env.sh"
export CLUSTER IMAGE_PREFIX=localhost

helm=$("$scripts/binaries.sh" helm)
case $CLUSTER in
  node) kubectl=$("$scripts/binaries.sh" node) ;;
  *) kubectl=$(dirname "$(command -v kubectl)") || kubectl=$("$scripts/binaries.sh" control-plane) ;;
esac
[ "$CLUSTER" = current ] && IMAGE_PREFIX=${REGISTRY:-$IMAGE_PREFIX}
[ "$CLUSTER" = current ] || export KUBECONFIG=$(kubeconfig_file)
PATH=$helm:$kubectl:$PATH exec "$@"
