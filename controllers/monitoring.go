package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// monitoring has a Prometheus collect the server's metrics. Monitored does not count for Ready: users can sign in without it.
func (r *Reconciler) monitoring(ctx context.Context, s *scope) error {
	if !s.good(v1beta1.ConditionAccepted) {
		return nil
	}
	want := desired.ServiceMonitor(s.input)
	if want == nil {
		return r.removeKind(ctx, s, desired.ServiceMonitorKind())
	}
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(desired.ServiceMonitorKind())
	err := apply(ctx, r, s, want, live, desired.ExtractServiceMonitor)
	if notInstalled(err) {
		s.stall(v1beta1.ConditionMonitored, v1beta1.ReasonPrometheusOperatorNotInstalled,
			"this cluster has no ServiceMonitors: install the CRDs of the Prometheus operator (monitoring.coreos.com/v1), or set spec.server.serviceMonitor.mode to Disabled")
		s.lookAgain(recheckForeign)
		return nil
	}
	if err != nil {
		return s.blame(v1beta1.ConditionMonitored, v1beta1.ReasonInvalidSpec, err)
	}
	s.succeed(v1beta1.ConditionMonitored, v1beta1.ReasonServiceMonitorMade, "ServiceMonitor \""+live.GetName()+"\" is made")
	return r.watchLate(desired.ServiceMonitorKind())
}
