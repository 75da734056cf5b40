package controllers

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// CacheOptions says what the manager keeps in memory: GoogleLogins, our own children, and of Secrets nothing but names. With no
// namespaces it looks at all.
func CacheOptions(namespaces []string) cache.Options {
	options := cache.Options{
		// A Get that would quietly begin to cache all objects of a kind is a mistake; let it fail.
		ReaderFailOnMissingInformer: true,
		// For every kind that is not named below, whether the cluster has it now or gets it later.
		DefaultLabelSelector: labels.SelectorFromSet(labels.Set{desired.LabelManagedBy: desired.ManagedBy}),
		ByObject: map[client.Object]cache.ByObject{
			&v1beta1.GoogleLogin{}: {Label: labels.Everything()},
			&corev1.Secret{}:       {Label: labels.Everything(), Transform: nameOnly},
			// Of pods only the status is read; of the others the managed fields tell which fields are ours.
			&corev1.Pod{}: {Transform: cache.TransformStripManagedFields()},
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
