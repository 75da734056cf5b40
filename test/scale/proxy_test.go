//go:build benchscale

package scale

import (
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// canary is in every foreign Secret. No answer to the manager may contain it.
const canary = "canary-of-a-foreign-secret"

// call is a kind of request. Names and namespaces are left out, so that there are few.
type call struct {
	method, resource string
	list             bool
	watch, metadata  bool
	status           int
}

// proxy stands before the API server and counts.
type proxy struct {
	server *httptest.Server

	mu    sync.Mutex
	calls map[call]int
	// passes counts by GoogleLogin: each pass reads the client's Secret once.
	passes map[string]int
	// leaked is set by an answer that contained the canary.
	leaked string
	last   time.Time
}

// newProxy forwards with the credentials of config.
func newProxy(t *testing.T, config *rest.Config) *proxy {
	t.Helper()
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{calls: map[call]int{}, passes: map[string]int{}}
	p.server = httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			// A compressed answer could not be searched. The transport asks for one by itself, and unpacks it.
			r.Out.Header.Del("Accept-Encoding")
		},
		Transport:      transport,
		FlushInterval:  -1, // Watches.
		ModifyResponse: p.count,
		ErrorLog:       log.New(io.Discard, "", 0),
	})
	p.server.EnableHTTP2 = true
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.server.StartTLS()
	t.Cleanup(func() {
		p.server.CloseClientConnections()
		p.server.Close()
	})
	return p
}

func (p *proxy) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
}

func (p *proxy) count(answer *http.Response) error {
	req := answer.Request
	namespace, resource, name := parse(req.URL.Path)
	c := call{
		method: req.Method, resource: resource, status: answer.StatusCode,
		list:     name == "",
		watch:    req.URL.Query().Get("watch") != "",
		metadata: strings.Contains(req.Header.Get("Accept"), "as=PartialObjectMetadata"),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[c]++
	if login, ok := strings.CutSuffix(name, clientSuffix); ok && resource == "secrets" {
		p.passes[namespace+"/"+login]++
	}
	if !c.watch && !besides(resource) {
		p.last = time.Now()
	}
	answer.Body = &searched{ReadCloser: answer.Body, found: func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.leaked = req.Method + " " + req.URL.String()
	}}
	return nil
}

// besides are requests that have nothing to do with GoogleLogins: the leader's lease, and asking who may see metrics.
func besides(resource string) bool {
	switch resource {
	case "leases", "tokenreviews", "subjectaccessreviews":
		return true
	}
	return false
}

// parse takes a path such as /apis/apps/v1/namespaces/team/deployments/shop/status apart.
func parse(path string) (namespace, resource, name string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		parts = parts[3:]
	default:
		return "", path, ""
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		namespace, parts = parts[1], parts[2:]
	}
	resource = parts[0]
	if len(parts) > 1 {
		name = parts[1]
	}
	if len(parts) > 2 {
		resource += "/" + parts[2]
	}
	return namespace, resource, name
}

// searched is a body that is searched for the canary while it is read, across the borders of reads.
type searched struct {
	io.ReadCloser
	end   []byte
	found func()
}

func (s *searched) Read(b []byte) (int, error) {
	n, err := s.ReadCloser.Read(b)
	window := append(s.end, b[:n]...)
	if bytes.Contains(window, []byte(canary)) {
		s.found()
	}
	s.end = bytes.Clone(window[max(0, len(window)-len(canary)):])
	return n, err
}

// counts is what was counted until some moment.
type counts struct {
	// written and refused are by resource.
	written, refused map[string]int
	writes           int
	passes           map[string]int
}

func (p *proxy) counts() counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := counts{written: map[string]int{}, refused: map[string]int{}, passes: map[string]int{}}
	for c, n := range p.calls {
		switch {
		case c.method == http.MethodGet || besides(c.resource):
		case c.status >= 300:
			out.refused[c.resource] += n
		default:
			out.written[c.resource] += n
			out.writes += n
		}
	}
	for login, n := range p.passes {
		out.passes[login] = n
	}
	return out
}

// since returns the GoogleLogins that were worked on after before was taken, and in how many passes.
func (c counts) since(before counts) (logins, passes int) {
	for login, n := range c.passes {
		if more := n - before.passes[login]; more > 0 {
			logins, passes = logins+1, passes+more
		}
	}
	return logins, passes
}

// quiet waits until the manager has asked for nothing for d.
func (w *world) quiet(d time.Duration) {
	w.Helper()
	w.await(30*time.Minute, "the manager comes to rest", func() bool {
		w.proxy.mu.Lock()
		defer w.proxy.mu.Unlock()
		return time.Since(w.proxy.last) > d
	})
}

// wantSecretsUnread fails the test if Secrets were listed or watched with content, or if what is in a foreign one was sent.
func (p *proxy) wantSecretsUnread(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	lists := 0
	for c, n := range p.calls {
		if c.resource != "secrets" || c.method != http.MethodGet {
			continue
		}
		if c.list {
			lists += n
			if !c.metadata {
				t.Errorf("Secrets were listed with their content: %+v", c)
			}
		}
	}
	if lists == 0 {
		t.Error("nobody listed Secrets: the proxy does not see what it should")
	}
	if p.leaked != "" {
		t.Errorf("the content of a foreign Secret was sent to the manager: %s", p.leaked)
	}
}
