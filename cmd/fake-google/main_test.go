package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/google/googletest"
)

func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("secret", "from-a-file\n")
	accounts := write("accounts.yaml", "accounts:\n- {email: eve@corp.example, sub: \"7\", name: Eve, hd: corp.example}\n")
	eve := []googletest.Account{{Email: "eve@corp.example", Sub: "7", Name: "Eve", HostedDomain: "corp.example"}}
	client := func(id, secret string, uris ...string) []googletest.Client {
		return []googletest.Client{{ID: id, Secret: secret, RedirectURIs: uris, AnyRedirectURI: len(uris) == 0}}
	}
	tests := []struct {
		name  string
		args  []string
		env   map[string]string
		want  googletest.Options
		error string
	}{
		{name: "defaults", want: googletest.Options{Clients: client(googletest.ClientID, googletest.ClientSecret), Accounts: googletest.DefaultAccounts()}},
		{
			name: "all flags",
			args: []string{"--issuer=http://idp:9000", "--browser-url=http://localhost:9000", "--client-id=shop", "--client-secret-file=" + secret,
				"--redirect-uri=http://a/cb", "--redirect-uri=http://b/cb,http://c/cb", "--accounts=" + accounts, "--auto=Eve@corp.example"},
			want: googletest.Options{
				Issuer: "http://idp:9000", BrowserURL: "http://localhost:9000", Auto: "Eve@corp.example", Accounts: eve,
				Clients: client("shop", "from-a-file", "http://a/cb", "http://b/cb", "http://c/cb"),
			},
		},
		{
			name: "the environment, and a flag over it",
			args: []string{"--redirect-uri=http://flag/cb"},
			env: map[string]string{"FAKE_GOOGLE_CLIENT_ID": "shop", "FAKE_GOOGLE_CLIENT_SECRET": "from-env",
				"FAKE_GOOGLE_REDIRECT_URI": "http://env/cb", "FAKE_GOOGLE_BROWSER_URL": "http://localhost"},
			want: googletest.Options{BrowserURL: "http://localhost", Accounts: googletest.DefaultAccounts(), Clients: client("shop", "from-env", "http://flag/cb")},
		},
		{
			name: "two secrets", env: map[string]string{"FAKE_GOOGLE_CLIENT_SECRET": "old", "FAKE_GOOGLE_SECOND_CLIENT_SECRET": "new"},
			want: googletest.Options{Accounts: googletest.DefaultAccounts(), Clients: []googletest.Client{
				{ID: googletest.ClientID, Secret: "old", SecondSecret: "new", AnyRedirectURI: true},
			}},
		},
		{name: "an issuer that is no URL", args: []string{"--issuer=idp:9000"}, error: "--issuer"},
		{name: "auto of nobody", args: []string{"--auto=nobody@example.com"}, error: "--auto"},
		{name: "a secret file that is not there", args: []string{"--client-secret-file=" + dir + "/none"}, error: "client secret"},
		{name: "an empty secret file", args: []string{"--client-secret-file=" + write("empty", "\n")}, error: "empty"},
		{name: "an account with a field nobody knows", args: []string{"--accounts=" + write("typo.yaml", "accounts: [{mail: x}]")}, error: "mail"},
		{name: "an account without a sub", args: []string{"--accounts=" + write("nosub.yaml", "accounts: [{email: x@y.example}]")}, error: "sub"},
		{name: "no accounts", args: []string{"--accounts=" + write("none.yaml", "accounts: []")}, error: "none in the file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSettings(tt.args, env(tt.env))
			var got googletest.Options
			if err == nil {
				got, err = s.options()
			}
			if tt.error != "" {
				if err == nil || !strings.Contains(err.Error(), tt.error) {
					t.Errorf("got error %v, want one with %q", err, tt.error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range got.Clients {
				got.Clients[i].RedirectURIs = append([]string(nil), c.RedirectURIs...)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestServesUntilToldToStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, slog.New(slog.NewJSONHandler(&log, nil)), listener, googletest.New(googletest.Options{}))
	}()
	base := "http://" + listener.Addr().String()
	if got := get(t, base+"/healthz"); got != "ok\n" {
		t.Errorf("healthz says %q", got)
	}
	var doc struct{ Issuer string }
	if err := json.Unmarshal([]byte(get(t, base+"/.well-known/openid-configuration?code=canary")), &doc); err != nil || doc.Issuer != base {
		t.Errorf("issuer %q, %v", doc.Issuer, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := log.String(); strings.Contains(got, "canary") || !strings.Contains(got, `"path":"/.well-known/openid-configuration"`) {
		t.Errorf("log %s", got)
	}
}

func TestRunSaysWhyItCannotListen(t *testing.T) {
	err := run(t.Context(), slog.New(slog.DiscardHandler), []string{"--listen=256.0.0.1:1"}, env(nil))
	if err == nil || !strings.Contains(err.Error(), "listen") {
		t.Errorf("error %v", err)
	}
}

func get(t *testing.T, target string) string {
	t.Helper()
	resp, err := http.Get(target)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
