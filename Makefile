# `make` alone lists the targets.
SHELL := /bin/bash

# The tools of `make check` are those of a module, so that they are built with
# the Go that go.mod names and not with the machine's own.
CHECK := go tool -modfile=tools/check/go.mod
# Not asked of gosec: G104, errors that nobody reads, which here are those of
# closing what is done with and of waiting on contexts that nothing cancels; G304,
# files whose names are variables: all come from the operator's configuration or
# command line. Every other exception stands in the code with its reason (#nosec).
GOSEC_NOT := G104,G304

.DEFAULT_GOAL := help
.PHONY: help demo build go setup test check vulnerabilities fuzz race bench chaos histories mutants fresh clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## build Ramp and run all of it here; ARGS="--listen 127.0.0.1:9090" passes flags
	@exec bin/ramp dev $(ARGS)

build: go ## build bin/ramp
	@[ -e bin/ramp ] || echo "building Ramp, with Temporal in it: minutes the first time, seconds from then on"
	@tools/build

go:
	@tools/setup demo

setup: ## install and build what the tests need, once
	@tools/setup

test: setup check build ## everything that CI runs: setup, check, the binary, every test
	@tools/test

check: go vulnerabilities ## gofmt, vet, workflowcheck, staticcheck, gosec, deadcode, govulncheck
	@unformatted="$$(git ls-files '*.go' | xargs gofmt -l)"; test -z "$$unformatted" || { echo "not gofmt-clean:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go vet -tags lean ./cmd/...
	go vet -tags failpoints ./internal/failpoint ./cmd/...
	$(CHECK) workflowcheck -config workflowcheck.config.yaml ./workflows
	$(CHECK) staticcheck ./...
	$(CHECK) gosec -quiet -exclude=$(GOSEC_NOT) -exclude-dir=dev/temporalserver/without ./...
	tools/deadcode

vulnerabilities: go
	tools/vulnerabilities

# The seeds are among the tests; this looks further, for EACH of the targets. Go would spend
# up to 60 s on making one input smaller, in which it counts no executions.
EACH ?= 20s
fuzz: go ## fuzz every target for 20 s (EACH=5m for longer)
	@git grep -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u | while read -r dir; do \
	  for target in $$(git grep -h -o '^func Fuzz[A-Za-z]*' -- "$$dir/*_test.go" | cut -c6- | sort -u); do \
	    echo "go test ./$$dir -fuzz $$target"; \
	    go test "./$$dir" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(EACH) -fuzzminimizetime 100x </dev/null || exit 1; \
	  done; \
	done

# Twice to twenty times as slow, so it is no part of `make test`: once a night, or for what
# has goroutines. It needs a C compiler.
RACE ?= ./activities/... ./chat/... ./feed/... ./integrations/... ./ledger/... ./notices/... ./reconcile/... ./review/... ./server/... ./sinks/... ./witness/... ./workflows/...
race: go ## tests with the race detector (RACE=./server/... for some of them)
	CGO_ENABLED=1 go test -race -p 2 -parallel 2 -timeout 90m $(RACE)

bench: go ## measure, against a floor in the same run
	go run ./bench

# The seed is printed; SEED=… draws the same requests and faults again.
SEED ?= 0
chaos: setup ## the long chaos run: 1,000 requests, 300 faults, a ledger restored five times, 1,000 endings with no Temporal; a short one is among the tests
	go test ./e2e -run 'TestChaos' -parallel 1 -count=1 -v -timeout 3h -chaos.requests 1000 -chaos.faults 300 -chaos.for 14m -chaos.restores 5 -chaos.endings 1000 -chaos.seed $(SEED)

histories: go ## record the workflow's histories again, until the next release (docs/testing.md)
	go run ./tools/histories

mutants: go ## remove each defence in turn, and name the test that misses it
	go run ./tools/mutants

fresh: ## both commands of the README on a bare Debian 13, made for it; ARGS="demo --caches" for a short one
	@tools/fresh $(ARGS)

clean: ## delete what was built and the state of `make demo`
	rm -rf bin tools/bin .ramp
