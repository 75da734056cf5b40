package desired

import (
	"cmp"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"

	"github.com/googlelogin/operator/api/v1beta1"
)

// Autoscaled reports whether an autoscaler of ours chooses the number of pods. Switched off is switched off all the same.
func Autoscaled(login *v1beta1.GoogleLogin) bool {
	return login.Spec.Server.Autoscaling != nil && Replicas(login) > 0
}

// HorizontalPodAutoscaler scales the Deployment by CPU; nil unless the spec asks for it.
func HorizontalPodAutoscaler(in Input) *autoscalingv2ac.HorizontalPodAutoscalerApplyConfiguration {
	scaling := in.Login.Spec.Server.Autoscaling
	if scaling == nil {
		return nil
	}
	name := ServerName(in.Login.Name)
	return autoscalingv2ac.HorizontalPodAutoscaler(name, in.Login.Namespace).
		WithLabels(Labels(in.Login.Name)).
		WithOwnerReferences(owner(in.Login)).
		WithSpec(autoscalingv2ac.HorizontalPodAutoscalerSpec().
			WithScaleTargetRef(autoscalingv2ac.CrossVersionObjectReference().
				WithAPIVersion("apps/v1").WithKind("Deployment").WithName(name)).
			WithMinReplicas(MinReplicas(in.Login)).
			WithMaxReplicas(scaling.MaxReplicas).
			WithMetrics(autoscalingv2ac.MetricSpec().
				WithType(autoscalingv2.ResourceMetricSourceType).
				WithResource(autoscalingv2ac.ResourceMetricSource().
					WithName(corev1.ResourceCPU).
					WithTarget(autoscalingv2ac.MetricTarget().
						WithType(autoscalingv2.UtilizationMetricType).
						WithAverageUtilization(cmp.Or(scaling.TargetCPUUtilizationPercentage, 80))))))
}

// MinReplicas is how many pods an autoscaler starts from.
func MinReplicas(login *v1beta1.GoogleLogin) int32 {
	scaling := login.Spec.Server.Autoscaling
	return cmp.Or(scaling.MinReplicas, min(2, scaling.MaxReplicas))
}
