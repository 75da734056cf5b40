package extauthz

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
)

// The two methods that are served.
const (
	checkMethod  = "/envoy.service.auth.v3.Authorization/Check"
	healthMethod = "/grpc.health.v1.Health/Check"
)

// Options of a Handler.
type Options struct {
	// Plain and Bearer answer a request that is asked about, Bearer with the access JWT in Authorization.
	Plain, Bearer http.Handler
	Log           *slog.Logger
}

// Handler serves gRPC. It needs HTTP/2.
type Handler struct{ Options }

// New makes a Handler.
func New(o Options) *Handler { return &Handler{o} }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !isGRPC(r.Header.Get("Content-Type")) {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	switch r.URL.Path {
	case checkMethod:
		reply(w, h.check(r))
	case healthMethod:
		reply(w, serving)
	default:
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", unimplemented)
	}
}

func isGRPC(contentType string) bool {
	return contentType == "application/grpc" || strings.HasPrefix(contentType, "application/grpc+proto")
}

// unimplemented is gRPC's code for a method that is not there; zero that for all is well.
const unimplemented, zero = "12", "0"

// prefix is the length of what is in front of each message: whether it is compressed, and its length.
const prefix = 5

// reply sends one message, and the status behind it.
func reply(w http.ResponseWriter, message []byte) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	frame := binary.BigEndian.AppendUint32(make([]byte, 1, prefix+len(message)), uint32(len(message))) // #nosec G115 -- our own answer
	_, _ = w.Write(append(frame, message...))
	w.Header().Set("Grpc-Status", zero)
}

// maxQuestion bounds a question, which has headers and no body: more than Envoy takes, unless it is told to.
const maxQuestion = 512 << 10

var (
	errNoMessage  = errors.New("not one uncompressed message")
	errTooLarge   = errors.New("question too large")
	errNoRequest  = errors.New("no HTTP request in the question")
	errExtension  = errors.New("unknown context extension")
	errNotAllowed = errors.New("question is not as Envoy asks")
)

// receive reads the one message of a call.
func receive(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, maxQuestion+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read question: %w", err)
	case len(content) > maxQuestion:
		return nil, errTooLarge
	case len(content) < prefix || content[0] != 0 || int64(binary.BigEndian.Uint32(content[1:])) != int64(len(content)-prefix):
		return nil, errNoMessage
	}
	return content[prefix:], nil
}

// check answers a question, whatever it is.
func (h *Handler) check(r *http.Request) (answer []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			// The type and the stack, not the value: it may quote what the code was working on.
			h.Log.LogAttrs(r.Context(), slog.LevelError, "panic in check",
				slog.String("type", fmt.Sprintf("%T", cause)), slog.String("stack", string(debug.Stack())))
			answer = denied(http.StatusInternalServerError, nil, nil)
		}
	}()
	asked, bearer, err := ask(r)
	if err != nil {
		h.Log.LogAttrs(r.Context(), slog.LevelInfo, "check refused", slog.String("proxy", "envoy"), slog.Any("err", err))
		return denied(http.StatusForbidden, nil, nil)
	}
	handler := h.Plain
	if bearer {
		handler = h.Bearer
	}
	w := &recorder{header: http.Header{}}
	handler.ServeHTTP(w, asked)
	if w.status == http.StatusOK && r.Context().Err() == nil {
		return allowed(asked.Header, w.header)
	}
	return denied(w.status, w.header, w.body)
}

// recorder keeps what was answered.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write does not make a silent handler one that said 200: only who says so passes.
func (r *recorder) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}
