#!/usr/bin/env bash
# Builds the callback server as it was before the newest version of the database's schema, from the history of this repository.
# usage: previous.sh OUTPUT
set -euo pipefail
output=$(realpath -m "$1")
cd "$(dirname "$0")/../.."

newest=$(git log -1 --format=%H --diff-filter=A -- server/store/postgres/migrations server/store/sqlite/migrations)
if ! before=$(git rev-parse --verify --quiet "$newest^{commit}^"); then
  echo "error: this clone does not hold the commit before the newest migration: git fetch --unshallow" >&2
  exit 1
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
git archive "$before" | tar -x -C "$dir"
(cd "$dir" && CGO_ENABLED=0 go build -o "$output" ./cmd/server)
echo "built the server of $(git log -1 --format='%h, %cs' "$before")"
