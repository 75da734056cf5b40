package googletest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
)

// Server is a stand-in that listens.
type Server struct {
	*Google
	// URL is its address, and its issuer unless the options named one.
	URL string
	// HTTP is the server underneath.
	HTTP *httptest.Server
}

// TB is the part of testing.TB that NewServer needs; the testing package itself would end up in fake-google.
type TB interface {
	Helper()
	Cleanup(func())
}

// NewServer starts a stand-in that ends with the test.
func NewServer(t TB, o Options) *Server {
	t.Helper()
	g := New(o)
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	if o.Issuer == "" {
		g.SetIssuer(srv.URL)
	}
	return &Server{Google: g, URL: srv.URL, HTTP: srv}
}

// AsGoogle is a transport that brings requests to Google's own hosts to the stand-in, and refuses all others. With it and
// Options.Issuer "https://accounts.google.com", what is built for Google itself runs unchanged.
func (s *Server) AsGoogle() http.RoundTripper { return asGoogle{s.URL, s.HTTP.Client().Transport} }

type asGoogle struct {
	to   string
	base http.RoundTripper
}

func (a asGoogle) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Host {
	case "accounts.google.com", "oauth2.googleapis.com", "openidconnect.googleapis.com", "www.googleapis.com":
	default:
		return nil, &url.Error{Op: r.Method, URL: r.URL.Host, Err: http.ErrServerClosed}
	}
	to, err := url.Parse(a.to)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.Host = to.Scheme, to.Host, to.Host
	return a.base.RoundTrip(out)
}
