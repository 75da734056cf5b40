// Command podsecurity holds every pod template in streams of Kubernetes objects against the Pod Security Standard "restricted", with
// the API server's own rules, and fails where one breaks it.
//
// usage: podsecurity FILE...
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(files []string) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return fmt.Errorf("set up the rules: %w", err)
	}
	pods, problems := 0, []error(nil)
	for _, file := range files {
		content, err := os.ReadFile(file) //nolint:gosec // The caller names the file.
		if err != nil {
			return fmt.Errorf("read rendered objects: %w", err)
		}
		for document := range bytes.SplitSeq(content, []byte("\n---")) {
			found, err := evaluate(evaluator, document)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", file, err))
			}
			pods += found
		}
	}
	if pods == 0 {
		problems = append(problems, errors.New("no pod template in any file: nothing was evaluated"))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	fmt.Printf("%d pod templates are restricted\n", pods)
	return nil
}

// workload is any object whose pods come from a template.
type workload struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Template *corev1.PodTemplateSpec `json:"template"`
	} `json:"spec"`
}

// evaluate returns how many pod templates a document holds.
func evaluate(evaluator policy.Evaluator, document []byte) (int, error) {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return 0, fmt.Errorf("decode an object: %w", err)
	}
	switch kind.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "Job":
	case "Pod", "CronJob", "ReplicaSet":
		return 0, fmt.Errorf("%s is not looked into: teach podsecurity to", kind.Kind)
	default:
		return 0, nil
	}
	var object workload
	if err := yaml.Unmarshal(document, &object); err != nil {
		return 0, fmt.Errorf("decode a %s: %w", kind.Kind, err)
	}
	if object.Spec.Template == nil {
		return 0, fmt.Errorf("%s %q has no pod template", kind.Kind, object.Name)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	results := evaluator.EvaluatePod(restricted, &object.Spec.Template.ObjectMeta, &object.Spec.Template.Spec)
	var broken []string
	for _, result := range results {
		if !result.Allowed {
			broken = append(broken, result.ForbiddenReason+" ("+result.ForbiddenDetail+")")
		}
	}
	if len(broken) > 0 {
		return 1, fmt.Errorf("the pods of %s %q are not restricted: %s", kind.Kind, object.Name, strings.Join(broken, ", "))
	}
	return 1, nil
}
