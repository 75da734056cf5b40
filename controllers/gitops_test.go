package controllers

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/yaml"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/docs/docstest"
)

// TestEveryPhase asks the library of Flux and Helm 4, and the rules that docs/gitops has for Argo CD and Flux, about a GoogleLogin as the API
// server shows it. Then nothing happens any more, and nothing more may be written or told.
func TestEveryPhase(t *testing.T) {
	health, flux, known := argoHealth(t), fluxChecks(t), documentedReasons(t)
	for _, phase := range phases() {
		t.Run(phase.name, func(t *testing.T) {
			t.Parallel()
			w := phase.arrange(t)
			login := w.login()
			ready := meta.FindStatusCondition(login.Status.Conditions, v1beta1.ConditionReady)
			if (ready == nil) != (phase.reason == "") || ready != nil && ready.Reason != phase.reason {
				t.Errorf("Ready is %+v, want reason %q: this is another phase", ready, phase.reason)
			}
			object := w.unstructured()
			result, err := status.Compute(object)
			if err != nil {
				t.Fatal(err)
			}
			if result.Status.String() != phase.kstatus {
				t.Errorf("kstatus says %s (%s), want %s", result.Status, result.Message, phase.kstatus)
			}
			argo, message := health(t, object)
			if argo != phase.argo || message == "" {
				t.Errorf("Argo CD says %s (%s), want %s and why", argo, message, phase.argo)
			}
			if got, want := flux(t, object), phase.flux(); got != want {
				t.Errorf("Flux's expressions say %s, want %s", got, want)
			}
			// Nobody may take it for done before users can sign in with the spec as it is.
			inForce := ready != nil && ready.Status == metav1.ConditionTrue && login.Status.ObservedGeneration == login.Generation
			if done := result.Status == status.CurrentStatus || argo == "Healthy"; done && !inForce {
				t.Error("a tool takes it for done, and users cannot sign in with this spec")
			}
			w.wantQuiet(known)
		})
	}
}

// flux is what the expressions say: they differ from kstatus in what is switched off, which is done to them, and in deletion, which to
// them is a change that nobody has seen yet.
func (p phase) flux() string {
	switch {
	case p.reason == v1beta1.ReasonScaledToZero:
		return "Current"
	case p.kstatus == "Terminating":
		return "InProgress"
	}
	return p.kstatus
}

// wantQuiet looks at the events so far, and at a pass over an object that the pass before it has left as it is.
func (w *world) wantQuiet(known map[string]bool) {
	w.Helper()
	request := ctrl.Request{NamespacedName: w.key("shop")}
	_, before := w.r.Reconcile(w.ctx, request)
	for _, event := range w.told() {
		if reason := strings.Fields(event)[1]; !known[reason] {
			w.Errorf("event %q has a reason that docs/conditions.md does not have", event)
		}
	}
	w.writes.take()
	_, after := w.r.Reconcile(w.ctx, request)
	if (before == nil) != (after == nil) {
		w.Errorf("one pass ends with %v, and the next with %v", before, after)
	}
	if told, written := w.told(), w.writes.take(); len(told) > 0 || len(written) > 0 {
		w.Errorf("a pass that found nothing new told %q and wrote %q", told, written)
	}
}

func documentedReasons(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, row := range docstest.Table(t, "../docs/conditions.md", "reason", 0) {
		known[docstest.Code(row[0])] = true
	}
	return known
}

// TestTheOperatorOwnsNothingButTheStatus is why Argo CD needs no ignoreDifferences, and Flux sees no drift.
func TestTheOperatorOwnsNothingButTheStatus(t *testing.T) {
	w, _ := withServers(t, "192.0.2.1")
	login := w.login()
	for _, entry := range login.ManagedFields {
		if entry.Subresource != "status" && entry.Manager == fieldOwner {
			t.Errorf("the operator owns fields outside of the status: %s", entry.FieldsV1.GetRawString())
		}
	}
	if login.Generation != 1 || len(login.Finalizers) > 0 || len(login.Annotations) > 0 || len(login.Labels) > 0 {
		t.Errorf("somebody changed more than the status: %+v", login.ObjectMeta)
	}
}

// unstructured is the shop as tools get it that have none of our types.
func (w *world) unstructured() *unstructured.Unstructured {
	w.Helper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("GoogleLogin"))
	w.get("shop", object)
	return object
}

// fluxChecks evaluates the healthCheckExprs of docs/gitops/flux.yaml as Flux does: in progress, failed, current, and in progress if
// none of them holds.
func fluxChecks(t *testing.T) func(*testing.T, *unstructured.Unstructured) string {
	t.Helper()
	content, err := os.ReadFile("../docs/gitops/flux.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, shop, _ := bytes.Cut(content, []byte("\n---\n"))
	var kustomization struct {
		Spec struct {
			HealthCheckExprs []struct{ InProgress, Failed, Current string }
		}
	}
	if err := yaml.Unmarshal(shop, &kustomization); err != nil || len(kustomization.Spec.HealthCheckExprs) != 1 {
		t.Fatalf("flux.yaml: %v, %+v", err, kustomization)
	}
	env, err := cel.NewEnv(cel.Variable("metadata", cel.DynType), cel.Variable("status", cel.DynType))
	if err != nil {
		t.Fatal(err)
	}
	expressions := kustomization.Spec.HealthCheckExprs[0]
	inProgress, failed, current := compile(t, env, expressions.InProgress), compile(t, env, expressions.Failed), compile(t, env, expressions.Current)
	return func(t *testing.T, object *unstructured.Unstructured) string {
		t.Helper()
		for _, check := range []struct {
			program cel.Program
			means   string
		}{{inProgress, "InProgress"}, {failed, "Failed"}, {current, "Current"}} {
			holds, _, err := check.program.Eval(map[string]any{"metadata": object.Object["metadata"], "status": object.Object["status"]})
			if err != nil {
				t.Fatalf("evaluate the expression for %s: %v", check.means, err)
			}
			if holds == types.True {
				return check.means
			}
		}
		return "InProgress"
	}
}

func compile(t *testing.T, env *cel.Env, expression string) cel.Program {
	t.Helper()
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	program, err := env.Program(ast)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// argoHealth runs the rule of docs/gitops/argocd-cm.yaml as Argo CD does: in a new interpreter each time, with few of Lua's libraries.
func argoHealth(t *testing.T) func(*testing.T, *unstructured.Unstructured) (status, message string) {
	t.Helper()
	content, err := os.ReadFile("../docs/gitops/argocd-cm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var configMap corev1.ConfigMap
	if err := yaml.UnmarshalStrict(content, &configMap); err != nil {
		t.Fatal(err)
	}
	rule := configMap.Data["resource.customizations.health.googlelogin.dev_GoogleLogin"]
	return func(t *testing.T, object *unstructured.Unstructured) (string, string) {
		t.Helper()
		l := lua.NewState(lua.Options{SkipOpenLibs: true})
		defer l.Close()
		for _, library := range []struct {
			name string
			open lua.LGFunction
		}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
			if err := l.CallByParam(lua.P{Fn: l.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
				t.Fatal(err)
			}
		}
		l.SetGlobal("obj", luaValue(l, object.Object))
		if err := l.DoString(rule); err != nil {
			t.Fatal(err)
		}
		answer, ok := l.Get(-1).(*lua.LTable)
		if !ok {
			t.Fatalf("the rule returns %s, and Argo CD wants a table", l.Get(-1).Type())
		}
		return lua.LVAsString(answer.RawGetString("status")), lua.LVAsString(answer.RawGetString("message"))
	}
}

func luaValue(l *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		table := l.NewTable()
		for _, item := range value {
			table.Append(luaValue(l, item))
		}
		return table
	case map[string]any:
		table := l.NewTable()
		for key, item := range value {
			table.RawSetString(key, luaValue(l, item))
		}
		return table
	}
	return lua.LNil
}
