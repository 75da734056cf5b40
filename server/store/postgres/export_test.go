package postgres

import "time"

// SetClock gives a server's store the clock of a machine that is wrong.
func (s *Store) SetClock(clock func() time.Time) { s.clock = clock }
