// Package extauthz answers Envoy's gRPC protocol for external authorization, envoy.service.auth.v3.Authorization/Check, on a port of
// its own that is open only if it is asked for. It decides nothing: it puts the request that Envoy describes before the handler that
// answers the checks over HTTP, and translates the answer.
//
//	200           OK; who it is is written over what the client sent, and what looks like it is removed
//	anything else a denied_response with that status, its headers and its body
//
// Whatever goes wrong is a denial, too: a question without a request in it, one that is no protobuf, a panic, an answer that nobody
// wrote. An error of gRPC's own would leave it to Envoy's configuration (failure_mode_allow) whether the request passes.
//
// A route asks for the access JWT by the context extension authorization: bearer.
//
// The one unary call and the dozen fields that it needs are read and written here, with protobuf's protowire and the HTTP/2 of
// net/http: google.golang.org/grpc and Envoy's generated types would be resident in every server, for the few that use them. The
// tests ask with both.
//
// What is not checked: who asks. The port is for Envoy, and belongs on no route; forwarded headers count only if the peer is a
// trusted proxy, as they do over HTTP.
package extauthz
