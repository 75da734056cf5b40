package desired

import (
	networkingv1 "k8s.io/api/networking/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// Ingress routes to the server under each host; nil unless the spec asks for it.
func Ingress(in Input) *networkingv1ac.IngressApplyConfiguration {
	if in.Login.Spec.Exposure.Type != v1beta1.ExposureIngress {
		return nil
	}
	var asked v1beta1.Ingress
	if in.Login.Spec.Exposure.Ingress != nil {
		asked = *in.Login.Spec.Exposure.Ingress
	}
	hosts := exposedHosts(in.Login)
	spec := networkingv1ac.IngressSpec()
	if asked.IngressClassName != "" {
		spec.WithIngressClassName(asked.IngressClassName)
	}
	for _, host := range hosts {
		spec.WithRules(networkingv1ac.IngressRule().WithHost(host.name).WithHTTP(
			networkingv1ac.HTTPIngressRuleValue().WithPaths(ingressPaths(in.Login, host)...)))
	}
	if asked.TLS.Mode != v1beta1.Disabled {
		spec.WithTLS(ingressTLS(in.Login.Name, asked.TLS.SecretName, hosts)...)
	}
	out := networkingv1ac.Ingress(ServerName(in.Login.Name), in.Login.Namespace).
		WithLabels(ours(in.Login, asked.Labels)).
		WithOwnerReferences(owner(in.Login)).
		WithSpec(spec)
	if len(asked.Annotations) > 0 {
		out.WithAnnotations(plain(asked.Annotations))
	}
	return out
}

func ingressPaths(login *v1beta1.GoogleLogin, host exposedHost) []*networkingv1ac.HTTPIngressPathApplyConfiguration {
	backend := networkingv1ac.IngressBackend().WithService(networkingv1ac.IngressServiceBackend().
		WithName(ServerName(login.Name)).
		WithPort(networkingv1ac.ServiceBackendPort().WithName("http")))
	var out []*networkingv1ac.HTTPIngressPathApplyConfiguration
	for _, path := range host.paths {
		out = append(out, networkingv1ac.HTTPIngressPath().WithPath(path).WithPathType(networkingv1.PathTypeExact).WithBackend(backend))
	}
	return out
}

// ingressTLS names a Secret for each host: certificates that do not share one can be renewed, and fail, one by one.
func ingressTLS(login, secretName string, hosts []exposedHost) []*networkingv1ac.IngressTLSApplyConfiguration {
	if secretName != "" {
		return []*networkingv1ac.IngressTLSApplyConfiguration{networkingv1ac.IngressTLS().WithHosts(names(hosts)...).WithSecretName(secretName)}
	}
	var out []*networkingv1ac.IngressTLSApplyConfiguration
	for _, host := range hosts {
		out = append(out, networkingv1ac.IngressTLS().WithHosts(host.name).WithSecretName(login+"-"+host.name+"-tls"))
	}
	return out
}
