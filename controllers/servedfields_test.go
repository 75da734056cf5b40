package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/openapi"
)

func servedBy(t *testing.T) openapi.Client {
	t.Helper()
	c, err := discovery.NewDiscoveryClientForConfig(plane.ManagerConfig(t, t.Name()))
	if err != nil {
		t.Fatal(err)
	}
	return c.OpenAPIV3()
}

func TestTheCRDOfThisVersionServesWhatTheManagerNeeds(t *testing.T) {
	if err := AwaitServedFields(context.Background(), servedBy(t), time.Minute); err != nil {
		t.Fatal(err)
	}
}

// olderCluster is a cluster whose CRD was generated before some field existed.
type olderCluster struct {
	openapi.Client
	change func(document map[string]any)
}

func (o olderCluster) Paths() (map[string]openapi.GroupVersion, error) {
	paths, err := o.Client.Paths()
	for name, group := range paths {
		paths[name] = olderGroup{group, o.change}
	}
	return paths, err
}

type olderGroup struct {
	openapi.GroupVersion
	change func(document map[string]any)
}

func (o olderGroup) Schema(contentType string) ([]byte, error) {
	content, err := o.GroupVersion.Schema(contentType)
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := json.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	o.change(document)
	return json.Marshal(document)
}

// at walks a document to a schema of GoogleLogin.
func at(document map[string]any, path ...string) map[string]any {
	here := document["components"].(map[string]any)["schemas"].(map[string]any)["dev.googlelogin.v1beta1.GoogleLogin"].(map[string]any)
	for _, name := range path {
		here = here[name].(map[string]any)
	}
	return here
}

func TestAnOlderCRDIsNamedWithWhatItLacks(t *testing.T) {
	served := servedBy(t)
	// It is published a moment after the API server has started.
	if err := AwaitServedFields(context.Background(), served, time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		change func(document map[string]any)
		want   string
	}{
		{"a field of the status", func(d map[string]any) { delete(at(d, "properties", "status", "properties"), "nextRotationAt") }, "lacks status.nextRotationAt:"},
		{"a field in a list", func(d map[string]any) {
			delete(at(d, "properties", "status", "properties", "keys", "items", "properties"), "retireAt")
		}, "lacks status.keys[].retireAt:"},
		{"a field below another", func(d map[string]any) {
			delete(at(d, "properties", "spec", "properties", "session", "properties"), "lifetime")
		}, "lacks spec.session.lifetime:"},
		{"two fields", func(d map[string]any) {
			delete(at(d, "properties", "spec", "properties"), "access")
			delete(at(d, "properties", "status", "properties"), "issuer")
		}, "lacks spec.access, status.issuer:"},
		{"the kind", func(d map[string]any) {
			d["components"] = map[string]any{}
		}, "has no GoogleLogin"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := checkServedFields(olderCluster{served, row.change})
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want one with %q", err, row.want)
			}
		})
	}
}

func TestAnAbsentCRDIsNamed(t *testing.T) {
	err := AwaitServedFields(context.Background(), nothing{}, time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "install the CRD") {
		t.Errorf("error %v does not say what to do", err)
	}
}

func TestAwaitingFieldsEndsWithTheProcess(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := AwaitServedFields(ctx, nothing{}, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

type nothing struct{}

func (nothing) Paths() (map[string]openapi.GroupVersion, error) { return nil, nil }
