package controllers

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1ac "sigs.k8s.io/gateway-api/applyconfiguration/apis/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// exposure routes browsers to the server, by an Ingress or an HTTPRoute. What routed before is deleted only once that is made.
func (r *Reconciler) exposure(ctx context.Context, s *scope) error {
	if !s.good(v1beta1.ConditionAccepted) {
		return nil
	}
	var err error
	switch s.login.Spec.Exposure.Type {
	case v1beta1.ExposureIngress:
		err = r.exposeByIngress(ctx, s)
	case v1beta1.ExposureHTTPRoute:
		err = r.exposeByRoute(ctx, s)
	case v1beta1.ExposureNone:
	}
	if err != nil {
		return s.blame(v1beta1.ConditionExposed, v1beta1.ReasonInvalidSpec, err)
	}
	if s.findings[v1beta1.ConditionExposed].reason == v1beta1.ReasonGatewayAPINotInstalled {
		return nil
	}
	if desired.Ingress(s.input) == nil {
		if err := r.remove(ctx, s, &networkingv1.Ingress{}); err != nil {
			return err
		}
	}
	if desired.HTTPRoute(s.input) == nil {
		return r.removeKind(ctx, s, httpRouteKind())
	}
	return nil
}

// exposeByIngress takes an Ingress for good once it is there: many a controller never writes an address.
func (r *Reconciler) exposeByIngress(ctx context.Context, s *scope) error {
	ingress := &networkingv1.Ingress{}
	if err := apply(ctx, r, s, desired.Ingress(s.input), ingress, networkingv1ac.ExtractIngress); err != nil {
		return err
	}
	var addresses []string
	for _, at := range ingress.Status.LoadBalancer.Ingress {
		addresses = append(addresses, cmp.Or(at.Hostname, at.IP))
	}
	if len(addresses) == 0 {
		s.succeed(v1beta1.ConditionExposed, v1beta1.ReasonIngressMade, fmt.Sprintf(
			"Ingress %q is made; no controller has given it an address, which not all of them do", ingress.Name))
		return nil
	}
	s.succeed(v1beta1.ConditionExposed, v1beta1.ReasonIngressServed, fmt.Sprintf("Ingress %q is served at %s", ingress.Name, strings.Join(addresses, ", ")))
	return nil
}

func (r *Reconciler) exposeByRoute(ctx context.Context, s *scope) error {
	route := &gatewayv1.HTTPRoute{}
	err := apply(ctx, r, s, desired.HTTPRoute(s.input), route, gatewayv1ac.ExtractHTTPRoute)
	if notInstalled(err) {
		s.stall(v1beta1.ConditionExposed, v1beta1.ReasonGatewayAPINotInstalled,
			"this cluster has no HTTPRoutes: install the CRDs of the Gateway API (gateway.networking.k8s.io/v1), or set spec.exposure.type to Ingress")
		s.lookAgain(recheckForeign)
		return nil
	}
	if err != nil {
		return err
	}
	if err := r.watchLate(httpRouteKind()); err != nil {
		return err
	}
	verdict := judgeRoute(route)
	if verdict.outcome == waiting {
		s.waitAWhile(v1beta1.ConditionExposed, verdict.reason, verdict.message, s.falseSince(v1beta1.ConditionExposed), patience)
		return nil
	}
	s.report(v1beta1.ConditionExposed, verdict)
	return nil
}
