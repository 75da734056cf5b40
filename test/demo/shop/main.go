package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, log, os.Args[1:])
	stop()
	if err != nil {
		log.Error("shop stopped", "err", err)
		os.Exit(1)
	}
}

// options are what the shop has to know about its GoogleLogin.
type options struct {
	listen   string
	issuer   string
	audience string
	jwksURL  string
	cookie   string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("shop", flag.ContinueOnError)
	flags.StringVar(&o.listen, "listen", ":8080", "address to listen on")
	flags.StringVar(&o.issuer, "issuer", "", "status.issuer of the GoogleLogin")
	flags.StringVar(&o.audience, "audience", "shop", "one of spec.session.audiences")
	flags.StringVar(&o.jwksURL, "jwks-url", "", "where the public keys are, as this process reaches them")
	flags.StringVar(&o.cookie, "cookie", "__Host-shop", "name of the cookie with the access JWT")
	if err := flags.Parse(args); err != nil {
		return options{}, fmt.Errorf("parse flags: %w", err)
	}
	if o.issuer == "" || o.jwksURL == "" {
		return options{}, errors.New("--issuer and --jwks-url are required")
	}
	return o, nil
}

func run(ctx context.Context, log *slog.Logger, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	handler, err := newShop(log, newVerifier(o))
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              o.listen,
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	return serve(ctx, log, server)
}

// serve returns when ctx has ended and the requests under way are answered, or when the server cannot listen.
func serve(ctx context.Context, log *slog.Logger, server *http.Server) error {
	broken := make(chan error, 1)
	go func() { broken <- server.ListenAndServe() }()
	log.Info("shop is open", "address", server.Addr)
	select {
	case err := <-broken:
		return fmt.Errorf("listen on %s: %w", server.Addr, err)
	case <-ctx.Done():
	}
	// The context of the process has ended already; the drain needs one of its own.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	return nil
}
