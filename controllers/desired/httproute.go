package desired

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1ac "sigs.k8s.io/gateway-api/applyconfiguration/apis/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/server/config"
)

// HTTPRoute routes to the server from a Gateway; nil unless the spec asks for it. What the API server would fill in is written out: it
// fills in parts of lists, which are compared as a whole.
func HTTPRoute(in Input) *gatewayv1ac.HTTPRouteApplyConfiguration {
	asked := in.Login.Spec.Exposure.HTTPRoute
	if in.Login.Spec.Exposure.Type != v1beta1.ExposureHTTPRoute || asked == nil {
		return nil
	}
	spec := gatewayv1ac.HTTPRouteSpec().
		WithHostnames(routeHostnames(in.Login)...).
		WithRules(gatewayv1ac.HTTPRouteRule().
			WithMatches(routeMatches(in.Login)...).
			WithBackendRefs(gatewayv1ac.HTTPBackendRef().
				WithGroup("").
				WithKind("Service").
				WithName(gatewayv1.ObjectName(ServerName(in.Login.Name))).
				WithPort(publicPort).
				WithWeight(1)))
	for _, parent := range asked.ParentRefs {
		spec.WithParentRefs(parentRef(parent))
	}
	out := gatewayv1ac.HTTPRoute(ServerName(in.Login.Name), in.Login.Namespace).
		WithLabels(ours(in.Login, asked.Labels)).
		WithOwnerReferences(owner(in.Login)).
		WithSpec(spec)
	if len(asked.Annotations) > 0 {
		out.WithAnnotations(plain(asked.Annotations))
	}
	return out
}

func parentRef(parent v1beta1.ParentRef) *gatewayv1ac.ParentReferenceApplyConfiguration {
	out := gatewayv1ac.ParentReference().WithGroup(gatewayv1.GroupName).WithKind("Gateway").WithName(gatewayv1.ObjectName(parent.Name))
	if parent.Namespace != "" {
		out.WithNamespace(gatewayv1.Namespace(parent.Namespace))
	}
	if parent.SectionName != "" {
		out.WithSectionName(gatewayv1.SectionName(parent.SectionName))
	}
	if parent.Port != 0 {
		out.WithPort(parent.Port)
	}
	return out
}

func routeHostnames(login *v1beta1.GoogleLogin) []gatewayv1.Hostname {
	hostnames := texts(login.Spec.Exposure.HTTPRoute.Hostnames)
	if len(hostnames) == 0 {
		hostnames = names(exposedHosts(login))
	}
	var out []gatewayv1.Hostname
	for _, name := range hostnames {
		out = append(out, gatewayv1.Hostname(name))
	}
	return out
}

// routeMatches are the same for every hostname, as a route has it: the server answers a path only under the host that it belongs to. With the
// 16 redirect URIs that a spec may have they are fewer than the 64 that a rule may have.
func routeMatches(login *v1beta1.GoogleLogin) []*gatewayv1ac.HTTPRouteMatchApplyConfiguration {
	paths := config.PublicPaths(login.Spec.BasePath)
	for _, host := range exposedHosts(login) {
		for _, path := range host.paths {
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	var out []*gatewayv1ac.HTTPRouteMatchApplyConfiguration
	for _, path := range paths {
		out = append(out, gatewayv1ac.HTTPRouteMatch().WithPath(gatewayv1ac.HTTPPathMatch().WithType(gatewayv1.PathMatchExact).WithValue(path)))
	}
	return out
}
