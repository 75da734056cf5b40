// Command samerender compares two streams of Kubernetes objects, the operator as kustomize renders it and as its chart does, and
// fails where they differ in substance. What each tool adds to every object, and the Namespace, which a chart leaves to Helm, do
// not count.
//
// usage: samerender FILE FILE
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// ofTheTool are the labels and annotations that only one of the two tools sets.
var ofTheTool = []string{
	"argocd.argoproj.io/sync-options",
	"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart", "helm.sh/resource-policy",
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(files []string) error {
	if len(files) != 2 {
		return errors.New("usage: samerender FILE FILE")
	}
	a, err := read(files[0])
	if err != nil {
		return err
	}
	b, err := read(files[1])
	if err != nil {
		return err
	}
	if diff := cmp.Diff(a, b); diff != "" {
		return fmt.Errorf("%s (-) and %s (+) differ:\n%s", files[0], files[1], diff)
	}
	fmt.Printf("%d objects are the same\n", len(a))
	return nil
}

// read returns the objects of a YAML stream by kind, namespace and name, each as its lines, so that a difference reads well.
func read(file string) (map[string][]string, error) {
	content, err := os.ReadFile(file) //nolint:gosec // The caller names the file.
	if err != nil {
		return nil, fmt.Errorf("read rendered objects: %w", err)
	}
	objects := map[string][]string{}
	for document := range bytes.SplitSeq(content, []byte("\n---")) {
		var object map[string]any
		if err := yaml.Unmarshal(document, &object); err != nil {
			return nil, fmt.Errorf("decode an object of %s: %w", file, err)
		}
		if len(object) == 0 || object["kind"] == "Namespace" {
			continue
		}
		if err := add(objects, object); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return objects, nil
}

func add(objects map[string][]string, object map[string]any) error {
	metadata, _ := object["metadata"].(map[string]any)
	key := fmt.Sprint(object["kind"], " ", metadata["namespace"], "/", metadata["name"])
	if _, twice := objects[key]; twice {
		return fmt.Errorf("%s is there twice", key)
	}
	strip(object)
	text, err := yaml.Marshal(object)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	objects[key] = strings.Split(string(text), "\n")
	return nil
}

// strip removes what does not count from a value and all below it.
func strip(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			if slices.Contains(ofTheTool, key) {
				delete(v, key)
				continue
			}
			strip(below)
		}
	case []any:
		for _, below := range v {
			strip(below)
		}
	}
}
