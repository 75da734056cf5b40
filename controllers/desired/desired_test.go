package desired_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/server/config"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// shop is a GoogleLogin as the API server stores it: with the CRD's defaults filled in.
func shop(change func(*v1beta1.GoogleLogin)) *v1beta1.GoogleLogin {
	login := &v1beta1.GoogleLogin{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "shop", UID: "00000000-0000-0000-0000-000000000001"},
		Spec: v1beta1.GoogleLoginSpec{
			Client: v1beta1.Client{SecretRef: v1beta1.ClientSecretRef{
				Name: "shop-google", ClientIDKey: "client_id", ClientSecretKey: "client_secret", CredentialsKey: "credentials.json",
			}},
			RedirectURIs: []v1beta1.RedirectURI{"https://shop.example.com/auth/callback", "http://localhost:8000/auth/callback"},
			Scopes:       []v1beta1.Scope{"openid", "email", "profile"},
			BasePath:     "/auth",
			Google:       v1beta1.Google{Prompt: v1beta1.PromptSelectAccount},
			Frontend:     v1beta1.Frontend{HomeURL: "https://shop.example.com/"},
			Access:       v1beta1.Access{Accounts: v1beta1.AccountsRestricted, HostedDomains: []v1beta1.HostedDomain{"example.com"}},
			Session: v1beta1.Session{
				AccessTokenTTL: "10m", IdleTimeout: "24h", Lifetime: "720h",
				Cookie: v1beta1.Cookie{SameSite: v1beta1.SameSiteLax},
			},
			Storage: v1beta1.Storage{Type: v1beta1.StorageSQLite},
			Server:  v1beta1.Server{Replicas: ptr.To[int32](1)},
		},
	}
	if change != nil {
		change(login)
	}
	return login
}

// everything sets what a team can set.
func everything(login *v1beta1.GoogleLogin) {
	spec := &login.Spec
	spec.Client.ID = "123-abc.apps.googleusercontent.com"
	spec.Client.SecretRef = v1beta1.ClientSecretRef{Name: "keys", ClientIDKey: "id", ClientSecretKey: "secret", CredentialsKey: "download"}
	spec.Scopes = append(spec.Scopes, "https://www.googleapis.com/auth/calendar.readonly")
	spec.BasePath = "/login/google"
	spec.RedirectURIs = []v1beta1.RedirectURI{"https://shop.example.com:8443/login/google/callback"}
	spec.Google = v1beta1.Google{
		Prompt: v1beta1.PromptConsent, Issuer: "http://fake-google.demo.svc:8080", SignInWithGoogle: v1beta1.Enabled,
	}
	spec.Frontend = v1beta1.Frontend{
		HomeURL:    "https://shop.example.com/home",
		LoginURL:   "https://shop.example.com/login",
		ReturnURLs: []v1beta1.ReturnURL{"https://shop.example.com/*", "https://*.shop.example.com/app/*"},
	}
	spec.Access.Emails = []v1beta1.Email{"ann@gmail.com"}
	spec.Access.LinkByEmail = v1beta1.Enabled
	spec.Pages = v1beta1.Pages{
		Title: "Example Shop", AccentColor: "#0b57d0", SignInText: "Welcome back", SupportURL: "mailto:help@example.com",
		Logo: &v1beta1.Logo{MediaType: "image/png", Data: []byte("picture"), Alt: "a cart"},
	}
	spec.TokenEndpoint = v1beta1.TokenEndpoint{Mode: v1beta1.Enabled, ClientIDs: []string{"123-ios.apps.googleusercontent.com"}, RefreshTokens: v1beta1.Enabled}
	spec.ForwardAuth = v1beta1.ForwardAuth{ExtAuthz: v1beta1.Enabled, EncodedSlashes: v1beta1.Enabled}
	spec.Session = v1beta1.Session{
		AccessTokenTTL: "5m", IdleTimeout: "1h30m", Lifetime: "8h", Audiences: []v1beta1.Audience{"shop", "stock"},
		Cookie: v1beta1.Cookie{Domain: "shop.example.com", SameSite: v1beta1.SameSiteNone},
	}
	spec.Storage.SQLite = &v1beta1.SQLite{Size: ptr.To(resource.MustParse("5Gi")), StorageClassName: ptr.To("fast")}
	spec.Server = v1beta1.Server{
		Replicas:         ptr.To[int32](0),
		Image:            "registry.example.com/server:7",
		ImagePullSecrets: []corev1.LocalObjectReference{{Name: "pull"}},
		TrustedProxies:   []v1beta1.CIDR{"10.244.0.0/16"},
		RateLimits:       v1beta1.RateLimits{PerAddress: 600, PerAccount: 60},
		Resources: &corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("0.5")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
		},
		ServiceAccount: v1beta1.ServiceAccount{
			Name: "shop-identity", Annotations: v1beta1.Annotations{"iam.example.com/role": "shop"},
		},
		PodMetadata: v1beta1.PodMetadata{
			Labels: v1beta1.Labels{"team": "shop"}, Annotations: v1beta1.Annotations{"linkerd.io/inject": "enabled"},
		},
		Env: []v1beta1.EnvVar{
			{Name: "HTTPS_PROXY", Value: "http://proxy.example.com:3128"},
			{Name: "OTEL_EXPORTER_OTLP_HEADERS", ValueFrom: &v1beta1.EnvVarSource{SecretKeyRef: v1beta1.SecretKeyRef{Name: "traces", Key: "headers"}}},
		},
		NodeSelector:              v1beta1.Labels{"disk": "fast"},
		Tolerations:               []v1beta1.Toleration{{Key: "dedicated", Operator: "Equal", Value: "login", Effect: "NoSchedule"}},
		TopologySpreadConstraints: []v1beta1.TopologySpreadConstraint{{TopologyKey: "topology.kubernetes.io/zone", MaxSkew: 2, WhenUnsatisfiable: "DoNotSchedule"}},
		Affinity: &v1beta1.Affinity{
			NodeAffinity: &v1beta1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1beta1.NodeSelector{
				NodeSelectorTerms: []v1beta1.NodeSelectorTerm{{MatchExpressions: []v1beta1.Requirement{{Key: "arch", Operator: "In", Values: []string{"arm64"}}}}},
			}},
			PodAntiAffinity: &v1beta1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1beta1.WeightedPodAffinityTerm{{
				Weight:          10,
				PodAffinityTerm: v1beta1.PodAffinityTerm{TopologyKey: "kubernetes.io/hostname", LabelSelector: v1beta1.Selector{MatchLabels: map[string]v1beta1.LabelValue{"app": "shop"}}},
			}}},
		},
		PriorityClassName:   "important",
		PodDisruptionBudget: v1beta1.PodDisruptionBudget{Mode: v1beta1.Enabled},
		NetworkPolicy: v1beta1.NetworkPolicy{
			Mode:         v1beta1.Enabled,
			PublicFrom:   []v1beta1.NetworkPeer{{NamespaceSelector: named("ingress")}, {IPBlock: &v1beta1.IPBlock{CIDR: "10.0.0.0/8"}}},
			ExtAuthzFrom: []v1beta1.NetworkPeer{{NamespaceSelector: named("envoy"), PodSelector: &v1beta1.Selector{MatchLabels: map[string]v1beta1.LabelValue{"app": "envoy"}}}},
		},
		ServiceMonitor: v1beta1.ServiceMonitor{Mode: v1beta1.Enabled, Interval: "1m", Labels: v1beta1.Labels{"release": "prometheus"}},
	}
	spec.Exposure = v1beta1.Exposure{Type: v1beta1.ExposureIngress, Ingress: &v1beta1.Ingress{
		IngressClassName: "nginx",
		Annotations:      v1beta1.Annotations{"cert-manager.io/cluster-issuer": "letsencrypt"},
		Labels:           v1beta1.Labels{"team": "shop"},
		TLS:              v1beta1.IngressTLS{Mode: v1beta1.Enabled},
	}}
}

// named chooses a namespace by its name.
func named(namespace v1beta1.LabelValue) *v1beta1.Selector {
	return &v1beta1.Selector{MatchLabels: map[string]v1beta1.LabelValue{"kubernetes.io/metadata.name": namespace}}
}

// scaled lets an autoscaler choose the number of servers, behind a Gateway of the platform.
func scaled(login *v1beta1.GoogleLogin) {
	onPostgres(login)
	spec := &login.Spec
	spec.RedirectURIs = []v1beta1.RedirectURI{
		"https://shop.example.com/auth/callback", "https://shop.example.com/oauth2/callback",
		"https://stock.example.com/auth/callback", "http://localhost:8000/auth/callback", "http://127.0.0.1:8000/cb",
	}
	spec.Server.Autoscaling = &v1beta1.Autoscaling{MinReplicas: 2, MaxReplicas: 6, TargetCPUUtilizationPercentage: 70}
	spec.Server.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
	}, Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")}}
	spec.Server.PodDisruptionBudget = v1beta1.PodDisruptionBudget{Mode: v1beta1.Enabled, MinAvailable: ptr.To(intstr.FromString("50%"))}
	spec.Server.NetworkPolicy.Mode = v1beta1.Enabled
	spec.Exposure = v1beta1.Exposure{Type: v1beta1.ExposureHTTPRoute, HTTPRoute: &v1beta1.HTTPRoute{
		ParentRefs: []v1beta1.ParentRef{{Name: "public", Namespace: "gateways", SectionName: "https", Port: 443}, {Name: "own"}},
	}}
}

// onPostgres keeps users and sessions in a database that CloudNativePG runs.
func onPostgres(login *v1beta1.GoogleLogin) {
	login.Spec.Storage = v1beta1.Storage{
		Type:     v1beta1.StoragePostgres,
		Postgres: &v1beta1.Postgres{SecretRef: v1beta1.DatabaseSecretRef{Name: "shop-db-app", Key: "fqdn-uri"}},
	}
	login.Spec.Server.Replicas = ptr.To[int32](3)
}

// administered names who may call, one of them in another namespace.
func administered(login *v1beta1.GoogleLogin) {
	login.Spec.Server.NetworkPolicy.Mode = v1beta1.Enabled
	login.Spec.InternalAPI.Callers = []v1beta1.Caller{
		{ServiceAccount: "support-desk", Permissions: []v1beta1.Permission{v1beta1.PermissionUsers, v1beta1.PermissionSessions}},
		{ServiceAccount: "offboarding", Namespace: "people", Permissions: []v1beta1.Permission{v1beta1.PermissionUsers}},
	}
}

var theCluster = desired.ClusterKeys{Issuer: "https://kubernetes.default.svc.cluster.local", JWKS: `{"keys":[]}`}

func TestAKeyOfTheClusterRestartsNobody(t *testing.T) {
	revision := func(cluster desired.ClusterKeys) string {
		in, err := desired.NewInput(shop(administered), "image", cluster)
		if err != nil {
			t.Fatal(err)
		}
		content, err := yaml.Marshal(desired.Deployment(in))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	rotated := theCluster
	rotated.JWKS = `{"keys":[{"kid":"new"}]}`
	if diff := cmp.Diff(revision(theCluster), revision(rotated)); diff != "" {
		t.Errorf("Deployment (-before +after):\n%s", diff)
	}
}

func TestChildren(t *testing.T) {
	none := desired.ClusterKeys{}
	for _, row := range []struct {
		name    string
		login   *v1beta1.GoogleLogin
		cluster desired.ClusterKeys
	}{
		{"defaults", shop(nil), none},
		{"everything", shop(everything), none},
		{"administered", shop(administered), theCluster},
		{"postgres", shop(onPostgres), none},
		{"postgres-ca", shop(func(l *v1beta1.GoogleLogin) {
			onPostgres(l)
			l.Spec.Storage.Postgres.CASecretRef = &v1beta1.CASecretRef{Name: "shop-db-ca", Key: "authority.pem"}
		}), none},
		{"scaled", shop(scaled), none},
		{"ingress-tls", shop(func(l *v1beta1.GoogleLogin) {
			l.Spec.RedirectURIs = append(l.Spec.RedirectURIs, "https://shop.example.com/oauth2/callback", "https://stock.example.com/cb")
			l.Spec.Exposure = v1beta1.Exposure{Type: v1beta1.ExposureIngress, Ingress: &v1beta1.Ingress{TLS: v1beta1.IngressTLS{SecretName: "wildcard"}}}
			l.Spec.Server.PodDisruptionBudget = v1beta1.PodDisruptionBudget{Mode: v1beta1.Enabled, MaxUnavailable: ptr.To(intstr.FromInt32(2))}
		}), none},
		{"memory", shop(func(l *v1beta1.GoogleLogin) { l.Spec.Storage.Type = v1beta1.StorageMemory }), none},
	} {
		t.Run(row.name, func(t *testing.T) {
			in, err := desired.NewInput(row.login, "example.com/googlelogin-server:1.0.0", row.cluster)
			if err != nil {
				t.Fatal(err)
			}
			for file, child := range map[string]any{
				"serviceaccount.yaml":        desired.ServiceAccount(in),
				"configmap.yaml":             desired.ConfigMap(in),
				"persistentvolumeclaim.yaml": desired.PersistentVolumeClaim(in),
				"deployment.yaml":            desired.Deployment(in),
				"service.yaml":               desired.Service(in),
				"ingress.yaml":               desired.Ingress(in),
				"httproute.yaml":             desired.HTTPRoute(in),
				"networkpolicy.yaml":         desired.NetworkPolicy(in),
				"poddisruptionbudget.yaml":   desired.PodDisruptionBudget(in),
				"hpa.yaml":                   desired.HorizontalPodAutoscaler(in),
				"servicemonitor.yaml":        desired.ServiceMonitor(in),
			} {
				if (file == "persistentvolumeclaim.yaml" && !desired.NeedsVolume(row.login)) || reflect.ValueOf(child).IsNil() {
					if _, err := os.Stat(filepath.Join("testdata", row.name, file)); err == nil {
						t.Errorf("%s has a golden file, and is not asked for", file)
					}
					continue
				}
				golden(t, filepath.Join("testdata", row.name, file), child)
			}
		})
	}
}

func golden(t *testing.T, path string, object any) {
	t.Helper()
	got, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-golden +computed); run with -update if that is meant:\n%s", path, diff)
	}
}

// TestServerLoadsEveryGoldenConfig holds the two planes together: what one writes, the other loads, to the same values.
func TestServerLoadsEveryGoldenConfig(t *testing.T) {
	for name, login := range map[string]*v1beta1.GoogleLogin{
		"defaults":     shop(nil),
		"everything":   shop(everything),
		"administered": shop(administered),
		"postgres":     shop(onPostgres),
		"memory":       shop(func(l *v1beta1.GoogleLogin) { l.Spec.Storage.Type = v1beta1.StorageMemory }),
	} {
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join("testdata", name, "configmap.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var configMap corev1.ConfigMap
			if err := yaml.UnmarshalStrict(content, &configMap); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), desired.ConfigKey)
			if err := os.WriteFile(path, []byte(configMap.Data[desired.ConfigKey]), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := config.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := desired.ServerConfig(desired.Input{Login: login, Cluster: theCluster})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("loaded configuration (-mapped +loaded):\n%s", diff)
			}
		})
	}
}

func TestServerConfigOfEachPrompt(t *testing.T) {
	for prompt, want := range map[v1beta1.Prompt]string{
		v1beta1.PromptSelectAccount: "select_account",
		v1beta1.PromptConsent:       "consent",
		v1beta1.PromptAuto:          "",
	} {
		got, err := desired.ServerConfig(desired.Input{Login: shop(func(l *v1beta1.GoogleLogin) { l.Spec.Google.Prompt = prompt })})
		if err != nil {
			t.Fatal(err)
		}
		// As the server reads it: a prompt that is left out of the file would come back as the default.
		if loaded := load(t, got); loaded.Google.Prompt != want {
			t.Errorf("%s: prompt %q, want %q", prompt, loaded.Google.Prompt, want)
		}
	}
}

func load(t *testing.T, written config.Config) config.Config {
	t.Helper()
	content, err := written.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestNewInputRefusesWhatTheServerWouldNotLoad(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*v1beta1.GoogleLogin)
		want   string
	}{
		{"a cookie domain that does not cover a redirect URI",
			func(l *v1beta1.GoogleLogin) { l.Spec.Session.Cookie.Domain = "shop.example.com" },
			`the server would refuse the spec: session.cookie.domain: "shop.example.com" does not cover the host of http://localhost:8000/auth/callback, where the browser would refuse the cookie`},
		{"a duration that is none",
			func(l *v1beta1.GoogleLogin) { l.Spec.Session.Lifetime = "a year" },
			"spec.session.lifetime is not a duration such as 10m or 24h"},
		{"no redirect URI",
			func(l *v1beta1.GoogleLogin) { l.Spec.RedirectURIs = nil },
			"spec.redirectURIs is empty: list the redirect URIs that are registered with Google"},
		{"a caller who is there twice",
			func(l *v1beta1.GoogleLogin) {
				administered(l)
				l.Spec.InternalAPI.Callers = append(l.Spec.InternalAPI.Callers, v1beta1.Caller{
					ServiceAccount: "support-desk", Namespace: "team", Permissions: []v1beta1.Permission{v1beta1.PermissionUsers},
				})
			},
			"the server would refuse the spec: internalAPI.callers[2]: team/support-desk is there twice: name all its permissions in one entry"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := desired.NewInput(shop(row.change), "image", theCluster)
			if err == nil || err.Error() != row.want {
				t.Errorf("error %v, want %s", err, row.want)
			}
		})
	}
}

// A change that the running server takes by itself must not restart it, and one that it cannot take must.
func TestOnlyWhatTheServerCannotTakeByItselfMakesANewRevision(t *testing.T) {
	template := func(change func(*v1beta1.GoogleLogin)) string {
		in, err := desired.NewInput(shop(change), "image", desired.ClusterKeys{})
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(desired.Deployment(in).Spec.Template)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	before := template(nil)
	for name, row := range map[string]struct {
		change func(*v1beta1.GoogleLogin)
		rolls  bool
	}{
		"nothing": {nil, false},
		"access": {func(l *v1beta1.GoogleLogin) {
			l.Spec.Access.HostedDomains = []v1beta1.HostedDomain{"other.example.com"}
		}, false},
		"pages":             {func(l *v1beta1.GoogleLogin) { l.Spec.Pages.Title = "Shop" }, false},
		"home page":         {func(l *v1beta1.GoogleLogin) { l.Spec.Frontend.HomeURL = "https://shop.example.com/other" }, false},
		"redirect URIs":     {func(l *v1beta1.GoogleLogin) { l.Spec.RedirectURIs = l.Spec.RedirectURIs[:1] }, false},
		"sessions":          {func(l *v1beta1.GoogleLogin) { l.Spec.Session.Lifetime = "48h" }, false},
		"limits":            {func(l *v1beta1.GoogleLogin) { l.Spec.Server.RateLimits.PerAddress = 10 }, false},
		"trusted proxies":   {func(l *v1beta1.GoogleLogin) { l.Spec.Server.TrustedProxies = []v1beta1.CIDR{"10.0.0.0/8"} }, false},
		"replicas":          {func(l *v1beta1.GoogleLogin) { l.Spec.Server.Replicas = ptr.To[int32](0) }, false},
		"image":             {func(l *v1beta1.GoogleLogin) { l.Spec.Server.Image = "other" }, true},
		"storage":           {onPostgres, true},
		"stand-in":          {func(l *v1beta1.GoogleLogin) { l.Spec.Google.Issuer = "http://fake-google.demo.svc:8080" }, true},
		"the port of Envoy": {func(l *v1beta1.GoogleLogin) { l.Spec.ForwardAuth.ExtAuthz = v1beta1.Enabled }, true},
	} {
		if rolls := template(row.change) != before; rolls != row.rolls {
			t.Errorf("%s: a new revision is %t, want %t", name, rolls, row.rolls)
		}
	}
}

func TestRedirectURIsToRegister(t *testing.T) {
	uris := func(button v1beta1.Switch) []string {
		return desired.RedirectURIsToRegister(shop(func(l *v1beta1.GoogleLogin) {
			l.Spec.Google.SignInWithGoogle = button
			l.Spec.RedirectURIs = []v1beta1.RedirectURI{
				"https://shop.example.com/auth/callback", "https://shop.example.com/other/callback", "http://localhost:8000/auth/callback",
			}
		}))
	}
	redirect := []string{
		"https://shop.example.com/auth/callback", "https://shop.example.com/other/callback", "http://localhost:8000/auth/callback",
	}
	if diff := cmp.Diff(redirect, uris(v1beta1.Disabled)); diff != "" {
		t.Errorf("without the button (-want +got):\n%s", diff)
	}
	want := append(slices.Clone(redirect), "https://shop.example.com/auth/google", "http://localhost:8000/auth/google")
	if diff := cmp.Diff(want, uris(v1beta1.Enabled)); diff != "" {
		t.Errorf("with the button (-want +got):\n%s", diff)
	}
}

// TestTheOperatorsLabelsWin: the CRD refuses such labels, and an old object may have them all the same.
func TestTheOperatorsLabelsWin(t *testing.T) {
	in, err := desired.NewInput(shop(func(l *v1beta1.GoogleLogin) {
		l.Spec.Server.PodMetadata = v1beta1.PodMetadata{
			Labels:      v1beta1.Labels{desired.LabelInstance: "other", "team": "shop"},
			Annotations: v1beta1.Annotations{desired.RestartHashAnnotation: "other"},
		}
	}), "image", desired.ClusterKeys{})
	if err != nil {
		t.Fatal(err)
	}
	template := desired.Deployment(in).Spec.Template
	want := desired.Labels("shop")
	want["team"] = "shop"
	if diff := cmp.Diff(want, template.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if template.Annotations[desired.RestartHashAnnotation] == "other" {
		t.Error("an annotation of the spec took the place of the configuration's hash")
	}
}

// TestNobodyIsLetInToEnvoysPortUnlessNamed: a rule without a peer lets in everybody.
func TestNobodyIsLetInToEnvoysPortUnlessNamed(t *testing.T) {
	in, err := desired.NewInput(shop(func(l *v1beta1.GoogleLogin) {
		l.Spec.ForwardAuth.ExtAuthz = v1beta1.Enabled
		l.Spec.Server.NetworkPolicy.Mode = v1beta1.Enabled
	}), "image", desired.ClusterKeys{})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range desired.NetworkPolicy(in).Spec.Ingress {
		for _, port := range rule.Ports {
			if number := port.Port.IntValue(); number != 8080 && len(rule.From) == 0 || number == 8083 {
				t.Errorf("port %d is open to %d peers", number, len(rule.From))
			}
		}
	}
}
