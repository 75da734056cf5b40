package controllers

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/server/config"
)

// reportVerdict says whether Google takes the client, as far as the servers know. One that Google refuses is everybody's: the others
// have not asked yet, or still work with the secret before it.
func (s *scope) reportVerdict(answers []reply) {
	proven, oldInUse := false, false
	for _, a := range answers {
		if a.err != nil {
			continue
		}
		oldInUse = oldInUse || a.Credentials.OldInUse
		switch a.Credentials.Verdict {
		case config.VerdictRejected:
			s.reject(a.Credentials.OldInUse)
			return
		case config.VerdictProven:
			proven = true
		case config.VerdictUnknown:
		}
	}
	if proven && s.good(v1beta1.ConditionCredentialsReady) {
		s.succeed(v1beta1.ConditionCredentialsReady, v1beta1.ReasonCredentialsProven,
			fmt.Sprintf("Google takes the client ID and secret in Secret %q", s.login.Spec.Client.SecretRef.Name))
		return
	}
	s.keepRejection()
}

// reject reports a client that Google refuses. Only somebody with access to Google's console can mend it.
func (s *scope) reject(oldInUse bool) {
	ref := s.login.Spec.Client.SecretRef
	effect := "nobody can sign in"
	if oldInUse {
		effect = "servers go on with the secret before it until they restart"
	}
	s.stall(v1beta1.ConditionCredentialsReady, v1beta1.ReasonRejectedByGoogle, fmt.Sprintf(
		"Google refuses the client ID and secret in Secret %q (keys %s and %s, or %s), and %s: compare them with the client in Google's console, or make a new secret there",
		ref.Name, ref.ClientIDKey, ref.ClientSecretKey, ref.CredentialsKey, effect))
}

// keepRejection keeps what Google said last while nobody knows better: that it cannot be asked mends nothing. Another Secret is
// another question.
func (s *scope) keepRejection() {
	last := meta.FindStatusCondition(s.asRead.Status.Conditions, v1beta1.ConditionCredentialsReady)
	if last == nil || !s.good(v1beta1.ConditionCredentialsReady) || s.secretChangedAt.After(last.LastTransitionTime.Time) {
		return
	}
	switch last.Reason {
	case v1beta1.ReasonRejectedByGoogle:
		s.stall(v1beta1.ConditionCredentialsReady, last.Reason, last.Message)
	case v1beta1.ReasonCredentialsProven:
		s.succeed(v1beta1.ConditionCredentialsReady, last.Reason, last.Message)
	}
}

// secretWasChanged says whether servers may be about to learn what Google thinks of a Secret that is new to them.
func (s *scope) secretWasChanged() bool { return s.now.Sub(s.secretChangedAt) < patience }
