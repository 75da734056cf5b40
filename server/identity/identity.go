// Package identity has the types that the parts of a login hand to one another: who Google says signed in, and who that is
// here. Beyond reading and canonicalizing what it holds it has no behaviour, so that no part needs to import another for a type.
package identity

import "time"

// Identity is who Google says signed in. It is made from a verified ID token alone, completed by a userinfo answer with the same
// subject, and from nothing that a browser sent.
type Identity struct {
	// Issuer and Subject together are the identity; everything else may change.
	Issuer, Subject string
	// Email is canonical: trimmed, lower case, exactly one "@".
	Email         string
	EmailVerified bool
	// HostedDomain is the hd claim; empty for a personal account.
	HostedDomain string
	// Name, GivenName, FamilyName and Picture may be empty, since Google leaves them out of some tokens.
	Name, GivenName, FamilyName, Picture string
}

// User is the person that an Identity belongs to here.
type User struct {
	// ID is ours, and the sub claim of our tokens. It says nothing about the person.
	ID              string
	Issuer, Subject string
	Email           string
	EmailVerified   bool
	HostedDomain    string
	// Name, GivenName, FamilyName and Picture are the last known ones.
	Name, GivenName, FamilyName, Picture string
	CreatedAt                            time.Time
	LastLoginAt                          time.Time
	// BlockedAt is when an administrator blocked the user; zero if nobody did.
	BlockedAt time.Time
}

// Identity returns who Google said the user was at the last login: what the access policy is asked again at each renewal.
func (u User) Identity() Identity {
	return Identity{
		Issuer: u.Issuer, Subject: u.Subject,
		Email: u.Email, EmailVerified: u.EmailVerified, HostedDomain: u.HostedDomain,
		Name: u.Name, GivenName: u.GivenName, FamilyName: u.FamilyName, Picture: u.Picture,
	}
}

// Blocked says whether an administrator has blocked the user.
func (u User) Blocked() bool { return !u.BlockedAt.IsZero() }

// Session is one login of one user in one browser, as the store keeps it.
type Session struct {
	// ID is the sid claim. It identifies the session and opens nothing.
	ID string
	// HandleHash is the SHA-256 of the opaque handle in the browser's cookie; the handle itself is never kept.
	HandleHash [32]byte
	UserID     string
	CreatedAt  time.Time
	// LastUsedAt moves with each renewal; idle expiry counts from it.
	LastUsedAt time.Time
	// ExpiresAt is the absolute end; renewal never moves it.
	ExpiresAt time.Time
	// RevokedAt is when the session was ended; zero while it lives.
	RevokedAt time.Time
	// UserAgent is what the browser called itself, cut to 200 bytes, for the list of sessions that a user sees.
	UserAgent string
	// MissingScopes are those that the user left unticked on Google's page.
	MissingScopes []string
}
