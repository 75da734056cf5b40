#!/usr/bin/env bash
# Checks what a machine can say about the tree without running it: generated files are those that their sources give, the code is
# formatted, the modules are tidy and unaltered, and the chart installs what kustomize does.
set -euo pipefail
cd "$(dirname "$0")/../.."
modules=(. test/tools test/tools/golangci-lint test/tools/kube-score test/cluster)
generated=(api/v1beta1/zz_generated.deepcopy.go api/v1beta1/applyconfiguration config/crd/bases config/rbac/role.yaml charts/googlelogin/files)
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
problems=0

# check WHAT COMMAND...: goes on after a failure, so that one run names every problem.
check() {
  local what=$1
  shift
  if "$@" >"$work/output" 2>&1; then echo "ok: $what"; else
    problems=$((problems + 1))
    printf 'NOT OK: %s\n' "$what"
    cat "$work/output"
  fi
}

# Regenerating and comparing also serves a tree with uncommitted changes.
regenerated() {
  local path
  for path in "${generated[@]}"; do mkdir -p "$work/before/$(dirname "$path")" && cp -r "$path" "$work/before/$path"; done
  make --no-print-directory generate manifests || return
  for path in "${generated[@]}"; do diff -r "$work/before/$path" "$path" || return; done
}

formatted() {
  local wrong
  wrong=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
  echo "$wrong" && [ -z "$wrong" ]
}

chart_is_kustomize() {
  go tool -modfile=test/tools/go.mod kustomize build config/default >"$work/kustomize.yaml" || return
  "$(test/cluster/binaries.sh helm)/helm" template googlelogin charts/googlelogin --namespace googlelogin-system --kube-version 1.37.0 >"$work/helm.yaml" || return
  go -C test/tools run ./samerender "$work/kustomize.yaml" "$work/helm.yaml"
}

# etcd and kubectl apply have their limits, and every client that lists CRDs downloads this one.
crd_is_small() {
  local bytes
  bytes=$(stat -c %s config/crd/bases/googlelogin.dev_googlelogins.yaml)
  echo "$bytes bytes" && [ "$bytes" -lt $((200 * 1024)) ]
}

check "generated files are up to date (else: make generate manifests)" regenerated
check "Go files are formatted (else: gofmt -w)" formatted
for module in "${modules[@]}"; do
  check "go mod tidy changes nothing in $module" go -C "$module" mod tidy -diff
  check "the modules of $module are as go.sum says" go -C "$module" mod verify
  case $module in *golangci-lint | *kube-score) ;; *) check "go vet in $module" go -C "$module" vet ./... ;; esac
done
check "go vet of the end-to-end tests" go vet -tags e2e ./test/e2e/...
check "go vet of the benchmark" go vet -tags bench ./test/bench/...
check "go vet of the snippets' test" go vet -tags snippets ./test/snippets/...
check "the chart renders what kustomize does" chart_is_kustomize
check "the CRD has less than 200 KiB" crd_is_small
check "kube-score finds no fault with any pod, and Pod Security admits each as restricted" test/tools/pods.sh
check "scripts parse" bash -n .ci/run $(git ls-files '*.sh')
exit "$((problems > 0))"
