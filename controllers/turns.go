package controllers

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// turns bound how many GoogleLogins have their servers replaced at once for the sake of an upgrade.
type turns struct {
	mu sync.Mutex
	// taken is nil until somebody asks for a turn: only then is it looked up who had one before the manager started.
	taken map[types.NamespacedName]bool
}

// take reports whether it is login's turn. With a limit of 0 it always is. before finds out whose turn it was already.
func (t *turns) take(login types.NamespacedName, limit int, before func() ([]types.NamespacedName, error)) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken == nil {
		others, err := before()
		if err != nil {
			return false, err
		}
		t.taken = map[types.NamespacedName]bool{}
		for _, other := range others {
			t.taken[other] = true
		}
	}
	if !t.taken[login] && limit > 0 && len(t.taken) >= limit {
		return false, nil
	}
	t.taken[login] = true
	return true, nil
}

// claim takes the turn of one that had it before the manager started.
func (t *turns) claim(login types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken != nil {
		t.taken[login] = true
	}
}

// give ends login's turn, if it has one.
func (t *turns) give(login types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.taken, login)
}
