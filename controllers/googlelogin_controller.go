package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// conflictRetry is how soon a pass is repeated that lost a race for an object. The cache has caught up by then.
const conflictRetry = 200 * time.Millisecond

// Reconciler makes the cluster match each GoogleLogin.
type Reconciler struct {
	// Client reads from the manager's cache, which holds our own children only.
	Client client.Client
	// Live reads from the API server: Secrets always, and any other object that the cache does not show, since a foreign object
	// that bears a child's name is not in the cache.
	Live client.Reader
	// Servers are asked what they do. Nil: nobody asks them.
	Servers Servers
	// Recorder takes the events of condition transitions.
	Recorder events.EventRecorder
	// ServerImage is the callback server's image where a GoogleLogin names none.
	ServerImage string
	// ConcurrentUpgrades is how many GoogleLogins may have their servers replaced at once after an upgrade of the operator. 0: all.
	ConcurrentUpgrades int
	// ClusterKeys has what the callers of the internal API are known by.
	ClusterKeys interface {
		Read(ctx context.Context) (desired.ClusterKeys, error)
	}
	// Now is the clock.
	Now func() time.Time
	// Tracer takes a span for each pass and for each of its steps. Nil: nobody looks.
	Tracer trace.Tracer

	turns turns
	// late are the watches of kinds that the cluster may lack; nil without a manager.
	late *lateWatches
	// secrets is the watch of Secrets; nil without a manager.
	secrets *secretWatch
}

// The manager's role is generated from these lines.
// +kubebuilder:rbac:groups=googlelogin.dev,resources=googlelogins,verbs=get;list;watch
// +kubebuilder:rbac:groups=googlelogin.dev,resources=googlelogins/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups="",resources=serviceaccounts;configmaps;services;persistentvolumeclaims,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch;patch
// Of these an object may be wanted no more, which is why they alone may be deleted.
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies;ingresses,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=servicemonitors,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile runs one pass over one GoogleLogin.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (result ctrl.Result, err error) {
	ctx, end := r.tracePass(ctx, req)
	defer func() { end(err) }()
	var login v1beta1.GoogleLogin
	if err := r.Client.Get(ctx, req.NamespacedName, &login); err != nil {
		r.turns.give(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !login.DeletionTimestamp.IsZero() {
		r.turns.give(req.NamespacedName)
		// The garbage collector is at work; a child made now would only be deleted again.
		return ctrl.Result{}, nil
	}
	s := newScope(&login, r.Now())
	if paused(&login) {
		r.turns.give(req.NamespacedName)
		return r.pause(ctx, s)
	}
	err = r.runSteps(ctx, s)
	if lostRace(err) {
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	s.summarize()
	patchErr := r.patchStatus(ctx, s)
	if err == nil && lostRace(patchErr) {
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	if err := errors.Join(err, patchErr); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: s.recheck}, nil
}

// lostRace reports an error that is no news to anybody: an object was changed, made or deleted between being read and being
// written, or the whole namespace is on its way out.
func lostRace(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// step is one part of a pass, and the condition that it reports on.
type step struct {
	name, condition string
	run             func(context.Context, *scope) error
}

// runSteps runs the steps in order, until one meets an error, which means: try all of it again.
func (r *Reconciler) runSteps(ctx context.Context, s *scope) error {
	for _, step := range []step{
		{"cluster keys", v1beta1.ConditionKeysReady, r.clusterKeys},
		{"accept", v1beta1.ConditionAccepted, r.accept},
		{"credentials", v1beta1.ConditionCredentialsReady, r.credentials},
		{"signing keys", v1beta1.ConditionKeysReady, r.signingKeys},
		{"sealing keys", v1beta1.ConditionKeysReady, r.sealingKeys},
		{"storage", v1beta1.ConditionStorageReady, r.storage},
		{"workload", v1beta1.ConditionAvailable, r.workload},
		{"rollout", v1beta1.ConditionAvailable, r.rollout},
		{"servers", v1beta1.ConditionConfigLoaded, r.servers},
		{"exposure", v1beta1.ConditionExposed, r.exposure},
		{"monitoring", v1beta1.ConditionMonitored, r.monitoring},
	} {
		if err := r.runStep(ctx, s, step); err != nil {
			s.wait(step.condition, v1beta1.ReasonReconcileError, fmt.Sprintf("%v; the operator tries again", err))
			return err
		}
	}
	return nil
}
