#!/usr/bin/env bash
# Ends what up.sh set up: the forwarder on this machine, the demo's namespace and the operator. `make demo-down` runs it.
set -euo pipefail
# shellcheck source=test/demo/env.sh
. "$(dirname "$0")/env.sh"

close_port
rm -rf "$state"

if command -v kubectl >/dev/null && kubectl version >/dev/null 2>&1; then
  need helm "run this through 'make demo-down', which brings it along"
  step "removing the demo"
  # The namespace goes first: its GoogleLogin takes its children along, while the operator still runs.
  kubectl delete namespace "$namespace" --ignore-not-found --timeout=120s >/dev/null
  helm uninstall "$release" --namespace "$system" --ignore-not-found --wait >/dev/null 2>&1 || die "helm could not remove the operator"
  kubectl delete namespace "$system" --ignore-not-found --timeout=120s >/dev/null
  if [ "${CLUSTER:-}" = current ]; then
    say "The CRD stays, since every GoogleLogin of the cluster goes with it: kubectl delete crd googlelogins.googlelogin.dev"
  fi
else
  say "no cluster answers, so there is nothing more to remove"
fi
say "the demo is gone"
