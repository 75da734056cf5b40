package controllers

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// patience is how long the operator waits for what most likely passes by itself: a Secret that another controller is about to
	// make, a registry that is away for a moment, servers that load what was written. The kubelet needs a minute and a half at most
	// to bring a file to a pod. It is shorter than the five minutes after which Helm and Flux give up, so that they can say why.
	patience = 3 * time.Minute
	// clusterPatience is for what a new node or a new volume mends: autoscalers and provisioners take minutes.
	clusterPatience = 10 * time.Minute
)

// waitAWhile reports trouble that may pass by itself. If it has lasted longer than that, somebody has to mend something: a tool that
// waits for the object can then stop waiting.
func (s *scope) waitAWhile(condition, reason, message string, since time.Time, patience time.Duration) {
	left := since.Add(patience).Sub(s.now)
	if left <= 0 {
		s.stall(condition, reason, message)
		return
	}
	s.wait(condition, reason, message)
	s.lookAgain(left)
}

// falseSince is when the condition became False; now, if it is not False yet.
func (s *scope) falseSince(condition string) time.Time {
	last := meta.FindStatusCondition(s.asRead.Status.Conditions, condition)
	if last == nil || last.Status != metav1.ConditionFalse {
		return s.now
	}
	return last.LastTransitionTime.Time
}
