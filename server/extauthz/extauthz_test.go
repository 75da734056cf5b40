package extauthz_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/googlelogin/operator/server/extauthz"
)

// dial serves a handler as the server does, and connects to it as Envoy would.
func dial(t *testing.T, h http.Handler) *grpc.ClientConn {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	connection, err := grpc.NewClient(server.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func handler(answer http.HandlerFunc) *extauthz.Handler {
	bearer := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Authorization", "Bearer token")
		answer(w, r)
	}
	return extauthz.New(extauthz.Options{Plain: answer, Bearer: http.HandlerFunc(bearer), Log: slog.New(slog.DiscardHandler)})
}

func pass(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

// about is a question about a request.
func about(described *authv3.AttributeContext_HttpRequest) *authv3.CheckRequest {
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: described}}}
}

func get() *authv3.AttributeContext_HttpRequest {
	return &authv3.AttributeContext_HttpRequest{Method: "GET", Path: "/cart?item=7", Host: "shop.example.com", Headers: map[string]string{}}
}

func TestCheck_DescribesTheRequest(t *testing.T) {
	var got *http.Request
	client := authv3.NewAuthorizationClient(dial(t, handler(func(w http.ResponseWriter, r *http.Request) { got = r; pass(w, r) })))
	described := get()
	described.Headers = map[string]string{":authority": "x", "cookie": "a=b", "x-forwarded-proto": "https"}
	raw := get()
	raw.HeaderMap = &corev3.HeaderMap{Headers: []*corev3.HeaderValue{
		{Key: ":path", Value: "x"}, {Key: "cookie", RawValue: []byte("a=b")}, {Key: "cookie", Value: "c=d"},
	}}
	for name, row := range map[string]struct {
		described *authv3.AttributeContext_HttpRequest
		want      http.Header
	}{
		"a map":  {described, http.Header{"Cookie": {"a=b"}, "X-Forwarded-Proto": {"https"}}},
		"a list": {raw, http.Header{"Cookie": {"a=b", "c=d"}}},
	} {
		question := about(row.described)
		// What is there too, and nobody reads.
		question.Attributes.Source = &authv3.AttributeContext_Peer{Service: "s"}
		row.described.Id, row.described.Size, row.described.RawBody = "1", 7, []byte("body")
		answer, err := client.Check(t.Context(), question)
		if err != nil || answer.GetOkResponse() == nil || answer.GetStatus().GetCode() != int32(codes.OK) {
			t.Fatalf("%s: %v, %v", name, answer, err)
		}
		if diff := cmp.Diff(row.want, got.Header); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", name, diff)
		}
		if got.Method != "GET" || got.RequestURI != "/cart?item=7" || got.Host != "shop.example.com" || !strings.HasPrefix(got.RemoteAddr, "127.0.0.1:") {
			t.Errorf("%s: %s %s of %s by %s", name, got.Method, got.RequestURI, got.Host, got.RemoteAddr)
		}
	}
}

func TestI104_WhatTheClientSaysOfItselfIsWrittenOverOrRemoved(t *testing.T) {
	client := authv3.NewAuthorizationClient(dial(t, handler(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range map[string]string{"User": "id", "Email": "ann@example.com", "Name": "", "Hosted-Domain": ""} {
			w.Header().Set("X-Auth-Request-"+name, value)
		}
		w.Header().Set("Set-Cookie", "__Host-shop=new")
		w.Header().Set("X-Request-Id", "1")
		w.WriteHeader(http.StatusOK)
	})))
	described := get()
	for _, name := range []string{
		"x-auth-request-user", "x-auth-request-name", "x-auth-request-groups", "x_auth_request_user", "x.auth.request.email",
		"x-forwarded-user", "x_forwarded_groups", "x~auth~request~user", "x-auth+request`name", "accept",
	} {
		described.Headers[name] = "planted"
	}
	answer, err := client.Check(t.Context(), about(described))
	if err != nil {
		t.Fatal(err)
	}
	set := func(key, value string) *corev3.HeaderValueOption {
		return &corev3.HeaderValueOption{
			Header: &corev3.HeaderValue{Key: key, Value: value}, AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
		}
	}
	want := &authv3.OkHttpResponse{
		Headers: []*corev3.HeaderValueOption{set("x-auth-request-email", "ann@example.com"), set("x-auth-request-user", "id")},
		HeadersToRemove: []string{
			"x-auth+request`name", "x-auth-request-groups", "x-auth-request-hosted-domain", "x-auth-request-name", "x-forwarded-user",
			"x.auth.request.email", "x_auth_request_user", "x_forwarded_groups", "x~auth~request~user",
		},
		ResponseHeadersToAdd: []*corev3.HeaderValueOption{{Header: &corev3.HeaderValue{Key: "set-cookie", Value: "__Host-shop=new"}}},
	}
	if got := answer.GetOkResponse(); !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestCheck_DeniesWithTheAnswerThatWasGiven(t *testing.T) {
	for status, code := range map[int]codes.Code{302: codes.Unauthenticated, 401: codes.Unauthenticated, 403: codes.PermissionDenied, 503: codes.Unavailable} {
		client := authv3.NewAuthorizationClient(dial(t, handler(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/login")
			w.Header()["Set-Cookie"] = []string{"a=", "b="}
			w.WriteHeader(status)
			_, _ = w.Write([]byte("body"))
		})))
		answer, err := client.Check(t.Context(), about(get()))
		if err != nil {
			t.Fatal(err)
		}
		denied := answer.GetDeniedResponse()
		got := fmt.Sprint(denied.GetStatus().GetCode().Number(), codes.Code(answer.GetStatus().GetCode()), denied.GetBody())
		for _, h := range denied.GetHeaders() {
			got += " " + h.GetHeader().GetKey() + "=" + h.GetHeader().GetValue()
		}
		if want := fmt.Sprint(status, code, "body") + " location=/login set-cookie=a= set-cookie=b="; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCheck_GivesTheTokenWhereARouteAsksForIt(t *testing.T) {
	client := authv3.NewAuthorizationClient(dial(t, handler(pass)))
	question := about(get())
	question.Attributes.ContextExtensions = map[string]string{"authorization": "bearer", "other": "x"}
	answer, err := client.Check(t.Context(), question)
	if err != nil || len(answer.GetOkResponse().GetHeaders()) != 1 || answer.GetOkResponse().GetHeaders()[0].GetHeader().GetValue() != "Bearer token" {
		t.Errorf("%v, %v", answer, err)
	}
}

func TestI112_WhatGoesWrongIsDenied(t *testing.T) {
	large := get()
	large.Headers["cookie"] = strings.Repeat("a", 600<<10)
	unknown := about(get())
	unknown.Attributes.ContextExtensions = map[string]string{"authorization": "basic"}
	for name, row := range map[string]struct {
		question *authv3.CheckRequest
		answer   http.HandlerFunc
		want     int32
	}{
		"I112 no attributes":        {&authv3.CheckRequest{}, pass, 403},
		"I112 empty attributes":     {&authv3.CheckRequest{Attributes: &authv3.AttributeContext{}}, pass, 403},
		"I112 no HTTP request":      {about(nil), pass, 403},
		"I112 huge headers":         {about(large), pass, 403},
		"I112 unknown extension":    {unknown, pass, 403},
		"I112 panic":                {about(get()), func(http.ResponseWriter, *http.Request) { panic("secret") }, 500},
		"I112 aborted":              {about(get()), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 500},
		"I112 panic after the fact": {about(get()), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); panic("late") }, 500},
		"I112 no answer":            {about(get()), func(http.ResponseWriter, *http.Request) {}, 500},
		"I112 a body alone":         {about(get()), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }, 500},
		"I112 status 204":           {about(get()), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, 500},
		"I112 status 0":             {about(get()), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(0) }, 500},
		"I112 status 999":           {about(get()), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(999) }, 500},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := authv3.NewAuthorizationClient(dial(t, handler(row.answer))).Check(t.Context(), row.question)
			if err != nil {
				t.Fatalf("an error is left to Envoy's configuration: %v", err)
			}
			if answer.GetOkResponse() != nil || answer.GetStatus().GetCode() == 0 || int32(answer.GetDeniedResponse().GetStatus().GetCode()) != row.want {
				t.Errorf("%v, want status %d", answer, row.want)
			}
		})
	}
}

// call sends bytes as the one message of a call, without a client that would refuse to.
func call(t testing.TB, ctx context.Context, h http.Handler, body []byte) *authv3.CheckResponse {
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/envoy.service.auth.v3.Authorization/Check", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/grpc")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := new(authv3.CheckResponse)
	if err := proto.Unmarshal(w.Body.Bytes()[5:], answer); err != nil {
		t.Fatal(err)
	}
	if got := w.Result().Trailer.Get("Grpc-Status"); got != "0" {
		t.Fatalf("status %q of gRPC", got)
	}
	return answer
}

func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

func TestI112_WhatIsNoMessageIsDenied(t *testing.T) {
	message, err := proto.Marshal(about(get()))
	if err != nil {
		t.Fatal(err)
	}
	whole := framed(message)
	for name, body := range map[string][]byte{
		"I112 nothing":             nil,
		"I112 half a prefix":       whole[:3],
		"I112 half a message":      whole[:len(whole)-3],
		"I112 compressed":          append([]byte{1}, whole[1:]...),
		"I112 two messages":        append(bytes.Clone(whole), whole...),
		"I112 no protobuf":         framed([]byte("\xff\xff\xff")),
		"I112 a cut field":         framed(message[:len(message)-1]),
		"I112 a number for a text": framed([]byte{0x08, 0x01}),
	} {
		if answer := call(t, t.Context(), handler(pass), body); answer.GetDeniedResponse() == nil || answer.GetStatus().GetCode() == 0 {
			t.Errorf("%s: %v", name, answer)
		}
	}
	if answer := call(t, t.Context(), handler(pass), whole); answer.GetOkResponse() == nil {
		t.Errorf("the whole message: %v", answer)
	}
}

func TestI112_AnAnswerAfterTheDeadlineIsADenial(t *testing.T) {
	message, err := proto.Marshal(about(get()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	late := handler(func(w http.ResponseWriter, r *http.Request) { end(); pass(w, r) })
	if answer := call(t, ctx, late, framed(message)); answer.GetDeniedResponse() == nil || answer.GetStatus().GetCode() == 0 {
		t.Errorf("%v", answer)
	}
}

func TestHealthAndOtherMethods(t *testing.T) {
	connection := dial(t, handler(pass))
	answer, err := healthv1.NewHealthClient(connection).Check(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", answer, err)
	}
	err = connection.Invoke(t.Context(), "/other.Service/Method", &healthv1.HealthCheckRequest{}, &healthv1.HealthCheckResponse{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("another method: %v", err)
	}
	for method, contentType := range map[string]string{"GET": "application/grpc", "POST": "application/json"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), method, "/envoy.service.auth.v3.Authorization/Check", nil)
		r.Header.Set("Content-Type", contentType)
		handler(pass).ServeHTTP(w, r)
		if w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%s of %s: status %d", method, contentType, w.Code)
		}
	}
}

// FuzzCheckRequest holds our reading of a question against Envoy's own types.
func FuzzCheckRequest(f *testing.F) {
	described := get()
	described.Headers["cookie"] = "a=b"
	message, err := proto.Marshal(about(described))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Add([]byte{0x0a, 0x00})
	f.Fuzz(func(t *testing.T, message []byte) {
		var asked *http.Request
		answer := call(t, t.Context(), handler(func(w http.ResponseWriter, r *http.Request) { asked = r; pass(w, r) }), framed(message))
		if (asked == nil) != (answer.GetOkResponse() == nil) {
			t.Fatalf("asked: %v, answered %v", asked != nil, answer)
		}
		question := new(authv3.CheckRequest)
		if asked == nil || proto.Unmarshal(message, question) != nil {
			return
		}
		theirs := question.GetAttributes().GetRequest().GetHttp()
		if theirs == nil || asked.Method != theirs.GetMethod() || asked.RequestURI != theirs.GetPath() || asked.Host != theirs.GetHost() {
			t.Fatalf("we read %s %s of %s, they %v", asked.Method, asked.RequestURI, asked.Host, theirs)
		}
	})
}
