package v1beta1_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// TestEverySampleIsAccepted is a server-side dry run of each in a namespace that enforces Pod Security "restricted". What the samples
// become is held to the same standard in package controllers.
func TestEverySampleIsAccepted(t *testing.T) {
	api := apiServer(t)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "samples-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := api.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("samples %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			documents := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
			logins := 0
			for {
				document, err := documents.Read()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				o := &unstructured.Unstructured{}
				if err := yaml.Unmarshal(document, &o.Object); err != nil {
					t.Fatal(err)
				}
				o.SetNamespace(namespace.Name)
				if o.GetKind() == "GoogleLogin" {
					logins++
				}
				if err := api.Create(t.Context(), o, client.DryRunAll, client.FieldValidation("Strict")); err != nil {
					t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
				}
			}
			if logins != 1 {
				t.Errorf("%d GoogleLogins, want one", logins)
			}
		})
	}
}
