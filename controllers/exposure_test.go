package controllers

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

func byRoute(l *v1beta1.GoogleLogin) {
	l.Spec.Exposure = v1beta1.Exposure{Type: v1beta1.ExposureHTTPRoute, HTTPRoute: &v1beta1.HTTPRoute{ParentRefs: []v1beta1.ParentRef{{Name: "public"}}}}
}

func TestAnIngressIsGoodOnceItIsMade(t *testing.T) {
	w := newWorld(t)
	w.started(func(l *v1beta1.GoogleLogin) { l.Spec.Exposure.Type = v1beta1.ExposureIngress })
	w.wantCondition(v1beta1.ConditionExposed, metav1.ConditionTrue, v1beta1.ReasonIngressMade)
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)

	ingress := &networkingv1.Ingress{}
	w.get("shop-googlelogin", ingress)
	ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "192.0.2.1"}, {Hostname: "lb.example.com"}}
	if err := w.c.Status().Update(w.ctx, ingress); err != nil {
		t.Fatal(err)
	}
	w.reconcile()
	c := w.wantCondition(v1beta1.ConditionExposed, metav1.ConditionTrue, v1beta1.ReasonIngressServed)
	if want := `Ingress "shop-googlelogin" is served at 192.0.2.1, lb.example.com`; c.Message != want {
		t.Errorf("message %q, want %q", c.Message, want)
	}
}

func TestReadyWaitsForTheGateway(t *testing.T) {
	w := newWorld(t)
	plane.InstallGatewayAPI(t)
	w.started(byRoute)
	w.wantCondition(v1beta1.ConditionExposed, metav1.ConditionFalse, v1beta1.ReasonRoutePending)
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonRoutePending)
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonRoutePending)

	route := &gatewayv1.HTTPRoute{}
	w.get("shop-googlelogin", route)
	answered(route, metav1.ConditionTrue, "Accepted", metav1.ConditionTrue, "ResolvedRefs")
	if err := w.c.Status().Update(w.ctx, route); err != nil {
		t.Fatal(err)
	}
	w.reconcile()
	w.wantCondition(v1beta1.ConditionExposed, metav1.ConditionTrue, v1beta1.ReasonRouteAccepted)
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	w.wantAbsent(v1beta1.ConditionReconciling)

	login := w.login()
	login.Spec.Exposure.Type = v1beta1.ExposureIngress
	w.update(login)
	w.writes.take()
	w.reconcile()
	// The ConfigMap notes that the servers were seen to for this generation.
	want := []string{"apply ConfigMap shop-config", "apply Ingress shop-googlelogin", "delete shop-googlelogin", "patch status shop"}
	if diff := cmp.Diff(want, w.writes.take()); diff != "" {
		t.Errorf("writes of the change from a route to an Ingress (-want +got):\n%s", diff)
	}
}

// answered plays the Gateway's controller.
func answered(route *gatewayv1.HTTPRoute, accepted metav1.ConditionStatus, acceptedReason string, resolved metav1.ConditionStatus, resolvedReason string) {
	condition := func(name gatewayv1.RouteConditionType, status metav1.ConditionStatus, reason string) metav1.Condition {
		return metav1.Condition{
			Type: string(name), Status: status, Reason: reason, Message: "because", ObservedGeneration: route.Generation, LastTransitionTime: metav1.Now(),
		}
	}
	route.Status.Parents = []gatewayv1.RouteParentStatus{{
		ParentRef: route.Spec.ParentRefs[0], ControllerName: "example.com/gateway",
		Conditions: []metav1.Condition{
			condition(gatewayv1.RouteConditionAccepted, accepted, acceptedReason),
			condition(gatewayv1.RouteConditionResolvedRefs, resolved, resolvedReason),
		},
	}}
}

func TestWhatGatewaysSayIsCopied(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*gatewayv1.HTTPRoute)
		want   finding
	}{
		{"accepted", func(r *gatewayv1.HTTPRoute) { answered(r, "True", "Accepted", "True", "ResolvedRefs") },
			finding{good, v1beta1.ReasonRouteAccepted, `HTTPRoute "shop-googlelogin" is accepted by every Gateway that it names`}},
		{"nobody has answered", func(*gatewayv1.HTTPRoute) {},
			finding{waiting, v1beta1.ReasonRoutePending, `Gateway "public" has not answered yet: if it stays so, see whether it exists and whether its class has a controller`}},
		{"the answer is to an older route", func(r *gatewayv1.HTTPRoute) {
			answered(r, "True", "Accepted", "True", "ResolvedRefs")
			r.Generation++
		}, finding{waiting, v1beta1.ReasonRoutePending, `Gateway "public" has not answered yet: if it stays so, see whether it exists and whether its class has a controller`}},
		{"another Gateway's answer", func(r *gatewayv1.HTTPRoute) {
			answered(r, "True", "Accepted", "True", "ResolvedRefs")
			r.Status.Parents[0].ParentRef.Name = "other"
		}, finding{waiting, v1beta1.ReasonRoutePending, `Gateway "public" has not answered yet: if it stays so, see whether it exists and whether its class has a controller`}},
		{"a controller that writes the namespace out", func(r *gatewayv1.HTTPRoute) {
			answered(r, "True", "Accepted", "True", "ResolvedRefs")
			namespace := gatewayv1.Namespace("team")
			r.Status.Parents[0].ParentRef.Namespace = &namespace
		}, finding{good, v1beta1.ReasonRouteAccepted, `HTTPRoute "shop-googlelogin" is accepted by every Gateway that it names`}},
		{"refused", func(r *gatewayv1.HTTPRoute) { answered(r, "False", "NotAllowedByListeners", "True", "ResolvedRefs") },
			finding{stalled, v1beta1.ReasonRouteRefused, `Gateway "public" says of the HTTPRoute: NotAllowedByListeners: because`}},
		{"the Service is not seen yet", func(r *gatewayv1.HTTPRoute) { answered(r, "True", "Accepted", "False", "BackendNotFound") },
			finding{waiting, v1beta1.ReasonRouteRefused, `Gateway "public" says of the HTTPRoute: BackendNotFound: because`}},
		{"a backend of a kind that it does not know", func(r *gatewayv1.HTTPRoute) { answered(r, "True", "Accepted", "False", "InvalidKind") },
			finding{stalled, v1beta1.ReasonRouteRefused, `Gateway "public" says of the HTTPRoute: InvalidKind: because`}},
		{"one of two has not answered", func(r *gatewayv1.HTTPRoute) {
			answered(r, "True", "Accepted", "True", "ResolvedRefs")
			r.Spec.ParentRefs = append(r.Spec.ParentRefs, gatewayv1.ParentReference{Name: "second"})
		}, finding{waiting, v1beta1.ReasonRoutePending, `Gateway "second" has not answered yet: if it stays so, see whether it exists and whether its class has a controller`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			route := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "shop-googlelogin", Generation: 3}}
			route.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: "public"}}
			row.change(route)
			if diff := cmp.Diff(row.want, judgeRoute(route), cmp.AllowUnexported(finding{})); diff != "" {
				t.Errorf("finding (-want +got):\n%s", diff)
			}
		})
	}
}

// without plays a cluster that lacks a kind.
func (w *world) without(kind schema.GroupVersionKind) {
	missing := &meta.NoKindMatchError{GroupKind: kind.GroupKind(), SearchedVersions: []string{kind.Version}}
	get := func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
		if gvk, err := w.c.GroupVersionKindFor(obj); err == nil && gvk == kind {
			return missing
		}
		return c.Get(ctx, key, obj, opts...)
	}
	w.r.Client = interceptor.NewClient(w.r.Client.(client.WithWatch), interceptor.Funcs{
		Get: get,
		Apply: func(ctx context.Context, c client.WithWatch, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			if named, ok := obj.(interface{ GetKind() *string }); ok && *named.GetKind() == kind.Kind {
				return missing
			}
			return c.Apply(ctx, obj, opts...)
		},
	})
}

func TestAClusterWithoutTheGatewayAPI(t *testing.T) {
	w := newWorld(t)
	w.without(httpRouteKind())
	w.started(func(l *v1beta1.GoogleLogin) { l.Spec.Exposure.Type = v1beta1.ExposureIngress })
	login := w.login()
	byRoute(login)
	w.update(login)
	result := w.reconcile()
	c := w.wantCondition(v1beta1.ConditionExposed, metav1.ConditionFalse, v1beta1.ReasonGatewayAPINotInstalled)
	if !strings.Contains(c.Message, "install the CRDs of the Gateway API") {
		t.Errorf("message %q does not name the way out", c.Message)
	}
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonGatewayAPINotInstalled)
	w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, v1beta1.ReasonGatewayAPINotInstalled)
	if result.RequeueAfter == 0 {
		t.Error("nobody looks again, and no watch tells of CRDs")
	}
	w.get("shop-googlelogin", &networkingv1.Ingress{})
}

func TestAClusterWithoutThePrometheusOperator(t *testing.T) {
	w := newWorld(t)
	w.without(schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"})
	w.started(func(l *v1beta1.GoogleLogin) { l.Spec.Server.ServiceMonitor.Mode = v1beta1.Enabled })
	w.wantCondition(v1beta1.ConditionMonitored, metav1.ConditionFalse, v1beta1.ReasonPrometheusOperatorNotInstalled)
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	w.wantAbsent(v1beta1.ConditionStalled)
	if result := w.reconcile(); result.RequeueAfter == 0 {
		t.Error("nobody looks again, and no watch tells of CRDs")
	}
}
