package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/googlelogin/operator/api/v1beta1"
)

// everything sets what a team can set and what the API server might write in another way than it was asked for.
func everything(login *v1beta1.GoogleLogin) {
	spec := &login.Spec
	spec.Client.ID = "id-1"
	spec.Scopes = []v1beta1.Scope{"openid", "email", "https://www.googleapis.com/auth/calendar.readonly"}
	spec.RedirectURIs = append(spec.RedirectURIs, "http://localhost:8000/auth/callback")
	spec.Frontend.LoginURL = "https://shop.example.com/login"
	spec.Frontend.ReturnURLs = []v1beta1.ReturnURL{"https://shop.example.com/*"}
	spec.Access.Emails = []v1beta1.Email{"ann@gmail.com"}
	spec.Session.Audiences = []v1beta1.Audience{"shop", "stock"}
	spec.Storage.SQLite = &v1beta1.SQLite{Size: ptr.To(resource.MustParse("0.5Gi")), StorageClassName: ptr.To("fast")}
	spec.Server = v1beta1.Server{
		Replicas:         ptr.To[int32](1),
		Image:            "example.com/other:1",
		ImagePullSecrets: []corev1.LocalObjectReference{{Name: "pull-b"}, {Name: "pull-a"}},
		Resources: &corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("0.50"), corev1.ResourceMemory: resource.MustParse("0.25Gi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1e9")},
		},
	}
}

// tooMuchAsked has a request above its limit, which only the Deployment's own validation notices.
func tooMuchAsked() *corev1.ResourceRequirements {
	return &corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("2Gi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
	}
}

func request404(w *world) ctrl.Request {
	return ctrl.Request{NamespacedName: w.key("no-such-login")}
}
