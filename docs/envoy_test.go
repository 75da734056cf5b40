package docs

import (
	"slices"
	"strings"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	extauthzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	managerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/anypb"
	"sigs.k8s.io/yaml"
)

// envoy reads a document as Envoy does: no field that it does not know, no value out of bounds.
func envoy[T interface {
	proto.Message
	ValidateAll() error
}](t *testing.T, document any, into T) T {
	t.Helper()
	content, err := yaml.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	if content, err = yaml.YAMLToJSON(content); err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
	if err := into.ValidateAll(); err != nil {
		t.Fatal(err)
	}
	return into
}

// unpack reads what is inside an Any, which nobody has validated so far.
func unpack[T interface {
	proto.Message
	ValidateAll() error
}](t *testing.T, packed *anypb.Any, into T) T {
	t.Helper()
	if err := packed.UnmarshalTo(into); err != nil {
		t.Fatal(err)
	}
	if err := into.ValidateAll(); err != nil {
		t.Fatal(err)
	}
	return into
}

func TestForwardAuth_EnvoyTakesItsConfiguration(t *testing.T) {
	bootstrap := envoy(t, decode[any](t, objects(t, "envoy.yaml")[0]), new(bootstrapv3.Bootstrap))
	if found := deprecated(t, bootstrap.ProtoReflect()); len(found) > 0 {
		t.Errorf("deprecated: %v", found)
	}
	filter := bootstrap.GetStaticResources().GetListeners()[0].GetFilterChains()[0].GetFilters()[0]
	manager := unpack(t, filter.GetTypedConfig(), new(managerv3.HttpConnectionManager))
	asking := unpack(t, manager.GetHttpFilters()[0].GetTypedConfig(), new(extauthzv3.ExtAuthz))
	if asking.GetFailureModeAllow() || !manager.GetUseRemoteAddress().GetValue() {
		t.Error("somebody passes whom nobody knows")
	}
	if got := checks().Owns(asking.GetHttpService().GetPathPrefix() + "/"); !got {
		t.Errorf("there is no route %s", asking.GetHttpService().GetPathPrefix())
	}
	upstream := asking.GetHttpService().GetAuthorizationResponse().GetAllowedUpstreamHeaders().GetPatterns()
	if diff := cmp.Diff(identityHeaders(t), canonical(upstream)); diff != "" {
		t.Errorf("what the application reads (-code +document):\n%s", diff)
	}
	routes := manager.GetRouteConfig().GetVirtualHosts()[0].GetRoutes()
	if first := routes[0]; first.GetMatch().GetPrefix() != "/auth/check" || first.GetDirectResponse().GetStatus() != 404 {
		t.Errorf("the check is open to the public: %v", first)
	}
	for i, route := range routes {
		open := len(route.GetTypedPerFilterConfig()) > 0
		if application := route.GetRoute().GetCluster() == "application"; open == application {
			t.Errorf("route %d is open: %t, and the application's: %t", i, open, application)
		}
		for _, config := range route.GetTypedPerFilterConfig() {
			unpack(t, config, new(extauthzv3.ExtAuthzPerRoute))
		}
	}
}

func TestForwardAuth_EnvoyTakesItsConfigurationForGRPC(t *testing.T) {
	parts := decode[map[string]any](t, objects(t, "envoy-grpc.yaml")[0])
	filter := envoy(t, parts["filter"], new(managerv3.HttpFilter))
	cluster := envoy(t, parts["cluster"], new(clusterv3.Cluster))
	for _, m := range []proto.Message{filter, cluster} {
		if found := deprecated(t, m.ProtoReflect()); len(found) > 0 {
			t.Errorf("deprecated: %v", found)
		}
	}
	asking := unpack(t, filter.GetTypedConfig(), new(extauthzv3.ExtAuthz))
	if asking.GetFailureModeAllow() || asking.GetGrpcService().GetEnvoyGrpc().GetClusterName() != cluster.GetName() {
		t.Errorf("asks %v, and lets pass if that fails: %t", asking.GetGrpcService(), asking.GetFailureModeAllow())
	}
}

// What Envoy deprecates it refuses a few releases later.
func deprecated(t *testing.T, m protoreflect.Message) (found []string) {
	t.Helper()
	if packed, ok := m.Interface().(*anypb.Any); ok {
		inner, err := packed.UnmarshalNew()
		if err != nil {
			t.Fatal(err)
		}
		m = inner.ProtoReflect()
	}
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if options, _ := field.Options().(*descriptorpb.FieldOptions); options.GetDeprecated() {
			found = append(found, string(field.FullName()))
		}
		switch {
		case field.IsMap() && field.MapValue().Message() != nil:
			value.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				found = append(found, deprecated(t, v.Message())...)
				return true
			})
		case field.IsList() && field.Message() != nil:
			for i := range value.List().Len() {
				found = append(found, deprecated(t, value.List().Get(i).Message())...)
			}
		case field.Message() != nil && !field.IsMap():
			found = append(found, deprecated(t, value.Message())...)
		}
		return true
	})
	return found
}

func canonical(patterns []*matcherv3.StringMatcher) []string {
	var names []string
	for _, p := range patterns {
		words := strings.Split(p.GetExact(), "-")
		for i, word := range words {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
		names = append(names, strings.Join(words, "-"))
	}
	slices.Sort(names)
	return names
}
