//go:build upgrade

package processes

import (
	"net/http"
	"os"
	"testing"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
)

// release is a server's program. That of the release before knows a schema one version older.
type release struct{ name, program string }

func releases(t *testing.T) (before, now release) {
	t.Helper()
	path := os.Getenv("PREVIOUS_SERVER")
	if path == "" {
		t.Fatal("PREVIOUS_SERVER does not name a server of the release before: run make upgrade")
	}
	return release{"the release before", path}, release{"this release", program}
}

// directions are an upgrade, and one that is undone.
func directions(t *testing.T) map[string][2]release {
	before, now := releases(t)
	return map[string][2]release{"an upgrade": {before, now}, "its undoing": {now, before}}
}

// TestUpgrade_TwoReleasesWorkOnOnePostgreSQL lets both releases serve one database, as they do while a rollout replaces one by the
// other, in either direction. Users sign in at each of them all the while.
func TestUpgrade_TwoReleasesWorkOnOnePostgreSQL(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	database := postgrestest.Start(t)
	for name, order := range directions(t) {
		t.Run(name, func(t *testing.T) {
			cfg := onPostgres(t, newConfig(t, google.URL), database.Database())
			first := startRelease(t, order[0], cfg)
			known := first.mustLogin(t)
			var second *process
			told := first.storm(t, func(sofar func() int) {
				second = startRelease(t, order[1], cfg)
				second.goesOn(t, known)
				for more := sofar() + 20; sofar() < more; {
					known = second.mustLogin(t)
				}
				first.kill()
			})
			for _, cookies := range told {
				second.goesOn(t, cookies)
			}
			t.Logf("%d sessions went over to %s", len(told), order[1].name)
			third := startRelease(t, order[0], cfg)
			third.goesOn(t, known)
			second.goesOn(t, third.mustLogin(t))
			third.goesOn(t, second.mustLogin(t))
			// Last, since one of the ways ends all that there is.
			second.endsAt(t, third)
			third.endsAt(t, second)
		})
	}
}

// TestUpgrade_ASQLiteFileGoesToTheOtherReleaseAndBack replaces one server by the other on a file, killed in a storm of logins.
func TestUpgrade_ASQLiteFileGoesToTheOtherReleaseAndBack(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	for name, order := range directions(t) {
		t.Run(name, func(t *testing.T) {
			cfg := onSQLite(t, newConfig(t, google.URL))
			var told [][]*http.Cookie
			for _, r := range []release{order[0], order[1], order[0]} {
				p := startRelease(t, r, cfg)
				for _, cookies := range told {
					p.goesOn(t, cookies)
				}
				told = append(told, p.storm(t, func(sofar func() int) {
					for sofar() < 20 {
						p.mustLogin(t)
					}
					p.kill()
				})...)
			}
			t.Logf("%d sessions were told of", len(told))
		})
	}
}

func startRelease(t *testing.T, r release, cfg config.Config) *process {
	t.Helper()
	p := startProgram(t, r.program, cfg)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s said:\n%s", r.name, p.log)
		}
	})
	// A server listens before it has reached its database.
	p.recovers(t)
	return p
}

// goesOn holds that a session is alive: its handle renews it, and its token is known.
func (p *process) goesOn(t *testing.T, cookies []*http.Cookie) {
	t.Helper()
	post(t, p, "/auth/refresh", cookies, nil, http.StatusOK)
	for what, part := range map[string][]*http.Cookie{"handle": p.Handle(cookies), "token": p.Token(cookies)} {
		if status := p.me(t, part); status != http.StatusOK {
			t.Errorf("me with the %s of a session that a browser was told of: status %d", what, status)
		}
	}
}

// endsAt ends sessions at one server, in every way, and holds the other to refuse them.
func (p *process) endsAt(t *testing.T, other *process) {
	t.Helper()
	for _, end := range endings {
		holdsPromise(t, end, p, other)
	}
}
