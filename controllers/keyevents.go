package controllers

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/rotation"
)

// keyNote is an event to be told once what it tells of has been written.
type keyNote struct{ severity, reason, text string }

// keyNotes puts transitions into words. purpose says what the keys are for: signing, sealing.
func keyNotes(purpose string, events []rotation.Event) []keyNote {
	if note, ok := emergencyNote(purpose, events); ok {
		return []keyNote{note}
	}
	var out []keyNote
	for _, e := range events {
		note := keyNote{severity: corev1.EventTypeNormal}
		switch e.Kind {
		case rotation.Published:
			note.reason, note.text = v1beta1.ReasonKeyPublished, fmt.Sprintf("%s key %s was made, to be used once everybody knows it", purpose, e.ID)
		case rotation.Activated:
			note.reason, note.text = v1beta1.ReasonKeyActivated, fmt.Sprintf("%s key %s took over from the one before it", purpose, e.ID)
		case rotation.Retired:
			note.reason, note.text = v1beta1.ReasonKeyRetired, fmt.Sprintf("%s key %s was dropped: nothing needs it any more", purpose, e.ID)
		case rotation.Dropped:
			continue
		}
		out = append(out, note)
	}
	return out
}

// emergencyNote is the one event of an emergency: whoever reads it has to know all of it.
func emergencyNote(purpose string, events []rotation.Event) (keyNote, bool) {
	dropped, successor := 0, ""
	for _, e := range events {
		switch e.Kind {
		case rotation.Dropped:
			dropped++
		case rotation.Published:
			successor = e.ID
		case rotation.Activated, rotation.Retired:
		}
	}
	if dropped == 0 {
		return keyNote{}, false
	}
	return keyNote{corev1.EventTypeWarning, v1beta1.ReasonEmergencyRotation, fmt.Sprintf(
		"every %s key was dropped at once, %d in all, as googlelogin.dev/emergency-rotate-at asked; key %s is used from now on, and every access token that was out is refused",
		purpose, dropped, successor)}, true
}
