#!/usr/bin/env bash
# Sees to the programs that `make test` runs beside Go's: PostgreSQL, pgbouncer and a C compiler. As root on Debian it installs what
# is missing; anybody else is told the names of the packages.
set -euo pipefail
wanted=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || wanted+=(postgresql)
PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null || wanted+=(pgbouncer)
command -v "$(go env CC)" >/dev/null || wanted+=(gcc libc6-dev)
[ "${#wanted[@]}" = 0 ] && exit
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "error: make test needs the packages ${wanted[*]}: install them, as root with apt-get install on Debian" >&2
  exit 1
fi
echo "installing ${wanted[*]}" >&2
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
