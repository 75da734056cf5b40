// Package server puts the callback server together.
//
// New makes the public handler: every route and middleware on one screen. Run makes everything that New needs from a configuration
// file, listens, reloads keys and credentials when their files change, and drains when it is told to stop.
//
// The public port has what a browser needs and nothing else. Health, readiness and metrics are on the internal one.
package server
