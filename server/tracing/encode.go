package tracing

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of the fields are those of opentelemetry-proto 1.x: trace/v1/trace.proto, common/v1/common.proto, resource/v1/resource.proto.

// encode makes an ExportTraceServiceRequest of spans of one process, which share their resource and their scope. Events and links are left
// out: nothing here makes any.
func encode(spans []sdktrace.ReadOnlySpan) []byte {
	if len(spans) == 0 {
		return nil
	}
	var resource, scope, scoped []byte
	for _, kv := range spans[0].Resource().Attributes() {
		resource = message(resource, 1, keyValue(kv))
	}
	scope = text(scope, 1, spans[0].InstrumentationScope().Name)
	scoped = message(scoped, 1, scope)
	for _, s := range spans {
		scoped = message(scoped, 2, span(s))
	}
	all := message(nil, 1, resource)
	all = message(all, 2, scoped)
	return message(nil, 1, all)
}

func span(s sdktrace.ReadOnlySpan) []byte {
	id, parent := s.SpanContext(), s.Parent()
	traceID, spanID := id.TraceID(), id.SpanID()
	b := message(nil, 1, traceID[:])
	b = message(b, 2, spanID[:])
	if parent.SpanID().IsValid() {
		parentID := parent.SpanID()
		b = message(b, 4, parentID[:])
	}
	b = text(b, 5, s.Name())
	// The SDK's kinds and the protocol's have the same numbers.
	b = number(b, 6, uint64(s.SpanKind())) //nolint:gosec // Kinds are 0 to 5.
	b = moment(b, 7, s.StartTime())
	b = moment(b, 8, s.EndTime())
	for _, kv := range s.Attributes() {
		b = message(b, 9, keyValue(kv))
	}
	return message(b, 15, number(nil, 3, statusCode(s.Status().Code)))
}

func statusCode(c codes.Code) uint64 {
	switch c {
	case codes.Ok:
		return 1
	case codes.Error:
		return 2
	}
	return 0
}

func keyValue(kv attribute.KeyValue) []byte {
	var value []byte
	switch kv.Value.Type() {
	case attribute.BOOL:
		value = protowire.AppendTag(value, 2, protowire.VarintType)
		value = protowire.AppendVarint(value, protowire.EncodeBool(kv.Value.AsBool()))
	case attribute.INT64:
		value = protowire.AppendTag(value, 3, protowire.VarintType)
		value = protowire.AppendVarint(value, uint64(kv.Value.AsInt64())) //nolint:gosec // A negative int64 is ten bytes in protobuf.
	default:
		value = protowire.AppendTag(value, 1, protowire.BytesType)
		value = protowire.AppendString(value, kv.Value.String())
	}
	return message(text(nil, 1, string(kv.Key)), 2, value)
}

func message(b []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), content)
}

func text(b []byte, field protowire.Number, s string) []byte { return message(b, field, []byte(s)) }

func number(b []byte, field protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}

func moment(b []byte, field protowire.Number, t time.Time) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), uint64(t.UnixNano())) //nolint:gosec // Now is after 1970.
}
