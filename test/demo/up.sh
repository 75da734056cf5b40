#!/usr/bin/env bash
# Sets the demo up, or brings it up to date, in the cluster that kubectl reaches: the operator by its chart, a stand-in for
# Google, a sample shop with its GoogleLogin, and Caddy in front of them. Prints where to go. `make demo` runs it.
#
# IMAGE_PREFIX  what the names of the images begin with; unset: localhost, as they are on a node that they were loaded onto
set -euo pipefail
# shellcheck source=test/demo/env.sh
. "$(dirname "$0")/env.sh"

need kubectl "run this through 'make demo', which brings it along"
need helm "run this through 'make demo', which brings it along"
kubectl version >/dev/null 2>&1 || die "no cluster answers: run 'make demo', or 'make cluster-up' first"
mkdir -p "$state"

# explain prints what somebody would look at first.
explain() {
  trap - ERR
  say ""
  say "The demo did not come up. What the cluster says:"
  {
    kubectl get googlelogins --all-namespaces -o wide
    kubectl --namespace "$namespace" get pods,persistentvolumeclaims -o wide
    kubectl --namespace "$system" get pods -o wide
    kubectl --namespace "$namespace" describe googlelogin shop
    kubectl --namespace "$namespace" get events --sort-by=.lastTimestamp | tail -n 25
    kubectl --namespace "$namespace" logs deployment/shop-googlelogin --tail=20
    kubectl --namespace "$system" logs --selector app.kubernetes.io/instance=$release --tail=30
  } >&2 2>&1 || true
  exit 1
}
trap explain ERR

install_operator() {
  step "installing the operator"
  helm upgrade --install "$release" "$repository/charts/googlelogin" \
    --namespace "$system" --create-namespace --wait --timeout 3m \
    --set manager.image.repository="$images/googlelogin-manager" --set manager.image.tag=dev \
    --set manager.image.pullPolicy=IfNotPresent --set server.image="$images/googlelogin-server:dev" >"$state/helm.log" 2>&1 ||
    { cat "$state/helm.log" >&2; return 1; }
}

# apply FILE...: the images of the manifests come from wherever this cluster gets them. What changed is added to applied.
applied=
apply() {
  local file
  for file; do
    applied+=$(sed "s#image: localhost/#image: $images/#" "$demo/manifests/$file.yaml" | kubectl apply -f -)
  done
}

# The images keep their name from one build to the next, so a pod that runs already has to be told.
restart() { kubectl --namespace "$1" rollout restart deployment "${@:2}" >/dev/null; }

port_is_open() { (exec 3<>/dev/tcp/127.0.0.1/8443) 2>/dev/null; }

# open_port starts the forwarder anew: one that runs may still listen for a pod that is on its way out.
open_port() {
  close_port
  if port_is_open; then
    die "port 8443 of this machine is taken: end what listens there, then run this again"
  fi
  setsid "$demo/forward.sh" "$namespace" >"$state/forward.log" 2>&1 </dev/null &
  echo $! >"$state/forward.pid"
  for _ in $(seq 100); do
    port_is_open && return
    sleep 0.2
  done
  say "port 8443 did not open: $(tail -n 3 "$state/forward.log")"
  return 1
}

again=$(kubectl --namespace "$namespace" get deployment shop-googlelogin -o name 2>/dev/null || true)
install_operator
step "applying the stand-in for Google, the sample shop and Caddy"
apply namespace google-client fake-google shop caddy
step "applying the GoogleLogin"
apply googlelogin
if [ -n "$again" ]; then
  step "restarting what ran already, so that it uses the images of now"
  restart "$system" googlelogin-manager
  # Not Caddy: with a new pod comes a new certificate authority, and somebody may have trusted the old one.
  restart "$namespace" fake-google shop shop-googlelogin
  kubectl --namespace "$system" rollout status deployment/googlelogin-manager --timeout=120s >/dev/null
fi
case $applied in
  *'configmap/caddy configured'*) restart "$namespace" caddy ;;
esac
step "waiting for the GoogleLogin to be ready"
kubectl --namespace "$namespace" wait --for=condition=Ready googlelogin/shop --timeout=120s >/dev/null
for name in fake-google shop caddy shop-googlelogin; do
  kubectl --namespace "$namespace" rollout status "deployment/$name" --timeout=120s >/dev/null
done
step "forwarding port 8443"
open_port
kubectl get --raw "/api/v1/namespaces/$namespace/services/http:caddy:ca/proxy/root.crt" >"$state/root.crt"

trap - ERR
kubectl get googlelogins --all-namespaces
cat <<X

The shop is open:  $url

  Sign in as Ann or Bob of example.com: they may come in.
  Sign in as the stranger, whose account belongs to no organization: the shop refuses.
  Cancel at the stand-in for Google, sign out, open a second tab, come back to ${url}orders/42.

The browser will warn of the certificate: it comes from an authority that the demo made for itself. Accept it, or trust
  $state/root.crt
for as long as you try the demo. The page that plays Google is a stand-in at https://accounts.localhost:8443.

  kubectl --namespace $namespace get googlelogin shop -o yaml     what the operator says
  make demo-down                                                ends it all
X
