package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

func (o options) logHandler(out io.Writer) (slog.Handler, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return nil, fmt.Errorf("--log-level %q is not one of debug, info, warn, error", o.logLevel)
	}
	settings := &slog.HandlerOptions{Level: level}
	switch o.logFormat {
	case "json":
		return slog.NewJSONHandler(out, settings), nil
	case "text":
		return slog.NewTextHandler(out, settings), nil
	default:
		return nil, fmt.Errorf("--log-format %q is not one of json, text", o.logFormat)
	}
}

// useLogger sends everything that the process logs to one handler: our own lines, controller-runtime's and client-go's.
func useLogger(handler slog.Handler) {
	logger := logr.FromSlogHandler(handler)
	slog.SetDefault(slog.New(handler))
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
}
