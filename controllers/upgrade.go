package controllers

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// upgrade decides whether the servers follow this release of the operator now, or go on as an earlier one has left them. Only what an
// upgrade changed may wait: a change of the spec never does, nor does the repair of what somebody has changed by hand.
func (r *Reconciler) upgrade(ctx context.Context, s *scope) error {
	s.upgrading = &finding{}
	configMap := &corev1.ConfigMap{}
	found, err := r.readOwn(ctx, s, "ConfigMap", desired.ConfigMapName(s.login.Name), configMap)
	if err != nil || !found {
		return err
	}
	if configMap.Annotations[desired.RenderedHashAnnotation] == s.input.Rendering().Hash() {
		return nil // The usual case: this release has rendered it.
	}
	live, before, known, err := r.running(ctx, s)
	if err != nil || !known || !s.onlyTheOperatorChanged(before) {
		return err
	}
	if s.login.Spec.Server.UpgradePolicy == v1beta1.UpgradeOnSpecChange {
		s.keep(before.Rendering, v1beta1.ReasonUpgradeHeld,
			"the operator was upgraded; as spec.server.upgradePolicy asks, the servers follow with the next change of the spec that concerns them")
		return nil
	}
	if !rolledOut(live) {
		// Nobody is served there as it should be, or the servers are being replaced anyway. The new release may be what mends them.
		return nil
	}
	return r.awaitTurn(ctx, s, before.Rendering)
}

// running reads what the server runs with, live, since the cache has no content. It is not known if somebody else has changed it.
func (r *Reconciler) running(ctx context.Context, s *scope) (live *appsv1.Deployment, before desired.Running, known bool, err error) {
	live, configMap := &appsv1.Deployment{}, &corev1.ConfigMap{}
	for name, into := range map[string]client.Object{desired.ServerName(s.login.Name): live, desired.ConfigMapName(s.login.Name): configMap} {
		found, err := r.readLive(ctx, s.key(name), into)
		if err != nil {
			return nil, before, false, fmt.Errorf("read %q as it is run: %w", name, err)
		}
		if ours := found && refuseForeign(s.login, into, "") == nil; !ours {
			return nil, before, false, nil
		}
	}
	before, known = desired.RunningOf(live, configMap, fieldOwner)
	return live, before, known, nil
}

// onlyTheOperatorChanged reports whether the servers would be run in another way, and the spec is not why. A change of the spec that
// makes no difference to what waits already, the number of servers say, is none.
func (s *scope) onlyTheOperatorChanged(before desired.Running) bool {
	next := s.input.Rendering().Hash()
	return next != before.Hash() && (before.Generation == s.login.Generation || before.Pending == next)
}

// keep lets the servers go on as they are.
func (s *scope) keep(before desired.Rendering, reason, message string) {
	s.input = s.input.Keep(before)
	s.upgrading = &finding{good, reason, message}
}

// turnRetry is how soon a GoogleLogin asks again whether it is its turn. The more wait, the sooner one of them asks.
const turnRetry = 15 * time.Second

// awaitTurn lets a few GoogleLogins at a time follow.
func (r *Reconciler) awaitTurn(ctx context.Context, s *scope, before desired.Rendering) error {
	mine, err := r.turns.take(s.id(), r.ConcurrentUpgrades, func() ([]types.NamespacedName, error) { return r.beingUpgraded(ctx) })
	if err != nil {
		return err
	}
	if mine {
		s.upgrading = beingReplaced()
		return nil
	}
	s.lookAgain(turnRetry)
	s.keep(before, v1beta1.ReasonUpgradeQueued, fmt.Sprintf(
		"the operator was upgraded; the servers follow in their turn, those of at most %d GoogleLogins at once", r.ConcurrentUpgrades))
	return nil
}

func beingReplaced() *finding {
	return &finding{good, v1beta1.ReasonUpgradeInProgress, "the servers are being replaced by those of the operator's new release"}
}

// endTurn gives the turn to another once the servers are there. Servers that do not come up keep it: a release that breaks servers
// gets no further than the first few.
func (r *Reconciler) endTurn(s *scope) {
	if s.upgrading == nil {
		return
	}
	if s.deployment == nil || replicas(s.deployment) == 0 || rolledOut(s.deployment) {
		r.turns.give(s.id())
		if s.upgrading.reason == v1beta1.ReasonUpgradeInProgress {
			s.upgrading = &finding{}
		}
		return
	}
	if s.upgrading.reason == "" && inUpgrade(s.asRead) {
		r.turns.claim(s.id())
		s.upgrading = beingReplaced()
	}
}

// beingUpgraded are the GoogleLogins whose turn it was when a manager before this one stopped.
func (r *Reconciler) beingUpgraded(ctx context.Context) ([]types.NamespacedName, error) {
	var logins v1beta1.GoogleLoginList
	if err := r.Client.List(ctx, &logins); err != nil {
		return nil, fmt.Errorf("list what is being upgraded: %w", err)
	}
	var out []types.NamespacedName
	for i := range logins.Items {
		if login := &logins.Items[i]; inUpgrade(login) && !paused(login) {
			out = append(out, client.ObjectKeyFromObject(login))
		}
	}
	return out, nil
}

func inUpgrade(login *v1beta1.GoogleLogin) bool {
	c := meta.FindStatusCondition(login.Status.Conditions, v1beta1.ConditionUpgradePending)
	return c != nil && c.Reason == v1beta1.ReasonUpgradeInProgress
}
