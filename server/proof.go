package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google"
)

const (
	// proveAtMost is how often Google is asked about a client at most, whatever happens to the files.
	proveAtMost = 10 * time.Second
	// proveUnknownAtLeast is how often it is asked while it does not answer, after a while.
	proveUnknownAtLeast = 10 * time.Minute
	// proveRejected is how often it is asked about a client that it does not take: somebody may mend that at Google.
	proveRejected = 5 * time.Minute
)

// proof chooses between the client that the files name and the one that is in use, by what Google says of them.
//
// Logins go on with a client that Google took until it takes the next one: a secret with a typing error is refused here, and not at
// each user's login. A client of which nothing good is known gives way at once.
type proof struct {
	google prover
	log    *slog.Logger
	// changed wakes run.
	changed chan struct{}

	mu sync.Mutex
	// redirectURI is one that is registered with Google.
	redirectURI string
	// offered is what the files name, verdict Google's on it.
	offered google.Credentials
	verdict config.Verdict
	// used is what logins use. good says that Google took it when it last was asked.
	used google.Credentials
	good bool
	// misses counts the proofs of offered that brought no verdict.
	misses int
	// running says that somebody proves. Else the next client could never be taken.
	running bool
}

// prover is Google.
type prover interface {
	SetCredentials(c google.Credentials)
	Prove(ctx context.Context, c google.Credentials, redirectURI string) error
}

func newProof(redirectURI string, log *slog.Logger) *proof {
	return &proof{redirectURI: redirectURI, log: log, changed: make(chan struct{}, 1), verdict: config.VerdictUnknown}
}

// offer brings what the files name now.
func (p *proof) offer(c google.Credentials) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c == p.offered {
		return
	}
	p.offered, p.verdict, p.misses = c, config.VerdictUnknown, 0
	switch {
	case c == p.used && p.good:
		p.verdict = config.VerdictProven
	case !p.good || !p.running:
		p.take(c)
	}
	p.wake()
}

// register says which redirect URI is registered with Google from now on. With one that is not, Google need not look at the client.
func (p *proof) register(redirectURI string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if redirectURI == p.redirectURI {
		return
	}
	p.redirectURI, p.misses = redirectURI, 0
	p.wake()
}

// take lets logins use c. The caller holds mu.
func (p *proof) take(c google.Credentials) {
	p.used, p.good = c, p.verdict == config.VerdictProven
	p.google.SetCredentials(c)
}

func (p *proof) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// met hears what a login says of the client that it was made with.
func (p *proof) met(c google.Credentials, rejected error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.judge(c, rejected)
}

// judge keeps Google's verdict on c. The caller holds mu.
func (p *proof) judge(c google.Credentials, rejected error) {
	before := p.verdict
	if c == p.offered {
		p.verdict, p.misses = config.VerdictProven, 0
		if rejected != nil {
			p.verdict = config.VerdictRejected
		}
	}
	if c == p.used {
		p.good = rejected == nil
	}
	// The one in use was no good, or the new one is.
	if p.used != p.offered && (p.verdict == config.VerdictProven || (!p.good && p.verdict == config.VerdictUnknown)) {
		p.take(p.offered)
	}
	if p.verdict != before {
		p.tell()
		p.wake()
	}
}

// tell logs a verdict. The caller holds mu.
func (p *proof) tell() {
	if p.verdict == config.VerdictRejected {
		p.log.Error("google does not take the client ID and secret", "clientID", p.offered.ClientID, "oldInUse", p.used != p.offered)
		return
	}
	p.log.Info("google takes the client ID and secret", "clientID", p.offered.ClientID)
}

// status is what the control plane is told.
func (p *proof) status() config.CredentialsStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return config.CredentialsStatus{Verdict: p.verdict, OldInUse: p.used != p.offered}
}

// run asks Google whenever it may know more, until ctx ends.
func (p *proof) run(ctx context.Context) {
	p.mu.Lock()
	p.running = true
	p.mu.Unlock()
	for ctx.Err() == nil {
		asked := time.Now()
		var again <-chan time.Time
		if wait := p.once(ctx); wait > 0 {
			again = time.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-again:
		case <-p.changed:
			// Whoever changes files in a loop asks Google no more often for that.
			pause(ctx, time.Until(asked.Add(proveAtMost)))
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// once asks if there is something to ask, and says when to ask again; zero: when something changes.
func (p *proof) once(ctx context.Context) time.Duration {
	p.mu.Lock()
	c, known, redirectURI := p.offered, p.verdict == config.VerdictProven, p.redirectURI
	p.mu.Unlock()
	if c == (google.Credentials{}) || known {
		return 0
	}
	err := p.google.Prove(ctx, c, redirectURI)

	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case c != p.offered:
		return proveAtMost
	case err == nil:
		p.judge(c, nil)
		return 0
	case errors.Is(err, google.ErrClientRejected):
		p.judge(c, err)
		return proveRejected
	case ctx.Err() != nil:
		return 0
	}
	p.log.Warn("cannot learn whether google takes the client ID and secret", "err", err)
	p.misses++
	return min(proveAtMost<<min(p.misses-1, 6), proveUnknownAtLeast)
}
