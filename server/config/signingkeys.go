package config

import (
	"encoding/json"
	"time"
)

// SigningKeys is the content of keys.json: every key that signs or verifies our tokens, the private ones included. The
// controller writes it, the server reads it again whenever it changes.
type SigningKeys struct {
	Keys []SigningKey `json:"keys"`
}

// SigningKey is one key and its place in the schedule. Who signs is decided by the clock, not by State: of the keys whose
// ActivateAt has passed, the one with the latest ActivateAt is current.
type SigningKey struct {
	// JWK is the private key as RFC 7517 has it, with kid (the RFC 7638 thumbprint) and alg.
	JWK json.RawMessage `json:"jwk"`
	// State is what the controller saw when it wrote the file. It is for people; the server does not read it.
	State KeyState `json:"state"`
	// PublishedAt is when the key entered the JWKS.
	PublishedAt time.Time `json:"publishedAt"`
	// ActivateAt is when the key begins to sign.
	ActivateAt time.Time `json:"activateAt"`
	// RetireAt is when the key leaves the JWKS; zero while it signs or will.
	RetireAt time.Time `json:"retireAt,omitzero"`
}

// KeyState is a key's place in the schedule.
type KeyState string

const (
	// KeyNext is published and does not sign yet.
	KeyNext KeyState = "Next"
	// KeyCurrent signs.
	KeyCurrent KeyState = "Current"
	// KeyPrevious only verifies.
	KeyPrevious KeyState = "Previous"
)
