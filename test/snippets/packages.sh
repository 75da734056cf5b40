#!/usr/bin/env bash
# Sees to Python's and Java's libraries from Debian. As root it installs what is missing; anybody else is told the names of the packages.
set -euo pipefail
/usr/bin/python3 -c 'import jwt, cryptography' 2>/dev/null && command -v javac >/dev/null && [ -e /usr/share/java/jackson-databind.jar ] && exit
wanted=(python3 python3-jwt python3-cryptography openjdk-17-jdk-headless libjackson2-databind-java)
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "error: make snippets needs the packages ${wanted[*]}: install them, as root with apt-get install on Debian" >&2
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
