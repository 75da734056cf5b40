package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	"k8s.io/client-go/rest"
)

// shutdownGuard is far more than the manager takes; the kubelet kills it after 15 seconds.
const shutdownGuard = time.Minute

// A manager whose caches cannot be filled, since it lacks a right or a CRD, must end all the same when it is told to.
func TestManagerEndsThoughItsCachesCannotBeFilled(t *testing.T) {
	for name, elect := range map[string]bool{"alone": false, "as one of several": true} {
		t.Run(name, func(t *testing.T) {
			x := newTeam(t)
			config := rest.CopyConfig(plane.Config(t))
			listed := make(chan struct{}, 1)
			config.Wrap(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(req *http.Request) (*http.Response, error) {
					if !strings.HasSuffix(req.URL.Path, "/secrets") {
						return next.RoundTrip(req)
					}
					select {
					case listed <- struct{}{}:
					default:
					}
					return &http.Response{StatusCode: http.StatusForbidden, Body: http.NoBody, Header: http.Header{}, Request: req}, nil
				})
			})
			o := quiet()
			o.leaderElect, o.leaderElectionNamespace = elect, x.ns
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			mgr, err := newManager(ctx, config, o, noop.Tracer{})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- mgr.Start(ctx) }()
			<-listed
			if elect {
				x.awaitHolder("")
			}
			stop()
			guard := time.NewTimer(shutdownGuard)
			defer guard.Stop()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("it ended with %v", err)
				}
			case <-guard.C:
				t.Fatal("it runs on")
			}
		})
	}
}
