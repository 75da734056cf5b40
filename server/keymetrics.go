package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/keyring"
)

// keyCollector tells how old the keys are whenever somebody looks. What is not known is left out: an age of 0 would look fresh.
type keyCollector struct {
	signing interface{ State() keyring.State }
	sealing interface{ State() flow.SealerState }
	now     func() time.Time

	keys, age, next, sealingKeys, sealingAge *prometheus.Desc
}

func newKeyCollector(signing *keyring.Keyring, sealing *flow.Sealer, now func() time.Time) *keyCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("googlelogin_"+name, help, labels, nil)
	}
	return &keyCollector{
		signing: signing, sealing: sealing, now: now,
		keys:        desc("signing_keys", "Signing keys that are published, by their place in the schedule.", "state"),
		age:         desc("signing_key_age_seconds", "How long the key that signs has been the current one."),
		next:        desc("signing_key_next_rotation_seconds", "How long until the next key signs; absent while none is published."),
		sealingKeys: desc("sealing_keys", "Sealing keys that open what was sealed."),
		sealingAge:  desc("sealing_key_age_seconds", "How long this process has sealed with the same key, which may be older."),
	}
}

// Describe implements prometheus.Collector.
func (c *keyCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.keys, c.age, c.next, c.sealingKeys, c.sealingAge} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *keyCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	now, signing, sealing := c.now(), c.signing.State(), c.sealing.State()
	gauge(c.keys, float64(signing.Next), "next")
	gauge(c.keys, float64(signing.Current), "current")
	gauge(c.keys, float64(signing.Previous), "previous")
	if !signing.Since.IsZero() {
		gauge(c.age, now.Sub(signing.Since).Seconds())
	}
	if !signing.NextAt.IsZero() {
		gauge(c.next, signing.NextAt.Sub(now).Seconds())
	}
	gauge(c.sealingKeys, float64(sealing.Keys))
	if !sealing.Since.IsZero() {
		gauge(c.sealingAge, now.Sub(sealing.Since).Seconds())
	}
}
