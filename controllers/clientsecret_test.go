package controllers

import (
	"strings"
	"testing"

	"github.com/googlelogin/operator/api/v1beta1"
)

func TestClientSecret(t *testing.T) {
	const (
		web       = `{"web":{"client_id":"id-1","client_secret":"hunter2-canary","redirect_uris":["https://a.example.com/cb"]}}`
		installed = `{"installed":{"client_id":"id-1","client_secret":"hunter2-canary"}}`
		noSecret  = `{"web":{"client_id":"id-1"}}`
	)
	for _, row := range []struct {
		name   string
		specID string
		data   map[string]string
		// reason is "" for a Secret that will do.
		reason string
		words  string
	}{
		{name: "client_id and client_secret", data: map[string]string{"client_id": "id-1", "client_secret": "hunter2-canary"}},
		{name: "values that end in a line break", data: map[string]string{"client_id": "id-1\n", "client_secret": "hunter2-canary\r\n"}},
		{name: "the client ID in the spec", specID: "id-1", data: map[string]string{"client_secret": "hunter2-canary"}},
		{name: "the console's download", data: map[string]string{"credentials.json": web}},
		{name: "the download with the ID in the spec", specID: "id-1", data: map[string]string{"credentials.json": web}},
		{name: "both, which agree", data: map[string]string{"client_id": "id-1", "client_secret": "hunter2-canary", "credentials.json": web}},
		{name: "keys that nobody asked for", data: map[string]string{"client_id": "id-1", "client_secret": "hunter2-canary", "notes": "\x00"}},

		{name: "nothing", reason: v1beta1.ReasonSecretKeyMissing, words: "neither the key client_secret nor credentials.json"},
		{name: "a client ID alone", data: map[string]string{"client_id": "id-1"}, reason: v1beta1.ReasonSecretKeyMissing, words: "neither the key client_secret"},
		{name: "a client secret alone", data: map[string]string{"client_secret": "hunter2-canary"}, reason: v1beta1.ReasonSecretKeyMissing, words: "spec.client.id"},
		{name: "an empty client secret", data: map[string]string{"client_id": "id-1", "client_secret": "\n"}, reason: v1beta1.ReasonInvalidCredentials, words: "key client_secret of Secret \"shop-google\" is empty"},
		{name: "a client secret with a space in it", data: map[string]string{"client_id": "id-1", "client_secret": "hunter2-canary x"}, reason: v1beta1.ReasonInvalidCredentials, words: "spaces"},
		{name: "a client ID in another alphabet", data: map[string]string{"client_id": "id-١", "client_secret": "hunter2-canary"}, reason: v1beta1.ReasonInvalidCredentials, words: "key client_id"},
		{name: "a download that is no JSON", data: map[string]string{"credentials.json": "hunter2-canary"}, reason: v1beta1.ReasonInvalidCredentials, words: "is not JSON"},
		{name: "a download for installed applications", data: map[string]string{"credentials.json": installed}, reason: v1beta1.ReasonInvalidCredentials, words: `make one of the type "Web application"`},
		{name: "a download of a service account", data: map[string]string{"credentials.json": `{"type":"service_account"}`}, reason: v1beta1.ReasonInvalidCredentials, words: `no member "web"`},
		{name: "a download without the secret", data: map[string]string{"credentials.json": noSecret}, reason: v1beta1.ReasonInvalidCredentials, words: "lacks client_id or client_secret"},
		{name: "another client ID in the spec", specID: "id-2", data: map[string]string{"client_id": "id-1", "client_secret": "hunter2-canary"}, reason: v1beta1.ReasonClientIDMismatch, words: "spec.client.id"},
		{name: "another client ID in the spec than in the download", specID: "id-2", data: map[string]string{"credentials.json": web}, reason: v1beta1.ReasonClientIDMismatch, words: "spec.client.id"},
		{name: "two client IDs in the Secret", data: map[string]string{"client_id": "id-2", "client_secret": "hunter2-canary", "credentials.json": web}, reason: v1beta1.ReasonClientIDMismatch, words: "credentials.json"},
	} {
		t.Run(row.name, func(t *testing.T) {
			spec := v1beta1.Client{ID: row.specID, SecretRef: v1beta1.ClientSecretRef{
				Name: "shop-google", ClientIDKey: "client_id", ClientSecretKey: "client_secret", CredentialsKey: "credentials.json",
			}}
			data := map[string][]byte{}
			for key, value := range row.data {
				data[key] = []byte(value)
			}
			got := checkClientSecret(spec, data)
			if got == nil {
				if row.reason != "" {
					t.Fatalf("accepted, want %s", row.reason)
				}
				return
			}
			if got.reason != row.reason || !strings.Contains(got.message, row.words) {
				t.Errorf("%s: %s; want %q with %q", got.reason, got.message, row.reason, row.words)
			}
			if strings.Contains(got.message, "hunter2") || strings.Contains(got.message, "id-1") {
				t.Errorf("the message quotes a value: %s", got.message)
			}
		})
	}
}

func TestClientSecretUnderOtherKeys(t *testing.T) {
	spec := v1beta1.Client{SecretRef: v1beta1.ClientSecretRef{Name: "keys", ClientIDKey: "id", ClientSecretKey: "secret", CredentialsKey: "file"}}
	if got := checkClientSecret(spec, map[string][]byte{"id": []byte("a"), "secret": []byte("b")}); got != nil {
		t.Errorf("refused: %s", got.message)
	}
	got := checkClientSecret(spec, map[string][]byte{"client_id": []byte("a"), "client_secret": []byte("b")})
	if got == nil || !strings.Contains(got.message, "neither the key secret nor file") {
		t.Errorf("problem %+v, want one that names the spec's keys", got)
	}
}
