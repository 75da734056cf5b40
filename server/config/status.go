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
}
