package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/server/config"
)

// Servers are asked what they do.
type Servers interface {
	// Status returns what the server at this address, a pod's IP, says of itself. It must not take longer than a second or two: a
	// pass waits for it.
	Status(ctx context.Context, address string) (config.Status, error)
}

const (
	// askSoon is how soon servers are asked again that were just given something to load, askLater as long as nothing is expected.
	askSoon, askLater = 2 * time.Second, 5 * time.Minute
	// askUnreachable is for servers that could not be asked for all of patience: a question that nobody answers costs a second.
	askUnreachable = 30 * time.Minute
)

// reply is what became of a question to a pod.
type reply struct {
	pod *corev1.Pod
	config.Status
	err error
}

// servers asks the pods what they do, once all are there, and reports whether they have loaded the configuration and whether Google
// takes the client.
func (r *Reconciler) servers(ctx context.Context, s *scope) error {
	if s.configMap == nil || !s.good(v1beta1.ConditionAvailable) {
		s.report(v1beta1.ConditionConfigLoaded, s.withoutServers())
		s.keepRejection()
		return nil
	}
	pods, err := r.pods(ctx, s)
	if err != nil {
		return err
	}
	answers := r.ask(ctx, ready(pods))
	want := config.Hash([]byte(s.input.Rendering().Config))
	waited := s.now.Sub(s.configWrittenAt())
	s.report(v1beta1.ConditionConfigLoaded, s.loaded(answers, want, waited))
	if len(answers) > 0 {
		s.lookAgain(askAgain(s.findings[v1beta1.ConditionConfigLoaded], waited, s.secretWasChanged()))
	}
	s.reportVerdict(answers)
	return r.nudge(ctx, answers, want)
}

// withoutServers is the finding while there is nobody to ask.
func (s *scope) withoutServers() finding {
	if f := s.findings[v1beta1.ConditionAvailable]; f.outcome == off {
		return f
	}
	return finding{waiting, v1beta1.ReasonWaiting, "the servers are asked once all their pods are ready"}
}

// ready returns the pods that users' requests go to.
func ready(pods []corev1.Pod) []*corev1.Pod {
	var out []*corev1.Pod
	for i := range pods {
		isReady := slices.ContainsFunc(pods[i].Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
		if isReady && pods[i].DeletionTimestamp.IsZero() && pods[i].Status.PodIP != "" && metav1.GetControllerOf(&pods[i]) != nil {
			out = append(out, &pods[i])
		}
	}
	return out
}

// ask asks all pods at once, so that a pass waits no longer for several than for one.
func (r *Reconciler) ask(ctx context.Context, pods []*corev1.Pod) []reply {
	if r.Servers == nil {
		return nil
	}
	answers := make([]reply, len(pods))
	var group sync.WaitGroup
	for i, pod := range pods {
		group.Go(func() {
			status, err := r.Servers.Status(ctx, pod.Status.PodIP)
			if err == nil && status.Instance != pod.Namespace+"/"+pod.Labels[desired.LabelInstance] {
				err = errors.New("another server answers at the pod's address")
			}
			answers[i] = reply{pod, status, err}
		})
	}
	group.Wait()
	return answers
}

// loaded says how far the servers are with the configuration that has the hash want, which was written so long ago.
func (s *scope) loaded(answers []reply, want string, waited time.Duration) finding {
	var pending, unreachable bool
	var refused string
	for _, a := range answers {
		switch {
		case a.err != nil:
			unreachable = true
		case a.ConfigHash != want && a.ConfigProblem != "":
			refused = max(refused, a.ConfigProblem)
		case a.ConfigHash != want:
			pending = true
		}
	}
	name := s.configMap.Name
	switch {
	case refused != "" && waited >= patience:
		return finding{stalled, v1beta1.ReasonConfigRefused, fmt.Sprintf(
			"a server refuses the configuration in ConfigMap %q and goes on with the one before: %s. If spec.server.image names an older release than the operator's, name a newer one; else delete the pod", name, cleaned(refused))}
	case refused != "" || pending && waited < patience:
		return finding{waiting, v1beta1.ReasonConfigPending, fmt.Sprintf("servers are loading the configuration in ConfigMap %q", name)}
	case pending:
		return finding{waiting, v1beta1.ReasonConfigPending, fmt.Sprintf(
			"a server has not loaded the configuration in ConfigMap %q for minutes: see whether its node's kubelet is well, or delete the pod", name)}
	case unreachable && waited < patience:
		return finding{waiting, v1beta1.ReasonConfigPending, fmt.Sprintf("waiting to hear whether servers have loaded the configuration in ConfigMap %q", name)}
	case unreachable:
		return finding{unknown, v1beta1.ReasonServersUnreachable, "the operator cannot ask the servers what they have loaded: let it reach port 8081 of their pods, by a NetworkPolicy for one. They load changes within two minutes all the same"}
	}
	return finding{good, v1beta1.ReasonConfigLoaded, fmt.Sprintf("every server works with the configuration in ConfigMap %q", name)}
}

// cleaned keeps what a server wrote to the size of a message.
func cleaned(problem string) string {
	const most = 400
	problem = strings.Join(strings.Fields(problem), " ")
	if len(problem) > most {
		problem = strings.ToValidUTF8(problem[:most], "") + "…"
	}
	return problem
}

// askAgain says when the servers may have news.
func askAgain(found finding, waited time.Duration, secretChanged bool) time.Duration {
	switch {
	case found.outcome == unknown:
		return askUnreachable
	case found.outcome == good && !secretChanged:
		return askLater
	case found.outcome == good:
		return 10 * askSoon
	case waited < 10*askSoon:
		return askSoon
	case waited < patience:
		return 5 * askSoon
	}
	return 30 * askSoon
}

// configWrittenAt is when the configuration became what it is. An answer to an apply has no managed fields: then it was this pass.
func (s *scope) configWrittenAt() time.Time {
	if at := changedAt(s.configMap); !at.IsZero() {
		return at
	}
	return s.now
}

// changedAt is when somebody last wrote to an object's content, as the API server keeps it; zero if it does not say.
func changedAt(obj metav1.Object) time.Time {
	var last time.Time
	for _, entry := range obj.GetManagedFields() {
		if entry.Time != nil && entry.Subresource == "" && entry.Time.After(last) {
			last = entry.Time.Time
		}
	}
	return last
}
