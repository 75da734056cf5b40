package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// workload brings the server's objects to what they should be, once everything that the server needs is there. Until then
// nothing is made, and what runs is left running: a server that has lost its Secret still has the credentials in memory, and a
// new revision of it would not.
func (r *Reconciler) workload(ctx context.Context, s *scope) error {
	if !s.serverCanStart() {
		if err := r.findDeployment(ctx, s); err != nil {
			return err
		}
		return r.configureRunning(ctx, s)
	}
	if err := r.upgrade(ctx, s); err != nil {
		return err
	}
	deployment, configMap := &appsv1.Deployment{}, &corev1.ConfigMap{}
	for _, child := range []func() error{
		func() error {
			return apply(ctx, r, s, desired.ServiceAccount(s.input), &corev1.ServiceAccount{}, corev1ac.ExtractServiceAccount)
		},
		func() error {
			return apply(ctx, r, s, desired.ConfigMap(s.input), configMap, corev1ac.ExtractConfigMap)
		},
		func() error {
			return apply(ctx, r, s, desired.Service(s.input), &corev1.Service{}, corev1ac.ExtractService)
		},
		func() error { return r.around(ctx, s) },
		func() error { return r.applyDeployment(ctx, s, deployment) },
	} {
		if err := child(); err != nil {
			return s.blame(v1beta1.ConditionAvailable, v1beta1.ReasonInvalidSpec, err)
		}
	}
	s.deployment, s.configMap = deployment, configMap
	return nil
}

// configureRunning brings a server that runs the configuration that it can take without a restart, whatever a new one would lack: who
// may come in no longer must be out, with or without the client's Secret.
func (r *Reconciler) configureRunning(ctx context.Context, s *scope) error {
	if s.deployment == nil || !s.good(v1beta1.ConditionAccepted) {
		return nil
	}
	running := &appsv1.Deployment{}
	found, err := r.readLive(ctx, s.key(s.deployment.Name), running)
	if err != nil {
		return fmt.Errorf("read the pods' template of Deployment %q: %w", s.deployment.Name, err)
	}
	if !found || !desired.TakesConfig(&running.Spec.Template, s.input) {
		return nil
	}
	configMap := &corev1.ConfigMap{}
	if err := apply(ctx, r, s, desired.ConfigMap(s.input), configMap, corev1ac.ExtractConfigMap); err != nil {
		return s.blame(v1beta1.ConditionAvailable, v1beta1.ReasonInvalidSpec, err)
	}
	s.configMap = configMap
	return nil
}

// around sees to what the spec may ask for around the pods, before there are any: a policy has to be there first, and an autoscaler
// that is no longer wanted must be gone before its replicas are taken back.
func (r *Reconciler) around(ctx context.Context, s *scope) error {
	if err := ensure(ctx, r, s, desired.NetworkPolicy(s.input), networkingv1ac.ExtractNetworkPolicy); err != nil {
		return err
	}
	if err := ensure(ctx, r, s, desired.HorizontalPodAutoscaler(s.input), autoscalingv2ac.ExtractHorizontalPodAutoscaler); err != nil {
		return err
	}
	return ensure(ctx, r, s, desired.PodDisruptionBudget(s.input), policyv1ac.ExtractPodDisruptionBudget)
}

func (s *scope) serverCanStart() bool {
	return s.good(v1beta1.ConditionAccepted) &&
		s.good(v1beta1.ConditionCredentialsReady) &&
		s.good(v1beta1.ConditionKeysReady) &&
		s.storageUsable()
}

// findDeployment looks for a server that an earlier pass has started.
func (r *Reconciler) findDeployment(ctx context.Context, s *scope) error {
	deployment := &appsv1.Deployment{}
	found, err := r.readOwn(ctx, s, "Deployment", desired.ServerName(s.login.Name), deployment)
	if found {
		s.deployment = deployment
	}
	return err
}

// readOwn gets a child if it is there and this GoogleLogin's.
func (r *Reconciler) readOwn(ctx context.Context, s *scope, kind, name string, into client.Object) (found bool, err error) {
	found, err = r.read(ctx, s.key(name), into)
	if err != nil {
		return false, fmt.Errorf("read %s %q: %w", kind, name, err)
	}
	return found && refuseForeign(s.login, into, kind) == nil, nil
}
