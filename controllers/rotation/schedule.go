package rotation

import (
	"slices"
	"strings"
	"time"

	"github.com/googlelogin/operator/server/config"
)

// Entry is a key's place in the schedule.
type Entry struct {
	ID    string          `json:"id"`
	State config.KeyState `json:"state"`
	// PublishedAt is when the key was given to the servers.
	PublishedAt time.Time `json:"publishedAt"`
	// ActivateAt is when the key takes over.
	ActivateAt time.Time `json:"activateAt"`
	// RetireAt is when the key is dropped; zero for a key without a successor.
	RetireAt time.Time `json:"retireAt,omitzero"`
}

// Request is what a person asks for beside the schedule.
type Request int

const (
	// None asks for nothing.
	None Request = iota
	// Rotate asks for a new key as soon as nobody will notice.
	Rotate
	// Emergency asks for a new key at once, and drops all others: whoever has a token signed by one must get another.
	Emergency
)

// Kind is what happened to a key.
type Kind int

const (
	// Published says that the key was made, and others may learn of it.
	Published Kind = iota
	// Activated says that the key took over.
	Activated
	// Retired says that the key was dropped because nothing needs it any more.
	Retired
	// Dropped says that the key was dropped in an emergency.
	Dropped
)

// Event is one transition of one key.
type Event struct {
	Kind Kind
	ID   string
}

// Decision is what is to be done.
type Decision struct {
	// Entries is the schedule from now on, in the order of activation.
	Entries []Entry
	// Changed says whether Entries differs from what it was made from, so that it has to be written.
	Changed bool
	// LookAgain is the next time at which there is something to do. Nothing depends on its being kept.
	LookAgain time.Time
	// Handled says that the request was carried out. It is not while MaxKeys is reached: the request stands.
	Handled bool
	Events  []Event
}

// Schedule decides what becomes of keys at now. It draws an ID for a key to make from newID, at most once. Nothing is kept
// between two calls: whoever was away for a year goes on from what is written.
func Schedule(entries []Entry, p Policy, now time.Time, request Request, newID func() (string, error)) (Decision, error) {
	s := &schedule{policy: p, now: now.UTC().Truncate(time.Second), newID: newID, entries: slices.Clone(entries)}
	slices.SortStableFunc(s.entries, byActivation)
	if request == Emergency {
		if err := s.startOver(); err != nil {
			return Decision{}, err
		}
	} else {
		s.dropRetired()
		if err := s.publish(request); err != nil {
			return Decision{}, err
		}
	}
	s.setRetirement()
	s.setStates()
	return Decision{
		Entries:   s.entries,
		Changed:   !slices.Equal(s.entries, entries),
		LookAgain: s.lookAgain(),
		Handled:   s.handled,
		Events:    s.events,
	}, nil
}

func byActivation(a, b Entry) int {
	if order := a.ActivateAt.Compare(b.ActivateAt); order != 0 {
		return order
	}
	return strings.Compare(a.ID, b.ID)
}

// schedule is one call of Schedule at work.
type schedule struct {
	policy  Policy
	now     time.Time
	newID   func() (string, error)
	entries []Entry
	events  []Event
	handled bool
}

func (s *schedule) tell(kind Kind, id string) { s.events = append(s.events, Event{kind, id}) }

// current is the place of the key that is in use, by the rule that the server follows: the latest whose time has come.
func (s *schedule) current() int {
	current := 0
	for i, e := range s.entries {
		if !e.ActivateAt.After(s.now) {
			current = i
		}
	}
	return current
}

func (s *schedule) dropRetired() {
	s.entries = slices.DeleteFunc(s.entries, func(e Entry) bool {
		if e.RetireAt.IsZero() || s.now.Before(e.RetireAt) {
			return false
		}
		s.tell(Retired, e.ID)
		return true
	})
}

// add makes a key that is published now.
func (s *schedule) add(activateAt time.Time) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	s.entries = append(s.entries, Entry{ID: id, State: config.KeyNext, PublishedAt: s.now, ActivateAt: activateAt})
	s.tell(Published, id)
	return nil
}

// startOver drops every key for one that is in use at once, although nobody can know it yet.
func (s *schedule) startOver() error {
	for _, e := range s.entries {
		s.tell(Dropped, e.ID)
	}
	s.entries, s.handled = nil, true
	return s.add(s.now)
}

// publish makes the next key if it is time for it, or if somebody asks.
func (s *schedule) publish(request Request) error {
	last := len(s.entries) - 1
	switch {
	case last < 0:
		return s.add(s.now)
	case s.current() < last:
		if request == Rotate {
			s.advance(&s.entries[last])
		}
		return nil
	case request != Rotate && s.now.Before(s.policy.due(s.entries[last])), s.full():
		return nil
	case request == Rotate:
		s.handled = true
		return s.add(s.now.Add(s.policy.lead()))
	default:
		return s.add(s.policy.successorTime(s.entries[last], s.now))
	}
}

// advance lets a key that is published already take over sooner: once everybody has it, and the news of the change as well.
func (s *schedule) advance(next *Entry) {
	soonest := later(next.PublishedAt.Add(s.policy.lead()), s.now.Add(s.policy.propagation()))
	next.ActivateAt = earlier(next.ActivateAt, soonest)
	s.handled = true
}

func (s *schedule) full() bool { return len(s.entries) >= s.policy.MaxKeys }

// setRetirement lets every key end that has a successor. A time that is set never moves closer, since somebody may count on it;
// it moves away when tokens are to live longer, for a key that still signs.
func (s *schedule) setRetirement() {
	current := s.current()
	for i := range s.entries[:len(s.entries)-1] {
		e := &s.entries[i]
		end := s.entries[i+1].ActivateAt.Add(s.policy.Retain)
		if e.RetireAt.IsZero() || (i >= current && end.After(e.RetireAt)) {
			e.RetireAt = end
		}
	}
	// Nothing would be left to sign with.
	s.entries[len(s.entries)-1].RetireAt = time.Time{}
}

func (s *schedule) setStates() {
	current := s.current()
	for i := range s.entries {
		e := &s.entries[i]
		was := e.State
		switch {
		case i < current:
			e.State = config.KeyPrevious
		case i > current:
			e.State = config.KeyNext
		default:
			e.State = config.KeyCurrent
			if was != config.KeyCurrent {
				s.tell(Activated, e.ID)
			}
		}
	}
}

// lookAgain is the first of what lies ahead: a key's activation, its retirement, the time to make another.
func (s *schedule) lookAgain() time.Time {
	var ahead []time.Time
	for _, e := range s.entries {
		ahead = append(ahead, e.ActivateAt, e.RetireAt)
	}
	if last := len(s.entries) - 1; s.current() == last && !s.full() {
		ahead = append(ahead, s.policy.due(s.entries[last]))
	}
	var first time.Time
	for _, t := range ahead {
		if t.After(s.now) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
