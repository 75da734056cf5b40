package processes

import (
	"context"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/google/googletest"
)

const (
	// kills is how often the server is killed.
	kills = 12
	// browsers sign in at the same time, again and again, until the server is gone.
	browsers = 8
)

// TestKill9_LosesNoSessionThatABrowserWasToldOf kills the server in a storm of logins. A session counts from the moment that its
// whole answer is read; what was under way may be lost. Killing a process leaves what it wrote to the kernel: what this test holds
// is that the answer comes after the commit. That the commit is on the disk is PRAGMA synchronous, which the store's own tests hold.
func TestKill9_LosesNoSessionThatABrowserWasToldOf(t *testing.T) {
	seed := time.Now().UnixNano()
	if given, err := strconv.ParseInt(os.Getenv("KILL_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("KILL_SEED=%d", seed)
	random := rand.New(rand.NewSource(seed))
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := onSQLite(t, newConfig(t, google.URL))

	var all [][]*http.Cookie
	for kill := range kills {
		p := start(t, cfg)
		told := p.storm(t, func(sofar func() int) {
			// Not before the storm has begun; then anywhere within some ten logins.
			for sofar() < 3 {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Duration(random.Int63n(int64(60 * time.Millisecond))))
			p.kill()
		})
		all = append(all, told...)
		again := start(t, cfg)
		for _, cookies := range told {
			if status := again.me(t, again.Handle(cookies)); status != http.StatusOK {
				t.Errorf("kill %d: a session that a browser was told of is gone: status %d\n%s", kill+1, status, again.log)
			}
		}
		again.kill()
	}
	last := start(t, cfg)
	for _, cookies := range all {
		if status := last.me(t, last.Handle(cookies)); status != http.StatusOK {
			t.Fatalf("after all kills: status %d", status)
		}
	}
	t.Logf("%d sessions that browsers were told of outlived %d kills", len(all), kills)
}

// storm signs in from many browsers until the server is gone, which is what the end sees to. It returns the cookies of every login
// whose last answer was read.
func (p *process) storm(t *testing.T, end func(sofar func() int)) [][]*http.Cookie {
	t.Helper()
	var mu sync.Mutex
	var told [][]*http.Cookie
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for range browsers {
		group.Go(func() {
			for ctx.Err() == nil {
				cookies, err := p.Login(ctx)
				if err != nil {
					return
				}
				mu.Lock()
				told = append(told, cookies)
				mu.Unlock()
			}
		})
	}
	end(func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(told)
	})
	group.Wait()
	return told
}

func TestM3_SIGTERMDuringACallbackFinishesIt(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := onSQLite(t, newConfig(t, google.URL))
	p := start(t, cfg)
	callback, flow, err := p.Proceed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	arrived, release := make(chan struct{}), make(chan struct{})
	google.Misbehave(googletest.Around(googletest.Token, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-release
			next.ServeHTTP(w, r)
		})
	}))
	answered := make(chan error, 1)
	var cookies []*http.Cookie
	go func() {
		a, err := p.Get(t.Context(), callback, flow)
		if err == nil && a.To != home {
			err = fmt.Errorf("status %d, to %q", a.Status, a.To)
		}
		cookies = a.Live()
		answered <- err
	}()
	<-arrived
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// The port closes with the callback still under way.
	for {
		fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := fresh.Get(p.Public + "/auth/jwks.json")
		if err != nil {
			break
		}
		_ = response.Body.Close()
	}
	close(release)
	if err := <-answered; err != nil {
		t.Errorf("callback: %v\n%s", err, p.log)
	}
	<-p.done
	if p.err != nil {
		t.Errorf("the server ended with %v", p.err)
	}
	if status := start(t, cfg).me(t, p.Handle(cookies)); status != http.StatusOK {
		t.Errorf("the session at the next server: status %d", status)
	}
}
