package main

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/test/controlplane"
)

// A cluster gets the Gateway API and the Prometheus operator after the manager has started, loses them and gets them again.
func TestManagerTakesUpKindsThatAClusterGetsLater(t *testing.T) {
	removeCRD(t, "httproutes.gateway.networking.k8s.io")
	removeCRD(t, "servicemonitors.monitoring.coreos.com")
	config := plane.ManagerConfig(t, "manager-of-late-kinds")
	asked := &asked{}
	config.Wrap(asked.wrap)
	start(t, config, quiet())
	x := newTeam(t)
	x.clientSecret()
	x.shop(func(l *v1beta1.GoogleLogin) {
		l.Spec.Exposure = v1beta1.Exposure{Type: v1beta1.ExposureHTTPRoute, HTTPRoute: &v1beta1.HTTPRoute{ParentRefs: []v1beta1.ParentRef{{Name: "public"}}}}
		l.Spec.Server.ServiceMonitor.Mode = v1beta1.Enabled
	})
	for range 2 {
		x.await(v1beta1.ConditionExposed, metav1.ConditionFalse, v1beta1.ReasonGatewayAPINotInstalled)
		x.await(v1beta1.ConditionMonitored, metav1.ConditionFalse, v1beta1.ReasonPrometheusOperatorNotInstalled)

		t.Log("the kinds come")
		routes, monitors := asked.routes.Load(), asked.monitors.Load()
		plane.InstallGatewayAPI(t)
		plane.InstallServiceMonitors(t)
		x.touch() // The manager looks again within a minute. The test has no time.
		x.await(v1beta1.ConditionExposed, metav1.ConditionFalse, v1beta1.ReasonRoutePending)
		x.await(v1beta1.ConditionMonitored, metav1.ConditionTrue, v1beta1.ReasonServiceMonitorMade)

		// A watch that was cut off is begun again after a while that grows. What happens before that, it cannot tell.
		controlplane.Eventually(t, func() string {
			if asked.routes.Load() == routes || asked.monitors.Load() == monitors {
				return "the kinds are not watched yet"
			}
			return ""
		})

		t.Log("the children are deleted, which only a watch can tell")
		monitor := &unstructured.Unstructured{}
		monitor.SetGroupVersionKind(desired.ServiceMonitorKind())
		for _, child := range []client.Object{&gatewayv1.HTTPRoute{}, monitor} {
			x.awaitObject("shop-googlelogin", child, "")
			old := string(child.GetUID())
			x.delete(child)
			x.awaitObject("shop-googlelogin", child, old)
		}

		t.Log("the kinds go")
		before := asked.late.Load()
		removeCRD(t, "httproutes.gateway.networking.k8s.io")
		removeCRD(t, "servicemonitors.monitoring.coreos.com")
		x.touch()
		x.await(v1beta1.ConditionExposed, metav1.ConditionFalse, v1beta1.ReasonGatewayAPINotInstalled)
		x.await(v1beta1.ConditionMonitored, metav1.ConditionFalse, v1beta1.ReasonPrometheusOperatorNotInstalled)
		if n := asked.late.Load() - before; n > 200 {
			t.Errorf("%d requests for kinds that are gone: the manager spins", n)
		}
	}
}

// asked counts what a manager asks of the kinds that come late, and the watches of them that began.
type asked struct{ late, routes, monitors atomic.Int64 }

func (a *asked) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		var began *atomic.Int64
		switch path := req.URL.Path; {
		case strings.Contains(path, "httproutes"):
			began = &a.routes
		case strings.Contains(path, "servicemonitors"):
			began = &a.monitors
		default:
			return next.RoundTrip(req)
		}
		a.late.Add(1)
		response, err := next.RoundTrip(req)
		if err == nil && response.StatusCode == http.StatusOK && req.URL.Query().Has("watch") {
			began.Add(1)
		}
		return response, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// touch starts a pass.
func (x *team) touch() {
	x.Helper()
	login := &v1beta1.GoogleLogin{ObjectMeta: metav1.ObjectMeta{Namespace: x.ns, Name: "shop"}}
	// A label that counts, since one that stays the same is no change.
	x.touches++
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"touched":"`+strings.Repeat("x", x.touches)+`"}}}`))
	if err := x.c.Patch(context.Background(), login, patch); err != nil {
		x.Fatal(err)
	}
}

// removeCRD returns once the API server serves the kind no more.
func removeCRD(t *testing.T, name string) {
	t.Helper()
	crd := &unstructured.Unstructured{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	crd.SetName(name)
	c := plane.Client(t)
	if err := client.IgnoreNotFound(c.Delete(context.Background(), crd)); err != nil {
		t.Fatal(err)
	}
	controlplane.Eventually(t, func() string {
		if err := c.Get(context.Background(), client.ObjectKey{Name: name}, crd); !apierrors.IsNotFound(err) {
			return name + " is still there"
		}
		return ""
	})
}
