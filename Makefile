SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Targets share a cluster and the tree: one at a time. Go itself uses every core.
.NOTPARALLEL:

CONTROLLER_GEN := go tool -modfile=test/tools/go.mod controller-gen

##@ Every day

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z][a-z0-9-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Generated files

generate: ## Generate deepcopy functions and apply-configurations of the API types
	$(CONTROLLER_GEN) object paths=./api/v1beta1
	$(CONTROLLER_GEN) applyconfiguration paths=./api/v1beta1

manifests: ## Generate the CRD and the manager's role, for config/ and the chart
	$(CONTROLLER_GEN) crd paths=./api/v1beta1 output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=googlelogin-manager paths=./controllers/... output:rbac:dir=config/rbac
	sed '/^  annotations:$$/a\    helm.sh/resource-policy: keep' config/crd/bases/googlelogin.dev_googlelogins.yaml >charts/googlelogin/files/crd.yaml
	cp config/rbac/role.yaml charts/googlelogin/files/role.yaml

.PHONY: $(shell sed -n 's/^\([a-z][a-z0-9-]*\):.*## .*/\1/p' $(MAKEFILE_LIST))
