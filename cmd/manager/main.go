// The manager runs the operator's control plane: it watches GoogleLogins and makes the cluster match them.
//
// Any number of replicas may run with --leader-elect; one of them works. The callback servers need none: they go on serving
// while every manager is down.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/googlelogin/operator/controllers"
)

// version is set by the linker for releases; other builds name their commit.
var version = ""

func main() {
	err := run(ctrl.SetupSignalHandler(), os.Args[1:], os.Getenv)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

// run parses the flags and works until ctx ends.
func run(ctx context.Context, args []string, env func(string) string) error {
	o, err := parseOptions(args, env)
	if err != nil {
		return err
	}
	if o.version {
		fmt.Println(buildVersion())
		return nil
	}
	if err := saveMemory(env); err != nil {
		return err
	}
	handler, err := o.logHandler(os.Stderr)
	if err != nil {
		return err
	}
	useLogger(handler)
	slog.New(handler).Info("starting", "version", buildVersion(), "serverImage", o.serverImage)
	restConfig, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	if err := awaitServedFields(ctx, restConfig); err != nil {
		return err
	}
	spans, err := newTracing(ctx, env)
	if err != nil {
		return err
	}
	mgr, err := newManager(ctx, restConfig, o, spans.tracer())
	if err != nil {
		return err
	}
	defer spans.flush()
	return mgr.Start(ctx)
}

// crdPatience is how long the API server may take to publish a CRD that was installed together with the manager.
const crdPatience = 30 * time.Second

func awaitServedFields(ctx context.Context, restConfig *rest.Config) error {
	api, err := discovery.NewDiscoveryClientForConfig(restConfig)
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	return controllers.AwaitServedFields(ctx, api.OpenAPIV3(), crdPatience)
}

func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return info.Main.Version
}
