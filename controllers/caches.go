package controllers

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/controllers/desired"
)

// CacheOptions says what the manager keeps in memory: GoogleLogins, our own children, and of Secrets nothing but names. With no
// namespaces it looks at all.
func CacheOptions(namespaces []string) cache.Options {
	ours := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{desired.LabelManagedBy: desired.ManagedBy})}
	pods := ours
	// Of pods only the status is read; of the others the managed fields tell which fields are ours.
	pods.Transform = cache.TransformStripManagedFields()
	options := cache.Options{
		// A Get that would quietly begin to cache all objects of a kind is a mistake; let it fail.
		ReaderFailOnMissingInformer: true,
		ByObject: map[client.Object]cache.ByObject{
			&appsv1.Deployment{}:            ours,
			&corev1.ConfigMap{}:             ours,
			&corev1.Service{}:               ours,
			&corev1.ServiceAccount{}:        ours,
			&corev1.PersistentVolumeClaim{}: ours,
			&corev1.Pod{}:                   pods,
			&corev1.Secret{}:                {Transform: nameOnly},
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

// nameOnly keeps of a Secret's metadata what tells which Secret it is and whether it changed. Annotations go first of all:
// `kubectl apply` keeps the whole content of a Secret in one of them.
func nameOnly(obj any) (any, error) {
	secret, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return obj, nil
	}
	return &metav1.PartialObjectMetadata{
		TypeMeta: secret.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       secret.Namespace,
			Name:            secret.Name,
			UID:             secret.UID,
			ResourceVersion: secret.ResourceVersion,
		},
	}, nil
}
