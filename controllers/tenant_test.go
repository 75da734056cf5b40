package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/yaml"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// stolen is what the Secret of the other namespace holds. Nothing that the tenant can read may contain it.
const stolen = "canary-of-another-namespace"

// The manager can read every Secret of the cluster, and a tenant none but those of one namespace. So whatever a tenant writes into
// whatever field must not make the manager fetch another's.
func TestATenantReachesNoSecretOfAnotherNamespace(t *testing.T) {
	w, victim := newWorld(t), plane.Namespace(t)
	if err := w.c.Create(w.ctx, secretWorthStealing(victim)); err != nil {
		t.Fatal(err)
	}
	w.create(clientSecret(w.ns))
	tenant := w.tenant()
	if err := tenant.Get(w.ctx, client.ObjectKey{Namespace: victim, Name: "other"}, &corev1.Secret{}); !apierrors.IsForbidden(err) {
		t.Fatalf("the tenant reads the Secret without any trick: %v", err)
	}
	reads := &reads{}
	counted := interceptor.NewClient(managerClient(t, w), reads.funcs())
	w.r.Client, w.r.Live = cached(counted), counted
	w.r.ClusterKeys = &keySource{keys: desired.ClusterKeys{Issuer: "https://cluster.example", JWKS: `{"keys":[]}`}}

	tries, accepted, fields := 0, 0, stringFields(specSchema(t), "spec")
	for _, path := range fields {
		base := tenantBase(w.ns, path)
		if !w.exists(base.Name, &v1beta1.GoogleLogin{}) {
			if err := tenant.Create(w.ctx, base.DeepCopy()); err != nil {
				t.Fatal(err)
			}
		}
		for _, value := range waysOut(victim) {
			tries++
			object := asMap(t, base)
			set(object.Object, path, value)
			if err := w.replace(tenant, object); err != nil {
				wantRefusal(t, err, path, value)
				continue
			}
			accepted++
			w.reconcileTry(object.GetName(), path, value)
			for _, read := range reads.outside(w.ns) {
				t.Errorf("%s=%q made the manager %s", path, value, read)
			}
		}
	}
	t.Logf("%d tries in %d fields, of which the API server let %d pass", tries, len(fields), accepted)
	if len(fields) < 100 || accepted < 20 || accepted == tries {
		t.Error("the tries are not what they should be: too few fields, or nearly everything refused, or nothing")
	}
	w.wantNothingStolen()
	w.wantUntouched(victim)
}

// replace writes an object over the one of its name, as a tenant does who tries one thing after the other.
func (w *world) replace(tenant client.Client, object *unstructured.Unstructured) error {
	w.Helper()
	current := &v1beta1.GoogleLogin{}
	w.get(object.GetName(), current)
	object.SetResourceVersion(current.ResourceVersion)
	return tenant.Update(w.ctx, object)
}

// reads records what a reconciler reads.
type reads struct {
	n   int
	all map[string]string
}

func (r *reads) add(namespace, what string) {
	r.n++
	if r.all == nil {
		r.all = map[string]string{}
	}
	r.all[what] = namespace
}

// outside returns what was read in other namespaces than that since the last call.
func (r *reads) outside(namespace string) []string {
	var out []string
	for what, ns := range r.all {
		if ns != namespace {
			out = append(out, what)
		}
	}
	if r.n == 0 {
		out = append(out, "read nothing at all")
	}
	*r = reads{}
	return out
}

func (r *reads) funcs() interceptor.Funcs {
	return interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			r.add(key.Namespace, fmt.Sprintf("get the %T %s", obj, key))
			return c.Get(ctx, key, obj, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			options := (&client.ListOptions{}).ApplyOptions(opts)
			r.add(options.Namespace, fmt.Sprintf("list a %T in %q", list, options.Namespace))
			return c.List(ctx, list, opts...)
		},
	}
}

func secretWorthStealing(ns string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "other"}, StringData: map[string]string{
		"client_id":        "id-1",
		"client_secret":    stolen,
		"credentials.json": `{"web":{"client_id":"id-1","client_secret":"` + stolen + `"}}`,
		"uri":              "postgresql://shop:" + stolen + "@db/shop",
		"ca.crt":           stolen,
		"keys.json":        stolen,
	}}
}

// waysOut are how one may try to name the Secret "other" of another namespace. The last is a name that many a field lets pass.
func waysOut(ns string) []string {
	return []string{
		ns + "/other", "../" + ns + "/other", "other." + ns,
	}
}

// tenantBase is a GoogleLogin into whose field a try is written. It has what else the API server wants where that field is set.
func tenantBase(ns, path string) *v1beta1.GoogleLogin {
	login := shopIn(ns)
	everything(login)
	for _, prefix := range []string{"spec.storage.postgres", "spec.server.autoscaling", "spec.exposure.httpRoute"} {
		if strings.HasPrefix(path, prefix) {
			login = shopIn(ns)
			login.Name = "scaled"
			scaled(login)
			login.Spec.Storage.Postgres.CASecretRef = &v1beta1.CASecretRef{Name: "shop-ca"}
		}
	}
	login.Spec.InternalAPI.Callers = []v1beta1.Caller{{ServiceAccount: "support", Permissions: []v1beta1.Permission{v1beta1.PermissionUsers}}}
	return login
}

// specSchema is what the API server knows of the spec.
func specSchema(t *testing.T) *apiextensionsv1.JSONSchemaProps {
	t.Helper()
	content, err := os.ReadFile("../config/crd/bases/googlelogin.dev_googlelogins.yaml")
	if err != nil {
		t.Fatal(err)
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(content, crd); err != nil {
		t.Fatal(err)
	}
	spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	return &spec
}

// stringFields returns the path of every text below a part of the schema.
func stringFields(of *apiextensionsv1.JSONSchemaProps, path string) []string {
	var out []string
	switch {
	case of.Type == "string" || of.XIntOrString:
		out = []string{path}
	case of.Items != nil:
		out = stringFields(of.Items.Schema, path+".[]")
	case of.AdditionalProperties != nil:
		out = stringFields(of.AdditionalProperties.Schema, path+".key")
	}
	for _, name := range slices.Sorted(maps.Keys(of.Properties)) {
		field := of.Properties[name]
		out = append(out, stringFields(&field, path+"."+name)...)
	}
	return out
}

// set writes a value below a map, and makes what is missing on the way. Of a list it takes the first element.
func set(object map[string]any, path, value string) {
	name, rest, _ := strings.Cut(path, ".")
	switch {
	case rest == "":
		object[name] = value
	case rest == "[]":
		object[name] = []any{value}
	case strings.HasPrefix(rest, "[]."):
		list, _ := object[name].([]any)
		if len(list) == 0 {
			list = []any{map[string]any{}}
		}
		set(list[0].(map[string]any), strings.TrimPrefix(rest, "[]."), value)
		object[name] = list
	default:
		below, ok := object[name].(map[string]any)
		if !ok {
			below = map[string]any{}
		}
		set(below, rest, value)
		object[name] = below
	}
}

func asMap(t *testing.T, login *v1beta1.GoogleLogin) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(login)
	if err != nil {
		t.Fatal(err)
	}
	delete(content, "status")
	out := &unstructured.Unstructured{Object: content}
	out.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("GoogleLogin"))
	return out
}

func wantRefusal(t *testing.T, err error, path, value string) {
	t.Helper()
	if !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) {
		t.Errorf("%s=%q was refused in an unexpected way: %v", path, value, err)
	}
}

// reconcileTry lets the manager work on a try. What it has to say it must say in a condition.
func (w *world) reconcileTry(name, path, value string) {
	w.Helper()
	if _, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key(name)}); err != nil {
		w.Errorf("%s=%q ends in an error and not in a condition: %v", path, value, err)
	}
	login := &v1beta1.GoogleLogin{}
	w.get(name, login)
	if meta.FindStatusCondition(login.Status.Conditions, v1beta1.ConditionReady) == nil {
		w.Errorf("%s=%q ends without a condition", path, value)
	}
}

// wantNothingStolen looks into all that the namespace has by now.
func (w *world) wantNothingStolen() {
	w.Helper()
	seen := 0
	for _, kind := range []schemaKind{
		{"v1", "Secret"}, {"v1", "ConfigMap"}, {"v1", "Service"}, {"v1", "ServiceAccount"}, {"v1", "PersistentVolumeClaim"},
		{"apps/v1", "Deployment"}, {"events.k8s.io/v1", "Event"}, {v1beta1.GroupVersion.String(), "GoogleLogin"},
	} {
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion(kind.version)
		list.SetKind(kind.kind + "List")
		if err := w.c.List(w.ctx, list, client.InNamespace(w.ns)); err != nil {
			w.Fatal(err)
		}
		for _, item := range list.Items {
			seen++
			if text := plainText(w, &item); strings.Contains(text, stolen) {
				w.Errorf("%s %s holds what is in the other namespace's Secret", kind.kind, item.GetName())
			}
		}
	}
	for _, event := range w.told() {
		if strings.Contains(event, stolen) {
			w.Errorf("an event quotes the other namespace's Secret: %s", event)
		}
	}
	if seen < 10 {
		w.Errorf("only %d objects to look into: nothing was tried", seen)
	}
}

// wantUntouched checks that nothing was written into a namespace.
func (w *world) wantUntouched(ns string) {
	w.Helper()
	for _, list := range []client.ObjectList{&corev1.SecretList{}, &corev1.ConfigMapList{}, &appsv1.DeploymentList{}, &networkingv1.IngressList{}} {
		if err := w.c.List(w.ctx, list, client.InNamespace(ns)); err != nil {
			w.Fatal(err)
		}
		if err := meta.EachListItem(list, func(item runtime.Object) error {
			if name := item.(client.Object).GetName(); name != "other" && name != "kube-root-ca.crt" {
				w.Errorf("%T %s was made in another namespace", item, name)
			}
			return nil
		}); err != nil {
			w.Fatal(err)
		}
	}
}

type schemaKind struct{ version, kind string }

// plainText is an object with the data of Secrets decoded.
func plainText(w *world, item *unstructured.Unstructured) string {
	w.Helper()
	encoded, err := json.Marshal(item)
	if err != nil {
		w.Fatal(err)
	}
	if item.GetKind() != "Secret" {
		return string(encoded)
	}
	var secret corev1.Secret
	if err := json.Unmarshal(encoded, &secret); err != nil {
		w.Fatal(err)
	}
	for _, value := range secret.Data {
		encoded = append(encoded, value...)
	}
	return string(encoded)
}

// tenant may edit one namespace, as teams do, and the GoogleLogins in it.
func (w *world) tenant() client.Client {
	w.Helper()
	w.createTeamRoles()
	for _, role := range []string{"edit", "googlelogin-edit"} {
		w.create(&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "tenant"}},
		})
	}
	config := plane.Config(w)
	config.Impersonate.UserName = "tenant"
	config.QPS = -1
	c, err := client.New(config, client.Options{Scheme: plane.Scheme(w)})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *world) createTeamRoles() {
	w.Helper()
	content, err := os.ReadFile("../config/rbac/team_roles.yaml")
	if err != nil {
		w.Fatal(err)
	}
	for document := range strings.SplitSeq(string(content), "\n---") {
		role := &rbacv1.ClusterRole{}
		if err := yaml.UnmarshalStrict([]byte(document), role); err != nil {
			w.Fatal(err)
		}
		if err := w.c.Create(w.ctx, role); err != nil && !apierrors.IsAlreadyExists(err) {
			w.Fatal(err)
		}
	}
}

// managerClient has the rights of a manager of the whole cluster.
func managerClient(t *testing.T, w *world) client.WithWatch {
	t.Helper()
	config := plane.ManagerConfig(t, "manager-among-tenants")
	config.QPS = -1
	c, err := client.NewWithWatch(config, client.Options{Scheme: plane.Scheme(w)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
