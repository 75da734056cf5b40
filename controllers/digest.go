package controllers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// digestOperation marks the managed fields of a child in the cache: one entry, whose FieldsType is the digest of what we own of the child
// and whose Time is when somebody last wrote to it. The API server knows no such operation, so nothing that it sends looks like that.
const digestOperation metav1.ManagedFieldsOperationType = "Digest"

// digestOf tells apart what is applied: an apply-configuration that is made, or one that is taken out of an object.
func digestOf(configuration any) (string, error) {
	encoded, err := json.Marshal(configuration)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:]), nil
}

// owned is the digest of the fields of a child that we own. extract is client-go's Extract function of the kind: it tells those fields
// from the object's managed fields. A field that somebody else changed is not ours any more.
func owned[P any, O client.Object](live O, extract func(O, string) (P, error)) (string, error) {
	if digested(live) {
		return live.GetManagedFields()[0].FieldsType, nil
	}
	configuration, err := extract(live, fieldOwner)
	if err != nil {
		return "", fmt.Errorf("read managed fields: %w", err)
	}
	return digestOf(configuration)
}

// digested reports whether obj is from the cache, which has no content.
func digested(obj client.Object) bool {
	entries := obj.GetManagedFields()
	return len(entries) == 1 && entries[0].Operation == digestOperation
}
