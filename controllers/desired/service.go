package desired

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// Ports of the server, and of its Service: the same numbers, so that nobody has to translate.
const (
	publicPort   = 8080
	internalPort = 8081
)

// Service is what an Ingress, a route or a proxy in front of the server points to. The port "http" is for the internet;
// "internal" has health, readiness and metrics, and belongs to no route.
func Service(in Input) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(ServerName(in.Login.Name), in.Login.Namespace).
		WithLabels(Labels(in.Login.Name)).
		WithOwnerReferences(owner(in.Login)).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithSelector(Selector(in.Login.Name)).
			WithPorts(servicePort("http", publicPort), servicePort("internal", internalPort)))
}

func servicePort(name string, port int32) *corev1ac.ServicePortApplyConfiguration {
	return corev1ac.ServicePort().
		WithName(name).
		WithPort(port).
		WithProtocol(corev1.ProtocolTCP).
		WithTargetPort(intstr.FromString(name))
}
