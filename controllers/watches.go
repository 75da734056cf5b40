package controllers

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// secretRefIndex finds the GoogleLogins of a namespace that refer to a Secret.
const secretRefIndex = "secretRefs"

// concurrentPasses bounds how many GoogleLogins are worked on at once. A pass is short and waits mostly for the API server.
const concurrentPasses = 4

// SetupWithManager registers the reconciler and all that starts a pass, in these namespaces, or in all if there are none.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, namespaces []string) error {
	watching, err := client.NewWithWatch(mgr.GetConfig(), client.Options{HTTPClient: mgr.GetHTTPClient(), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper()})
	if err != nil {
		return fmt.Errorf("make a client to watch Secrets: %w", err)
	}
	r.secrets = newSecretWatch(watching, namespaces)
	r.secrets.loginsOf, r.secrets.allLogins = r.loginsOfSecret, r.allLogins
	err = mgr.GetFieldIndexer().IndexField(ctx, &v1beta1.GoogleLogin{}, secretRefIndex, secretRefs)
	if err != nil {
		return fmt.Errorf("index GoogleLogins by Secret: %w", err)
	}
	child := handler.EnqueueRequestsFromMapFunc(loginOfChild)
	c, err := ctrl.NewControllerManagedBy(mgr).
		Named("googlelogin").
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrentPasses}).
		WithLogConstructor(logOf(mgr.GetLogger())).
		For(&v1beta1.GoogleLogin{}).
		Watches(&appsv1.Deployment{}, child).
		Watches(&corev1.ConfigMap{}, child).
		Watches(&corev1.Service{}, child).
		Watches(&corev1.ServiceAccount{}, child).
		Watches(&corev1.PersistentVolumeClaim{}, child).
		Watches(&corev1.Pod{}, child).
		Watches(&networkingv1.NetworkPolicy{}, child).
		Watches(&networkingv1.Ingress{}, child).
		Watches(&policyv1.PodDisruptionBudget{}, child).
		Watches(&autoscalingv2.HorizontalPodAutoscaler{}, child, builder.WithPredicates(predicate.Funcs{UpdateFunc: moreThanStatus})).
		WatchesRawSource(r.secrets).
		Build(r)
	if err != nil {
		return err
	}
	r.late = &lateWatches{mgr: mgr, controller: c, started: map[schema.GroupVersionKind]bool{}}
	return mgr.Add(r.late)
}

// moreThanStatus leaves out what an autoscaler writes down each time that it measures.
func moreThanStatus(e event.UpdateEvent) bool {
	before, err := owned(e.ObjectOld.(*autoscalingv2.HorizontalPodAutoscaler), autoscalingv2ac.ExtractHorizontalPodAutoscaler)
	after, err2 := owned(e.ObjectNew.(*autoscalingv2.HorizontalPodAutoscaler), autoscalingv2ac.ExtractHorizontalPodAutoscaler)
	return before != after || err != nil || err2 != nil
}

// WaitForSecrets returns once Secrets are watched, or an error when ctx ends: without the right to watch them, they never are.
func (r *Reconciler) WaitForSecrets(ctx context.Context) error { return r.secrets.WaitForSync(ctx) }

// logOf names the GoogleLogin under the key that all our lines have for it.
func logOf(log logr.Logger) func(*reconcile.Request) logr.Logger {
	return func(req *reconcile.Request) logr.Logger {
		if req == nil {
			return log
		}
		return log.WithValues("googlelogin", req.String())
	}
}

// secretRefs are the names of every Secret that the spec of a GoogleLogin refers to and that a pass reads.
func secretRefs(obj client.Object) []string {
	spec := obj.(*v1beta1.GoogleLogin).Spec
	refs := []string{spec.Client.SecretRef.Name}
	if spec.SigningKeys.SecretName != "" {
		refs = append(refs, spec.SigningKeys.SecretName)
	}
	if spec.Storage.Postgres != nil {
		refs = append(refs, spec.Storage.Postgres.SecretRef.Name)
		if ca := spec.Storage.Postgres.CASecretRef; ca != nil {
			refs = append(refs, ca.Name)
		}
	}
	return refs
}

// loginOfChild goes by labels, not by the owner reference: pods belong to a ReplicaSet, and the children of a GoogleLogin that
// was deleted and made again belong to the first.
func loginOfChild(_ context.Context, obj client.Object) []reconcile.Request {
	labels := obj.GetLabels()
	if labels[desired.LabelManagedBy] != desired.ManagedBy {
		return nil
	}
	return []reconcile.Request{request(obj, labels[desired.LabelInstance])}
}

// loginsOfSecret returns the GoogleLogins that refer to a Secret, and the one whose keys it holds, by its name.
func (r *Reconciler) loginsOfSecret(ctx context.Context, secret client.Object) []reconcile.Request {
	var logins v1beta1.GoogleLoginList
	err := r.Client.List(ctx, &logins, client.InNamespace(secret.GetNamespace()), client.MatchingFields{secretRefIndex: secret.GetName()})
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list GoogleLogins of a Secret", "secret", secret.GetName())
	}
	var out []reconcile.Request
	for i := range logins.Items {
		out = append(out, request(secret, logins.Items[i].Name))
	}
	for _, suffix := range []string{desired.SigningKeysName(""), desired.SealingKeysName("")} {
		if login, ok := strings.CutSuffix(secret.GetName(), suffix); ok {
			out = append(out, request(secret, login))
		}
	}
	return out
}

// allLogins returns the GoogleLogins of a namespace, or of all.
func (r *Reconciler) allLogins(ctx context.Context, namespace string) ([]reconcile.Request, error) {
	var logins v1beta1.GoogleLoginList
	if err := r.Client.List(ctx, &logins, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("list GoogleLogins: %w", err)
	}
	out := make([]reconcile.Request, 0, len(logins.Items))
	for i := range logins.Items {
		out = append(out, request(&logins.Items[i], logins.Items[i].Name))
	}
	return out, nil
}

// request names the GoogleLogin called login in the namespace of obj.
func request(obj client.Object, login string) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKey{Namespace: obj.GetNamespace(), Name: login}}
}
