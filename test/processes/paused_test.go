package processes

import (
	"context"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
)

// pause is longer than the server and its transactions wait for anything.
const pause = 15 * time.Second

// TestG91_AServerThatWasPausedComesBackCurrent stops one of two servers in a storm of logins of one user, transactions and locked rows
// included, and lets it go on later, as a node that froze.
func TestG91_AServerThatWasPausedComesBackCurrent(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := onPostgres(t, newConfig(t, google.URL), postgrestest.Start(t).Database())
	one, two := start(t, cfg), start(t, cfg)
	ended, alive := one.mustLogin(t), one.mustLogin(t)
	// From here on it has to be told: at the first check of all, it looks by itself who was signed out.
	if status := one.check(t, one.Token(ended)); status != http.StatusOK {
		t.Fatalf("before its end: status %d", status)
	}
	var (
		mu    sync.Mutex
		told  [][]*http.Cookie
		group sync.WaitGroup
	)
	sofar := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(told)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for range browsers {
		group.Go(func() {
			for ctx.Err() == nil {
				if cookies, err := one.Login(ctx); err == nil {
					mu.Lock()
					told = append(told, cookies)
					mu.Unlock()
				}
			}
		})
	}
	for sofar() < 10 {
		time.Sleep(time.Millisecond)
	}
	one.signal(t, syscall.SIGSTOP)
	began := time.Now()
	two.recovers(t)
	t.Logf("logins at the other server after %s", time.Since(began).Round(time.Millisecond))
	if took := time.Since(began); took > pause {
		t.Errorf("what was stopped kept the other server from logins for %s", took)
	}
	post(t, two, "/auth/logout", ended, nil, http.StatusNoContent)
	during := two.mustLogin(t)
	time.Sleep(time.Until(began.Add(pause)))
	one.signal(t, syscall.SIGCONT)

	if took, sound := one.refused(t, one.Token(ended), time.Now()); took > promise && sound {
		t.Errorf("a session that ended meanwhile was good for %s", took)
	} else {
		t.Logf("refused after %s", took.Round(time.Millisecond))
	}
	one.recovers(t)
	stop()
	group.Wait()
	for _, p := range []*process{one, two} {
		for _, cookies := range append(told, alive, during) {
			if status := p.me(t, p.Handle(cookies)); status != http.StatusOK {
				t.Errorf("a session that a browser was told of is gone: status %d\n%s", status, p.log)
			}
		}
	}
	t.Logf("%d sessions outlived the pause", len(told)+2)
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
