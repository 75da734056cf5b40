package google_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google"
)

const console = `{"web":{"client_id":"console-id","project_id":"p","client_secret":"console-secret","redirect_uris":[]}}`

// clientFiles writes files into a folder of its own and names them all; an empty content is no file.
func clientFiles(t *testing.T, id, secret, credentials string) config.Client {
	t.Helper()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if content == "" {
			return path
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return config.Client{
		IDFile:          write("client_id", id),
		SecretFile:      write("client_secret", secret),
		CredentialsFile: write("credentials.json", credentials),
	}
}

func TestLoadsCredentials(t *testing.T) {
	tests := []struct {
		name                      string
		specID                    string
		id, secret, console       string
		wantID, wantSecret, error string
	}{
		{name: "two files, with the line breaks of an editor", id: "an-id\n", secret: "a-secret\r\n", wantID: "an-id", wantSecret: "a-secret"},
		{name: "ID in the spec", specID: "an-id", secret: "a-secret", wantID: "an-id", wantSecret: "a-secret"},
		{name: "the console's file", console: console, wantID: "console-id", wantSecret: "console-secret"},
		{name: "the secret's own file wins", specID: "console-id", secret: "a-secret", console: console, wantID: "console-id", wantSecret: "a-secret"},
		{name: "a secret without an ID does not win", secret: "a-secret", console: console, wantID: "console-id", wantSecret: "console-secret"},
		{name: "ID in the spec, the rest in the console's file", specID: "console-id", console: console, wantID: "console-id", wantSecret: "console-secret"},
		{name: "spec and file disagree", specID: "an-id", id: "another", secret: "a-secret", error: "in another"},
		{name: "spec and console disagree", specID: "an-id", console: console, error: "in another"},
		{name: "nothing at all", error: "no client ID"},
		{name: "no secret", specID: "an-id", error: "no client secret"},
		{name: "a secret with a space within", specID: "an-id", secret: "a secret", error: "does not print"},
		{name: "a console file that is none", console: "canary", error: "not the JSON file"},
		{name: "a desktop client", console: `{"installed":{"client_id":"x","client_secret":"canary"}}`, error: "Web application"},
		{name: "a file beyond all bounds", specID: "an-id", secret: strings.Repeat("x", 65<<10), error: "more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := clientFiles(t, tt.id, tt.secret, tt.console)
			c.ID = tt.specID
			got, err := google.LoadCredentials(c)
			if tt.error != "" {
				if err == nil || !strings.Contains(err.Error(), tt.error) || strings.Contains(err.Error(), "canary") {
					t.Errorf("got error %v, want one with %q", err, tt.error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.ClientID != tt.wantID || got.ClientSecret != tt.wantSecret {
				t.Error(cmp.Diff([]string{tt.wantID, tt.wantSecret}, []string{got.ClientID, got.ClientSecret}))
			}
		})
	}
}

func TestIncompleteCredentialsAreNoCredentials(t *testing.T) {
	_, err := google.LoadCredentials(config.Client{})
	if !errors.Is(err, google.ErrNoCredentials) {
		t.Error(err)
	}
}

func TestUnreadableFileIsAnError(t *testing.T) {
	_, err := google.LoadCredentials(config.Client{ID: "an-id", SecretFile: t.TempDir()})
	if err == nil || errors.Is(err, google.ErrNoCredentials) {
		t.Errorf("a folder in place of the secret: %v", err)
	}
}
