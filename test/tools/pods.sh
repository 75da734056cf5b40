#!/usr/bin/env bash
# Holds every pod that this repository makes against kube-score and Pod Security's level restricted: the manager's, from kustomize and from the chart, and the callback
# server's, from the golden files of package desired. What is left out is left out for a reason, given here.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
left_out=(
  # Images are named by version; Always would make each start wait for a registry.
  container-image-pull-policy
  # A container's own log counts against such a limit, and eviction would end logins under way.
  container-ephemeral-storage-request-and-limit
)

# score NAME FILE [TEST...]: the further tests are left out too. Throttled CPU would only make every login slower, so there is no
# limit on it.
score() {
  local name=$1 file=$2 test ignored=()
  shift 2
  for test in "${left_out[@]}" "$@"; do ignored+=(--ignore-test "$test"); done
  if ! go tool -modfile=test/tools/kube-score/go.mod kube-score score --ignore-container-cpu-limit "${ignored[@]}" --output-format ci "$file" >"$work/score"; then
    echo "error: kube-score finds fault with $name:" >&2
    grep '^\[CRITICAL\]' "$work/score" >&2 || cat "$work/score" >&2
    exit 1
  fi
  grep -q "Deployment" "$work/score" || { echo "error: kube-score saw no Deployment in $name" >&2; exit 1; }
  echo "ok: $name"
}

go tool -modfile=test/tools/go.mod kustomize build config/default >"$work/kustomize.yaml"
score "config/default" "$work/kustomize.yaml"
"$(test/cluster/binaries.sh helm)/helm" template googlelogin charts/googlelogin --namespace googlelogin-system --kube-version 1.37.0 >"$work/chart.yaml"
score "the chart" "$work/chart.yaml"
for folder in controllers/desired/testdata/*/; do
  # Each file begins with its own "---" or not.
  for file in "$folder"*.yaml; do printf -- '---\n' && cat "$file"; done >"$work/objects.yaml"
  # These two are for the team to switch on.
  optional=()
  [ -e "$folder/networkpolicy.yaml" ] || optional+=(pod-networkpolicy)
  [ -e "$folder/poddisruptionbudget.yaml" ] || optional+=(deployment-has-poddisruptionbudget)
  # What the file shows is a new Deployment: it starts with a number that the autoscaler takes over (docs/decisions, 16).
  [ ! -e "$folder/hpa.yaml" ] || optional+=(deployment-targeted-by-hpa-does-not-have-replicas-configured)
  score "$folder" "$work/objects.yaml" "${optional[@]}"
done
go -C test/tools run ./podsecurity "$work/kustomize.yaml" "$work/chart.yaml" "$PWD"/controllers/desired/testdata/*/*.yaml
