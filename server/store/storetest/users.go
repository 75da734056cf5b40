package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

func createsUser(t *testing.T, store Store) {
	want := ann()
	want.CreatedAt, want.LastLoginAt = kept, kept

	saved := save(t, store, ann())

	if diff := cmp.Diff(want, saved); diff != "" {
		t.Errorf("saved user (-want +got):\n%s", diff)
	}
	read, err := store.User(t.Context(), "user-ann")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("user read again (-want +got):\n%s", diff)
	}
}

func updatesUser(t *testing.T, store Store) {
	created := save(t, store, ann())
	want := created
	want.Name, want.Picture, want.HostedDomain, want.BlockedAt = "Ann B.", "", "", kept

	_, err := store.SaveUser(t.Context(), created.Issuer, created.Subject, func(known identity.User) (identity.User, error) {
		if diff := cmp.Diff(created, known); diff != "" {
			t.Errorf("user handed to change (-want +got):\n%s", diff)
		}
		known.Name, known.Picture, known.HostedDomain, known.BlockedAt = "Ann B.", "", "", now
		return known, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := store.User(t.Context(), created.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
}

func keepsNothing(t *testing.T, store Store) {
	created := save(t, store, ann())
	refusal := errors.New("refused")

	_, err := store.SaveUser(t.Context(), created.Issuer, created.Subject, func(known identity.User) (identity.User, error) {
		known.Name = "Mallory"
		return known, refusal
	})

	if !errors.Is(err, refusal) {
		t.Errorf("error is %v, want change's own", err)
	}
	if read, err := store.User(t.Context(), created.ID); err != nil || read.Name != created.Name {
		t.Errorf("name is %q (%v), want it unchanged", read.Name, err)
	}
	// And the store still takes writes.
	save(t, store, bob())
}

func keepsLastLogin(t *testing.T, store Store) {
	save(t, store, ann())
	for n, after := range []time.Duration{time.Hour, 2 * time.Hour} {
		again, s := ann(), login(ann(), byte(n))
		again.LastLoginAt, s.CreatedAt = now.Add(after), now.Add(after)
		want := save(t, store, again)
		create(t, store, s)
		read, err := store.User(t.Context(), "user-ann")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, read); diff != "" || !read.LastLoginAt.Equal(kept.Add(after)) {
			t.Errorf("the user after login %d (-saved +read):\n%s", n, diff)
		}
	}
	// Of two logins at once, the one that began first may be the last to be written down.
	overtaken := login(ann(), 2)
	overtaken.CreatedAt = now.Add(time.Minute)
	create(t, store, overtaken)
	if read, err := store.User(t.Context(), "user-ann"); err != nil || !read.LastLoginAt.Equal(kept.Add(2*time.Hour)) {
		t.Errorf("after a login that was overtaken the last one was at %s (%v)", read.LastLoginAt, err)
	}
}

func unknownUser(t *testing.T, store Store) {
	if _, err := store.User(t.Context(), "nobody"); !errors.Is(err, users.ErrNotFound) {
		t.Errorf("error is %v, want ErrNotFound", err)
	}
	_, err := store.SaveUser(t.Context(), "https://accounts.google.com", "1", func(known identity.User) (identity.User, error) {
		if diff := cmp.Diff(identity.User{}, known); diff != "" {
			t.Errorf("change was handed a user who does not exist:\n%s", diff)
		}
		return ann(), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func emailTaken(t *testing.T, store Store) {
	save(t, store, ann())
	save(t, store, bob())
	imposter := bob()
	imposter.ID, imposter.Subject, imposter.Email = "user-eve", "3", "ann@example.com"
	mover := bob()
	mover.Email = "ann@example.com"

	for name, row := range map[string]struct {
		identity.User
		known string
	}{"new user": {imposter, ""}, "known user": {mover, "user-bob"}} {
		_, err := store.SaveUser(t.Context(), row.Issuer, row.Subject, func(identity.User) (identity.User, error) { return row.User, nil })
		if diff := cmp.Diff(&users.Conflict{UserID: "user-ann", OtherUserID: row.known}, conflict(t, err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := store.User(t.Context(), "user-eve"); !errors.Is(err, users.ErrNotFound) {
		t.Errorf("the imposter was kept: %v", err)
	}
	if read, err := store.User(t.Context(), "user-bob"); err != nil || read.Email != "bob@gmail.com" {
		t.Errorf("the known user has email %q (%v), want it unchanged", read.Email, err)
	}
}

func emailMoves(t *testing.T, store Store) {
	save(t, store, ann())
	moved := ann()
	moved.Email = "ann.new@example.com"
	save(t, store, moved)

	// The old address is free for whoever has it now.
	successor := bob()
	successor.Email = "ann@example.com"
	save(t, store, successor)
}

func parallelFirstLogins(t *testing.T, store Store) {
	const browsers = 16
	ids := make([]string, browsers)
	var group sync.WaitGroup
	for i := range browsers {
		group.Go(func() {
			saved, err := store.SaveUser(t.Context(), ann().Issuer, ann().Subject, func(known identity.User) (identity.User, error) {
				if known.ID != "" {
					return known, nil
				}
				fresh := ann()
				fresh.ID = fmt.Sprintf("user-%d", i)
				return fresh, nil
			})
			if err != nil {
				t.Errorf("browser %d: %v", i, err)
			}
			ids[i] = saved.ID
		})
	}
	group.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("one person became several users: %v", ids)
		}
	}
}

func parallelChanges(t *testing.T, store Store) {
	created := save(t, store, bob())
	const changes = 20
	var group sync.WaitGroup
	for range changes {
		group.Go(func() {
			_, err := store.SaveUser(t.Context(), created.Issuer, created.Subject, func(known identity.User) (identity.User, error) {
				known.Name += "x"
				return known, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if read, err := store.User(t.Context(), created.ID); err != nil || len(read.Name) != changes {
		t.Errorf("%d changes of %d are left (%v)", len(read.Name), changes, err)
	}
}
