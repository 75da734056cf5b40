package server

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/credential"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/login"
	"github.com/googlelogin/operator/server/nonce"
	"github.com/googlelogin/operator/server/pages"
	"github.com/googlelogin/operator/server/token"
)

// An Ingress routes the public paths and nothing else: a route that is not among them answers nobody outside.
func TestRoutes_AreThePublicPaths(t *testing.T) {
	for _, base := range []string{"/auth", "/a/b", "/"} {
		cfg := config.Default()
		cfg.BasePath = base
		cfg.TokenEndpoint.Enabled, cfg.TokenEndpoint.RefreshTokens = true, true
		cfg.Pages.Logo = &config.Logo{MediaType: "image/png", Data: []byte("picture")}
		texts, err := pages.New(pages.Options{Look: cfg.Pages, Base: login.Base(cfg), HomeURL: shop})
		if err != nil {
			t.Fatal(err)
		}
		every := &direct{nonces: new(nonce.Handler), credential: new(credential.Handler), token: new(token.Handler)}
		unlimited := func(next http.Handler, _ func(http.ResponseWriter, *http.Request, error)) http.Handler { return next }
		all := routes(cfg, new(login.Handler), every, texts, new(httperr.Adaptor), unlimited)
		delete(all, callbackRoute)
		if diff := cmp.Diff(config.PublicPaths(base), slices.Sorted(maps.Keys(all))); diff != "" {
			t.Errorf("routes below %s (-public +routes):\n%s", base, diff)
		}
	}
}
