#!/usr/bin/env bash
# Keeps port 8443 of this machine's loopback forwarded to the demo's Caddy, in every kind of cluster. kubectl's port-forward ends
# with the pod it goes to, so it is started again whenever it ends. Started by up.sh, ended by down.sh.
set -uo pipefail
namespace=${1:?usage: forward.sh NAMESPACE}
child=
trap 'kill "$child" 2>/dev/null; wait "$child" 2>/dev/null; exit 0' TERM INT HUP
while :; do
  kubectl --namespace "$namespace" port-forward --address 127.0.0.1 service/caddy 8443:8443 &
  child=$!
  wait "$child"
  sleep 0.5 &
  wait $!
done
