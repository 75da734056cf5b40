package controllers

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// scope is all that one pass has read and found out. Steps write into it; nothing of it outlives the pass.
type scope struct {
	// login is the GoogleLogin with the status as this pass leaves it.
	login *v1beta1.GoogleLogin
	// asRead is the GoogleLogin with the status as the last pass left it.
	asRead *v1beta1.GoogleLogin
	// now is the time of the whole pass, so that all its decisions agree.
	now time.Time
	// cluster has the cluster's public keys, if the internal API needs them and they could be read.
	cluster desired.ClusterKeys
	// input is what children are computed from, once the spec is accepted.
	input desired.Input
	// deployment is the server's, as it is after the workload step; nil while there is none.
	deployment *appsv1.Deployment
	// configMap is the server's configuration, as it is after the workload step; nil if the step did not come that far.
	configMap *corev1.ConfigMap
	// secretChangedAt is when somebody last wrote to the client's Secret; zero if nobody knows.
	secretChangedAt time.Time
	// upgrading says how far an upgrade of the operator is with the servers: nil if nobody looked, without a reason if nothing is pending.
	upgrading *finding
	// findings are what the steps reported, by condition type.
	findings map[string]finding
	// recheck is when to look again at something that no watch tells of.
	recheck time.Duration
}

// finding is a step's report on its condition.
type finding struct {
	outcome         outcome
	reason, message string
}

// outcome says what a finding means for Reconciling and Stalled.
type outcome int

const (
	// good: the condition is True.
	good outcome = iota
	// off: the condition is False because the spec asks for it, and there is nothing to wait for or to mend.
	off
	// waiting: the condition is False and will become True by itself.
	waiting
	// stalled: the condition is False until somebody mends something.
	stalled
	// unknown: the condition is Unknown, and nothing waits for it.
	unknown
)

func newScope(login *v1beta1.GoogleLogin, now time.Time) *scope {
	return &scope{login: login, asRead: login.DeepCopy(), now: now, findings: map[string]finding{}}
}

func (s *scope) succeed(condition, reason, message string) {
	s.report(condition, finding{good, reason, message})
}

func (s *scope) wait(condition, reason, message string) {
	s.report(condition, finding{waiting, reason, message})
}

func (s *scope) stall(condition, reason, message string) {
	s.report(condition, finding{stalled, reason, message})
}

// report keeps the first bad finding of a condition: two steps may share one, and what came first is what to mend first.
func (s *scope) report(condition string, f finding) {
	if known, ok := s.findings[condition]; ok && known.outcome != good {
		return
	}
	s.findings[condition] = f
}

// good reports whether the condition was found True in this pass.
func (s *scope) good(condition string) bool {
	f, ok := s.findings[condition]
	return ok && f.outcome == good
}

// lookAgain asks for another pass after d at the latest.
func (s *scope) lookAgain(d time.Duration) {
	if s.recheck == 0 || d < s.recheck {
		s.recheck = d
	}
}

func (s *scope) id() types.NamespacedName { return client.ObjectKeyFromObject(s.login) }

// key names an object beside the GoogleLogin. All that a pass reads or writes is in the GoogleLogin's own namespace.
func (s *scope) key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: s.login.Namespace, Name: name}
}
