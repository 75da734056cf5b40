package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/openapi"

	"github.com/googlelogin/operator/api/v1beta1"
)

// AwaitServedFields returns once the API server serves every field of GoogleLogin that this manager reads or writes, and an error
// that names those it does not if that takes longer than patience: a CRD that was just installed is published a moment later.
//
// A CRD older than the manager would take every write and silently drop what it does not know: the status would be written again
// at each pass, and a field of the spec would mean nothing. OpenAPI tells without any right in the cluster.
func AwaitServedFields(ctx context.Context, api openapi.Client, patience time.Duration) error {
	var problem error
	err := wait.PollUntilContextTimeout(ctx, time.Second, patience, true, func(context.Context) (bool, error) {
		problem = checkServedFields(api)
		return problem == nil, nil
	})
	if err != nil {
		return errors.Join(ctx.Err(), problem)
	}
	return nil
}

func checkServedFields(api openapi.Client) error {
	served, err := servedSchema(api)
	if err != nil {
		return err
	}
	var missing []string
	for field, of := range map[string]reflect.Type{"spec": reflect.TypeFor[v1beta1.GoogleLoginSpec](), "status": reflect.TypeFor[v1beta1.GoogleLoginStatus]()} {
		missing = append(missing, unserved(field, of, served.Properties[field])...)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the CRD googlelogins.%s of this cluster is older than the manager and lacks %s: install the CRD of the manager's version, by helm upgrade with crds.enabled or by kubectl apply --server-side",
			v1beta1.GroupVersion.Group, strings.Join(slices.Sorted(slices.Values(missing)), ", "))
	}
	return nil
}

// servedType is what matters here of a type in OpenAPI.
type servedType struct {
	Properties           map[string]*servedType `json:"properties"`
	Items                *servedType            `json:"items"`
	AdditionalProperties *servedType            `json:"additionalProperties"`
	KeepsUnknown         bool                   `json:"x-kubernetes-preserve-unknown-fields"`
	Kinds                []struct {
		Kind string `json:"kind"`
	} `json:"x-kubernetes-group-version-kind"`
}

func servedSchema(api openapi.Client) (*servedType, error) {
	paths, err := api.Paths()
	if err != nil {
		return nil, fmt.Errorf("read the API server's OpenAPI: %w", err)
	}
	group, ok := paths["apis/"+v1beta1.GroupVersion.String()]
	if !ok {
		return nil, fmt.Errorf("this cluster serves no %s: install the CRD, which the chart and config/crd bring", v1beta1.GroupVersion)
	}
	content, err := group.Schema(runtime.ContentTypeJSON)
	if err != nil {
		return nil, fmt.Errorf("read the API server's OpenAPI: %w", err)
	}
	var document struct {
		Components struct {
			Schemas map[string]*servedType `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("decode the API server's OpenAPI: %w", err)
	}
	for _, s := range document.Components.Schemas {
		if len(s.Kinds) == 1 && s.Kinds[0].Kind == "GoogleLogin" {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s as this cluster serves it has no GoogleLogin", v1beta1.GroupVersion)
}

// unserved returns the paths of the fields of a Go type that the schema lacks.
func unserved(path string, of reflect.Type, served *servedType) []string {
	if served == nil {
		return []string{path}
	}
	if served.KeepsUnknown {
		return nil
	}
	switch of.Kind() {
	case reflect.Pointer:
		return unserved(path, of.Elem(), served)
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return nil
		}
		return unserved(path+"[]", of.Elem(), served.Items)
	case reflect.Map:
		return unserved(path+"[]", of.Elem(), served.AdditionalProperties)
	case reflect.Struct:
		return unservedFields(path, of, served)
	default:
		return nil
	}
}

func unservedFields(path string, of reflect.Type, served *servedType) []string {
	if reflect.PointerTo(of).Implements(reflect.TypeFor[json.Marshaler]()) {
		return nil // A time or a quantity: one value, whatever the Go type has inside.
	}
	var out []string
	for i := range of.NumField() {
		field := of.Field(i)
		name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && strings.Contains(rest, "inline") || field.Anonymous {
			out = append(out, unservedFields(path, field.Type, served)...)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		out = append(out, unserved(path+"."+name, field.Type, served.Properties[name])...)
	}
	return out
}
