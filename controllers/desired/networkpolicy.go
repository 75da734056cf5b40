package desired

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// NetworkPolicy bounds who may connect to the pods, port by port; nil unless the spec asks for it.
func NetworkPolicy(in Input) *networkingv1ac.NetworkPolicyApplyConfiguration {
	policy := in.Login.Spec.Server.NetworkPolicy
	if policy.Mode != v1beta1.Enabled {
		return nil
	}
	// What browsers ask is asked by a proxy at whose place we cannot guess, so that nobody is kept out unless the spec says whom to let in.
	rules := []*networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration{
		letIn(publicPort, peers(policy.PublicFrom)...),
		// The manager asks here too, and the policy cannot know in which namespace it runs. Nothing secret is answered.
		letIn(InternalPort, networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(metav1ac.LabelSelector())),
	}
	// A rule without a peer would let in everybody.
	if len(policy.ExtAuthzFrom) > 0 && servesEnvoy(in.Login) {
		rules = append(rules, letIn(extAuthzPort, peers(policy.ExtAuthzFrom)...))
	}
	if administered(in) {
		rules = append(rules, letIn(adminPort, callersNamespaces(in.Login)...))
	}
	return networkingv1ac.NetworkPolicy(ServerName(in.Login.Name), in.Login.Namespace).
		WithLabels(Labels(in.Login.Name)).
		WithOwnerReferences(owner(in.Login)).
		WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(Selector(in.Login.Name))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress).
			WithIngress(rules...))
}

// callersNamespaces are where callers of the internal API live, each once. The token says which of their pods may call.
func callersNamespaces(login *v1beta1.GoogleLogin) []*networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	var (
		out   []*networkingv1ac.NetworkPolicyPeerApplyConfiguration
		known = map[string]bool{}
	)
	for _, caller := range login.Spec.InternalAPI.Callers {
		namespace := cmp.Or(caller.Namespace, login.Namespace)
		if !known[namespace] {
			out = append(out, networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(
				metav1ac.LabelSelector().WithMatchLabels(map[string]string{corev1.LabelMetadataName: namespace})))
		}
		known[namespace] = true
	}
	return out
}

// letIn opens a port to those peers, and to everybody if there are none.
func letIn(port int32, from ...*networkingv1ac.NetworkPolicyPeerApplyConfiguration) *networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration {
	return networkingv1ac.NetworkPolicyIngressRule().
		WithFrom(from...).
		WithPorts(networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(port)))
}

func peers(from []v1beta1.NetworkPeer) []*networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	var out []*networkingv1ac.NetworkPolicyPeerApplyConfiguration
	for _, peer := range from {
		out = append(out, as[networkingv1ac.NetworkPolicyPeerApplyConfiguration](peer))
	}
	return out
}
