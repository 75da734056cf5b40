package controllers

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// CacheOptions says what the manager keeps in memory: GoogleLogins, what a pass reads of our own children, and no Secrets at all. With
// no namespaces it looks at all.
func CacheOptions(namespaces []string) cache.Options {
	options := cache.Options{
		// A Get that would quietly begin to cache all objects of a kind is a mistake; let it fail.
		ReaderFailOnMissingInformer: true,
		// For every kind, whether the cluster has it now or gets it later.
		DefaultLabelSelector: labels.SelectorFromSet(labels.Set{desired.LabelManagedBy: desired.ManagedBy}),
		// Kinds that a cluster may lack are watched by their metadata.
		DefaultTransform: bareMetadata,
		ByObject: map[client.Object]cache.ByObject{
			&v1beta1.GoogleLogin{}:                   {Label: labels.Everything(), Transform: bareLogin},
			&corev1.Pod{}:                            {Transform: barePod},
			&appsv1.Deployment{}:                     {Transform: bare(appsv1ac.ExtractDeployment, bareDeployment)},
			&corev1.ConfigMap{}:                      {Transform: bare(corev1ac.ExtractConfigMap, bareConfigMap)},
			&corev1.PersistentVolumeClaim{}:          {Transform: bare(corev1ac.ExtractPersistentVolumeClaim, bareClaim)},
			&networkingv1.Ingress{}:                  {Transform: bare(networkingv1ac.ExtractIngress, bareIngress)},
			&corev1.Service{}:                        {Transform: bare(corev1ac.ExtractService, noMore)},
			&corev1.ServiceAccount{}:                 {Transform: bare(corev1ac.ExtractServiceAccount, noMore)},
			&networkingv1.NetworkPolicy{}:            {Transform: bare(networkingv1ac.ExtractNetworkPolicy, noMore)},
			&policyv1.PodDisruptionBudget{}:          {Transform: bare(policyv1ac.ExtractPodDisruptionBudget, noMore)},
			&autoscalingv2.HorizontalPodAutoscaler{}: {Transform: bare(autoscalingv2ac.ExtractHorizontalPodAutoscaler, noMore)},
		},
	}
	for _, namespace := range namespaces {
		if options.DefaultNamespaces == nil {
			options.DefaultNamespaces = map[string]cache.Config{}
		}
		options.DefaultNamespaces[namespace] = cache.Config{}
	}
	return options
}
