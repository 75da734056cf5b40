// Package snippets runs the blocks of docs/verify-tokens.md, as they stand there, against good tokens and bad ones: make snippets.
package snippets
