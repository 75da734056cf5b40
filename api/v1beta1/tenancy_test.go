package v1beta1_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// mayNameANamespace are the fields in which a spec may say anything of another namespace, and why that reaches nothing there. Whoever
// adds a field to the list has to have a reason as good.
var mayNameANamespace = []string{
	// The Gateway decides by its allowedRoutes which namespaces may attach routes to it.
	"spec.exposure.httpRoute.parentRefs[].namespace",
	// Who may call in. Nothing of theirs is read.
	"spec.internalAPI.callers[].namespace",
	// Whose connections are let in.
	"spec.server.networkPolicy.extAuthzFrom[].namespaceSelector",
	"spec.server.networkPolicy.publicFrom[].namespaceSelector",
}

// TestNoFieldNamesAnObjectOfAnotherNamespace: the operator may read every Secret of the cluster, and must not do so for a tenant who
// may not.
func TestNoFieldNamesAnObjectOfAnotherNamespace(t *testing.T) {
	spec := googleLoginCRD(t).Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	fields := 0
	var found []string
	walk("spec", &spec, func(path, name string, schema *apiextensionsv1.JSONSchemaProps) {
		fields++
		if strings.Contains(strings.ToLower(name), "namespace") {
			found = append(found, path)
		}
		// In a field without a schema anything can be said.
		if schema.XPreserveUnknownFields != nil || schema.XEmbeddedResource {
			t.Errorf("%s takes anything", path)
		}
	})
	if fields < 100 {
		t.Fatalf("only %d fields were looked at", fields)
	}
	slices.Sort(found)
	want := slices.DeleteFunc(slices.Clone(mayNameANamespace), func(path string) bool {
		_, later := spec.Properties["internalAPI"]
		return strings.HasPrefix(path, "spec.internalAPI.") && !later
	})
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("fields that speak of namespaces (-known +found):\n%s", diff)
	}
}

func googleLoginCRD(t *testing.T) apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	content, err := os.ReadFile("../../config/crd/bases/googlelogin.dev_googlelogins.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(content, &crd); err != nil {
		t.Fatal(err)
	}
	return crd
}

func walk(path string, schema *apiextensionsv1.JSONSchemaProps, visit func(path, name string, schema *apiextensionsv1.JSONSchemaProps)) {
	for name, property := range schema.Properties {
		visit(path+"."+name, name, &property)
		walk(path+"."+name, &property, visit)
	}
	if schema.Items != nil {
		walk(path+"[]", schema.Items.Schema, visit)
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		walk(path+"{}", schema.AdditionalProperties.Schema, visit)
	}
}
