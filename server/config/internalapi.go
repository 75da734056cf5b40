package config

// Permission is a part of the internal API.
type Permission string

const (
	// PermissionUsers lists, reads, exports, blocks, relinks and deletes users.
	PermissionUsers Permission = "Users"
	// PermissionSessions lists and ends sessions.
	PermissionSessions Permission = "Sessions"
	// PermissionTokens gets Google access tokens of users.
	PermissionTokens Permission = "Tokens"
)

// Permissions are all there are.
func Permissions() []Permission {
	return []Permission{PermissionUsers, PermissionSessions, PermissionTokens}
}

// InternalAPI says who inside the cluster may call the admin port, and how they prove who they are: with a projected ServiceAccount
// token of an audience that package workload names, which is verified here, without a question to the cluster.
type InternalAPI struct {
	// Issuer is the iss claim of the cluster's ServiceAccount tokens.
	Issuer string `json:"issuer,omitempty"`
	// KeysFile holds the cluster's public keys as a JWKS (RFC 7517). It is read again whenever it changes.
	KeysFile string `json:"keysFile,omitempty"`
	// Callers may call; nobody else may.
	Callers []Caller `json:"callers,omitempty"`
}

// Caller is a ServiceAccount and what it may do.
type Caller struct {
	Namespace      string       `json:"namespace"`
	ServiceAccount string       `json:"serviceAccount"`
	Permissions    []Permission `json:"permissions"`
	// Scopes are those that the caller's Google access tokens may have, for PermissionTokens alone.
	Scopes []string `json:"scopes,omitempty"`
}
