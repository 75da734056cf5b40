#!/usr/bin/env bash
# Makes the node's certificate authority, and a certificate and kubeconfig for each of its components. They live as long as the
# cluster does.
set -euo pipefail
. "$(dirname "$0")/env.sh"
umask 077
mkdir -p "$pki"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=cluster-ca -keyout "$pki/ca.key" -out "$pki/ca.crt"
openssl genrsa -out "$pki/sa.key" 2048
openssl rsa -in "$pki/sa.key" -pubout -out "$pki/sa.pub"

# certificate NAME SUBJECT [ALTERNATIVE-NAMES]
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" -keyout "$pki/$1.key" -out "$pki/$1.csr"
  openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 365 -out "$pki/$1.crt" \
    -extfile <(echo "subjectAltName=${3:-DNS:$1}"; echo extendedKeyUsage=clientAuth,serverAuth)
}

# kubeconfig NAME FILE: with everything in it, so that the file can be copied.
kubeconfig() {
  cat >"$2" <<EOF
apiVersion: v1
kind: Config
clusters: [{name: googlelogin, cluster: {server: "https://$address:6443", certificate-authority-data: $(base64 -w0 <"$pki/ca.crt")}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 <"$pki/$1.crt"), client-key-data: $(base64 -w0 <"$pki/$1.key")}}]
contexts: [{name: googlelogin, context: {cluster: googlelogin, user: $1}}]
current-context: googlelogin
EOF
}

certificate apiserver /CN=kube-apiserver "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:$address,IP:10.96.0.1"
certificate admin /O=system:masters/CN=admin
certificate controller-manager /CN=system:kube-controller-manager
certificate scheduler /CN=system:kube-scheduler
certificate kubelet "/O=system:nodes/CN=system:node:$node" "DNS:$node,IP:$address"
certificate proxy /CN=system:kube-proxy
for component in controller-manager scheduler kubelet proxy; do kubeconfig "$component" "$pki/$component.kubeconfig"; done
kubeconfig admin "$state/kubeconfig"
