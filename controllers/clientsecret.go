package controllers

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/googlelogin/operator/api/v1beta1"
)

// credentialsProblem is why a Secret cannot serve as a Google client. Its message names Secret and keys, never a value.
type credentialsProblem struct{ reason, message string }

// checkClientSecret applies the rules of v1beta1.ClientSecretRef and config.Client to a Secret's data: the separate keys win
// over the console's download, and all places that name the client ID must agree. It returns nil if the server can work with it.
func checkClientSecret(spec v1beta1.Client, data map[string][]byte) *credentialsProblem {
	ref := spec.SecretRef
	id, hasID := data[string(ref.ClientIDKey)]
	secret, hasSecret := data[string(ref.ClientSecretKey)]
	download, hasDownload := data[string(ref.CredentialsKey)]

	if !hasSecret && !hasDownload {
		return problem(v1beta1.ReasonSecretKeyMissing, "Secret %q has neither the key %s nor %s: add the client secret under the first, or the file that Google's console downloads under the second",
			ref.Name, ref.ClientSecretKey, ref.CredentialsKey)
	}
	if hasSecret && !hasID && spec.ID == "" && !hasDownload {
		return problem(v1beta1.ReasonSecretKeyMissing, "Secret %q lacks the key %s: add the client ID under it, or name it in spec.client.id",
			ref.Name, ref.ClientIDKey)
	}
	ids := []string{spec.ID}
	if hasID {
		if bad := checkValue(ref, ref.ClientIDKey, id); bad != nil {
			return bad
		}
		ids = append(ids, trim(id))
	}
	if hasSecret {
		if bad := checkValue(ref, ref.ClientSecretKey, secret); bad != nil {
			return bad
		}
	}
	if hasDownload {
		downloaded, bad := checkDownload(ref, download)
		if bad != nil {
			return bad
		}
		ids = append(ids, downloaded)
	}
	return checkAgreement(ref, ids)
}

// checkDownload returns the client ID of the JSON file that Google's console offers for download.
func checkDownload(ref v1beta1.ClientSecretRef, content []byte) (string, *credentialsProblem) {
	type oauthClient struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	var file struct {
		Web       *oauthClient `json:"web"`
		Installed *oauthClient `json:"installed"`
	}
	// The decoder's error would quote the file.
	if json.Unmarshal(content, &file) != nil {
		return "", problem(v1beta1.ReasonInvalidCredentials, "key %s of Secret %q is not JSON: put the file there as Google's console downloads it",
			ref.CredentialsKey, ref.Name)
	}
	if file.Web == nil && file.Installed != nil {
		return "", problem(v1beta1.ReasonInvalidCredentials, "key %s of Secret %q is an OAuth client for installed applications: make one of the type \"Web application\" in Google's console and download that",
			ref.CredentialsKey, ref.Name)
	}
	if file.Web == nil {
		return "", problem(v1beta1.ReasonInvalidCredentials, "key %s of Secret %q has no member \"web\": put the file of an OAuth client of the type \"Web application\" there, as Google's console downloads it",
			ref.CredentialsKey, ref.Name)
	}
	if !usable(file.Web.ClientID) || !usable(file.Web.ClientSecret) {
		return "", problem(v1beta1.ReasonInvalidCredentials, "key %s of Secret %q lacks client_id or client_secret under \"web\": download the file from Google's console again, after adding a client secret there",
			ref.CredentialsKey, ref.Name)
	}
	return file.Web.ClientID, nil
}

func checkValue(ref v1beta1.ClientSecretRef, key v1beta1.SecretKey, value []byte) *credentialsProblem {
	if usable(trim(value)) {
		return nil
	}
	return problem(v1beta1.ReasonInvalidCredentials, "key %s of Secret %q is empty, or holds spaces or characters outside ASCII: copy the value from Google's console again",
		key, ref.Name)
}

// checkAgreement refuses two different client IDs: with one of them every login would fail, and only the user would see it.
func checkAgreement(ref v1beta1.ClientSecretRef, ids []string) *credentialsProblem {
	known := ""
	for _, id := range ids {
		if id == "" {
			continue
		}
		if known != "" && id != known {
			return problem(v1beta1.ReasonClientIDMismatch, "spec.client.id and the keys %s and %s of Secret %q do not name the same client: keep the right one and remove the others",
				ref.ClientIDKey, ref.CredentialsKey, ref.Name)
		}
		known = id
	}
	return nil
}

// trim drops the line end that editors and `echo` leave behind.
func trim(value []byte) string { return strings.TrimSpace(string(value)) }

// usable reports whether a value is printable ASCII without spaces, as all of Google's are.
func usable(value string) bool {
	return value != "" && !strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c > '~' })
}

func problem(reason, format string, args ...any) *credentialsProblem {
	return &credentialsProblem{reason: reason, message: fmt.Sprintf(format, args...)}
}
