package controllers

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

func httpRouteKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: gatewayv1.GroupName, Version: "v1", Kind: "HTTPRoute"}
}

// judgeRoute copies what the Gateways say of the route. All of them have to take it.
func judgeRoute(route *gatewayv1.HTTPRoute) finding {
	for _, parent := range route.Spec.ParentRefs {
		if f := judgeParent(route, parent); f.outcome != good {
			return f
		}
	}
	return finding{good, v1beta1.ReasonRouteAccepted, fmt.Sprintf("HTTPRoute %q is accepted by every Gateway that it names", route.Name)}
}

func judgeParent(route *gatewayv1.HTTPRoute, parent gatewayv1.ParentReference) finding {
	for _, status := range route.Status.Parents {
		if !equality.Semantic.DeepEqual(inNamespace(status.ParentRef, route.Namespace), inNamespace(parent, route.Namespace)) {
			continue
		}
		accepted := answer(route, status.Conditions, string(gatewayv1.RouteConditionAccepted))
		if accepted == nil || accepted.Status == metav1.ConditionUnknown || accepted.Reason == string(gatewayv1.RouteReasonPending) {
			break
		}
		if accepted.Status == metav1.ConditionFalse {
			return refusedBy(parent, accepted, stalled)
		}
		resolved := answer(route, status.Conditions, string(gatewayv1.RouteConditionResolvedRefs))
		switch {
		case resolved == nil || resolved.Status == metav1.ConditionTrue:
			return finding{outcome: good}
		case resolved.Reason == string(gatewayv1.RouteReasonBackendNotFound):
			// The Service is made in the same pass; the Gateway's controller may not have seen it yet.
			return refusedBy(parent, resolved, waiting)
		default:
			return refusedBy(parent, resolved, stalled)
		}
	}
	return finding{waiting, v1beta1.ReasonRoutePending, fmt.Sprintf(
		"Gateway %q has not answered yet: if it stays so, see whether it exists and whether its class has a controller", parent.Name)}
}

// answer is a condition that speaks of the route as it is now.
func answer(route *gatewayv1.HTTPRoute, conditions []metav1.Condition, condition string) *metav1.Condition {
	c := meta.FindStatusCondition(conditions, condition)
	if c == nil || c.ObservedGeneration < route.Generation {
		return nil
	}
	return c
}

func refusedBy(parent gatewayv1.ParentReference, c *metav1.Condition, outcome outcome) finding {
	return finding{outcome, v1beta1.ReasonRouteRefused, fmt.Sprintf("Gateway %q says of the HTTPRoute: %s: %s", parent.Name, c.Reason, c.Message)}
}

// inNamespace writes out the namespace that a reference means, since some controllers do.
func inNamespace(ref gatewayv1.ParentReference, own string) gatewayv1.ParentReference {
	if ref.Namespace == nil {
		namespace := gatewayv1.Namespace(own)
		ref.Namespace = &namespace
	}
	return ref
}
