#!/usr/bin/env bash
# Lints the chart and renders it with every Helm that is supported: a value that is not one must be refused, and two renderings
# must be equal, letter by letter.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

for set in helm helm3; do
  helm=$(test/cluster/binaries.sh "$set")/helm
  render() { "$helm" template googlelogin charts/googlelogin --namespace googlelogin-system --kube-version 1.37.0 "$@"; }
  "$helm" version --short
  "$helm" lint --strict charts/googlelogin
  render >"$work/$set.yaml"
  render | cmp - "$work/$set.yaml"
  render --set 'namespaces={team-a,team-b}' --set metrics.enabled=false >"$work/$set-namespaces.yaml"
  if grep -A12 '^kind: ClusterRole' "$work/$set-namespaces.yaml" | grep -q secrets; then
    echo "error: with namespaces listed, a ClusterRole still reads Secrets" >&2 && exit 1
  fi
  if render --set manager.replica=1 >/dev/null 2>&1; then echo "error: an unknown value was not refused" >&2 && exit 1; fi
done
go -C test/tools run ./samerender "$work/helm.yaml" "$work/helm3.yaml"
