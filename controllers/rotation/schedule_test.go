package rotation_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/config"
)

const day = 24 * time.Hour

// monthly is the default of the API.
var monthly = rotation.Policy{
	Period: 30 * day, PrePublish: day, JWKSMaxAge: 15 * time.Minute,
	Retain: rotation.SigningRetain(10*time.Minute, 15*time.Minute), MaxKeys: 16,
}

// counter draws the IDs "1", "2", …
func counter() func() (string, error) {
	drawn := 0
	return func() (string, error) { drawn++; return strconv.Itoa(drawn), nil }
}

// at is an entry with times relative to start; -1 for a time that is not set.
func at(id string, state config.KeyState, published, activate, retire time.Duration) rotation.Entry {
	e := rotation.Entry{ID: id, State: state, PublishedAt: start.Add(published), ActivateAt: start.Add(activate)}
	if retire != never {
		e.RetireAt = start.Add(retire)
	}
	return e
}

const never = time.Duration(-1)

func TestSchedule(t *testing.T) {
	const (
		next, current, previous = config.KeyNext, config.KeyCurrent, config.KeyPrevious
		month, lead, retain     = 30 * day, 17 * time.Minute, 27 * time.Minute
	)
	first := at("a", current, 0, 0, never)
	following := []rotation.Entry{at("a", current, 0, 0, month+retain), at("b", next, 29*day, month, never)}
	for _, row := range []struct {
		name    string
		keys    []rotation.Entry
		now     time.Duration
		request rotation.Request
		want    rotation.Decision
	}{
		{"nothing is due", []rotation.Entry{first}, 28 * day, rotation.None,
			rotation.Decision{Entries: []rotation.Entry{first}, LookAgain: start.Add(29 * day)}},
		{"the next key is published before its time", []rotation.Entry{first}, 29 * day, rotation.None,
			rotation.Decision{Changed: true, LookAgain: start.Add(month),
				Entries: []rotation.Entry{at("a", current, 0, 0, month+retain), at("1", next, 29*day, month, never)},
				Events:  []rotation.Event{{Kind: rotation.Published, ID: "1"}}}},
		{"a controller that was away gives the next key its time with verifiers", []rotation.Entry{first}, 100 * day, rotation.None,
			rotation.Decision{Changed: true, LookAgain: start.Add(100*day + lead),
				Entries: []rotation.Entry{at("a", current, 0, 0, 100*day+lead+retain), at("1", next, 100*day, 100*day+lead, never)},
				Events:  []rotation.Event{{Kind: rotation.Published, ID: "1"}}}},
		{"nothing is due while the next key waits", following, 29*day + time.Hour, rotation.None,
			rotation.Decision{Entries: following, LookAgain: start.Add(month)}},
		{"the next key takes over", following, month, rotation.None,
			rotation.Decision{Changed: true, LookAgain: start.Add(month + retain),
				Entries: []rotation.Entry{at("a", previous, 0, 0, month+retain), at("b", current, 29*day, month, never)},
				Events:  []rotation.Event{{Kind: rotation.Activated, ID: "b"}}}},
		{"what no token needs is dropped", following, month + retain, rotation.None,
			rotation.Decision{Changed: true, LookAgain: start.Add(month + 29*day),
				Entries: []rotation.Entry{at("b", current, 29*day, month, never)},
				Events:  []rotation.Event{{Kind: rotation.Retired, ID: "a"}, {Kind: rotation.Activated, ID: "b"}}}},
		{"a request publishes now and activates once verifiers know", []rotation.Entry{first}, day, rotation.Rotate,
			rotation.Decision{Changed: true, Handled: true, LookAgain: start.Add(day + lead),
				Entries: []rotation.Entry{at("a", current, 0, 0, day+lead+retain), at("1", next, day, day+lead, never)},
				Events:  []rotation.Event{{Kind: rotation.Published, ID: "1"}}}},
		{"a request brings a key forward that everybody knows", following, 29*day + time.Hour, rotation.Rotate,
			rotation.Decision{Changed: true, Handled: true, LookAgain: start.Add(29*day + time.Hour + rotation.Propagation),
				Entries: []rotation.Entry{at("a", current, 0, 0, month+retain), at("b", next, 29*day, 29*day+time.Hour+rotation.Propagation, never)}}},
		{"a request does not hurry a key that was published just now", following, 29*day + time.Minute, rotation.Rotate,
			rotation.Decision{Changed: true, Handled: true, LookAgain: start.Add(29*day + lead),
				Entries: []rotation.Entry{at("a", current, 0, 0, month+retain), at("b", next, 29*day, 29*day+lead, never)}}},
		{"a request does not put a key off", following, month - time.Second, rotation.Rotate,
			rotation.Decision{Handled: true, Entries: following, LookAgain: start.Add(month)}},
		{"an emergency drops all keys at once", following, month - time.Hour, rotation.Emergency,
			rotation.Decision{Changed: true, Handled: true, LookAgain: start.Add(month - time.Hour + 29*day),
				Entries: []rotation.Entry{at("1", current, month-time.Hour, month-time.Hour, never)},
				Events: []rotation.Event{{Kind: rotation.Dropped, ID: "a"}, {Kind: rotation.Dropped, ID: "b"},
					{Kind: rotation.Published, ID: "1"}, {Kind: rotation.Activated, ID: "1"}}}},
		{"an adopted key that says when it ends goes on until it has a successor",
			[]rotation.Entry{at("a", current, 0, 0, 3*day)}, day, rotation.None,
			rotation.Decision{Changed: true, Entries: []rotation.Entry{first}, LookAgain: start.Add(29 * day)}},
		{"adopted keys without an end get one",
			[]rotation.Entry{at("a", current, -day, -day, never), first}, 0, rotation.None,
			rotation.Decision{Changed: true, LookAgain: start.Add(retain),
				Entries: []rotation.Entry{at("a", previous, -day, -day, retain), first}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := rotation.Schedule(row.keys, monthly, start.Add(row.now), row.request, counter())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAKeyIsKeptLongerWhenTokensAreToLiveLonger(t *testing.T) {
	keys := []rotation.Entry{at("a", config.KeyCurrent, 0, 0, 30*day+monthly.Retain), at("b", config.KeyNext, 29*day, 30*day, never)}
	for name, row := range map[string]struct {
		retain, want time.Duration
	}{
		"longer":  {24 * time.Hour, 31 * day},
		"shorter": {time.Minute, 30*day + monthly.Retain},
	} {
		t.Run(name, func(t *testing.T) {
			p := monthly
			p.Retain = row.retain
			got, err := rotation.Schedule(keys, p, start.Add(29*day+time.Hour), rotation.None, counter())
			if err != nil {
				t.Fatal(err)
			}
			if want := start.Add(row.want); !got.Entries[0].RetireAt.Equal(want) {
				t.Errorf("the current key retires at %s, want %s", got.Entries[0].RetireAt, want)
			}
		})
	}
}

func TestAFullFileWaitsForAKeyToRetire(t *testing.T) {
	p := monthly
	p.MaxKeys = 3
	keys := []rotation.Entry{
		at("a", config.KeyPrevious, 0, 0, 40*day), at("b", config.KeyPrevious, 0, day, 41*day), at("c", config.KeyCurrent, 0, 2*day, never),
	}
	got, err := rotation.Schedule(keys, p, start.Add(35*day), rotation.Rotate, counter())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rotation.Decision{Entries: keys, LookAgain: start.Add(40 * day)}, got); diff != "" {
		t.Errorf("decision while it is full (-want +got):\n%s", diff)
	}
	got, err = rotation.Schedule(keys, p, start.Add(40*day), rotation.Rotate, counter())
	if err != nil {
		t.Fatal(err)
	}
	if !got.Handled || len(got.Entries) != 3 || got.Entries[2].ID != "1" {
		t.Errorf("once a key has retired: %+v, want a new one", got)
	}
}

func TestScheduleTwiceIsScheduleOnce(t *testing.T) {
	keys := []rotation.Entry{at("a", config.KeyCurrent, 0, 0, never)}
	draw := counter()
	for now := start; now.Before(start.Add(100 * day)); now = now.Add(6 * time.Hour) {
		once, err := rotation.Schedule(keys, monthly, now, rotation.None, draw)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := rotation.Schedule(once.Entries, monthly, now, rotation.None, draw)
		if err != nil {
			t.Fatal(err)
		}
		if twice.Changed || len(twice.Events) != 0 {
			t.Fatalf("at %s the second look changed %+v into %+v", now, once, twice)
		}
		keys = once.Entries
	}
}

func TestAKeyThatCannotBeMadeChangesNothing(t *testing.T) {
	broken := errors.New("no entropy")
	_, err := rotation.Schedule([]rotation.Entry{at("a", config.KeyCurrent, 0, 0, never)}, monthly, start, rotation.Emergency,
		func() (string, error) { return "", broken })
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want the cause", err)
	}
}
