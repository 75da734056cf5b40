// Package tracing makes OpenTelemetry spans of requests, and sends them by OTLP over HTTP, if the environment names an endpoint.
//
// Nobody is handed a tracer but the middleware that begins the span of a request. Whoever has something to show below it asks the
// context: Start and Do begin a span where there is one to be below, and do nothing where there is none. So what runs without a
// request, such as the deletion of what has expired, is never traced, and a server without an endpoint has no span at all.
//
// Spans hold no secret: their names and attributes are constants, numbers and words of closed lists. No URL, query, header, cookie or
// email gets in, and no error text; the log has that, under the same trace_id.
package tracing
