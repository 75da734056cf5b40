#!/usr/bin/env bash
# Shows whether the cluster that CLUSTER names answers, and what runs in it.
set -euo pipefail
# shellcheck source=test/cluster/env.sh
. "$(dirname "$0")/env.sh"
if [ "$CLUSTER" != current ] && [ ! -f "$(kubeconfig_file)" ]; then die "no cluster is up (CLUSTER=$CLUSTER): make cluster-up starts one"; fi
"$scripts/with.sh" kubectl get --raw /readyz >/dev/null || die "the cluster (CLUSTER=$CLUSTER) does not answer"
"$scripts/with.sh" kubectl get nodes,pods --all-namespaces -o wide
