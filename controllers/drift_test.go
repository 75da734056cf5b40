package controllers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/googlelogin/operator/controllers/desired"
)

// byHand is who changes children here.
const byHand = "kubectl-edit"

// kept are the fields that nobody can change or whose change cannot be undone, and why, by kind and the beginning of a path.
var kept = map[string]string{
	"Deployment .spec.selector": "the API server lets nobody change it",
	"Deployment .spec.template.metadata.labels.app.kubernetes.io/component": "the selector asks for it",
	"Deployment .spec.template.metadata.labels.app.kubernetes.io/instance":  "the selector asks for it",
	"Deployment .spec.template.metadata.labels.app.kubernetes.io/name":      "the selector asks for it",
	"PersistentVolumeClaim .spec.":                                          "the API server lets nobody change a claim, but make it larger, which none can be undone",
	"* .metadata.ownerReferences":                                           "who takes the owner reference away takes the object away, and nothing foreign is taken over",
}

// Every field that we own is changed and removed by hand, one after the other, in every child that there can be. A pass must bring each back
// and leave alone what others have added.
func TestEveryOwnedFieldThatIsChangedByHandIsRepaired(t *testing.T) {
	withEveryField(t, func(w *world) {
		for _, child := range w.children() {
			w.Run(child.GetKind(), func(t *testing.T) {
				here := *w
				here.T = t
				(&drift{world: &here, kind: child.GroupVersionKind(), name: child.GetName()}).walk()
			})
		}
	})
}

// children are all objects that are applied.
func (w *world) children() []*unstructured.Unstructured {
	w.Helper()
	var out []*unstructured.Unstructured
	for _, kind := range []schema.GroupVersionKind{
		{Version: "v1", Kind: "ServiceAccount"}, {Version: "v1", Kind: "ConfigMap"}, {Version: "v1", Kind: "Service"},
		{Version: "v1", Kind: "PersistentVolumeClaim"}, {Group: "apps", Version: "v1", Kind: "Deployment"},
		{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"}, {Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"},
		{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}, {Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"},
		httpRouteKind(), desired.ServiceMonitorKind(),
	} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		if err := w.c.List(w.ctx, list, client.InNamespace(w.ns), client.MatchingLabels{desired.LabelManagedBy: desired.ManagedBy}); err != nil {
			w.Fatal(err)
		}
		for i := range list.Items {
			out = append(out, &list.Items[i])
		}
	}
	if len(out) < 6 {
		w.Fatalf("only %d children", len(out))
	}
	return out
}

// drift is the walk through one child.
type drift struct {
	*world
	kind schema.GroupVersionKind
	name string
}

func (d *drift) walk() {
	d.addTheirs()
	before := d.read()
	leaves := ownedLeaves(d.T, before)
	if len(leaves) < 5 {
		d.Fatalf("only %d fields are ours", len(leaves))
	}
	for _, path := range leaves {
		if d.kept(path) {
			continue
		}
		// Of an item that is nothing but its key another value is another item.
		changed := path[len(path)-1].Key == nil && d.repaired(before, path, variants)
		removed := d.repaired(before, path, none)
		if !changed && !removed {
			d.Errorf("%s: the API server refuses every change that was thought of: think of a better one, or say why in kept", path)
		}
	}
}

// repaired makes the first of changes that the API server accepts and wants a pass to undo it. It reports whether there was one.
func (d *drift) repaired(before *unstructured.Unstructured, path fieldpath.Path, changes func(any) []any) bool {
	if !d.tryOne(before, path, changes) {
		return false
	}
	_, err := d.r.Reconcile(d.ctx, ctrl.Request{NamespacedName: d.key("shop")})
	if diff := cmp.Diff(content(before), content(d.read())); diff != "" || err != nil {
		d.Errorf("%s was changed by hand and not brought back: %v (-before +after):\n%s", path, err, diff)
		d.write(before)
		d.reconcile()
	}
	return true
}

// addTheirs adds what people and other controllers put on objects that are not theirs.
func (d *drift) addTheirs() {
	obj := d.read()
	metadata := obj.Object["metadata"].(map[string]any)
	for _, field := range []string{"labels", "annotations"} {
		if metadata[field] == nil {
			metadata[field] = map[string]any{}
		}
		metadata[field].(map[string]any)["team.example.com/note"] = "theirs"
	}
	if d.kind.Kind == "Deployment" {
		template := obj.Object["spec"].(map[string]any)["template"].(map[string]any)
		template["metadata"].(map[string]any)["annotations"].(map[string]any)["kubectl.kubernetes.io/restartedAt"] = "2026-03-01T12:00:00Z"
		pod := template["spec"].(map[string]any)
		pod["containers"] = append(pod["containers"].([]any), map[string]any{"name": "sidecar", "image": "example.com/sidecar:1"})
		if desired.Autoscaled(d.login()) {
			obj.Object["spec"].(map[string]any)["replicas"] = int64(5)
		}
	}
	d.write(obj)
	d.reconcile()
	if diff := cmp.Diff(content(obj), content(d.read())); diff != "" {
		d.Errorf("what others added (-theirs +after a pass):\n%s", diff)
	}
}

func (d *drift) read() *unstructured.Unstructured {
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(d.kind)
	d.get(d.name, obj)
	return obj
}

func (d *drift) write(obj *unstructured.Unstructured) {
	obj.SetResourceVersion(d.read().GetResourceVersion())
	obj.SetManagedFields(nil)
	if err := d.c.Update(d.ctx, obj, client.FieldOwner(byHand)); err != nil {
		d.Fatal(err)
	}
}

func (d *drift) kept(path fieldpath.Path) bool {
	for prefix := range kept {
		kind, begin, _ := strings.Cut(prefix, " ")
		if (kind == "*" || kind == d.kind.Kind) && strings.HasPrefix(path.String(), begin) {
			return true
		}
	}
	// Another key makes another item, and one that is gone is the removal of its other fields.
	last, above := path[len(path)-1], path[:len(path)-1]
	return last.FieldName != nil && len(above) > 0 && above[len(above)-1].Key != nil && isKey(above[len(above)-1], *last.FieldName)
}

func isKey(item fieldpath.PathElement, name string) bool {
	for _, field := range *item.Key {
		if field.Name == name {
			return true
		}
	}
	return false
}

// tryOne makes the first of the changes at path that the API server accepts.
func (d *drift) tryOne(before *unstructured.Unstructured, path fieldpath.Path, changes func(any) []any) bool {
	var old any
	if !edit(before.DeepCopy().Object, path, func(value any) any { old = value; return value }) {
		d.Fatalf("%s is ours and not there", path)
	}
	for _, change := range changes(old) {
		obj := before.DeepCopy()
		edit(obj.Object, path, func(any) any { return change })
		obj.SetResourceVersion(d.read().GetResourceVersion())
		obj.SetManagedFields(nil)
		err := d.c.Update(d.ctx, obj, client.FieldOwner(byHand))
		if err == nil {
			return true
		}
		if !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) && !apierrors.IsForbidden(err) {
			d.Fatalf("%s: %v", path, err)
		}
	}
	return false
}

// variants are other values than old, of which one is likely to be valid. Of a map or a list one value below it is another.
func variants(old any) []any {
	var out []any
	switch old := old.(type) {
	case string:
		for _, text := range []string{
			"other", "7", "7Gi", "10.9.0.0/16", "https://other.example.com/", "Never", "Always", "Default", "NotIn", "NoSchedule", "ScheduleAnyway",
			"UDP", "None", "Exact", "/other", "Unconfined", "config", "sealing-keys", "RollingUpdate", "Recreate",
		} {
			if text != old {
				out = append(out, text)
			}
		}
	case int64:
		out = append(out, old+1, old-1, old+30)
	case bool:
		out = append(out, !old)
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(old)) {
			for _, value := range variants(old[name]) {
				changed := maps.Clone(old)
				changed[name] = value
				out = append(out, changed)
			}
		}
	case []any:
		for i := range old {
			for _, value := range variants(old[i]) {
				changed := slices.Clone(old)
				changed[i] = value
				out = append(out, changed)
			}
		}
	}
	return out
}

// none stands for a field that is taken away.
func none(any) []any { return []any{nil} }

// edit replaces what is at path, or takes it away if it becomes nil, and reports whether there was something.
func edit(in any, path fieldpath.Path, change func(any) any) bool {
	_, found := edited(in, path, change)
	return found
}

func edited(in any, path fieldpath.Path, change func(any) any) (out any, found bool) {
	if len(path) == 0 {
		return change(in), true
	}
	switch in := in.(type) {
	case map[string]any:
		if path[0].FieldName == nil || in[*path[0].FieldName] == nil {
			return in, false
		}
		value, found := edited(in[*path[0].FieldName], path[1:], change)
		if value == nil {
			delete(in, *path[0].FieldName)
		} else {
			in[*path[0].FieldName] = value
		}
		return in, found
	case []any:
		at := find(in, path[0])
		if at < 0 {
			return in, false
		}
		value, found := edited(in[at], path[1:], change)
		if value == nil {
			return slices.Delete(in, at, at+1), found
		}
		in[at] = value
		return in, found
	}
	return in, false
}

func find(list []any, element fieldpath.PathElement) int {
	for i, item := range list {
		switch {
		case element.Value != nil && fmt.Sprint(item) == fmt.Sprint((*element.Value).Unstructured()):
			return i
		case element.Key != nil && hasKey(item, element):
			return i
		}
	}
	return -1
}

func hasKey(item any, element fieldpath.PathElement) bool {
	fields, _ := item.(map[string]any)
	for _, key := range *element.Key {
		if fmt.Sprint(fields[key.Name]) != fmt.Sprint(key.Value.Unstructured()) {
			return false
		}
	}
	return true
}

// ownedLeaves are the paths of the fields that the API server knows to be ours.
func ownedLeaves(t *testing.T, obj *unstructured.Unstructured) []fieldpath.Path {
	t.Helper()
	var out []fieldpath.Path
	for _, entry := range obj.GetManagedFields() {
		if entry.Manager != fieldOwner || entry.Operation != metav1.ManagedFieldsOperationApply || entry.Subresource != "" {
			continue
		}
		fields := &fieldpath.Set{}
		if err := fields.FromJSON(entry.FieldsV1.GetRawReader()); err != nil {
			t.Fatal(err)
		}
		fields.Leaves().Iterate(func(path fieldpath.Path) { out = append(out, path.Copy()) })
	}
	return out
}

// content leaves out what every write changes.
func content(obj *unstructured.Unstructured) map[string]any {
	out := obj.DeepCopy()
	out.SetResourceVersion("")
	out.SetManagedFields(nil)
	out.SetGeneration(0)
	delete(out.Object, "status")
	return out.Object
}
