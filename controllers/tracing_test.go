package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

func TestAPassIsASpanWithOneForEachStep(t *testing.T) {
	w := newWorld(t)
	spans := w.record()
	w.create(clientSecret(w.ns))
	w.shop()
	w.reconcile()
	want := []string{
		"cluster keys",
		"accept condition=Accepted reason=Accepted",
		"credentials condition=CredentialsReady reason=CredentialsFound",
		"signing keys",
		"sealing keys condition=KeysReady reason=KeysPublished",
		"storage condition=StorageReady reason=VolumePending",
		"workload",
		"rollout condition=Available reason=RolloutInProgress",
		"servers condition=ConfigLoaded reason=Waiting",
		"exposure",
		"monitoring",
		"reconcile k8s.namespace.name=" + w.ns + " googlelogin.name=shop",
	}
	if diff := cmp.Diff(want, describe(spans.Ended())); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	pass := spans.Ended()[len(want)-1]
	for _, span := range spans.Ended()[:len(want)-1] {
		if span.Parent().SpanID() != pass.SpanContext().SpanID() {
			t.Errorf("%s is no part of the pass", span.Name())
		}
	}
}

func TestASpanSaysThatItFailedAndNotHow(t *testing.T) {
	w := newWorld(t)
	spans := w.record()
	w.r.Live = interceptor.NewClient(w.c, interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return errors.New("hunter2-canary")
		},
	})
	w.shop()
	if _, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("shop")}); err == nil {
		t.Fatal("a pass without the API server succeeded")
	}
	failed := 0
	for _, span := range spans.Ended() {
		if span.Status().Code == codes.Error {
			failed++
		}
		if strings.Contains(fmt.Sprint(span.Status(), span.Events(), span.Attributes()), "canary") {
			t.Errorf("span %s quotes the error", span.Name())
		}
	}
	if failed != 2 {
		t.Errorf("%d spans failed, want the step and the pass", failed)
	}
}

func (w *world) record() *tracetest.SpanRecorder {
	spans := tracetest.NewSpanRecorder()
	w.r.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	return spans
}

func describe(spans []sdktrace.ReadOnlySpan) []string {
	var out []string
	for _, span := range spans {
		line := span.Name()
		for _, a := range span.Attributes() {
			line += " " + string(a.Key) + "=" + a.Value.AsString()
		}
		out = append(out, line)
	}
	return out
}
