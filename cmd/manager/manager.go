package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers"
	"github.com/googlelogin/operator/controllers/desired"
)

// controllerName is how the manager reports in events.
const controllerName = "googlelogin-controller"

// cachePatience is how long one readiness probe waits; the kubelet gives it a second.
const cachePatience = 500 * time.Millisecond

// newManager wires the control plane together.
func newManager(ctx context.Context, restConfig *rest.Config, o options, tracer trace.Tracer) (ctrl.Manager, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(restConfig, ctrl.Options{
		Scheme: scheme,
		Cache:  controllers.CacheOptions(o.namespaces),
		// Its CRD may come and go: a cache of it could not be relied on.
		Client:                  client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&gatewayv1.HTTPRoute{}}}},
		Metrics:                 o.metrics(),
		HealthProbeBindAddress:  o.healthAddress,
		PprofBindAddress:        o.pprofAddress,
		LeaderElection:          o.leaderElect,
		LeaderElectionID:        "googlelogin-manager.googlelogin.dev",
		LeaderElectionNamespace: o.leaderElectionNamespace,
		// A successor takes over at once. Safe, because nothing runs after the manager has stopped.
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &o.leaseDuration,
		RenewDeadline:                 &o.renewDeadline,
		RetryPeriod:                   &o.retryPeriod,
		Controller: config.Controller{
			// The check for names that are used twice is per process, and a test runs several managers in one.
			SkipNameValidation: ptr.To(true),
			// Who waits to take over has read everything already.
			EnableWarmup: ptr.To(true),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("set up the manager: %w", err)
	}
	clusterKeys, err := controllers.NewClusterKeys(mgr.GetConfig(), time.Now)
	if err != nil {
		return nil, err
	}
	reconciler := &controllers.Reconciler{
		Client:             mgr.GetClient(),
		Live:               mgr.GetAPIReader(),
		Servers:            controllers.AskServers(),
		Recorder:           mgr.GetEventRecorder(controllerName),
		ServerImage:        o.serverImage,
		ConcurrentUpgrades: o.concurrentUpgrades,
		ClusterKeys:        clusterKeys,
		Now:                time.Now,
		Tracer:             tracer,
	}
	if err := reconciler.SetupWithManager(ctx, mgr, o.namespaces); err != nil {
		return nil, fmt.Errorf("set up the controller: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, err
	}
	if err := mgr.AddReadyzCheck("caches", cachesFilled(mgr.GetCache())); err != nil {
		return nil, err
	}
	return mgr, mgr.AddReadyzCheck("secrets", secretsWatched(reconciler))
}

// cachesFilled makes a manager ready once it has read all that it watches, so that a right or a CRD that it lacks stops an upgrade
// at its first pod. One that waits to be the leader fills its caches too.
func cachesFilled(c cache.Cache) healthz.Checker {
	return func(req *http.Request) error {
		ctx, cancel := context.WithTimeout(req.Context(), cachePatience)
		defer cancel()
		if !c.WaitForCacheSync(ctx) {
			return errors.New("the caches are not filled yet")
		}
		return nil
	}
}

// secretsWatched is cachesFilled for what has no cache.
func secretsWatched(r *controllers.Reconciler) healthz.Checker {
	return func(req *http.Request) error {
		ctx, cancel := context.WithTimeout(req.Context(), cachePatience)
		defer cancel()
		return r.WaitForSecrets(ctx)
	}
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, gatewayv1.Install, desired.AddServiceMonitors, v1beta1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("register types: %w", err)
		}
	}
	return scheme, nil
}

// metrics are for callers whom the API server knows and allows: config/rbac/metrics_auth.yaml has the rights to ask it.
func (o options) metrics() metricsserver.Options {
	return metricsserver.Options{
		BindAddress:    o.metricsAddress,
		SecureServing:  true,
		FilterProvider: filters.WithAuthenticationAndAuthorization,
	}
}
