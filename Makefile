SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Targets share a cluster and the tree: one at a time. Go itself uses every core.
.NOTPARALLEL:

# CLUSTER=node starts a one-node Kubernetes on this machine (root), kind one in docker, current uses kubectl's context.
CLUSTER ?= node
export CLUSTER
# How long each fuzz target runs: those of FUZZ_NAMED, and the rest.
FUZZTIME ?= 1m
FUZZTIME_REST ?= 10s
# TestFaults or TestRotationUnderLoad, one alone.
CHAOS_RUN ?= .
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

CONTROLLER_GEN := go tool -modfile=test/tools/go.mod controller-gen
GOLANGCI_LINT := go tool -modfile=$(CURDIR)/test/tools/golangci-lint/go.mod golangci-lint-kube-api-linter
WITH_CLUSTER := test/cluster/with.sh
BUILD := CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"

##@ Start here

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z][a-z0-9-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: cluster-up images-load ## Start a cluster with the operator, a sample shop and a stand-in for Google
	$(WITH_CLUSTER) test/demo/up.sh

demo-down: ## End the demo and the cluster that make demo started
	if test/cluster/status.sh >/dev/null 2>&1; then $(WITH_CLUSTER) test/demo/down.sh; else KUBECONFIG=/dev/null test/demo/down.sh; fi
	test/cluster/down.sh

test: ## Run the unit tests and those against a real API server and PostgreSQL, with the race detector; needs no root
	test/tools/packages.sh
	test/cluster/binaries.sh helm >/dev/null
	assets=$$(test/cluster/binaries.sh control-plane) && KUBEBUILDER_ASSETS=$$assets go test -race -timeout 30m ./...

##@ Check

e2e: cluster-up images-load ## Click through the demo in a real browser, against a real cluster
	$(WITH_CLUSTER) go test -tags e2e -count=1 -v -timeout 30m ./test/e2e/...

chaos: cluster-up images-load ## Break the node cluster piece by piece under load, and print what each fault did; ROTATIONS=20 AWAY=2m
	$(WITH_CLUSTER) test/demo/up.sh >/dev/null
	$(WITH_CLUSTER) go test -tags chaos -count=1 -v -timeout 90m -run '$(CHAOS_RUN)' ./test/chaos

upgrade: ## Let this server and the one before the newest schema share a database, in both directions; needs git's history
	test/tools/packages.sh
	test/tools/previous.sh bin/previous-server
	PREVIOUS_SERVER=$(CURDIR)/bin/previous-server go test -tags upgrade -count=1 -v -timeout 20m -run TestUpgrade ./test/processes

kit: ## Test the front-end kit with Node.js, and build its React example
	node --test docs/frontend/googlelogin.test.js
	cd docs/frontend/react && npm ci --silent --ignore-scripts && npm run build
	types=$$(mktemp -d) && trap 'rm -rf "$$types"' EXIT && cd docs/frontend/react && npm run --silent types "$$types" && \
	  { cmp "$$types/googlelogin.d.ts" ../googlelogin.d.ts || { echo "error: googlelogin.d.ts is old: npm run types .. in docs/frontend/react" >&2; exit 1; }; }

browser: kit ## Drive the hosted pages and the front-end kit with Chromium, without a cluster
	cd test/browser && npm ci --silent
	go test -tags browser -count=1 -timeout 20m ./test/browser

proxies: ## Hold forward authentication against real nginx, Caddy, HAProxy and Apache, with the configurations that the docs show
	caddy=$$(test/cluster/binaries.sh caddy) && CADDY=$$caddy/caddy go test -tags proxies -count=1 -timeout 20m ./test/proxies

proxies-traefik: ## The same with real Traefik, which is built from source first: too long for CI
	traefik=$$(test/cluster/binaries.sh traefik) && TRAEFIK=$$traefik/traefik go test -tags proxies,traefik -count=1 -timeout 20m ./test/proxies

snippets: ## Run what docs/verify-tokens.md shows in Go, Node.js, Python and Java against good tokens and bad ones
	test/snippets/packages.sh
	cd test/snippets && npm ci --silent --ignore-scripts
	go test -tags snippets -count=1 ./test/snippets

bench: ## Measure speed, CPU time and memory: a line for each figure, name value unit
	test/tools/packages.sh
	go test -tags bench -c -o bin/bench ./test/bench
	proxy=$$(test/cluster/binaries.sh oauth2-proxy) && cd test/bench && OAUTH2_PROXY=$$proxy/oauth2-proxy taskset -c 1 ../../bin/bench -test.timeout 30m | sed '/^PASS$$/d'

bench-scale: ## Measure the manager beside thousands of GoogleLogins and foreign Secrets; SIZES=100,500,2000 FOREIGN=20000 PROFILE=<folder for heap profiles>
	go test -tags benchscale -c -o bin/bench-scale ./test/scale
	assets=$$(test/cluster/binaries.sh control-plane) && cd test/scale && KUBEBUILDER_ASSETS=$$assets ../../bin/bench-scale -test.timeout 3h | sed '/^PASS$$/d'

verify: ## Check that generated files, formatting, modules and the chart are as they should be
	test/tools/verify.sh

lint: ## Run the linters, which also keep the import rules
	failed=0; \
	$(GOLANGCI_LINT) run ./... || failed=1; \
	$(GOLANGCI_LINT) run --build-tags e2e ./test/e2e/... || failed=1; \
	$(GOLANGCI_LINT) run --build-tags browser ./test/browser/... || failed=1; \
	$(GOLANGCI_LINT) run --build-tags chaos ./test/chaos/... || failed=1; \
	$(GOLANGCI_LINT) run --build-tags proxies ./test/proxies/... || failed=1; \
	$(GOLANGCI_LINT) run --build-tags bench ./test/bench/... || failed=1; \
	$(GOLANGCI_LINT) run --build-tags benchscale ./test/scale/... || failed=1; \
	$(GOLANGCI_LINT) run --build-tags snippets ./test/snippets/... || failed=1; \
	$(GOLANGCI_LINT) run --build-tags upgrade ./test/processes/... || failed=1; \
	for module in test/cluster test/tools; do (cd $$module && $(GOLANGCI_LINT) run ./...) || failed=1; done; \
	exit $$failed

helm-lint: ## Lint the chart and render it with both Helm 4 and Helm 3
	test/tools/helm.sh

# What reads the words of strangers. Each of them has a fuzz target and a committed corpus, whatever else has one.
FUZZ_NAMED := ReturnURL FlowCookie CallbackQuery CookieHeader IDToken CredentialForm Config

fuzz: ## Run every fuzz target: those of FUZZ_NAMED for FUZZTIME, the rest for FUZZTIME_REST
	test/tools/fuzz.sh $(FUZZTIME) $(FUZZTIME_REST) $(FUZZ_NAMED)

##@ Build

build: ## Build the programs into bin/
	$(BUILD) -o bin/ ./cmd/...

generate: ## Generate deepcopy functions and apply-configurations of the API types
	$(CONTROLLER_GEN) object paths=./api/v1beta1
	$(CONTROLLER_GEN) applyconfiguration paths=./api/v1beta1

manifests: ## Generate the CRD and the manager's role, for config/ and the chart
	$(CONTROLLER_GEN) crd paths=./api/v1beta1 output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=googlelogin-manager paths=./controllers/... output:rbac:dir=config/rbac
	sed '/^  annotations:$$/a\    argocd.argoproj.io/sync-options: Prune=false\n    helm.sh/resource-policy: keep' config/crd/bases/googlelogin.dev_googlelogins.yaml >charts/googlelogin/files/crd.yaml
	cp config/rbac/role.yaml charts/googlelogin/files/role.yaml

images: ## Build every image of the demo into dist/images, with no docker engine and no registry
	GOOS=linux $(BUILD) -o dist/linux/ ./cmd/manager ./cmd/server ./cmd/fake-google ./test/demo/shop
	test/cluster/image.sh pack dist/images/manager.tar localhost/googlelogin-manager:dev dist/linux/manager
	test/cluster/image.sh pack dist/images/server.tar localhost/googlelogin-server:dev dist/linux/server
	test/cluster/image.sh pack dist/images/fake-google.tar localhost/fake-google:dev dist/linux/fake-google
	test/cluster/image.sh pack dist/images/shop.tar localhost/sample-shop:dev dist/linux/shop
	test/cluster/image.sh pack dist/images/caddy.tar localhost/caddy:dev "$$(test/cluster/binaries.sh caddy)/caddy"

##@ Clusters

cluster-up: ## Start the cluster that CLUSTER names (node, kind or current)
	test/cluster/up.sh

cluster-down: ## Remove the cluster that make started, and all that it left on the machine
	test/cluster/down.sh

images-load: images ## Load the images into the cluster
	test/cluster/image.sh load dist/images/*.tar

install: images-load ## Install the operator into the cluster by kustomize
	go tool -modfile=test/tools/go.mod kustomize build config/default | $(WITH_CLUSTER) kubectl apply --server-side -f -

uninstall: ## Remove the operator, its CRD and with it every GoogleLogin from the cluster
	go tool -modfile=test/tools/go.mod kustomize build config/default | $(WITH_CLUSTER) kubectl delete --ignore-not-found -f -

clean: ## Remove what building and testing left in the tree
	rm -rf bin dist docs/frontend/react/dist test/e2e/out test/browser/out test/chaos/out

.PHONY: $(shell sed -n 's/^\([a-z][a-z0-9-]*\):.*\#\# .*/\1/p' $(MAKEFILE_LIST))
