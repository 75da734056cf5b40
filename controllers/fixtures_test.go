package controllers

import (
	"testing"

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
		ServiceAccount: v1beta1.ServiceAccount{Annotations: v1beta1.Annotations{"iam.example.com/role": "shop"}},
		PodMetadata:    v1beta1.PodMetadata{Labels: v1beta1.Labels{"team": "shop"}, Annotations: v1beta1.Annotations{"note": "theirs"}},
		Env: []v1beta1.EnvVar{
			{Name: "HTTPS_PROXY", Value: "http://proxy.example.com:3128"},
			{Name: "EMPTY"},
			{Name: "TOKEN", ValueFrom: &v1beta1.EnvVarSource{SecretKeyRef: v1beta1.SecretKeyRef{Name: "traces", Key: "token"}}},
		},
		NodeSelector:              v1beta1.Labels{"disk": "fast"},
		Tolerations:               []v1beta1.Toleration{{Operator: "Exists"}, {Key: "slow", Effect: "NoExecute", TolerationSeconds: ptr.To[int64](30)}},
		TopologySpreadConstraints: []v1beta1.TopologySpreadConstraint{{TopologyKey: "zone", MaxSkew: 2, WhenUnsatisfiable: "DoNotSchedule", MinDomains: ptr.To[int32](2)}},
		Affinity: &v1beta1.Affinity{
			NodeAffinity: &v1beta1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1beta1.PreferredNodes{{
				Weight: 5, Preference: v1beta1.NodeSelectorTerm{MatchExpressions: []v1beta1.Requirement{{Key: "arch", Operator: "Exists"}}}}}},
			PodAntiAffinity: &v1beta1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []v1beta1.PodAffinityTerm{{
				TopologyKey: "kubernetes.io/hostname", LabelSelector: v1beta1.Selector{MatchLabels: map[string]v1beta1.LabelValue{"app": "batch"}}}}},
		},
		PriorityClassName:   "important",
		PodDisruptionBudget: v1beta1.PodDisruptionBudget{Mode: v1beta1.Enabled},
		NetworkPolicy: v1beta1.NetworkPolicy{
			Mode: v1beta1.Enabled,
			PublicFrom: []v1beta1.NetworkPeer{
				{NamespaceSelector: &v1beta1.Selector{MatchExpressions: []v1beta1.Requirement{{Key: "kubernetes.io/metadata.name", Operator: "In", Values: []string{"ingress"}}}}},
				{IPBlock: &v1beta1.IPBlock{CIDR: "10.0.0.0/8"}},
			},
			ExtAuthzFrom: []v1beta1.NetworkPeer{{PodSelector: &v1beta1.Selector{MatchLabels: map[string]v1beta1.LabelValue{"app": "envoy"}}}},
		},
		ServiceMonitor: v1beta1.ServiceMonitor{Mode: v1beta1.Enabled, Labels: v1beta1.Labels{"release": "prometheus"}},
	}
	spec.ForwardAuth.ExtAuthz = v1beta1.Enabled
	spec.Exposure = v1beta1.Exposure{Type: v1beta1.ExposureIngress, Ingress: &v1beta1.Ingress{
		IngressClassName: "nginx", Annotations: v1beta1.Annotations{"cert-manager.io/issuer": "ours"},
	}}
}

// scaled is on Postgres, with an autoscaler, behind a Gateway.
func scaled(login *v1beta1.GoogleLogin) {
	spec := &login.Spec
	spec.RedirectURIs = append(spec.RedirectURIs, "https://stock.example.com/oauth2/callback")
	spec.Storage = v1beta1.Storage{Type: v1beta1.StoragePostgres, Postgres: &v1beta1.Postgres{SecretRef: v1beta1.DatabaseSecretRef{Name: "shop-db-app"}}}
	spec.Server.Replicas = ptr.To[int32](3)
	spec.Server.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}}
	spec.Server.Autoscaling = &v1beta1.Autoscaling{MaxReplicas: 6}
	spec.Exposure = v1beta1.Exposure{Type: v1beta1.ExposureHTTPRoute, HTTPRoute: &v1beta1.HTTPRoute{
		ParentRefs: []v1beta1.ParentRef{{Name: "public", Namespace: "gateways", SectionName: "https"}, {Name: "own"}},
	}}
}

// withEveryField runs a test with a started shop of either kind: between them they have every field and every child.
func withEveryField(t *testing.T, test func(*world)) {
	for name, change := range map[string]func(*v1beta1.GoogleLogin){"everything": everything, "scaled": scaled} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			plane.InstallGatewayAPI(t)
			plane.InstallServiceMonitors(t)
			w.create(databaseSecret(w.ns, "uri", "postgresql://shop:x@db:5432/shop"))
			w.started(change)
			test(w)
		})
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
