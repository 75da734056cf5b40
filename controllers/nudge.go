package controllers

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/controllers/desired"
)

// nudge makes the kubelet bring a changed configuration to the pods that lack it now, and not within the next minute: a kubelet
// looks after a pod whose annotations change, mounted files included. Each pod is written to once for each configuration.
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/#mounted-configmaps-are-updated-automatically
func (r *Reconciler) nudge(ctx context.Context, answers []reply, want string) error {
	for _, a := range answers {
		if a.ConfigHash == want || a.pod.Annotations[desired.WantedConfigAnnotation] == want {
			continue
		}
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			// Of this very pod, and of no other that took its name.
			"uid":         a.pod.UID,
			"annotations": map[string]string{desired.WantedConfigAnnotation: want},
		}})
		if err != nil {
			return fmt.Errorf("nudge pod %q: %w", a.pod.Name, err)
		}
		// A copy: what the cache returned must not change.
		err = r.Client.Patch(ctx, a.pod.DeepCopy(), client.RawPatch(types.MergePatchType, patch), client.FieldOwner(fieldOwner))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("nudge pod %q: %w", a.pod.Name, err)
		}
	}
	return nil
}
