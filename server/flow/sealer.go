package flow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// maxKeysetBytes bounds the key file: a Secret holds at most 1 MiB.
const maxKeysetBytes = 1 << 20

// ErrNoKeys says that no keyset was loaded yet.
var ErrNoKeys = errors.New("no sealing keys loaded")

// Sealer seals with the primary key of a Tink keyset and opens with any key in it. The keyset can be replaced while the sealer
// is in use: what the old one sealed opens as long as its keys are in the new one.
type Sealer struct {
	// Now is the clock; time.Now if nil.
	Now  func() time.Time
	keys atomic.Pointer[loaded]
}

// loaded is a keyset in use.
type loaded struct {
	tink.AEAD
	state   SealerState
	primary uint32
}

// SealerState is what the keyset is like, for whoever watches over it.
type SealerState struct {
	// Keys open what was sealed; one of them seals.
	Keys int
	// Since is when this Sealer first had the key that seals in that place; zero without keys. A keyset does not tell how old its keys
	// are.
	Since time.Time
}

// State returns it.
func (s *Sealer) State() SealerState {
	if keys := s.keys.Load(); keys != nil {
		return keys.state
	}
	return SealerState{}
}

// Load reads the keyset file at path, Tink's JSON form. On an error the old keyset stays.
//
// The file is cleartext: Kubernetes keeps it in a Secret, and whoever can read that can read this process's memory too.
func (s *Sealer) Load(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open sealing keys: %w", err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxKeysetBytes))
	if err != nil {
		return fmt.Errorf("read sealing keys: %w", err)
	}
	return s.Replace(content)
}

// Replace takes a keyset in Tink's JSON form. On an error the old keyset stays.
func (s *Sealer) Replace(keysetJSON []byte) error {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(keysetJSON)))
	if err != nil {
		return fmt.Errorf("parse sealing keys: %w", err)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return fmt.Errorf("use sealing keys: %w", err)
	}
	// A keyset whose primary key cannot seal would be noticed at the first login; notice it now.
	if _, err := primitive.Encrypt(nil, nil); err != nil {
		return fmt.Errorf("use sealing keys: %w", err)
	}
	return s.use(handle, primitive)
}

// use puts a keyset in the place of the one before.
func (s *Sealer) use(handle *keyset.Handle, primitive tink.AEAD) error {
	primary, err := handle.Primary()
	if err != nil {
		return fmt.Errorf("use sealing keys: %w", err)
	}
	next := &loaded{AEAD: primitive, state: SealerState{Keys: handle.Len(), Since: s.now()}, primary: primary.KeyID()}
	if before := s.keys.Load(); before != nil && before.primary == next.primary {
		next.state.Since = before.state.Since
	}
	s.keys.Store(next)
	return nil
}

func (s *Sealer) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Ready is nil once a keyset is loaded.
func (s *Sealer) Ready() error {
	if s.keys.Load() == nil {
		return ErrNoKeys
	}
	return nil
}

// Encrypt seals plaintext; the same associatedData opens it again.
func (s *Sealer) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	keys := s.keys.Load()
	if keys == nil {
		return nil, ErrNoKeys
	}
	return keys.AEAD.Encrypt(plaintext, associatedData)
}

// Decrypt opens what Encrypt sealed.
func (s *Sealer) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	keys := s.keys.Load()
	if keys == nil {
		return nil, ErrNoKeys
	}
	return keys.AEAD.Decrypt(ciphertext, associatedData)
}
