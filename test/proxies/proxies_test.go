//go:build proxies

package proxies

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/config"
)

type probe func(*proxy) problems

func (p *proxy) holds(t *testing.T, check probe) {
	t.Helper()
	for _, problem := range check(p) {
		t.Error(problem)
	}
}

// each runs a probe behind every proxy as it is documented.
func each(t *testing.T, check probe) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			w := newWorld(t)
			k.start(t, w, w.server).holds(t, check)
		})
	}
}

func TestI109_ANavigationComesBackToItsPage(t *testing.T)          { each(t, probeNavigation) }
func TestI107_I108_I109_I110_WhatCannotFollowGets401(t *testing.T) { each(t, probeScripts) }
func TestTheApplicationKnowsWhoItIs(t *testing.T)                  { each(t, probeIdentity) }
func TestAWebSocketOpens(t *testing.T)                             { each(t, probeSocket) }
func TestI114_RenewalSetsOneCookie(t *testing.T)                   { each(t, probeRenewal) }
func TestI104_NobodyWritesWhoTheyAre(t *testing.T)                 { each(t, probeSpoof) }
func TestI105_NobodyWritesWhereTheyGo(t *testing.T)                { each(t, probeForwarded) }
func TestI106_I115_NoPathPasses(t *testing.T)                      { each(t, probePaths) }
func TestI103_CookiesThatAreNoSession(t *testing.T)                { each(t, probeCookies) }
func TestAConnectionIsNobodys(t *testing.T)                        { each(t, probeConnection) }
func TestI104_RequestsOfOtherForms(t *testing.T)                   { each(t, probeForms) }
func TestTheCheckIsClosedToThePublic(t *testing.T)                 { each(t, probeChecks) }

func TestI104_TheTokenIsWrittenOver(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			w := newWorld(t)
			p := k.start(t, w, w.server, k.bearer...)
			p.holds(t, probeBearer)
			p.holds(t, probeSpoof)
		})
	}
}

func TestALongLoginFitsThroughProxies(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			w := newWorldWith(t, longAccount)
			k.start(t, w, w.server).holds(t, probeLongLogin)
		})
	}
}

func TestAnEncodedSlashArrivesAsItIs(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			w := newWorldWith(t, nil, encodedSlashes)
			k.start(t, w, w.server).holds(t, probeSlashes)
		})
	}
}

func encodedSlashes(c *config.Config) { c.ForwardAuth.EncodedSlashes = true }

func TestI113_NobodyPassesWhileNobodyKnows(t *testing.T) {
	for _, k := range kinds {
		for name, server := range failures(t) {
			t.Run(k.name+" "+name, func(t *testing.T) {
				w := &world{t: t, app: newApplication(t)}
				k.start(t, w, server, k.soon...).holds(t, probeFailure)
			})
		}
	}
}

func TestI104_WhatTheServerDoesNotSayIsNotTheClients(t *testing.T) {
	for _, k := range kinds {
		for name, server := range map[string]string{"silent": silent(t), "sparse": sparse(t)} {
			t.Run(k.name+" "+name, func(t *testing.T) {
				k.start(t, &world{t: t, app: newApplication(t)}, server).holds(t, probeSilence)
			})
		}
	}
}

func silent(t *testing.T) string { return stub(t, func(http.ResponseWriter, *http.Request) {}) }

const sparseUser = "sparse"

// sparse knows nothing of a user but their ID.
func sparse(t *testing.T) string {
	return stub(t, func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range []string{"Email", "Name", "Hosted-Domain"} {
			w.Header().Set("X-Auth-Request-"+name, "")
		}
		w.Header().Set("X-Auth-Request-User", sparseUser)
	})
}

func stub(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// weakening takes one protection out of a documented configuration. A probe that still finds nothing would never have found anything.
type weakening struct {
	kind    kind
	changes []change
	probe   probe
}

func TestWeakened(t *testing.T) {
	failing := stub(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	w := newWorld(t)
	for name, row := range weakened {
		t.Run(name, func(t *testing.T) {
			server := w.server
			switch {
			case strings.HasSuffix(name, "passes what it could not ask"):
				server = failing
			case strings.HasSuffix(name, ", in silence"):
				server = silent(t)
			}
			if found := row.probe(row.kind.start(t, w, server, row.changes...)); len(found) == 0 {
				t.Error("nobody noticed")
			}
		})
	}
}
