package docs

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/googlelogin/operator/docs/docstest"
	"github.com/googlelogin/operator/server/httperr"
)

// ruleFile is what Prometheus reads.
type ruleFile struct {
	Groups []struct {
		Name  string `json:"name"`
		Rules []struct {
			Alert       string            `json:"alert"`
			Expr        string            `json:"expr"`
			For         string            `json:"for,omitempty"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"rules"`
	} `json:"groups"`
}

var (
	selector  = regexp.MustCompile(`(googlelogin_[a-z_]+)(?:\{([a-z]+)=~?"([^"]*)"\})?`)
	histogram = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// TestAlerts_AreAboutMetricsThatExist finds the misspelling that would make an alert silent. It does not parse PromQL.
func TestAlerts_AreAboutMetricsThatExist(t *testing.T) {
	content, err := os.ReadFile("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var rules ruleFile
	if err := yaml.UnmarshalStrict(content, &rules); err != nil {
		t.Fatal(err)
	}
	labels, named := map[string]string{}, []string{}
	for _, row := range docstest.Table(t, "metrics.md", "metric", 0) {
		labels[docstest.Code(row[0])] = row[2]
		for _, word := range docstest.Codes(row[4]) {
			if strings.HasPrefix(word, "GoogleLogin") {
				named = append(named, word)
			}
		}
	}
	var alerts []string
	for _, rule := range rules.Groups[0].Rules {
		alerts = append(alerts, rule.Alert)
		if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%s lacks a severity, a summary or a description", rule.Alert)
		}
		found := selector.FindAllStringSubmatch(rule.Expr, -1)
		if len(found) == 0 || strings.Count(rule.Expr, "(") != strings.Count(rule.Expr, ")") {
			t.Errorf("%s: no expression about our metrics: %s", rule.Alert, rule.Expr)
		}
		for _, match := range found {
			known, ok := labels[histogram.ReplaceAllString(match[1], "")]
			if !ok {
				t.Errorf("%s is about %s, which metrics.md does not have", rule.Alert, match[1])
			}
			if match[2] != "" && !strings.Contains(known, "`"+match[2]+"`:") {
				t.Errorf("%s: %s has no label %s", rule.Alert, match[1], match[2])
			}
			for value := range strings.SplitSeq(match[3], "|") {
				code := strings.Contains(known, "errors.md") && slices.Contains(httperr.LoginCodes(), httperr.Code(value))
				if value != "" && !code && !strings.Contains(known, "`"+value+"`") {
					t.Errorf("%s: %s of %s is never %q", rule.Alert, match[2], match[1], value)
				}
			}
		}
	}
	slices.Sort(alerts)
	slices.Sort(named)
	if named = slices.Compact(named); !slices.Equal(alerts, named) {
		t.Errorf("alerts.yaml has %q, metrics.md names %q", alerts, named)
	}
}
