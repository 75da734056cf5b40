// Package docs has the tests that hold the documents of this folder against the code.
package docs
