package admin

import (
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/refresh"
)

// user is a user as administrators see them.
type user struct {
	ID            string    `json:"id"`
	Issuer        string    `json:"issuer"`
	Subject       string    `json:"subject"`
	Email         string    `json:"email"`
	EmailVerified bool      `json:"email_verified"`
	HostedDomain  string    `json:"hd,omitempty"`
	Name          string    `json:"name,omitempty"`
	GivenName     string    `json:"given_name,omitempty"`
	FamilyName    string    `json:"family_name,omitempty"`
	Picture       string    `json:"picture,omitempty"`
	CreatedAt     time.Time `json:"created_at"`
	LastLoginAt   time.Time `json:"last_login_at"`
	Blocked       bool      `json:"blocked"`
	BlockedAt     time.Time `json:"blocked_at,omitzero"`
}

func userOf(u identity.User) user {
	return user{
		ID: u.ID, Issuer: u.Issuer, Subject: u.Subject, Email: u.Email, EmailVerified: u.EmailVerified, HostedDomain: u.HostedDomain,
		Name: u.Name, GivenName: u.GivenName, FamilyName: u.FamilyName, Picture: u.Picture,
		CreatedAt: u.CreatedAt, LastLoginAt: u.LastLoginAt, Blocked: u.Blocked(), BlockedAt: u.BlockedAt,
	}
}

// sessionAnswer is a session without its handle's hash, which nobody needs.
type sessionAnswer struct {
	ID            string    `json:"id"`
	CreatedAt     time.Time `json:"created_at"`
	LastUsedAt    time.Time `json:"last_used_at"`
	ExpiresAt     time.Time `json:"expires_at"`
	EndedAt       time.Time `json:"ended_at,omitzero"`
	UserAgent     string    `json:"user_agent"`
	MissingScopes []string  `json:"missing_scopes,omitempty"`
}

func sessionsOf(found []identity.Session) []sessionAnswer {
	out := make([]sessionAnswer, 0, len(found))
	for _, s := range found {
		out = append(out, sessionAnswer{
			ID: s.ID, CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt, EndedAt: s.RevokedAt,
			UserAgent: s.UserAgent, MissingScopes: s.MissingScopes,
		})
	}
	return out
}

// family is a chain of refresh tokens: whose, and how far it went; nothing that a token could be made of.
type family struct {
	SessionID string    `json:"session_id"`
	ClientID  string    `json:"client_id"`
	Number    uint32    `json:"number"`
	RotatedAt time.Time `json:"rotated_at"`
}

func familiesOf(found []refresh.Family) []family {
	out := make([]family, 0, len(found))
	for _, f := range found {
		out = append(out, family{SessionID: f.Session.ID, ClientID: f.ClientID, Number: f.Number, RotatedAt: f.RotatedAt})
	}
	return out
}

type listAnswer struct {
	Users      []user `json:"users"`
	NextCursor string `json:"next_cursor,omitempty"`
}

type showAnswer struct {
	user
	Sessions []sessionAnswer `json:"sessions"`
}

type sessionsAnswer struct {
	Sessions []sessionAnswer `json:"sessions"`
}

type exportAnswer struct {
	GoogleLogin     string          `json:"googlelogin"`
	ExportedAt      time.Time       `json:"exported_at"`
	User            user            `json:"user"`
	Sessions        []sessionAnswer `json:"sessions"`
	RefreshFamilies []family        `json:"refresh_families"`
}

// changeAnswer is a user after a change, and how many sessions it ended.
type changeAnswer struct {
	User          user `json:"user"`
	EndedSessions int  `json:"ended_sessions"`
}

type endAnswer struct {
	EndedSessions int `json:"ended_sessions"`
}
