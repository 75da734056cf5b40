package config

// Status is what a server says of itself at GET /status of its internal port. The control plane reads it. Nothing in it is secret.
type Status struct {
	// Version is the server's.
	Version string `json:"version"`
	// Instance is the configuration's.
	Instance string `json:"instance"`
	// ConfigHash is the Hash of the configuration that is in force.
	ConfigHash string `json:"configHash"`
	// ConfigProblem is why the file that is there now is not in force; empty if it is.
	ConfigProblem string `json:"configProblem,omitempty"`
	// Credentials tells of the client that the files name.
	Credentials CredentialsStatus `json:"credentials"`
}

// CredentialsStatus says what Google thinks of the client ID and secret that a server was given.
type CredentialsStatus struct {
	Verdict Verdict `json:"verdict"`
	// OldInUse says that the server goes on with older ones, which Google took.
	OldInUse bool `json:"oldInUse,omitempty"`
}

// Verdict is Google's on a client.
type Verdict string

const (
	// VerdictUnknown says that Google was not asked yet, or did not answer.
	VerdictUnknown Verdict = "Unknown"
	// VerdictProven says that Google takes the client.
	VerdictProven Verdict = "Proven"
	// VerdictRejected says that Google does not take it.
	VerdictRejected Verdict = "Rejected"
)
