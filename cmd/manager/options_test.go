package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOptions(t *testing.T) {
	none := func(string) string { return "" }
	image := func(key string) string { return map[string]string{"SERVER_IMAGE": "example.com/env:1"}[key] }
	for _, row := range []struct {
		name      string
		args      []string
		env       func(string) string
		image     string
		namespace []string
		err       string
	}{
		{name: "the image from a flag", args: []string{"--server-image=example.com/flag:1"}, env: none, image: "example.com/flag:1"},
		{name: "the image from the environment", env: image, image: "example.com/env:1"},
		{name: "the flag wins", args: []string{"--server-image=example.com/flag:1"}, env: image, image: "example.com/flag:1"},
		{name: "no image", env: none, err: "--server-image is required"},
		{name: "a list of namespaces", args: []string{"--namespaces=a, b,"}, env: image, image: "example.com/env:1", namespace: []string{"a", "b"}},
		{name: "an empty list is all", args: []string{"--namespaces="}, env: image, image: "example.com/env:1"},
		{name: "a stray argument", args: []string{"stray"}, env: image, err: `unexpected argument "stray"`},
		{name: "profiles on loopback", args: []string{"--pprof-bind-address=127.0.0.1:6060"}, env: image, image: "example.com/env:1"},
		{name: "profiles on loopback of IPv6", args: []string{"--pprof-bind-address=[::1]:6060"}, env: image, image: "example.com/env:1"},
		{name: "profiles for everybody", args: []string{"--pprof-bind-address=:6060"}, env: image, err: "not on loopback"},
		{name: "profiles on a name", args: []string{"--pprof-bind-address=localhost:6060"}, env: image, err: "not on loopback"},
		{name: "profiles without a port", args: []string{"--pprof-bind-address=127.0.0.1"}, env: image, err: "not on loopback"},
		{name: "fewer upgrades than none", args: []string{"--concurrent-upgrades=-1"}, env: image, err: "--concurrent-upgrades -1 is less than 0"},
		{name: "a lease that ends before the leader gives up", args: []string{"--leader-elect-lease-duration=20s"}, env: image, err: "must be longer"},
		{name: "one try at the lease", args: []string{"--leader-elect-retry-period=20s"}, env: image, err: "must be longer"},
		{name: "the version needs no image", args: []string{"--version"}, env: none},
	} {
		t.Run(row.name, func(t *testing.T) {
			o, err := parseOptions(row.args, row.env)
			if row.err != "" {
				if err == nil || !strings.Contains(err.Error(), row.err) {
					t.Errorf("error %v, want one with %q", err, row.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if o.serverImage != row.image {
				t.Errorf("image %q, want %q", o.serverImage, row.image)
			}
			if diff := cmp.Diff(row.namespace, o.namespaces); diff != "" {
				t.Errorf("namespaces (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	err := run(context.Background(), []string{"--help"}, func(string) string { return "" })
	if !errors.Is(err, flag.ErrHelp) {
		t.Errorf("error %v, want flag.ErrHelp", err)
	}
}

func TestLogs(t *testing.T) {
	for _, row := range []struct{ level, format, want, err string }{
		{"info", "json", `"msg":"shown"`, ""},
		{"info", "text", "msg=shown", ""},
		{"loud", "json", "", "--log-level"},
		{"info", "xml", "", "--log-format"},
	} {
		t.Run(row.level+" "+row.format, func(t *testing.T) {
			var out bytes.Buffer
			handler, err := options{logLevel: row.level, logFormat: row.format}.logHandler(&out)
			if row.err != "" {
				if err == nil || !strings.Contains(err.Error(), row.err) {
					t.Errorf("error %v, want one with %q", err, row.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			slog.New(handler).Debug("hidden")
			slog.New(handler).Info("shown")
			if got := out.String(); !strings.Contains(got, row.want) || strings.Contains(got, "hidden") {
				t.Errorf("logged %q", got)
			}
		})
	}
}
