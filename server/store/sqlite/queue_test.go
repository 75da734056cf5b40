package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/crash"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

// disk is a store that tells what it is asked to commit.
type disk struct {
	// takes is how long a commit takes.
	takes   time.Duration
	commits []commit
	fails   error
}

type commit struct {
	synced bool
	at     time.Duration
	writes int
}

func (d *disk) commit(began time.Time, writes *int) func(bool, func(context.Context, *sql.Tx) error) error {
	return func(synced bool, work func(context.Context, *sql.Tx) error) error {
		*writes = 0
		at := time.Since(began)
		if err := work(context.Background(), nil); err != nil {
			return err
		}
		time.Sleep(d.takes)
		d.commits = append(d.commits, commit{synced, at, *writes})
		return d.fails
	}
}

func TestQueue_WhoWaitsSharesOneSyncAndIsAnsweredAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, writes := &disk{takes: 3 * time.Millisecond}, 0
		q := newQueue(d.commit(time.Now(), &writes), slog.New(slog.DiscardHandler))
		defer q.close()
		began := time.Now()
		var mu sync.Mutex
		answered := map[string]time.Duration{}
		ask := func(name string, after time.Duration, synced bool) {
			time.Sleep(after)
			if err := q.do(t.Context(), synced, func(context.Context, *sql.Tx) error { writes++; return nil }); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			answered[name] = time.Since(began)
		}
		go ask("first", 0, true)
		go ask("while the first is synced", time.Millisecond, true)
		go ask("and another", 2*time.Millisecond, false)
		time.Sleep(20 * time.Millisecond)
		ask("alone", 0, true)
		ask("alone and not synced", 0, false)
		ask("soon after a sync", 0, true)

		want := []commit{
			{true, 0, 1}, {true, 3 * time.Millisecond, 2}, {true, 20 * time.Millisecond, 1}, {false, 30 * time.Millisecond, 1},
			{true, 33 * time.Millisecond, 1},
		}
		if diff := cmp.Diff(want, d.commits, cmp.AllowUnexported(commit{})); diff != "" {
			t.Errorf("commits (-want +got):\n%s", diff)
		}
		wantAnswered := map[string]time.Duration{
			"first": 3 * time.Millisecond, "while the first is synced": 6 * time.Millisecond, "and another": 6 * time.Millisecond,
			"alone": 23 * time.Millisecond, "alone and not synced": 33 * time.Millisecond, "soon after a sync": 36 * time.Millisecond,
		}
		if diff := cmp.Diff(wantAnswered, answered); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
}

// Two that come together are company, for which the writes that follow wait, until so many came alone.
func TestQueue_WaitsForOthersAsLongAsThereAreAny(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes = 100 * time.Microsecond
		d, writes := &disk{takes: takes}, 0
		q := newQueue(d.commit(time.Now(), &writes), slog.New(slog.DiscardHandler))
		defer q.close()
		write := func() {
			if err := q.do(t.Context(), true, func(context.Context, *sql.Tx) error { return nil }); err != nil {
				t.Error(err)
			}
		}
		var group sync.WaitGroup
		group.Go(write)
		synctest.Wait()
		group.Go(write)
		group.Go(write)
		group.Wait()
		for range patient + 3 {
			write()
		}
		var apart []time.Duration
		for i, c := range d.commits[1:] {
			apart = append(apart, c.at-d.commits[i].at)
		}
		want := slices.Concat([]time.Duration{takes}, slices.Repeat([]time.Duration{pace}, patient), slices.Repeat([]time.Duration{takes}, 3))
		if diff := cmp.Diff(want, apart); diff != "" {
			t.Errorf("time between the beginnings of two syncs (-want +got):\n%s", diff)
		}
	})
}

func TestQueue_AWriteThatIsCancelledWhileItWaitsIsNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, writes := &disk{takes: time.Second}, 0
		q := newQueue(d.commit(time.Now(), &writes), slog.New(slog.DiscardHandler))
		go func() { _ = q.do(t.Context(), true, func(context.Context, *sql.Tx) error { return nil }) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		ran := false
		err := make(chan error)
		go func() { err <- q.do(ctx, true, func(context.Context, *sql.Tx) error { ran = true; return nil }) }()
		synctest.Wait()
		cancel()
		began := time.Now()
		if got := <-err; time.Since(began) > 0 || !errors.Is(got, context.Canceled) || !errors.Is(got, session.ErrStoreUnavailable) {
			t.Errorf("error is %v, want a cancelled session.ErrStoreUnavailable", got)
		}
		q.close()
		if got := q.do(t.Context(), true, func(context.Context, *sql.Tx) error { ran = true; return nil }); !errors.Is(got, errClosed) {
			t.Errorf("error of a closed queue is %v", got)
		}
		if ran {
			t.Error("a write ran that nobody waits for")
		}
	})
}

// A commit that fails must not pass for one that did not.
func TestQueue_AFailedCommitIsEverybodysError(t *testing.T) {
	d, writes := &disk{fails: unavailable("commit", errors.New("disk full"))}, 0
	q := newQueue(d.commit(time.Now(), &writes), slog.New(slog.DiscardHandler))
	defer q.close()
	jobs := []*job{}
	for range 2 {
		jobs = append(jobs, &job{ctx: t.Context(), work: func(context.Context, *sql.Tx) error { return nil }, done: make(chan struct{})})
	}
	q.serve(jobs)
	for i, j := range jobs {
		if !errors.Is(j.err, session.ErrStoreUnavailable) {
			t.Errorf("job %d: error is %v", i, j.err)
		}
	}
}

// Whoever writes waits for the one goroutine of the queue.
func TestM8_ATransactionThatPanicsIsAnErrorAndTheQueueGoesOn(t *testing.T) {
	const secret = "canary-in-a-panic"
	var written bytes.Buffer
	panics := true
	q := newQueue(func(_ bool, work func(context.Context, *sql.Tx) error) error {
		if panics {
			panic(secret)
		}
		return work(context.Background(), nil)
	}, slog.New(slog.NewTextHandler(&written, nil)))
	defer q.close()
	work := func(context.Context, *sql.Tx) error { return nil }
	if err := q.do(t.Context(), true, work); !errors.Is(err, crash.ErrPanicked) || strings.Contains(err.Error(), secret) {
		t.Errorf("error is %v", err)
	}
	panics = false
	if err := q.do(t.Context(), true, work); err != nil {
		t.Errorf("the next write: %v", err)
	}
	if log := written.String(); !strings.Contains(log, "msg=panic") || strings.Contains(log, secret) {
		t.Errorf("log: %s", log)
	}
}

// Together with one that fails, one that is refused and one that panics, the others are kept, and each hears of its own.
func TestQueue_NobodysWriteIsLostForAnothers(t *testing.T) {
	store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
	ann := identity.User{ID: "u", Issuer: "i", Subject: "s", Email: "ann@example.com"}
	if _, err := store.SaveUser(t.Context(), "i", "s", func(identity.User) (identity.User, error) { return ann, nil }); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	insert := func(id string, handle byte) func(context.Context, *sql.Tx) error {
		return func(ctx context.Context, tx *sql.Tx) error {
			hash := make([]byte, 32)
			hash[0] = handle
			_, err := store.writes.exec(ctx, tx, insertSession, id, hash, "u", 1, 1, 1, 0, "", "")
			return unavailable("insert", err)
		}
	}
	jobs := []*job{
		{work: insert("first", 1)},
		{work: insert("the first one's handle", 1)},
		{work: func(context.Context, *sql.Tx) error { return refused }},
		{work: func(context.Context, *sql.Tx) error { panic("in the midst of it") }},
		{work: insert("last", 2), synced: true},
	}
	for _, j := range jobs {
		j.ctx, j.done = t.Context(), make(chan struct{})
	}
	store.queue.serve(jobs)

	for i, want := range []error{nil, session.ErrStoreUnavailable, refused, nil, nil} {
		switch j := jobs[i]; {
		case i == 3 && j.panics == nil:
			t.Error("the panic is lost")
		case i != 3 && (!errors.Is(j.err, want) || j.panics != nil):
			t.Errorf("job %d: error is %v, panic %v, want error %v", i, j.err, j.panics, want)
		}
	}
	sessions, err := store.KeptSessions(t.Context(), "u", 10)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, s := range sessions {
		kept = append(kept, s.ID)
	}
	if diff := cmp.Diff([]string{"first", "last"}, kept); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}
