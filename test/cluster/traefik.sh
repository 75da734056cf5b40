#!/usr/bin/env bash
# Builds Traefik from its module into a folder, with all that a request goes through: entry points, routers, middlewares, services, and
# configuration from files. Left out is what the tests have no use for and what takes most of the time: configuration from clusters, clouds
# and key-value stores, plugins, DNS challenges, passwords. go install could not build it anyhow: its go.mod replaces modules, one of them
# by a folder that the module does not have.
# usage: traefik.sh FOLDER
set -euo pipefail
# shellcheck source=test/cluster/env.sh
. "$(dirname "$0")/env.sh"
folder=$(cd "${1:?usage: traefik.sh FOLDER}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# unpack MODULE FOLDER: a copy that can be written to.
unpack() {
  local source
  source=$(cd "$work" && go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
  cp -R "$source" "$2" && chmod -R u+w "$2"
}

# without FOLDER [FIELDS]: leaves a provider with nothing but the fields that other packages set.
without() {
  local name
  name=$(basename "${1//-/}")
  rm -rf "pkg/provider/$1" && mkdir -p "pkg/provider/$1"
  cat >"pkg/provider/$1/without.go" <<EOF
package $name

import (
	"github.com/traefik/paerser/types"
	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

type Duration = types.Duration

const ProviderName = "$name"

type Provider struct{ ${2-} }

func (*Provider) Init() error                                                 { return nil }
func (*Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return nil }

type ProviderBuilder struct{}

func (*ProviderBuilder) BuildProviders() []*Provider { return nil }
EOF
}

unpack "github.com/traefik/traefik/v3@$traefik_version" "$work/traefik"
cd "$work/traefik"
mkdir -p pkg/config/dynamic/ext
echo "module github.com/traefik/traefik/dynamic/ext" >pkg/config/dynamic/ext/go.mod
printf 'package ext\n\ntype (\n\tHTTP   struct{}\n\tRouter struct{}\n)\n' >pkg/config/dynamic/ext/ext.go

for name in ecs consulcatalog nomad kv/consul kv/etcd kv/redis kv/zk kubernetes/crd kubernetes/knative; do without $name; done
without kubernetes/ingress "DefaultRuleSyntax string"
without kubernetes/ingress-nginx "NonTLSEntryPoints []string; WatchNamespace, WatchNamespaceSelector string"
without kubernetes/gateway "EntryPoints map[string]Entrypoint"
without docker "HTTPClientTimeout Duration"
echo 'func (*Provider) FillExtensionBuilderRegistry(any) {}' >>pkg/provider/kubernetes/crd/without.go
printf 'type Entrypoint struct {\n\tAddress string\n\tHasHTTPTLSConf bool\n}\n' >>pkg/provider/kubernetes/gateway/without.go
cat >>pkg/provider/docker/without.go <<'EOF'

const DockerName, SwarmName = "docker", "swarm"

type SwarmProvider struct {
	Provider
	RefreshSeconds Duration
}
EOF
cat >pkg/types/k8sdetector.go <<'EOF'
package types

import (
	"context"

	"go.opentelemetry.io/otel/sdk/resource"
)

type K8sAttributesDetector struct{}

func (K8sAttributesDetector) Detect(context.Context) (*resource.Resource, error) { return resource.Empty(), nil }
EOF
rm pkg/plugins/{builder,providers,middlewarewasm,middlewareyaegi,wasip}*.go
cat >pkg/plugins/without.go <<'EOF'
package plugins

import (
	"context"
	"errors"
	"net/http"

	"github.com/traefik/traefik/v3/pkg/provider"
)

var errWithout = errors.New("built without plugins")

type Constructor func(context.Context, http.Handler) (http.Handler, error)

type Builder struct{}

func NewBuilder(*Manager, map[string]Descriptor, map[string]LocalDescriptor) (*Builder, error) {
	return new(Builder), nil
}

func (Builder) Build(string, map[string]any, string) (Constructor, error) { return nil, errWithout }

func (Builder) BuildProvider(string, map[string]any) (provider.Provider, error) { return nil, errWithout }
EOF

# Traefik's fork of a library for basic authentication is not to be had everywhere.
rm pkg/middlewares/auth/{basic_auth,digest_auth}.go pkg/middlewares/auth/*_test.go
cat >pkg/middlewares/auth/without.go <<'EOF'
package auth

import (
	"context"
	"errors"
	"net/http"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
)

var errWithout = errors.New("built without basic and digest authentication")

func NewBasic(context.Context, http.Handler, dynamic.BasicAuth, string) (http.Handler, error) {
	return nil, errWithout
}

func NewDigest(context.Context, http.Handler, dynamic.DigestAuth, string) (http.Handler, error) {
	return nil, errWithout
}
EOF
go mod edit -replace github.com/abbot/go-http-auth=github.com/abbot/go-http-auth@v0.4.0
unpack "github.com/go-acme/lego/v5@$(go list -mod=mod -m -f '{{.Version}}' github.com/go-acme/lego/v5)" lego
go mod edit -replace github.com/go-acme/lego/v5=./lego
cat >lego/providers/dns/zz_gen_dns_providers.go <<'EOF'
package dns

import (
	"errors"

	"github.com/go-acme/lego/v5/challenge"
)

func NewDNSChallengeProviderByName(string) (challenge.Provider, error) {
	return nil, errors.New("built without providers of DNS challenges")
}
EOF
say "building Traefik $traefik_version"
CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags '-s -w' -o "$folder/traefik" ./cmd/traefik
