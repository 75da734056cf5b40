package controllers

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// bare makes of a child what the cache keeps: which object it is, whose, a digest of what we own of it, and whatever else keep copies. A
// pass that needs more reads the object live.
//
// The content of a child, its managed fields above all, is twenty times as much.
func bare[P, T any, O object[T]](extract func(O, string) (P, error), keep func(from, to O)) toolscache.TransformFunc {
	return func(obj any) (any, error) {
		full, ok := obj.(O)
		if !ok || digested(full) {
			return obj, nil
		}
		digest, err := owned(full, extract)
		if err != nil {
			return obj, nil //nolint:nilerr // A pass meets the same error, and can report it.
		}
		out := O(new(T))
		identify(out, full)
		changed := metav1.NewTime(changedAt(full))
		out.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: fieldOwner, Operation: digestOperation, FieldsType: digest, Time: &changed}})
		keep(full, out)
		return out, nil
	}
}

// noMore is for children of which a pass needs to know no more than that they are as they should be.
func noMore[T any](_, _ T) {}

// identify copies what tells which object it is, and whose.
func identify(to, from client.Object) {
	to.SetNamespace(from.GetNamespace())
	to.SetName(from.GetName())
	to.SetUID(from.GetUID())
	to.SetResourceVersion(from.GetResourceVersion())
	to.SetGeneration(from.GetGeneration())
	to.SetDeletionTimestamp(from.GetDeletionTimestamp())
	to.SetOwnerReferences(from.GetOwnerReferences())
	to.SetLabels(only(from.GetLabels(), desired.LabelManagedBy, desired.LabelInstance))
}

// only copies some entries of a map.
func only(from map[string]string, keys ...string) map[string]string {
	var to map[string]string
	for _, key := range keys {
		value, ok := from[key]
		if !ok {
			continue
		}
		if to == nil {
			to = map[string]string{}
		}
		to[key] = value
	}
	return to
}

func bareDeployment(from, to *appsv1.Deployment) {
	to.Spec.Replicas, to.Spec.Strategy, to.Status = from.Spec.Replicas, from.Spec.Strategy, from.Status
}

func bareConfigMap(from, to *corev1.ConfigMap) {
	to.Annotations = only(from.Annotations, desired.RenderedHashAnnotation)
}

func bareClaim(from, to *corev1.PersistentVolumeClaim) { to.Status.Phase = from.Status.Phase }

func bareIngress(from, to *networkingv1.Ingress) { to.Status = from.Status }

// barePod keeps how a pod is, and not what it was to be.
func barePod(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	out := &corev1.Pod{}
	identify(out, pod)
	out.Labels = maps.Clone(pod.Labels)
	out.Annotations = only(pod.Annotations, desired.WantedConfigAnnotation)
	out.Status = corev1.PodStatus{
		Phase:                 pod.Status.Phase,
		PodIP:                 pod.Status.PodIP,
		Conditions:            pod.Status.Conditions,
		InitContainerStatuses: pod.Status.InitContainerStatuses,
		ContainerStatuses:     pod.Status.ContainerStatuses,
	}
	return out, nil
}

// bareLogin leaves out what is only there for the API server and for kubectl. The copy has no room to grow, as a decoded one has.
func bareLogin(obj any) (any, error) {
	login, ok := obj.(*v1beta1.GoogleLogin)
	if !ok {
		return obj, nil
	}
	out := *login
	out.ManagedFields = nil
	if _, ok := out.Annotations[corev1.LastAppliedConfigAnnotation]; ok {
		out.Annotations = maps.Clone(out.Annotations)
		delete(out.Annotations, corev1.LastAppliedConfigAnnotation)
	}
	return out.DeepCopy(), nil
}

// bareMetadata is for kinds of which metadata alone is watched.
func bareMetadata(obj any) (any, error) {
	full, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return obj, nil
	}
	out := &metav1.PartialObjectMetadata{TypeMeta: full.TypeMeta}
	identify(out, full)
	return out, nil
}
