package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const valid = `apiVersion: server.googlelogin.dev/v1
instance: team/shop
issuer: https://shop.example.com/auth
basePath: /auth
redirectURIs: [https://shop.example.com/auth/callback]
client: {idFile: /etc/client_id, secretFile: /etc/client_secret}
frontend: {homeURL: "https://shop.example.com/"}
access: {accounts: Any}
session: {audiences: [shop], cookie: {name: __Host-shop}}
keys: {signingFile: /etc/keys.json, sealingFile: /etc/keyset.json}
`

func TestCheck_SaysWhatIsWrongAndReadsNothingElse(t *testing.T) {
	rows := map[string]struct {
		content, wantErr string
	}{
		"valid":                          {valid, ""},
		"unknown field":                  {valid + "redirectURLs: []\n", "redirectURLs"},
		"two problems":                   {strings.Replace(valid, "basePath: /auth", "basePath: auth/", 1), "basePath"},
		"redirect URI on an endpoint":    {strings.Replace(valid, "/auth/callback", "/auth/me", 1), "/auth/me"},
		"a version that is not this one": {strings.Replace(valid, "dev/v1", "dev/v9", 1), "apiVersion"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(path, []byte(row.content), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, errOut bytes.Buffer
			err := run(t.Context(), []string{"check", "--config", path}, &out, &errOut)
			switch {
			case row.wantErr == "" && (err != nil || !strings.Contains(out.String(), "team/shop is valid")):
				t.Errorf("error %v, output %q", err, out.String())
			case row.wantErr != "" && (err == nil || !strings.Contains(err.Error(), row.wantErr)):
				t.Errorf("error %v, want one that names %s", err, row.wantErr)
			}
		})
	}
}

func TestRun_RefusesArgumentsItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"serve"}, {"--nope"}, {"--log-level", "loud"}, {"check", "--config", "/does/not/exist"}} {
		var out, errOut bytes.Buffer
		if err := run(t.Context(), args, &out, &errOut); err == nil {
			t.Errorf("ran with %v", args)
		}
	}
	var out, errOut bytes.Buffer
	if err := run(t.Context(), []string{"--version"}, &out, &errOut); err != nil || strings.TrimSpace(out.String()) == "" {
		t.Errorf("version %q, error %v", out.String(), err)
	}
}
