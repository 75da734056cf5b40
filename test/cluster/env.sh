# Sourced by the scripts beside it: what they share, and nothing that acts.
# shellcheck shell=bash disable=SC2034

# The pinned release. test/cluster/go.mod pins the same one for building; k8s.io/kubernetes v1.N goes with staging v0.N.
kubernetes_version=v1.37.2 etcd_version=v3.7.3
coredns_version=v1.15.0 cni_version=v1.9.1
helm_version=v4.3.1 helm3_version=v3.22.0 caddy_version=v2.11.9 traefik_version=v3.7.13 crane_version=v0.22.1 oauth2_proxy_version=v7.15.6

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/googlelogin
state=${CLUSTER_STATE:-$cache/cluster}

# CLUSTER says which cluster the scripts work on: node, the one they start on this machine; current, the one that kubectl's
# current context names; kind, one in docker.
CLUSTER=${CLUSTER:-node} kind_name=googlelogin

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# need PROGRAM WAY-OUT...
need() { command -v "$1" >/dev/null || die "$1 is missing: ${*:2}"; }

case $CLUSTER in node | current | kind) ;; *) die "CLUSTER=$CLUSTER is none of node, current, kind" ;; esac

# kubeconfig_file: of a cluster that these scripts started.
kubeconfig_file() { if [ "$CLUSTER" = kind ]; then echo "$state/kind.kubeconfig"; else echo "$state/kubeconfig"; fi; }
