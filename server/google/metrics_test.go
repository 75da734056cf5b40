package google_test

import (
	"bytes"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

// series are the values of a counter, or the sample counts of a histogram, by their label values.
func series(t *testing.T, r prometheus.Gatherer, name string) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			got[strings.Join(labels, " ")] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return got
}

const (
	requests = "googlelogin_google_request_duration_seconds"
	skewed   = "googlelogin_google_clock_skew_total"
	ahead    = "googlelogin_google_clock_skew_seconds"
)

func TestM6_CallsAreCountedUnderBoundedLabels(t *testing.T) {
	registry := prometheus.NewRegistry()
	w := newWorld(t, func(o *google.Options) { o.Registerer = registry })
	w.mustSignIn(t)
	faults := []googletest.Fault{
		googletest.TokenStatus(500), googletest.TokenStatus(418), googletest.Reset(googletest.Token),
		googletest.Redirect(googletest.Token, 302, "/x"), googletest.Huge(googletest.Token, 2<<20),
	}
	for _, f := range faults {
		w.Behave()
		w.Misbehave(f)
		if _, err := w.signIn(t); err == nil {
			t.Fatal("no error")
		}
	}
	want := map[string]float64{
		"discovery ok": 1, "keys ok": 1, "token ok": 1, "token server_error": 1, "token client_error": 1,
		"token unreachable": 1, "token redirect": 1, "token refused": 1,
	}
	if diff := cmp.Diff(want, series(t, registry, requests)); diff != "" {
		t.Error(diff)
	}
}

func TestTwoProvidersShareOneRegistry(t *testing.T) {
	registry := prometheus.NewRegistry()
	for range 2 {
		newWorld(t, func(o *google.Options) { o.Registerer = registry }).mustSignIn(t)
	}
	if n := series(t, registry, requests)["token ok"]; n != 2 {
		t.Errorf("%v token calls counted", n)
	}
}

func TestM4_ClockThatDiffersFromGooglesIsCountedAndLogged(t *testing.T) {
	tests := []struct {
		name  string
		apart time.Duration
		want  float64
	}{
		{"M4 together", 0, 0},
		{"M4 within the skew", 50 * time.Second, 0},
		{"M4 ours is late", 5 * time.Minute, 1},
		{"M4 ours is early", -5 * time.Minute, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			var log bytes.Buffer
			w := newWorld(t, func(o *google.Options) {
				o.Registerer = registry
				o.Log = slog.New(slog.NewTextHandler(&log, nil))
			})
			date := time.Now().Add(tt.apart).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
			w.Misbehave(googletest.Header(googletest.Discovery, "Date", date))
			if _, err := w.provider.AuthCodeURL(t.Context(), authRequest()); err != nil {
				t.Fatal(err)
			}
			got := series(t, registry, skewed)[""]
			if got != tt.want || strings.Contains(log.String(), "clock differs") != (tt.want > 0) {
				t.Errorf("counted %v, logged %q", got, log.String())
			}
			if ahead := series(t, registry, ahead)[""]; math.Abs(ahead+tt.apart.Seconds()) > 2 {
				t.Errorf("our clock is %v s ahead, want %v", ahead, -tt.apart.Seconds())
			}
		})
	}
}
