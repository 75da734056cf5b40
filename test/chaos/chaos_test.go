//go:build chaos

package chaos

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// settle is how long a load runs before and after a fault, so that the fault is all that a row shows.
	settle = 3 * time.Second
	// recovery bounds the wait for Ready after a fault.
	recovery = 5 * time.Minute
)

// row is what one fault did to one GoogleLogin.
type row struct {
	fault, login   string
	checks, logins tally
	ready          time.Duration
	sessions, lost int
}

// TestFaults makes one change and one fault after another, and prints what each did.
func TestFaults(t *testing.T) {
	chosen, err := regexp.Compile(os.Getenv("CHAOS"))
	if err != nil {
		t.Fatal(err)
	}
	// For the table, and for the log of a second manager.
	if err := os.MkdirAll("out", 0o755); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	files := w.login("files", "  server: {"+unlimited+"}\n")
	base := w.login("base", "  server: {replicas: 2, "+unlimited+"}\n"+w.onPostgres("base"))
	loads := []*load{
		begin(ctx, "files", files, 50*time.Millisecond, 250*time.Millisecond),
		begin(ctx, "base", base, 50*time.Millisecond, 250*time.Millisecond),
	}
	defer func() {
		stop()
		for _, l := range loads {
			l.group.Wait()
		}
	}()
	var rows []row
	for _, f := range slices.Concat(changes, faults) {
		if !chosen.MatchString(f.name) {
			continue
		}
		if !t.Run(f.name, func(t *testing.T) {
			w := *w
			w.T = t
			rows = append(rows, w.befall(ctx, f, loads)...)
		}) {
			t.Logf("%s did not go well", f.name)
		}
	}
	report(t, rows)
}

// befall lets a fault happen under load, waits until all is well again, and counts.
func (w *world) befall(ctx context.Context, f fault, loads []*load) []row {
	before := make([]int, len(loads))
	for i, l := range loads {
		l.reset()
		before[i] = len(l.sessions())
	}
	time.Sleep(settle)
	f.happens(w)
	healed := time.Now()
	for _, l := range loads {
		w.untilReady(l.name, recovery)
		eventually(w.T, "a login at "+l.name+" works", recovery, func() bool { _, err := l.Login(ctx); return err == nil })
	}
	ready := time.Since(healed)
	time.Sleep(settle)
	var rows []row
	for i, l := range loads {
		checks, logins := l.counts()
		sessions := l.sessions()[before[i]:]
		lost, example := l.lost(ctx, sessions)
		rows = append(rows, row{f.name, l.name, checks, logins, ready, len(sessions), lost})
		if lost > 0 {
			w.Errorf("%s: %d of %d sessions are lost: %s", l.name, lost, len(sessions), example)
		}
		if f.spares.checks(l.name) && checks.failed > 0 {
			w.Errorf("%s: %d of %d checks failed: %s", l.name, checks.failed, checks.asked, checks.problem)
		}
		if f.spares.logins(l.name) && logins.failed > 0 {
			w.Errorf("%s: %d of %d logins failed: %s", l.name, logins.failed, logins.asked, logins.problem)
		}
		if checks.failed+logins.failed > 0 {
			w.Logf("%s: last failures: check: %s; login: %s", l.name, checks.problem, logins.problem)
		}
		w.Logf("%s: %d checks, %d failed; %d logins, %d failed; %d sessions, %d lost; ready again after %s",
			l.name, checks.asked, checks.failed, logins.asked, logins.failed, len(sessions), lost, ready.Round(100*time.Millisecond))
	}
	return rows
}

// report prints the table that docs/faults.md keeps, and leaves it in the folder out.
func report(t *testing.T, rows []row) {
	t.Helper()
	var out strings.Builder
	out.WriteString("| change or fault | GoogleLogin | checks | failed | longest without | logins | failed | longest without | Ready again | sessions | lost |\n")
	out.WriteString("|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&out, "| %s | %s | %d | %d | %s | %d | %d | %s | %s | %d | %d |\n", r.fault, r.login, r.checks.asked, r.checks.failed,
			short(r.checks.gap), r.logins.asked, r.logins.failed, short(r.logins.gap), short(r.ready), r.sessions, r.lost)
	}
	fmt.Print("\n" + out.String() + "\n")
	if err := os.WriteFile("out/faults.md", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func short(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }
