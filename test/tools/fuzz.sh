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

# Go's fuzzer now and then takes the end of its own time for a failure ("context deadline exceeded", and no input is written, where every
# finding writes one). Such a run says nothing, so the target runs again, and its "FAIL" is not printed; three in a row are a failure.
fuzz() {
  local target=$1 time=$2 package=$3 log attempt
  log=$(mktemp)
  for attempt in 1 2 3; do
    # Minimizing what is merely new would take the time that looking for it has.
    if go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 5s "$package" </dev/null >"$log" 2>&1; then
      cat "$log"
      rm "$log"
      return 0
    fi
    grep -q '^    context deadline exceeded$' "$log" && ! grep -q 'Failing input' "$log" || break
    grep '^fuzz: elapsed' "$log" | tail -n 1
    printf '%s: the fuzzer stopped without a finding, attempt %s\n' "$target" "$attempt"
  done
  cat "$log"
  rm "$log"
  return 1
}

failed=()
while read -r file target; do
  time=$rest
  case " $* " in *" ${target#Fuzz} "*) time=$long ;; esac
  printf '\n=== %s, %s\n' "$target" "$time"
  fuzz "$target" "$time" "./$(dirname "$file")" || failed+=("$target")
done <<<"$targets"
[ "${#failed[@]}" = 0 ] || { echo "error: failed: ${failed[*]}" >&2 && exit 1; }
