#!/usr/bin/env bash
# Loads image archives into the node. usage: load.sh ARCHIVE...
set -euo pipefail
. "$(dirname "$0")/env.sh"
running containerd || die "the node is not up: make cluster-up starts it"
for archive; do ctr -a "$containerd_socket" -n k8s.io images import "$archive" >/dev/null; done
