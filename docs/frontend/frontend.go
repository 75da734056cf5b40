// Package frontend carries the files for front ends, so that a Go program can serve them as they stand.
package frontend

import "embed"

// Files are googlelogin.js and googlelogin.css.
//
//go:embed googlelogin.js googlelogin.css
var Files embed.FS
