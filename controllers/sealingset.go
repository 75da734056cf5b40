package controllers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/config"
)

// annotationSealingSchedule holds the times of the sealing keys, by Tink's key IDs, which are no secret. A keyset has no place
// for them.
const annotationSealingSchedule = "googlelogin.dev/sealing-schedule"

// sealingSet is a Tink keyset and its keys' places in the schedule. Its primary key is the current one.
type sealingSet struct {
	manager *keyset.Manager
	entries []rotation.Entry
}

// rotate brings schedule and keyset to what they are to be now.
func (k *sealingSet) rotate(policy rotation.Policy, now time.Time, request rotation.Request) (rotation.Decision, error) {
	before := k.entries
	decision, err := rotation.Schedule(before, policy, now, request, k.add)
	if err != nil {
		return rotation.Decision{}, err
	}
	k.entries = decision.Entries
	for _, e := range k.entries {
		if e.State != config.KeyCurrent {
			continue
		}
		if err := k.change(e.ID, k.manager.SetPrimary); err != nil {
			return rotation.Decision{}, fmt.Errorf("seal with the next key: %w", err)
		}
	}
	for _, e := range before {
		if slices.ContainsFunc(k.entries, func(kept rotation.Entry) bool { return kept.ID == e.ID }) {
			continue
		}
		if err := k.change(e.ID, k.manager.Delete); err != nil {
			return rotation.Decision{}, fmt.Errorf("drop an old sealing key: %w", err)
		}
	}
	return decision, nil
}

func (k *sealingSet) add() (string, error) {
	id, err := k.manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", fmt.Errorf("make a sealing key: %w", err)
	}
	return sealingID(id), nil
}

func (k *sealingSet) change(id string, change func(uint32) error) error {
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return fmt.Errorf("read a key's ID: %w", err)
	}
	return change(uint32(n))
}

func sealingID(id uint32) string { return strconv.FormatUint(uint64(id), 10) }

func (k *sealingSet) encode() (keyContent, error) {
	handle, err := k.manager.Handle()
	if err != nil {
		return keyContent{}, fmt.Errorf("collect the sealing keys: %w", err)
	}
	var content bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&content)); err != nil {
		return keyContent{}, fmt.Errorf("encode the sealing keys: %w", err)
	}
	schedule, err := json.Marshal(k.entries)
	if err != nil {
		return keyContent{}, fmt.Errorf("encode the schedule of the sealing keys: %w", err)
	}
	return keyContent{content: content.Bytes(), annotations: map[string]string{annotationSealingSchedule: string(schedule)}}, nil
}

// sealingEntries returns the place of each key of the keyset. Where the annotation does not tell, because somebody made the
// keyset or restored it without, the primary key counts as new and the others as older: none of them is dropped too early.
func sealingEntries(annotation string, handle *keyset.Handle, now time.Time) []rotation.Entry {
	var written []rotation.Entry
	// An annotation that cannot be read tells as little as none.
	_ = json.Unmarshal([]byte(annotation), &written)
	known := map[string]rotation.Entry{}
	for _, e := range written {
		if !e.ActivateAt.IsZero() {
			known[e.ID] = e
		}
	}
	info := handle.KeysetInfo()
	now = now.UTC().Truncate(time.Second)
	primary, ok := known[sealingID(info.GetPrimaryKeyId())]
	if !ok || primary.ActivateAt.After(now) {
		primary = rotation.Entry{ID: sealingID(info.GetPrimaryKeyId()), State: config.KeyCurrent, PublishedAt: now, ActivateAt: now}
	}
	known[primary.ID] = primary
	older := primary.ActivateAt.Add(-time.Second)

	var out []rotation.Entry
	for _, key := range info.GetKeyInfo() {
		id := sealingID(key.GetKeyId())
		e, ok := known[id]
		if !ok {
			e = rotation.Entry{ID: id, State: config.KeyPrevious, PublishedAt: older, ActivateAt: older, RetireAt: now.Add(sealedRetain)}
		}
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b rotation.Entry) int { return a.ActivateAt.Compare(b.ActivateAt) })
	return out
}
