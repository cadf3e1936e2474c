# `make` alone lists the targets.
SHELL := /bin/bash

# Tools of `make check`, by version; `go run` fetches and builds them once.
WORKFLOWCHECK := go.temporal.io/sdk/contrib/tools/workflowcheck@v0.6.0
STATICCHECK   := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK   := golang.org/x/vuln/cmd/govulncheck@v1.9.0

.DEFAULT_GOAL := help
.PHONY: help demo build go setup test check vulnerabilities bench chaos histories mutants clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## build Ramp and run all of it here; ARGS="--listen 127.0.0.1:9090" passes flags
	@exec bin/ramp dev $(ARGS)

build: go ## build bin/ramp
	go build -o bin/ramp ./cmd/ramp

go:
	@tools/go-version

setup: go ## install and build what the tests need, once
	tools/setup

# Packages in alphabetical order, two at a time, each told as it ends.
test: setup check ## everything that CI runs: setup, check, every test
	go test -p 2 -timeout 40m ./...

check: go vulnerabilities ## gofmt, vet, workflowcheck, staticcheck, govulncheck
	@unformatted="$$(git ls-files '*.go' | xargs gofmt -l)"; test -z "$$unformatted" || { echo "not gofmt-clean:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go vet -tags lean ./cmd/...
	go vet -tags failpoints ./internal/failpoint ./cmd/...
	go run $(WORKFLOWCHECK) -config workflowcheck.config.yaml ./workflows
	go run $(STATICCHECK) ./...

vulnerabilities: go
	@tools/vulnerabilities $(GOVULNCHECK)

bench: go ## measure, against a floor in the same run
	go run ./bench

# The seed is printed; SEED=… draws the same requests and faults again.
SEED ?= 0
chaos: setup ## the long chaos run: 1,000 requests, 400 faults; a short one is among the tests
	go test ./e2e -run 'TestChaos$$' -count=1 -v -timeout 3h -chaos.requests 1000 -chaos.faults 400 -chaos.for 20m -chaos.seed $(SEED)

histories: go ## record the workflow's histories again, until the next release (docs/testing.md)
	go run ./tools/histories

mutants: go ## remove each defence in turn, and name the test that misses it
	go run ./tools/mutants

clean: ## delete what was built and the state of `make demo`
	rm -rf bin tools/bin .ramp
