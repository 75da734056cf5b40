package controllers

import (
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// optionalChild is one that the spec can ask for.
type optionalChild struct {
	empty     func() client.Object
	on        func(*v1beta1.GoogleLogin)
	off       func(*v1beta1.GoogleLogin)
	condition string
}

func optionalChildren() map[string]optionalChild {
	unexposed := func(l *v1beta1.GoogleLogin) { l.Spec.Exposure.Type = v1beta1.ExposureNone }
	return map[string]optionalChild{
		"PodDisruptionBudget": {
			func() client.Object { return &policyv1.PodDisruptionBudget{} },
			func(l *v1beta1.GoogleLogin) { l.Spec.Server.PodDisruptionBudget.Mode = v1beta1.Enabled },
			func(l *v1beta1.GoogleLogin) { l.Spec.Server.PodDisruptionBudget.Mode = v1beta1.Disabled },
			v1beta1.ConditionAvailable},
		"HorizontalPodAutoscaler": {
			func() client.Object { return &autoscalingv2.HorizontalPodAutoscaler{} },
			func(l *v1beta1.GoogleLogin) { scaled(l); l.Spec.Exposure = v1beta1.Exposure{} },
			func(l *v1beta1.GoogleLogin) { l.Spec.Server.Autoscaling = nil },
			v1beta1.ConditionAvailable},
		"NetworkPolicy": {
			func() client.Object { return &networkingv1.NetworkPolicy{} },
			func(l *v1beta1.GoogleLogin) { l.Spec.Server.NetworkPolicy.Mode = v1beta1.Enabled },
			func(l *v1beta1.GoogleLogin) { l.Spec.Server.NetworkPolicy.Mode = v1beta1.Disabled },
			v1beta1.ConditionAvailable},
		"Ingress": {
			func() client.Object { return &networkingv1.Ingress{} },
			func(l *v1beta1.GoogleLogin) { l.Spec.Exposure.Type = v1beta1.ExposureIngress }, unexposed,
			v1beta1.ConditionExposed},
		"HTTPRoute": {
			func() client.Object { return &gatewayv1.HTTPRoute{} },
			func(l *v1beta1.GoogleLogin) {
				l.Spec.Exposure = v1beta1.Exposure{Type: v1beta1.ExposureHTTPRoute, HTTPRoute: &v1beta1.HTTPRoute{ParentRefs: []v1beta1.ParentRef{{Name: "public"}}}}
			}, unexposed,
			v1beta1.ConditionExposed},
		"ServiceMonitor": {
			func() client.Object {
				o := &unstructured.Unstructured{}
				o.SetGroupVersionKind(desired.ServiceMonitorKind())
				return o
			},
			func(l *v1beta1.GoogleLogin) { l.Spec.Server.ServiceMonitor.Mode = v1beta1.Enabled },
			func(l *v1beta1.GoogleLogin) { l.Spec.Server.ServiceMonitor.Mode = v1beta1.Disabled },
			v1beta1.ConditionMonitored},
	}
}

func TestOptionalChildrenComeAndGo(t *testing.T) {
	for kind, child := range optionalChildren() {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			plane.InstallGatewayAPI(t)
			plane.InstallServiceMonitors(t)
			w.create(databaseSecret(w.ns, "uri", "postgresql://shop:x@db:5432/shop"))
			w.started(child.on)
			made := child.empty()
			w.get("shop-googlelogin", made)
			if !metav1.IsControlledBy(made, w.login()) {
				t.Errorf("owner references %v: it would outlive its GoogleLogin", made.GetOwnerReferences())
			}

			login := w.login()
			child.off(login)
			w.update(login)
			w.reconcile()
			if w.exists("shop-googlelogin", child.empty()) {
				t.Error("it is still there after it was switched off")
			}
			for _, condition := range []string{v1beta1.ConditionExposed, v1beta1.ConditionMonitored} {
				w.wantAbsent(condition)
			}
			w.writes.take()
			w.reconcile()
			if got := w.writes.take(); len(got) > 0 && got[0] != "patch status shop" {
				t.Errorf("wrote %q once it was gone", got)
			}
		})
	}
}

// TestOptionalChildrenOfOthersAreLeftAlone: neither taken over when the spec asks for one, nor deleted when it does not.
func TestOptionalChildrenOfOthersAreLeftAlone(t *testing.T) {
	for kind, child := range optionalChildren() {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			plane.InstallGatewayAPI(t)
			plane.InstallServiceMonitors(t)
			w.create(databaseSecret(w.ns, "uri", "postgresql://shop:x@db:5432/shop"))
			w.started(child.on)
			theirs := child.empty()
			w.get("shop-googlelogin", theirs)
			// The team takes it: it does not belong to the GoogleLogin any more, whatever its labels say.
			theirs.SetOwnerReferences(nil)
			w.update(theirs)
			before := theirs.GetResourceVersion()

			w.reconcile()
			c := w.wantCondition(child.condition, metav1.ConditionFalse, v1beta1.ReasonOwnedByAnother)
			if !strings.Contains(c.Message, kind+` "shop-googlelogin"`) {
				t.Errorf("message %q does not name the object", c.Message)
			}
			login := w.login()
			child.off(login)
			w.update(login)
			w.reconcile()
			w.get("shop-googlelogin", theirs)
			if theirs.GetResourceVersion() != before || !theirs.GetDeletionTimestamp().IsZero() {
				t.Error("somebody else's object was written to or deleted")
			}
		})
	}
}
