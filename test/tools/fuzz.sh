#!/usr/bin/env bash
# fuzz.sh TIME REST NAME...: runs each fuzz target in the tree, Fuzz<NAME> for TIME and the others for REST. A target that is named must
# be there, with a corpus. What fails leaves its input under testdata/fuzz, where it stays as a test.
set -euo pipefail
cd "$(dirname "$0")/../.."
long=$1 rest=$2
shift 2

targets=$(grep -rHo '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' api controllers server | sed 's/:func / /' | sort)
for name in "$@"; do
  file=$(awk -v name="Fuzz$name" '$2 == name {print $1}' <<<"$targets")
  [ -n "$file" ] || { echo "error: there is no target Fuzz$name" >&2 && exit 1; }
  compgen -G "$(dirname "$file")/testdata/fuzz/Fuzz$name/*" >/dev/null || { echo "error: Fuzz$name has no corpus" >&2 && exit 1; }
done

failed=()
while read -r file target; do
  time=$rest
  case " $* " in *" ${target#Fuzz} "*) time=$long ;; esac
  printf '\n=== %s, %s\n' "$target" "$time"
  # Minimizing what is merely new would take the time that looking for it has.
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 5s "./$(dirname "$file")" </dev/null || failed+=("$target")
done <<<"$targets"
[ "${#failed[@]}" = 0 ] || { echo "error: failed: ${failed[*]}" >&2 && exit 1; }
