package server

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/store/memory"
	"github.com/googlelogin/operator/server/users"
)

// series are the values of a counter or a gauge, or the sample counts of a histogram, by the label values in the order of their names.
func (w *world) series(name string) map[string]float64 {
	w.t.Helper()
	return gathered(w.t, w.app.metrics, name)
}

func gathered(t testing.TB, m *metrics, name string) map[string]float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "googlelogin_"+name {
			continue
		}
		for _, sample := range f.GetMetric() {
			var labels []string
			for _, label := range sample.GetLabel() {
				labels = append(labels, label.GetValue())
			}
			got[strings.Join(labels, " ")] = sample.GetCounter().GetValue() + sample.GetGauge().GetValue() +
				float64(sample.GetHistogram().GetSampleCount())
		}
	}
	return got
}

func TestRenewals_AreCountedByWhatAskedAndHowTheyEnded(t *testing.T) {
	w := newWorld(t, refreshTokens)
	late := func() { w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second) }
	browser, proxied, app := w.browser(), w.browser(), w.client()
	browser.get(shop + "/auth/me")
	browser.login()
	proxied.login()
	first := app.signIn("bob@example.com")
	browser.get(shop + "/auth/me")
	proxied.check("caddy")
	if got := w.series("renewals_total"); len(got) > 0 {
		t.Errorf("renewals of sessions that are fresh or not there: %v", got)
	}

	late()
	browser.get(shop + "/auth/me")
	browser.refresh("Sec-Fetch-Site", "same-origin")
	proxied.check("caddy")
	second := granted(t, app.refresh(first.RefreshToken))
	late()
	w.store.down.Store(true)
	browser.get(shop + "/auth/me")
	proxied.check("caddy")
	app.refresh(second.RefreshToken)
	w.store.down.Store(false)
	w.block("ann@example.com")
	browser.get(shop + "/auth/me")
	proxied.check("caddy")
	app.refresh("glrt_nonsense")
	granted(t, app.refresh(second.RefreshToken))
	w.clock.advance(refresh.Grace)
	app.refresh(first.RefreshToken)
	w.clock.advance(w.cfg.Session.Lifetime.Std())
	browser.get(shop + "/auth/me")
	proxied.check("caddy")

	want := map[string]float64{
		"cookie renewed": 2, "cookie failed": 1, "cookie denied": 1, "cookie over": 1,
		"forward_auth renewed": 1, "forward_auth failed": 1, "forward_auth denied": 1, "forward_auth over": 1,
		"refresh_token renewed": 2, "refresh_token failed": 1, "refresh_token invalid": 1, "refresh_token reused": 1,
	}
	if diff := cmp.Diff(want, w.series("renewals_total")); diff != "" {
		t.Errorf("renewals (-want +got):\n%s", diff)
	}
}

func TestRenewals_OfAnAppThatMayNot(t *testing.T) {
	w := newWorld(t, refreshTokens)
	app := w.client()
	blocked, old := app.signIn("ann@example.com"), app.signIn("bob@example.com")
	w.block("ann@example.com")
	app.refresh(blocked.RefreshToken)
	w.clock.advance(w.cfg.Session.Lifetime.Std())
	app.refresh(old.RefreshToken)
	if diff := cmp.Diff(map[string]float64{"refresh_token denied": 1, "refresh_token over": 1}, w.series("renewals_total")); diff != "" {
		t.Errorf("renewals (-want +got):\n%s", diff)
	}
}

func TestStore_EachOperationOfALoginIsMeasured(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	before := w.series("store_operation_duration_seconds")
	want := map[string]float64{"memory save_user": 1, "memory create_session": 1}
	if diff := cmp.Diff(want, before); diff != "" {
		t.Errorf("operations of a login (-want +got):\n%s", diff)
	}
	b.check("caddy")
	want["memory revoked_since"] = 1
	if diff := cmp.Diff(want, w.series("store_operation_duration_seconds")); diff != "" {
		t.Errorf("operations with the first check (-want +got):\n%s", diff)
	}
	for range 10 {
		b.check("caddy")
	}
	if diff := cmp.Diff(want, w.series("store_operation_duration_seconds")); diff != "" {
		t.Errorf("a check with a valid session asks the store (-want +got):\n%s", diff)
	}
}

func TestStore_AnswersAreNoFailures(t *testing.T) {
	ctx, m := t.Context(), newMetrics("test", config.StorageMemory)
	kept := &brokenStore{Store: memory.New()}
	s := m.measured(kept)
	ann := identity.User{ID: "u1", Issuer: "https://accounts.google.com", Subject: "1", Email: "ann@example.com", BlockedAt: time.Unix(1, 0)}
	save := func(subject string, u identity.User, refused error) error {
		_, err := s.SaveUser(ctx, ann.Issuer, subject, func(identity.User) (identity.User, error) { return u, refused })
		return err
	}
	wantErr := func(name string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	wantErr("save", save("1", ann, nil), nil)
	bob := ann
	bob.ID, bob.Subject = "u2", "2"
	wantErr("conflict", save("2", bob, nil), users.ErrEmailConflict)
	refused := errors.New("the caller's own word")
	wantErr("refused change", save("1", ann, refused), refused)
	_, err := s.User(ctx, "nobody")
	wantErr("unknown user", err, users.ErrNotFound)
	if got := gathered(t, m, "store_failures_total"); len(got) > 0 {
		t.Errorf("answers count as failures: %v", got)
	}

	kept.down.Store(true)
	wantErr("store down", save("1", ann, nil), errDown)
	for _, err := range []error{context.Canceled, context.DeadlineExceeded} {
		wantErr("cut off", s.(*measuredStore).op(ctx, "user", func(context.Context) error { return err }), err)
	}
	want := map[string]float64{"save_user error": 1, "user canceled": 1, "user timeout": 1}
	if diff := cmp.Diff(want, gathered(t, m, "store_failures_total")); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	want = map[string]float64{"memory save_user": 4, "memory user": 3}
	if diff := cmp.Diff(want, gathered(t, m, "store_operation_duration_seconds")); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestKeys_TheirAgesAreMetrics(t *testing.T) {
	w := newWorld(t)
	ages := func() map[string]float64 {
		all := map[string]float64{}
		for _, name := range []string{
			"signing_keys", "signing_key_age_seconds", "signing_key_next_rotation_seconds", "sealing_keys", "sealing_key_age_seconds",
		} {
			for labels, value := range w.series(name) {
				all[strings.TrimSpace(name+" "+labels)] = value
			}
		}
		return all
	}
	begun := w.clock.Now()
	keys := signingKeysAt(t, begun.Add(-time.Hour), begun.Add(2*time.Hour))
	write(t, w.cfg.Keys.SigningFile, keys)
	w.app.reloader.loadAll()
	w.clock.advance(30 * time.Minute)
	want := map[string]float64{
		"signing_keys next": 1, "signing_keys current": 1, "signing_keys previous": 0,
		"signing_key_age_seconds": 5400, "signing_key_next_rotation_seconds": 5400, "sealing_keys": 1, "sealing_key_age_seconds": 1800,
	}
	if diff := cmp.Diff(want, ages()); diff != "" {
		t.Errorf("before the rotation (-want +got):\n%s", diff)
	}
	w.clock.advance(2 * time.Hour)
	write(t, w.cfg.Keys.SealingFile, newSealingKeys(t))
	w.app.reloader.loadAll()
	want = map[string]float64{
		"signing_keys next": 0, "signing_keys current": 1, "signing_keys previous": 1,
		"signing_key_age_seconds": 1800, "sealing_keys": 1, "sealing_key_age_seconds": 0,
	}
	if diff := cmp.Diff(want, ages()); diff != "" {
		t.Errorf("after the rotation (-want +got):\n%s", diff)
	}
}

func TestKeys_AgesThatNobodyKnowsAreLeftOut(t *testing.T) {
	w := newWorld(t)
	w.remove(w.cfg.Keys.SigningFile)
	w.remove(w.cfg.Keys.SealingFile)
	w.start()
	for _, name := range []string{"signing_key_age_seconds", "signing_key_next_rotation_seconds", "sealing_key_age_seconds"} {
		if got := w.series(name); len(got) > 0 {
			t.Errorf("%s without keys: %v", name, got)
		}
	}
}
