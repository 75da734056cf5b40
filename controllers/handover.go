package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/controllers/desired"
)

// applyDeployment brings the Deployment to what it should be. Its replicas are the autoscaler's, where there is one.
func (r *Reconciler) applyDeployment(ctx context.Context, s *scope, live *appsv1.Deployment) error {
	want := desired.Deployment(s.input)
	read := r.read
	if desired.Autoscaled(s.login) {
		read = r.readLive // handOver has to see whose the replicas are.
	}
	found, err := read(ctx, s.key(*want.GetName()), live)
	if err != nil {
		return fmt.Errorf("read Deployment %q: %w", *want.GetName(), err)
	}
	if found && refuseForeign(s.login, live, "") == nil {
		if err := r.dropRollingUpdate(ctx, want, live); err != nil {
			return err
		}
	}
	if !desired.Autoscaled(s.login) {
		return applyOver(ctx, r, s, want, live, found, false, appsv1ac.ExtractDeployment)
	}
	if found {
		if err := handOver(want, live); err != nil {
			return err
		}
	}
	// Locked: between reading and writing the autoscaler may have changed what is written here.
	return applyOver(ctx, r, s, want, live, found, true, appsv1ac.ExtractDeployment)
}

// handOver leaves the replicas to the autoscaler. As long as we own them they have to stay in what is applied, as they are: a field
// that its only owner drops is removed, and the API server would fill in 1. The autoscaler's first change makes them its own.
// https://github.com/kubernetes/kubernetes/issues/67135
func handOver(want *appsv1ac.DeploymentApplyConfiguration, live *appsv1.Deployment) error {
	owned, err := appsv1ac.ExtractDeployment(live, fieldOwner)
	if err != nil {
		return fmt.Errorf("read managed fields: %w", err)
	}
	switch {
	case replicas(live) == 0:
		// An autoscaler leaves a Deployment alone that is switched off.
	case owned.Spec == nil || owned.Spec.Replicas == nil:
		want.Spec.Replicas = nil
	default:
		want.Spec.WithReplicas(replicas(live))
	}
	return nil
}

// dropRollingUpdate takes away the settings of a rolling update that somebody chose for a server that must not run twice. An apply leaves
// alone what it does not name, and the API server refuses them beside the strategy that it names.
// https://github.com/kubernetes/kubernetes/issues/24198
func (r *Reconciler) dropRollingUpdate(ctx context.Context, want *appsv1ac.DeploymentApplyConfiguration, live *appsv1.Deployment) error {
	if *want.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType || live.Spec.Strategy.RollingUpdate == nil {
		return nil
	}
	recreate := live.DeepCopy()
	recreate.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	patch := client.MergeFromWithOptions(live.DeepCopy(), client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, recreate, patch, client.FieldOwner(fieldOwner)); err != nil {
		return fmt.Errorf("take the rolling update out of Deployment %q: %w", live.Name, err)
	}
	*live = *recreate
	return nil
}
