package desired

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"github.com/googlelogin/operator/api/v1beta1"
)

// ServiceMonitorKind is what the Prometheus operator collects by.
func ServiceMonitorKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"}
}

// AddServiceMonitors makes a scheme able to apply them.
func AddServiceMonitors(s *runtime.Scheme) error {
	metav1.AddToGroupVersion(s, ServiceMonitorKind().GroupVersion())
	return nil
}

// ServiceMonitorApplyConfiguration has what we set of a ServiceMonitor. The Prometheus operator's own types would bring its whole
// module along.
type ServiceMonitorApplyConfiguration struct {
	metav1ac.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1ac.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`

	Spec *ServiceMonitorSpec `json:"spec,omitempty"`
}

// ServiceMonitorSpec says which Services, and where on them.
type ServiceMonitorSpec struct {
	Selector  *metav1ac.LabelSelectorApplyConfiguration `json:"selector,omitempty"`
	Endpoints []ServiceMonitorEndpoint                  `json:"endpoints,omitempty"`
}

// ServiceMonitorEndpoint is a port with metrics.
type ServiceMonitorEndpoint struct {
	Port     string `json:"port"`
	Path     string `json:"path"`
	Interval string `json:"interval"`
}

// ServiceMonitor has a Prometheus collect the metrics of the internal port; nil unless the spec asks for it.
func ServiceMonitor(in Input) *ServiceMonitorApplyConfiguration {
	asked := in.Login.Spec.Server.ServiceMonitor
	if asked.Mode != v1beta1.Enabled {
		return nil
	}
	kind := ServiceMonitorKind()
	out := &ServiceMonitorApplyConfiguration{ObjectMetaApplyConfiguration: metav1ac.ObjectMeta()}
	out.WithKind(kind.Kind).WithAPIVersion(kind.GroupVersion().String())
	out.WithName(ServerName(in.Login.Name)).
		WithNamespace(in.Login.Namespace).
		WithLabels(ours(in.Login, asked.Labels)).
		WithOwnerReferences(owner(in.Login))
	out.Spec = &ServiceMonitorSpec{
		Selector:  metav1ac.LabelSelector().WithMatchLabels(Selector(in.Login.Name)),
		Endpoints: []ServiceMonitorEndpoint{{Port: "internal", Path: "/metrics", Interval: cmp.Or(string(asked.Interval), "30s")}},
	}
	return out
}

// IsApplyConfiguration marks it as what may be applied.
func (*ServiceMonitorApplyConfiguration) IsApplyConfiguration() {}

// GetName returns metadata.name.
func (m *ServiceMonitorApplyConfiguration) GetName() *string { return m.Name }

// GetNamespace returns metadata.namespace.
func (m *ServiceMonitorApplyConfiguration) GetNamespace() *string { return m.Namespace }

// GetKind returns kind.
func (m *ServiceMonitorApplyConfiguration) GetKind() *string { return m.Kind }

// GetAPIVersion returns apiVersion.
func (m *ServiceMonitorApplyConfiguration) GetAPIVersion() *string { return m.APIVersion }

// WithUID sets metadata.uid.
func (m *ServiceMonitorApplyConfiguration) WithUID(uid types.UID) *ServiceMonitorApplyConfiguration {
	m.ObjectMetaApplyConfiguration.WithUID(uid)
	return m
}

// WithResourceVersion sets metadata.resourceVersion.
func (m *ServiceMonitorApplyConfiguration) WithResourceVersion(version string) *ServiceMonitorApplyConfiguration {
	m.ObjectMetaApplyConfiguration.WithResourceVersion(version)
	return m
}

// ExtractServiceMonitor returns what the field manager owns of a live ServiceMonitor.
func ExtractServiceMonitor(live *unstructured.Unstructured, fieldManager string) (*ServiceMonitorApplyConfiguration, error) {
	parser, err := typed.NewParser(serviceMonitorSchema)
	if err != nil {
		return nil, err
	}
	out := &ServiceMonitorApplyConfiguration{ObjectMetaApplyConfiguration: metav1ac.ObjectMeta()}
	if err := managedfields.ExtractInto(live, parser.Type("ServiceMonitor"), fieldManager, out, ""); err != nil {
		return nil, err
	}
	out.WithName(live.GetName()).WithNamespace(live.GetNamespace())
	out.WithKind(live.GetKind()).WithAPIVersion(live.GetAPIVersion())
	return out, nil
}

// serviceMonitorSchema says what of a ServiceMonitor is owned as a whole, as the API server has it: each owner reference, the selector, and
// the list of endpoints.
const serviceMonitorSchema = typed.YAMLObject(`types:
- name: ServiceMonitor
  map:
    fields:
    - {name: metadata, type: {namedType: metadata}}
    - {name: spec, type: {namedType: spec}}
    elementType: {namedType: deduced}
- name: spec
  map:
    fields:
    - {name: selector, type: {namedType: atomic}}
    elementType: {namedType: deduced}
- name: metadata
  map:
    fields:
    - name: ownerReferences
      type:
        list:
          elementType: {namedType: atomic}
          elementRelationship: associative
          keys: [uid]
    elementType: {namedType: deduced}
- name: deduced
  scalar: untyped
  list:
    elementType: {namedType: atomic}
    elementRelationship: atomic
  map:
    elementType: {namedType: deduced}
    elementRelationship: separable
- name: atomic
  scalar: untyped
  list:
    elementType: {namedType: atomic}
    elementRelationship: atomic
  map:
    elementType: {namedType: atomic}
    elementRelationship: atomic
`)
