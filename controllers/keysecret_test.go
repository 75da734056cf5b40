package controllers

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/rotation"
)

func TestKeysAreMadeOnceAndOwned(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	login := w.shop()
	w.reconcile()
	for name, want := range map[string]struct {
		secretType corev1.SecretType
		key        string
	}{
		"shop-signing-keys": {"googlelogin.dev/signing-keys", "keys.json"},
		"shop-sealing-keys": {"googlelogin.dev/sealing-keys", "keyset.json"},
	} {
		secret := &corev1.Secret{}
		w.get(name, secret)
		if secret.Type != want.secretType || len(secret.Data) != 1 || len(secret.Data[want.key]) == 0 {
			t.Errorf("Secret %s has type %s and %d keys, want %s and %s alone", name, secret.Type, len(secret.Data), want.secretType, want.key)
		}
		if !metav1.IsControlledBy(secret, login) {
			t.Errorf("Secret %s is not controlled by the GoogleLogin", name)
		}
		before := secret.ResourceVersion
		w.reconcile()
		w.get(name, secret)
		if secret.ResourceVersion != before {
			t.Errorf("Secret %s was written again", name)
		}
	}
}

func TestKeysCanBeUsed(t *testing.T) {
	w := newWorld(t)
	w.shop()
	w.reconcile()
	signing, sealing := &corev1.Secret{}, &corev1.Secret{}
	w.get("shop-signing-keys", signing)
	w.get("shop-sealing-keys", sealing)
	if _, err := rotation.Parse(signing.Data["keys.json"]); err != nil {
		t.Errorf("parse signing keys: %v", err)
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(sealing.Data["keyset.json"])))
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := aead.New(handle)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealer.Encrypt([]byte("text"), []byte("shop"))
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := sealer.Decrypt(sealed, []byte("shop")); err != nil || string(opened) != "text" {
		t.Errorf("opened %q, %v", opened, err)
	}
}

func TestStatusShowsNothingPrivateOfAKey(t *testing.T) {
	w := newWorld(t)
	w.shop()
	w.reconcile()
	secret := &corev1.Secret{}
	w.get("shop-signing-keys", secret)
	var file struct {
		Keys []struct {
			JWK struct {
				D string `json:"d"`
			} `json:"jwk"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(secret.Data["keys.json"], &file); err != nil || file.Keys[0].JWK.D == "" {
		t.Fatalf("find the private part of the key: %v", err)
	}
	status, err := json.Marshal(w.login().Status)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(status), file.Keys[0].JWK.D) {
		t.Error("the status holds the private part of the key")
	}
}

func TestADeletedKeySecretIsMadeAgain(t *testing.T) {
	for _, name := range []string{"shop-signing-keys", "shop-sealing-keys"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.started()
			secret := &corev1.Secret{}
			w.get(name, secret)
			w.delete(secret)
			w.reconcile()
			again := &corev1.Secret{}
			w.get(name, again)
			if again.UID == secret.UID {
				t.Error("it is the same Secret")
			}
			w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
		})
	}
}

func TestUnreadableKeysAreStalledAndNeverOverwritten(t *testing.T) {
	for _, row := range []struct{ name, secret, key, content, words string }{
		{"signing keys that are no JSON", "shop-signing-keys", "keys.json", "canary", "key keys.json"},
		{"no signing key", "shop-signing-keys", "keys.json", `{"keys":[]}`, "holds no key"},
		{"signing keys under another key", "shop-signing-keys", "other.json", "canary", "lacks the key keys.json"},
		{"sealing keys that are no keyset", "shop-sealing-keys", "keyset.json", "canary", "not a Tink keyset"},
		{"an empty keyset", "shop-sealing-keys", "keyset.json", "{}", "key keyset.json"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.started()
			secret := &corev1.Secret{}
			w.get(row.secret, secret)
			secret.Data = map[string][]byte{row.key: []byte(row.content)}
			w.update(secret)
			deployment := &appsv1.Deployment{}
			w.get("shop-googlelogin", deployment)
			w.writes.take()

			w.reconcile()
			c := w.wantCondition(v1beta1.ConditionKeysReady, metav1.ConditionFalse, v1beta1.ReasonKeysUnreadable)
			if !strings.Contains(c.Message, row.words) || !strings.Contains(c.Message, row.secret) || strings.Contains(c.Message, "canary") {
				t.Errorf("message %q, want one with %q that quotes nothing", c.Message, row.words)
			}
			w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, v1beta1.ReasonKeysUnreadable)
			w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonKeysUnreadable)
			w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionTrue, v1beta1.ReasonAvailable)
			after := &corev1.Secret{}
			w.get(row.secret, after)
			if after.ResourceVersion != secret.ResourceVersion {
				t.Error("the Secret was written to")
			}
		})
	}
}

func TestAKeySecretOfAnotherTypeIsUnreadable(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	login := w.shop()
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "shop-signing-keys",
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(login, v1beta1.GroupVersion.WithKind("GoogleLogin"))}}})
	w.reconcile()
	c := w.wantCondition(v1beta1.ConditionKeysReady, metav1.ConditionFalse, v1beta1.ReasonKeysUnreadable)
	if !strings.Contains(c.Message, "another type") {
		t.Errorf("message %q does not speak of the type", c.Message)
	}
	if w.exists("shop-googlelogin", &appsv1.Deployment{}) {
		t.Error("a server was started without keys")
	}
}
