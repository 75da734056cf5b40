package desired

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// ServerContainer is the name of the server's container, beside which a team may add sidecars of its own.
const ServerContainer = "server"

// nonRoot is the user and group that the server runs as, and that owns its volume: the "nonroot" of minimal images.
const nonRoot = 65532

// Replicas is how many pods the spec asks for.
func Replicas(login *v1beta1.GoogleLogin) int32 {
	if login.Spec.Server.Replicas == nil {
		return 1
	}
	return *login.Spec.Server.Replicas
}

// startReplicas is how many pods a new Deployment gets.
func startReplicas(login *v1beta1.GoogleLogin) int32 {
	if Autoscaled(login) {
		return MinReplicas(login)
	}
	return Replicas(login)
}

func container(in Input) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().
		WithName(ServerContainer).
		WithImage(image(in)).
		WithArgs(configArg()).
		WithEnv(env(in.Login)...).
		WithPorts(containerPorts(in)...).
		WithResources(resources(in.Login)).
		WithSecurityContext(containerSecurity()).
		WithVolumeMounts(mounts(in)...).
		WithStartupProbe(probe("/healthz", 1, 60)).
		WithReadinessProbe(probe("/readyz", 2, 2)).
		WithLivenessProbe(probe("/healthz", 10, 3))
}

func image(in Input) string {
	if in.Login.Spec.Server.Image != "" {
		return in.Login.Spec.Server.Image
	}
	return in.ServerImage
}

func containerPorts(in Input) []*corev1ac.ContainerPortApplyConfiguration {
	ports := []*corev1ac.ContainerPortApplyConfiguration{containerPort("http", publicPort), containerPort("internal", InternalPort)}
	if administered(in) {
		ports = append(ports, containerPort(adminName, adminPort))
	}
	if servesEnvoy(in.Login) {
		ports = append(ports, containerPort(extAuthzName, extAuthzPort))
	}
	return ports
}

func containerPort(name string, port int32) *corev1ac.ContainerPortApplyConfiguration {
	return corev1ac.ContainerPort().WithName(name).WithContainerPort(port).WithProtocol(corev1.ProtocolTCP)
}

// probe asks the internal port every period seconds, and gives up after so many misses.
func probe(path string, period, misses int32) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().
		WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString("internal"))).
		WithPeriodSeconds(period).
		WithTimeoutSeconds(2).
		WithFailureThreshold(misses)
}

// resources: without a CPU limit, since throttling would only make every login slower.
func resources(login *v1beta1.GoogleLogin) *corev1ac.ResourceRequirementsApplyConfiguration {
	out := corev1ac.ResourceRequirements()
	asked := login.Spec.Server.Resources
	if asked == nil {
		return out.
			WithRequests(corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("10m"),
				corev1.ResourceMemory: resource.MustParse("32Mi"),
			}).
			WithLimits(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")})
	}
	if len(asked.Requests) > 0 {
		out.WithRequests(asked.Requests)
	}
	if len(asked.Limits) > 0 {
		out.WithLimits(asked.Limits)
	}
	for _, claim := range asked.Claims {
		out.WithClaims(resourceClaim(claim))
	}
	return out
}

func resourceClaim(claim corev1.ResourceClaim) *corev1ac.ResourceClaimApplyConfiguration {
	out := corev1ac.ResourceClaim().WithName(claim.Name)
	if claim.Request != "" {
		out.WithRequest(claim.Request)
	}
	return out
}

// podSecurity and containerSecurity together pass the Pod Security Standard "restricted".
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
func podSecurity() *corev1ac.PodSecurityContextApplyConfiguration {
	return corev1ac.PodSecurityContext().
		WithRunAsNonRoot(true).
		WithRunAsUser(nonRoot).
		WithRunAsGroup(nonRoot).
		WithFSGroup(nonRoot).
		// A volume that has the right owner is not walked again at each start.
		WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
		WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))
}

func containerSecurity() *corev1ac.SecurityContextApplyConfiguration {
	return corev1ac.SecurityContext().
		WithAllowPrivilegeEscalation(false).
		WithReadOnlyRootFilesystem(true).
		WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))
}
