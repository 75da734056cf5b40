package postgres_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/store/postgres"
)

// app is the session of a client that keeps its tokens by itself; its ID is as long as a real one.
var app = identity.Session{
	ID: base64.RawURLEncoding.EncodeToString([]byte("sixteen bytes id")), HandleHash: [32]byte{2}, UserID: ann.ID,
	CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(720 * time.Hour),
}

func tokens(store *postgres.Store) *refresh.Tokens {
	return tokensAt(store, func() time.Time { return now })
}

func tokensAt(store *postgres.Store, clock func() time.Time) *refresh.Tokens {
	return refresh.New(store, clock, rand.Reader)
}

// begin signs the app in and returns its first refresh token.
func (d *database) begin(t *testing.T) string {
	t.Helper()
	return d.beginAs(t, app)
}

func (d *database) beginAs(t *testing.T, s identity.Session) string {
	t.Helper()
	if err := d.store.CreateSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	first, err := tokens(d.store).Begin(t.Context(), s, "client")
	if err != nil {
		t.Fatal(err)
	}
	return first
}

// use is what a request with a refresh token does.
func use(ctx context.Context, at *refresh.Tokens, token string) (string, error) {
	checked, err := at.Check(ctx, token, "client")
	if err != nil {
		return "", err
	}
	return at.Rotate(ctx, checked)
}

func TestH98_AHundredRefreshesAtTwoServersGiveOneSuccessor(t *testing.T) {
	d := newDatabase(t)
	at := now
	clock := func() time.Time { return at }
	servers := []*refresh.Tokens{tokensAt(d.store, clock), tokensAt(open(t, d.file), clock)}
	token := d.begin(t)
	for round := range 3 {
		var (
			group sync.WaitGroup
			mu    sync.Mutex
			given = map[string]int{}
		)
		for i := range 100 {
			group.Go(func() {
				next, err := use(t.Context(), servers[i%2], token)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				mu.Lock()
				defer mu.Unlock()
				given[next]++
			})
		}
		group.Wait()
		at = at.Add(refresh.Grace)
		if len(given) != 1 {
			t.Fatalf("round %d: %d successors, want one", round, len(given))
		}
		for next := range given {
			token = next
		}
	}
	if n := d.number(t, "SELECT number FROM googlelogin.refresh_families"); n != 4 {
		t.Errorf("three rounds made it token %d, want 4", n)
	}
	if n := d.number(t, "SELECT count(*) FROM googlelogin.sessions WHERE revoked_at IS NOT NULL"); n != 0 {
		t.Errorf("%d sessions ended", n)
	}
}

// The one server's clock is right, as is the database's, and the other's is not.
func TestH97_TheGraceIsTheSameByEveryClock(t *testing.T) {
	for _, wrong := range []time.Duration{-time.Hour, -20 * time.Second, 20 * time.Second, time.Hour} {
		for _, first := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, rotated at server %d", wrong, first), func(t *testing.T) {
				d := newDatabase(t)
				at := time.Now()
				var servers []*refresh.Tokens
				for i, store := range []*postgres.Store{d.store, open(t, d.file)} {
					off := time.Duration(i) * wrong
					store.SetClock(func() time.Time { return time.Now().Add(off) })
					servers = append(servers, tokensAt(store, func() time.Time { return at.Add(off) }))
				}
				judgedAlike(t, d, servers[first], servers[1-first], func(after time.Duration) { at = at.Add(after) })
			})
		}
	}
}

// Of a call that waits for a connection the database learns late what time it was.
func TestH97_ACallThatWaitsShortensNoGrace(t *testing.T) {
	d := newDatabase(t)
	at := time.Now()
	server := tokensAt(d.store, func() time.Time { return at })
	token := d.begin(t)
	next, err := use(t.Context(), server, token)
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(refresh.Grace - 2*time.Second)
	d.store.SetClock(func() time.Time { return time.Now().Add(-3 * time.Second) })
	if again, err := use(t.Context(), server, token); err != nil || again != next {
		t.Errorf("the token before, within the grace: %v", err)
	}
}

func TestAFamilyBeginsByTheClockOfTheDatabase(t *testing.T) {
	d := newDatabase(t)
	clock := func() time.Time { return time.Now().Add(time.Hour) }
	d.store.SetClock(clock)
	if err := d.store.CreateSession(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	began := clock()
	if _, err := tokensAt(d.store, func() time.Time { return began }).Begin(t.Context(), app, "client"); err != nil {
		t.Fatal(err)
	}
	if n := d.number(t, "SELECT abs(extract(epoch FROM now() - rotated_at))::int FROM googlelogin.refresh_families"); n > 60 {
		t.Errorf("it began %d s from now, by the clock of the database", n)
	}
	families, err := d.store.UserFamilies(t.Context(), app.UserID, 1)
	if err != nil || len(families) != 1 || families[0].RotatedAt.Sub(began).Abs() > time.Minute {
		t.Errorf("families are %v (%v), want one of %s", families, err, began)
	}
}

// judgedAlike rotates a token at one server and asks the other about it, within the grace and after it.
func judgedAlike(t *testing.T, d *database, one, other *refresh.Tokens, pass func(time.Duration)) {
	t.Helper()
	token := d.begin(t)
	next, err := use(t.Context(), one, token)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{0, 20 * time.Second} {
		pass(after)
		if again, err := use(t.Context(), other, token); err != nil || again != next {
			t.Errorf("the token before, within the grace: %v", err)
		}
		if same, err := use(t.Context(), other, next); err != nil || same != next {
			t.Errorf("the token of this grace was used up: %v", err)
		}
	}
	pass(20 * time.Second)
	if _, err := use(t.Context(), other, token); !errors.Is(err, refresh.ErrReused) {
		t.Errorf("the token before, after the grace: %v, want ErrReused", err)
	}
	if after, err := use(t.Context(), other, next); err != nil || after == next {
		t.Errorf("the token that has its turn was not used up: %v", err)
	}
}

// The sequence outlives the transaction, and so the backend ends itself once only.
func TestAConnectionLostInARotationLosesNoToken(t *testing.T) {
	d := newDatabase(t)
	first := d.begin(t)
	d.server.Exec(d.uri, "CREATE SEQUENCE attempts",
		`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('attempts') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); END IF; RETURN NEW; END $$`,
		"CREATE TRIGGER die AFTER UPDATE ON googlelogin.refresh_families FOR EACH ROW EXECUTE FUNCTION die()")

	if _, err := use(t.Context(), tokens(d.store), first); !errors.Is(err, session.ErrStoreUnavailable) || errors.Is(err, refresh.ErrInvalid) {
		t.Errorf("error is %v, want ErrStoreUnavailable alone", err)
	}
	if n := d.number(t, "SELECT last_value FROM attempts"); n != 1 {
		t.Fatalf("the connection was to be lost in the first of %d rotations", n)
	}
	second, err := use(t.Context(), tokens(d.store), first)
	if err != nil {
		t.Fatalf("the token is lost: %v", err)
	}
	if again, err := use(t.Context(), tokens(d.store), first); err != nil || again != second {
		t.Errorf("H97 who lost the answer does not get it again: %v", err)
	}
}

func TestALogoutUnderWayLeavesNoSuccessor(t *testing.T) {
	d := newDatabase(t)
	first := d.begin(t)
	conn := d.server.Connect(d.uri)
	defer conn.Close(context.Background())
	logout, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := logout.Exec(t.Context(), "UPDATE googlelogin.sessions SET revoked_at = now() WHERE id = $1", app.ID); err != nil {
		t.Fatal(err)
	}
	// Commits once the rotation waits for it.
	go func() {
		watch := d.server.Connect(d.uri)
		defer watch.Close(context.Background())
		for waiting := 0; waiting == 0 && t.Context().Err() == nil; {
			if err := watch.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&waiting); err != nil {
				return
			}
		}
		_ = logout.Commit(t.Context())
	}()

	if _, err := use(t.Context(), tokens(d.store), first); !errors.Is(err, refresh.ErrInvalid) {
		t.Errorf("error is %v, want ErrInvalid", err)
	}
	if n := d.number(t, "SELECT number FROM googlelogin.refresh_families"); n != 1 {
		t.Errorf("the chain of an ended session went on to token %d", n)
	}
}

// holder is a client with the refresh token that it was told of last.
type holder struct {
	token string
	mu    sync.Mutex
	given map[string]int
}

// refresh asks until there is an answer, as clients do while a server says that it is away.
func (h *holder) refresh(ctx context.Context, at *refresh.Tokens) error {
	for {
		next, err := use(ctx, at, h.token)
		if errors.Is(err, session.ErrStoreUnavailable) && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.given[next]++
		return nil
	}
}

// TestH98_Kill9OfTheDatabaseInAStormOfRefreshes: whoever was told of a token can use it, and nobody is told of two.
func TestH98_Kill9OfTheDatabaseInAStormOfRefreshes(t *testing.T) {
	const clients, requests, rounds = 30, 6, 4
	d := newDatabaseOfItsOwn(t)
	at := now
	clock := func() time.Time { return at }
	servers := []*refresh.Tokens{tokensAt(d.store, clock), tokensAt(open(t, d.file), clock)}
	holders := make([]*holder, clients)
	for i := range holders {
		s := app
		s.ID, s.HandleHash = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "session of no %02d", i)), [32]byte{3, byte(i)}
		holders[i] = &holder{token: d.beginAs(t, s)}
	}
	for round := range rounds {
		var group sync.WaitGroup
		var answered atomic.Int32
		for _, h := range holders {
			h.given = map[string]int{}
			for n := range requests {
				group.Go(func() {
					if err := h.refresh(t.Context(), servers[n%2]); err != nil {
						t.Errorf("round %d: %v", round, err)
					}
					answered.Add(1)
				})
			}
		}
		// Somewhere in their midst, elsewhere each time.
		for answered.Load() < int32(10+30*round) {
			time.Sleep(time.Millisecond)
		}
		d.server.Kill()
		before := answered.Load()
		d.server.StartAgain()
		group.Wait()
		t.Logf("round %d: %d of %d answered before the kill", round, before, clients*requests)
		for i, h := range holders {
			if len(h.given) != 1 {
				t.Fatalf("round %d: client %d was told of %d successors", round, i, len(h.given))
			}
			for h.token = range h.given {
			}
		}
		at = at.Add(refresh.Grace)
	}
	if n := d.number(t, "SELECT count(*) FROM googlelogin.refresh_families WHERE number = "+fmt.Sprint(rounds+1)); n != clients {
		t.Errorf("%d of %d families went on once a round", n, clients)
	}
	if n := d.number(t, "SELECT count(*) FROM googlelogin.sessions WHERE revoked_at IS NOT NULL"); n != 0 {
		t.Errorf("%d sessions ended", n)
	}
}
