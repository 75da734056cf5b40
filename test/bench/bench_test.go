//go:build bench

package bench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/test/standalone"
)

// manyLogins is what the memory is measured after.
const manyLogins = 10_000

func TestFigures(t *testing.T) {
	f := newFigures(t, append(append(rowFigures(), proxyFigures()...), "check_vs_empty_handler", "checks_per_second", "login_cpu", "rss_idle", "rss_after_logins", "rss_after_logins_without_files", "rss_peak",
		"start_to_ready")...)
	bin := build(t, "../../cmd/server", "../../cmd/fake-google", "./empty")
	googleURL := google(t, bin)
	emptyAddress := "127.0.0.1:" + standalone.FreePort(t)
	empty := target{program: pinned(t, filepath.Join(bin, "empty"), emptyAddress), address: emptyAddress, begins: answerOK}
	empty.await("http://" + emptyAddress)

	f.print("start_to_ready", startToReady(t, bin, googleURL), "s")
	w := newWorld(t, bin, googleURL, sqliteIn(t))
	time.Sleep(settle)
	f.print("rss_idle", w.memory("VmRSS"), "MiB")
	end := w.profile(t, "login")
	f.print("login_cpu", milliseconds(w.logins(t, crowd, manyLogins)), "ms")
	end()
	time.Sleep(settle)
	f.print("rss_after_logins", w.memory("VmRSS"), "MiB")
	f.print("rss_after_logins_without_files", w.memory("RssAnon"), "MiB")
	f.print("rss_peak", w.memory("VmHWM"), "MiB")
	end = w.profile(t, "check")
	ours := w.target(t)
	empty.questions = ours.questions
	checks := compare(t, 15, ours, empty)
	end()
	f.print("check_vs_empty_handler", checks[0].perCPU/checks[1].perCPU, "ratio")
	f.print("checks_per_second", checks[0].perSecond, "1/s")
	w.stop()
	besideProxy(t, f, bin, googleURL, empty)

	ratio := func(w *world) float64 {
		checks := compare(t, 6, w.target(t), empty)
		return checks[0].perCPU / checks[1].perCPU
	}
	sizedSQLite(t, f, bin, googleURL, ratio)
	sizedPostgres(t, f, bin, googleURL, ratio)
}

// settle is how long a server is left alone before its memory is looked at: package footprint takes up to ten seconds to see that
// load is over.
const settle = 12 * time.Second

func sqliteIn(t *testing.T) config.Storage {
	return config.Storage{Type: config.StorageSQLite, Path: filepath.Join(t.TempDir(), "googlelogin.db")}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// startToReady is the median of several starts, each with a database that is there already.
func startToReady(t *testing.T, bin, googleURL string) float64 {
	t.Helper()
	storage := sqliteIn(t)
	var seconds []float64
	for range 6 {
		w := newWorld(t, bin, googleURL, storage)
		w.stop()
		seconds = append(seconds, w.ready.Seconds())
	}
	say("starts: %.3f s, the first with a new database", seconds)
	return median(seconds[1:])
}
