package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/googlelogin/operator/server/crash"
	"github.com/googlelogin/operator/server/session"
)

const (
	// pace is how long after one sync the next one begins at the earliest, as long as there is company. The writes of ten milliseconds
	// share one sync then, which costs more than all of them together. Whoever signs in has waited longer for Google.
	pace = 10 * time.Millisecond
	// patient is how many writes in a row must come alone until the queue stops waiting for company. One browser after the other
	// shares a sync with nobody, and a server that sleeps between them works with cold caches.
	patient = 8
)

// callTimeout bounds how long a write waits for its turn: one that the disk holds up must not keep all others waiting with it.
const callTimeout = 5 * time.Second

// errClosed says that the store was closed before the write began.
var errClosed = errors.New("store is closed")

// queue makes one transaction, and one sync, of the writes that wait at the same time. Nobody is answered before the transaction that
// has the own write is committed, and synced if that is asked for.
type queue struct {
	// commit runs work in a transaction.
	commit func(synced bool, work func(ctx context.Context, tx *sql.Tx) error) error
	log    *slog.Logger
	// patience is how long a write waits for its turn.
	patience time.Duration

	jobs  chan *job
	quit  chan struct{}
	ended chan struct{}
}

// job is one write.
type job struct {
	ctx context.Context //nolint:containedctx // It is the caller's, who waits.
	// work changes something with its last statement, or nothing. It may be run again if the transaction that it was part of failed.
	work func(ctx context.Context, tx *sql.Tx) error
	// synced is not asked for by what is of no use without a write that follows.
	synced bool
	err    error
	panics any
	done   chan struct{}
}

func needsSync(j *job) bool { return j.synced }

func newQueue(commit func(synced bool, work func(ctx context.Context, tx *sql.Tx) error) error, log *slog.Logger) *queue {
	q := &queue{
		commit: commit, log: log, patience: callTimeout, jobs: make(chan *job), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	go q.run()
	return q
}

// close ends the queue. What was taken from it is still answered.
func (q *queue) close() {
	close(q.quit)
	<-q.ended
}

// do waits until work is committed. Until it is its turn it may be cancelled, and loses its patience; not afterwards.
func (q *queue) do(ctx context.Context, synced bool, work func(ctx context.Context, tx *sql.Tx) error) error {
	j := &job{ctx: ctx, work: work, synced: synced, done: make(chan struct{})}
	patience := time.NewTimer(q.patience)
	defer patience.Stop()
	select {
	case q.jobs <- j:
	case <-ctx.Done():
		return unavailable("wait for other writes", ctx.Err())
	case <-patience.C:
		return unavailable("wait for other writes", context.DeadlineExceeded)
	case <-q.quit:
		return unavailable("write", errClosed)
	}
	<-j.done
	if j.panics != nil {
		panic(j.panics)
	}
	return j.err
}

func (q *queue) run() {
	defer close(q.ended)
	var synced time.Time
	company := 0
	for {
		var batch []*job
		select {
		case j := <-q.jobs:
			batch = append(batch, j)
		case <-q.quit:
			return
		}
		if company > 0 {
			time.Sleep(time.Until(synced.Add(pace)))
			company--
		}
		if batch = q.waiting(batch); len(batch) > 1 {
			company = patient
		}
		if slices.ContainsFunc(batch, needsSync) {
			synced = time.Now()
		}
		q.serve(batch)
	}
}

// waiting adds to a batch whoever waits.
func (q *queue) waiting(batch []*job) []*job {
	for {
		select {
		case j := <-q.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
}

// serve runs a batch as one, and if that fails each by itself: nobody's write is lost for another's.
func (q *queue) serve(batch []*job) {
	if q.together(batch) != nil && len(batch) > 1 {
		for i := range batch {
			if batch[i].panics == nil {
				_ = q.together(batch[i : i+1])
			}
		}
	}
	for _, j := range batch {
		close(j.done)
	}
}

// together runs jobs in one transaction. Its error is that of all of them; a single job has it as its own. The transaction itself may
// panic, and everybody who writes waits for this goroutine: that is an error of this transaction alone.
func (q *queue) together(jobs []*job) error {
	err := crash.Contain(context.Background(), q.log, "write queue", func() error {
		return q.commit(slices.ContainsFunc(jobs, needsSync), inTurn(jobs))
	})
	if err != nil && len(jobs) == 1 {
		jobs[0].err = err
	}
	return err
}

// inTurn runs jobs one after the other, until one may have ended the transaction.
func inTurn(jobs []*job) func(ctx context.Context, tx *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		for _, j := range jobs {
			if err := j.ctx.Err(); err != nil {
				j.err = unavailable("wait for other writes", err)
				continue
			}
			// What is an answer has changed nothing. Anything else may have ended the transaction.
			if j.run(ctx, tx); j.panics != nil || errors.Is(j.err, session.ErrStoreUnavailable) {
				return errors.Join(j.err, errPanicked(j.panics))
			}
		}
		return nil
	}
}

// run keeps a panic for the goroutine that asked, whose business it is.
func (j *job) run(ctx context.Context, tx *sql.Tx) {
	defer func() { j.panics = recover() }()
	j.err = j.work(ctx, tx)
}

func errPanicked(panics any) error {
	if panics == nil {
		return nil
	}
	return errors.New("a write panicked")
}
