package server

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/googlelogin/operator/docs/docstest"
	"github.com/googlelogin/operator/server/httperr"
)

// documentedMetric is a row of docs/metrics.md: by label, a pattern for its values.
type documentedMetric struct {
	kind   string
	labels map[string]*regexp.Regexp
}

func documentedMetrics(t testing.TB) map[string]documentedMetric {
	t.Helper()
	found := map[string]documentedMetric{}
	for _, row := range docstest.Table(t, "../docs/metrics.md", "metric", 0) {
		m := documentedMetric{row[1], map[string]*regexp.Regexp{}}
		for part := range strings.SplitSeq(row[2], ";") {
			words := docstest.Codes(part)
			if len(words) == 0 {
				continue
			}
			values := words[1:]
			if strings.Contains(part, "(errors.md)") {
				for _, c := range httperr.LoginCodes() {
					values = append(values, string(c))
				}
			}
			m.labels[words[0]] = regexp.MustCompile(`^(?:` + strings.Join(values, "|") + `)$`)
		}
		found[docstest.Code(row[0])] = m
	}
	return found
}

// desc reads what prometheus.Desc prints: it tells its name and labels in no other way.
var desc = regexp.MustCompile(`fqName: "(.*?)", help: "(.*?)", constLabels: \{(.*?)\}, variableLabels: \{(.*?)\}`)

func TestMetrics_AreAllDocumented(t *testing.T) {
	w := newWorld(t)
	descs := make(chan *prometheus.Desc)
	go func() {
		w.app.metrics.registry.Describe(descs)
		close(descs)
	}()
	got, want := map[string][]string{}, map[string][]string{}
	for d := range descs {
		m := desc.FindStringSubmatch(d.String())
		if !strings.HasPrefix(m[1], "googlelogin_") {
			continue
		}
		if m[2] == "" {
			t.Errorf("%s has no help", m[1])
		}
		got[m[1]] = []string{}
		for label := range strings.SplitSeq(m[3]+","+m[4], ",") {
			if name, _, _ := strings.Cut(label, "="); name != "" {
				got[m[1]] = append(got[m[1]], name)
			}
		}
		slices.Sort(got[m[1]])
	}
	for name, m := range documentedMetrics(t) {
		want[name] = []string{}
		for label := range m.labels {
			want[name] = append(want[name], label)
		}
		slices.Sort(want[name])
		if strings.HasSuffix(name, "_total") != (m.kind == "counter") || strings.HasSuffix(name, "duration_seconds") != (m.kind == "histogram") {
			t.Errorf("%s is no name of a %s", name, m.kind)
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("metrics and their labels (-code +metrics.md):\n%s", diff)
	}
}

// checkMetrics holds what the server has measured against docs/metrics.md: types, and every value of a label. Every test of this
// package that has a world ends with it.
func (w *world) checkMetrics() {
	w.t.Helper()
	families, err := w.app.metrics.registry.Gather()
	if err != nil {
		w.t.Errorf("gather metrics: %v", err)
	}
	documented := documentedMetrics(w.t)
	for _, f := range families {
		m, known := documented[f.GetName()]
		if !known {
			continue
		}
		if kind := strings.ToLower(dto.MetricType_name[int32(f.GetType())]); kind != m.kind {
			w.t.Errorf("%s is a %s, and not a %s", f.GetName(), kind, m.kind)
		}
		for _, sample := range f.GetMetric() {
			for _, label := range sample.GetLabel() {
				if values := m.labels[label.GetName()]; values == nil || !values.MatchString(label.GetValue()) {
					w.t.Errorf("docs/metrics.md does not have %s{%s=%q}", f.GetName(), label.GetName(), label.GetValue())
				}
			}
		}
	}
}
