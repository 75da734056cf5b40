package desired

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// Ports of the server, and of its Service: the same numbers, so that nobody has to translate.
const (
	publicPort   = 8080
	InternalPort = 8081
	adminPort    = 8082
	extAuthzPort = 8083
)

// Service is what an Ingress, a route or a proxy in front of the server points to. The port "http" is for the internet;
// "internal" has health, readiness and metrics, and belongs to no route; nor do "ext-authz" and "admin", which are there only if they are
// asked for.
func Service(in Input) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(ServerName(in.Login.Name), in.Login.Namespace).
		WithLabels(Labels(in.Login.Name)).
		WithOwnerReferences(owner(in.Login)).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithSelector(Selector(in.Login.Name)).
			WithPorts(servicePorts(in)...))
}

func servicePorts(in Input) []*corev1ac.ServicePortApplyConfiguration {
	ports := []*corev1ac.ServicePortApplyConfiguration{servicePort("http", publicPort), servicePort("internal", InternalPort)}
	if administered(in) {
		ports = append(ports, servicePort(adminName, adminPort))
	}
	if servesEnvoy(in.Login) {
		// Proxies choose gRPC's HTTP/2 without TLS by this name.
		ports = append(ports, servicePort(extAuthzName, extAuthzPort).WithAppProtocol("kubernetes.io/h2c"))
	}
	return ports
}

// adminName is the port where the callers of the internal API call.
const adminName = "admin"

// extAuthzName is the port that Envoy asks by gRPC.
const extAuthzName = "ext-authz"

// servesEnvoy says whether the port is open: what answers who a cookie's owner is must be asked for.
func servesEnvoy(login *v1beta1.GoogleLogin) bool {
	return login.Spec.ForwardAuth.ExtAuthz == v1beta1.Enabled
}

func servicePort(name string, port int32) *corev1ac.ServicePortApplyConfiguration {
	return corev1ac.ServicePort().
		WithName(name).
		WithPort(port).
		WithProtocol(corev1.ProtocolTCP).
		WithTargetPort(intstr.FromString(name))
}
