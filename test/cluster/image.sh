#!/usr/bin/env bash
# Container images with no docker engine and no registry.
# usage: image.sh pack [--user UID:GID] ARCHIVE REFERENCE PROGRAM...   static programs into an archive; the first is the entrypoint
#        image.sh load ARCHIVE...                                      archives into the cluster that CLUSTER names
#
# The same programs make the same archive, byte for byte, in the layout that docker save writes.
set -euo pipefail
# shellcheck source=test/cluster/env.sh
. "$(dirname "$0")/env.sh"

pack() {
  local user=65532:65532 archive reference programs layer sum arch
  if [ "$1" = --user ]; then user=$2 && shift 2; fi
  archive=$(realpath -m "$1") reference=$2 programs=("${@:3}")
  arch=$(GOOS=linux go env GOARCH)
  work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/root" "$(dirname "$archive")"
  install -m 0755 "${programs[@]}" "$work/root/"
  deterministic_tar "$work/layer.tar" "$work/root" .
  sum=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  printf '{"architecture":"%s","os":"linux","config":{"User":"%s","Entrypoint":["/%s"],"Env":["PATH=/"],"WorkingDir":"/"},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}\n' \
    "$arch" "$user" "$(basename "${programs[0]}")" "$sum" >"$work/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]\n' "$reference" >"$work/manifest.json"
  deterministic_tar "$archive" "$work" manifest.json config.json layer.tar
}

# deterministic_tar ARCHIVE FOLDER NAME...
deterministic_tar() { tar -C "$2" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar -cf "$1" "${@:3}"; }

load() {
  local archive
  case $CLUSTER in
    node) "$scripts/node/load.sh" "$@" ;;
    kind) for archive; do kind load image-archive --name "$kind_name" "$archive"; done ;;
    current) for archive; do hand_over "$archive"; done ;;
  esac
}

# hand_over ARCHIVE: to a cluster that these scripts did not start, by a registry that it pulls from or by its own loader.
hand_over() {
  local reference
  if [ -n "${IMAGE_LOAD:-}" ]; then
    bash -c "${IMAGE_LOAD//'{archive}'/$(printf '%q' "$1")}"
  elif [ -n "${REGISTRY:-}" ]; then
    reference=$(tar -xOf "$1" manifest.json | sed 's/.*"RepoTags":\["\([^"]*\)".*/\1/')
    "$("$scripts/binaries.sh" crane)/crane" push "$1" "$REGISTRY/${reference#*/}"
  else
    die "CLUSTER=current needs a way for images to get there: set REGISTRY to a registry that the cluster pulls from, or IMAGE_LOAD to a command such as 'k3s ctr images import {archive}'"
  fi
}

case ${1:-} in
  pack | load) "$@" ;;
  *) die "usage: image.sh pack [--user UID:GID] ARCHIVE REFERENCE PROGRAM... | load ARCHIVE..." ;;
esac
