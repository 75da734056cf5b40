//go:build chaos

package chaos

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/googlelogin/operator/test/visitor"
)

// tokenAge is how old the token of a check may be: well below the ten minutes that it lives.
const tokenAge = 5 * time.Minute

// tally is what a load saw of one kind of request.
type tally struct {
	asked, failed int
	// gap is the longest time from one success to the next.
	gap     time.Duration
	last    time.Time
	problem string
}

func (y *tally) add(err error) {
	y.asked++
	if err != nil {
		y.failed++
		y.problem = err.Error()
		y.gap = max(y.gap, time.Since(y.last))
		return
	}
	y.gap = max(y.gap, time.Since(y.last))
	y.last = time.Now()
}

// load signs in at one GoogleLogin and checks sessions there, until its context ends.
type load struct {
	*visitor.Visitor
	name string

	mu             sync.Mutex
	checks, logins tally
	told           [][]*http.Cookie
	newest         []*http.Cookie
	newestAt       time.Time
	group          sync.WaitGroup
}

// begin starts a load that asks for checks and logins so often.
func begin(ctx context.Context, name string, v *visitor.Visitor, checkEvery, loginEvery time.Duration) *load {
	l := &load{Visitor: v, name: name}
	l.signIn(ctx)
	l.reset()
	l.group.Go(func() { every(ctx, checkEvery, l.check) })
	l.group.Go(func() { every(ctx, loginEvery, l.signIn) })
	return l
}

func every(ctx context.Context, period time.Duration, do func(context.Context)) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}

// signIn is one whole login, and counts as a session from the moment that its last answer was read.
func (l *load) signIn(ctx context.Context) {
	cookies, err := l.Login(ctx)
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logins.add(err)
	if err == nil {
		l.told = append(l.told, cookies)
		l.newest, l.newestAt = cookies, time.Now()
	}
}

// check is forward auth by the access JWT alone.
func (l *load) check(ctx context.Context) {
	l.mu.Lock()
	cookies, at := l.newest, l.newestAt
	l.mu.Unlock()
	if cookies == nil || time.Since(at) > tokenAge {
		return
	}
	a, err := l.Get(ctx, "/auth/check/nginx", l.Token(cookies))
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("check: status %d: %s", a.Status, a.Body)
	}
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checks.add(err)
}

// reset begins to count anew.
func (l *load) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checks, l.logins = tally{last: time.Now()}, tally{last: time.Now()}
}

func (l *load) counts() (checks, logins tally) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.checks, l.logins
}

// sessions are the cookies of every login so far.
func (l *load) sessions() [][]*http.Cookie {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.told[:len(l.told):len(l.told)]
}

// lost counts those sessions that the store does not know any more. It asks by the handle alone.
func (l *load) lost(ctx context.Context, sessions [][]*http.Cookie) (lost int, example string) {
	for _, cookies := range sessions {
		a, err := l.Get(ctx, "/auth/me", l.Handle(cookies))
		if err != nil || a.Status != http.StatusOK {
			lost++
			example = fmt.Sprintf("status %d, %v", a.Status, err)
		}
	}
	return lost, example
}
