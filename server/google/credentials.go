package google

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/googlelogin/operator/server/config"
)

// maxCredentialFile is far above what a credentials file has.
const maxCredentialFile = 64 << 10

// Credentials are a Google OAuth client's. They print without the secret.
type Credentials struct{ ClientID, ClientSecret string }

// String implements fmt.Stringer.
func (c Credentials) String() string { return "Google client " + c.ClientID }

// GoString implements fmt.GoStringer, so that %#v has no secret either.
func (c Credentials) GoString() string {
	return fmt.Sprintf("google.Credentials{ClientID: %q}", c.ClientID)
}

// LogValue implements slog.LogValuer.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.ClientID) }

// LoadCredentials reads the files that c names, by the rules of config.Client: the secret's own file wins over the console's
// JSON file, and every place that names the client ID must name the same one. Files that do not exist are as if not named.
func LoadCredentials(c config.Client) (Credentials, error) {
	id, err := readValue(c.IDFile)
	if err != nil {
		return Credentials{}, fmt.Errorf("read client ID: %w", err)
	}
	secret, err := readValue(c.SecretFile)
	if err != nil {
		return Credentials{}, fmt.Errorf("read client secret: %w", err)
	}
	console, err := readConsoleFile(c.CredentialsFile)
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials file: %w", err)
	}
	found := Credentials{ClientSecret: secret}
	for _, place := range []string{c.ID, id, console.ClientID} {
		if place == "" || place == found.ClientID {
			continue
		}
		if found.ClientID != "" {
			return Credentials{}, fmt.Errorf("client ID is %q in one place and %q in another", found.ClientID, place)
		}
		found.ClientID = place
	}
	if secret == "" || (c.ID == "" && id == "") {
		found.ClientSecret = console.ClientSecret
	}
	return found, found.complete()
}

// complete refuses what Google would refuse much later, at somebody's login.
func (c Credentials) complete() error {
	switch {
	case c.ClientID == "":
		return fmt.Errorf("%w: no client ID in any of the places", ErrNoCredentials)
	case c.ClientSecret == "":
		return fmt.Errorf("%w: no client secret in any of the places", ErrNoCredentials)
	case !printable(c.ClientID), !printable(c.ClientSecret):
		return errors.New("client ID or secret has a space or a character that does not print")
	}
	return nil
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// readValue is a file's content without the line break that editors add; empty if there is no file.
func readValue(path string) (string, error) {
	b, err := readBounded(path)
	return strings.TrimSpace(string(b)), err
}

// readConsoleFile reads the JSON that Google's console offers. Only its "web" form is taken: an "installed" client has no
// redirect URI of ours.
func readConsoleFile(path string) (Credentials, error) {
	b, err := readBounded(path)
	if err != nil || len(b) == 0 {
		return Credentials{}, err
	}
	var doc struct {
		Web *struct {
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
		} `json:"web"`
	}
	// The cause would quote the file, secret and all.
	if json.Unmarshal(b, &doc) != nil {
		return Credentials{}, errors.New("not the JSON file that Google's console offers")
	}
	if doc.Web == nil {
		return Credentials{}, errors.New(`no "web" client in it: create an OAuth client of type Web application`)
	}
	return Credentials{ClientID: doc.Web.ClientID, ClientSecret: doc.Web.ClientSecret}, nil
}

func readBounded(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCredentialFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxCredentialFile {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxCredentialFile)
	}
	return b, nil
}
