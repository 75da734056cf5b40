// Command server is the callback server of one GoogleLogin.
//
//	server --config=/etc/googlelogin/config.yaml         serve until SIGTERM
//	server check --config=/etc/googlelogin/config.yaml   say what is wrong with the configuration, and exit
//	server --version
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	// The image has no root certificates of its own, and the server has to know Google.
	_ "golang.org/x/crypto/x509roots/fallback"

	"github.com/googlelogin/operator/server"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/footprint"
)

// version is set by the linker for a release.
var version string

func main() {
	// Before everything else, which would happen twice.
	if err := footprint.Relax(); err != nil {
		fmt.Fprintln(os.Stderr, "server: timers stay exact, which costs CPU time:", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "server:", err)
		leaveWord(terminationLog, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	only := len(args) > 0 && args[0] == "check"
	if only {
		args = args[1:]
	}
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(errOut)
	path := flags.String("config", "/etc/googlelogin/config.yaml", "the configuration file")
	level := flags.String("log-level", "info", "debug, info, warn or error; debug may name email addresses")
	showVersion := flags.Bool("version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q; the one command is check", flags.Arg(0))
	}
	switch {
	case *showVersion:
		_, err := fmt.Fprintln(out, buildVersion())
		return err
	case only:
		return check(*path, out)
	}
	var minimum slog.Level
	if err := minimum.UnmarshalText([]byte(*level)); err != nil {
		return fmt.Errorf("log level: %w", err)
	}
	footprint.Tune(os.Getenv)
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: minimum}))
	return server.Run(ctx, server.Options{ConfigPath: *path, Version: buildVersion(), Prove: true, Log: log})
}

func check(path string, out io.Writer) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	if err := server.Check(cfg); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: the configuration of %s is valid\n", path, cfg.Instance)
	return err
}

// buildVersion is the release's, or what the Go toolchain recorded.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
