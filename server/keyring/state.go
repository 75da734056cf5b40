package keyring

import "time"

// State is what the keys are like now, for whoever watches over them.
type State struct {
	// Next, Current and Previous count the published keys: those that will sign, the one that does, and those that only verify.
	Next, Current, Previous int
	// Since is when the current key became it; zero if there is none.
	Since time.Time
	// NextAt is when the next key will sign; zero if there is none.
	NextAt time.Time
}

// State returns it.
func (k *Keyring) State() State {
	k.mu.RLock()
	defer k.mu.RUnlock()
	now := k.now()
	signing, err := k.current(now)
	var s State
	for _, each := range k.keys {
		switch {
		case each.retired(now):
		case err == nil && each.kid == signing.kid:
			s.Current, s.Since = 1, each.activateAt
		// One whose time has come, and which may not sign yet because others have not seen it, is the next one too.
		case err != nil || each.activateAt.After(signing.activateAt):
			s.Next++
			if s.NextAt.IsZero() || each.activateAt.Before(s.NextAt) {
				s.NextAt = each.activateAt
			}
		default:
			s.Previous++
		}
	}
	return s
}
