package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"strings"
	"time"
)

// options are the manager's flags.
type options struct {
	serverImage             string
	namespaces              []string
	metricsAddress          string
	healthAddress           string
	pprofAddress            string
	concurrentUpgrades      int
	leaderElect             bool
	leaderElectionNamespace string
	leaseDuration           time.Duration
	renewDeadline           time.Duration
	retryPeriod             time.Duration
	logLevel                string
	logFormat               string
	version                 bool
}

// parseOptions reads the flags. The server's image may also come from the environment, where a kustomization can replace it.
func parseOptions(args []string, env func(string) string) (options, error) {
	var o options
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	flags.StringVar(&o.serverImage, "server-image", env("SERVER_IMAGE"), "image of the callback server where a GoogleLogin names none (required; or SERVER_IMAGE)")
	flags.Func("namespaces", "comma-separated namespaces to work in; unset: all", func(list string) error {
		o.namespaces = splitNamespaces(list)
		return nil
	})
	flags.StringVar(&o.metricsAddress, "metrics-bind-address", ":8443", "address of /metrics, for callers that Kubernetes authenticates and authorizes; 0 switches it off")
	flags.StringVar(&o.healthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 switches them off")
	flags.StringVar(&o.pprofAddress, "pprof-bind-address", "", "loopback address of /debug/pprof, such as 127.0.0.1:6060, for kubectl port-forward; unset: none")
	flags.IntVar(&o.concurrentUpgrades, "concurrent-upgrades", 5, "how many GoogleLogins have their servers replaced at once after an upgrade of the operator; 0: all")
	flags.BoolVar(&o.leaderElect, "leader-elect", false, "let one of several managers work at a time")
	flags.StringVar(&o.leaderElectionNamespace, "leader-election-namespace", "", "namespace of the leader's lease; unset: the manager's own")
	// Longer than the defaults of controller-runtime: an API server that is away for ten seconds is no reason to restart.
	flags.DurationVar(&o.leaseDuration, "leader-elect-lease-duration", 30*time.Second, "how long others wait for a leader that falls silent")
	flags.DurationVar(&o.renewDeadline, "leader-elect-renew-deadline", 20*time.Second, "how long the leader tries to renew its lease before it gives up")
	flags.DurationVar(&o.retryPeriod, "leader-elect-retry-period", 5*time.Second, "how often the lease is tried for")
	flags.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&o.logFormat, "log-format", "json", "json or text")
	flags.BoolVar(&o.version, "version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return o, o.check()
}

func (o options) check() error {
	if o.version {
		return nil
	}
	if o.serverImage == "" {
		return errors.New("--server-image is required: name the callback server's image, or set SERVER_IMAGE")
	}
	if o.concurrentUpgrades < 0 {
		return fmt.Errorf("--concurrent-upgrades %d is less than 0: name how many GoogleLogins may be upgraded at once, or 0 for all", o.concurrentUpgrades)
	}
	if o.pprofAddress != "" && !loopback(o.pprofAddress) {
		return fmt.Errorf("--pprof-bind-address %q is not on loopback: profiles hold what is in memory, use an address such as 127.0.0.1:6060", o.pprofAddress)
	}
	if !(o.leaseDuration > o.renewDeadline && o.renewDeadline > o.retryPeriod && o.retryPeriod > 0) {
		return errors.New("--leader-elect-lease-duration must be longer than --leader-elect-renew-deadline, and that longer than --leader-elect-retry-period: a leader has to notice that it is none before others take over")
	}
	return nil
}

// loopback does not ask a resolver what a name means.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

func splitNamespaces(list string) []string {
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}
