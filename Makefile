# make demo   builds Ramp and runs all of it on this machine
# make test   sets up what the tests need, then runs every test
.PHONY: demo build setup test check bench histories mutants clean

build:
	go build -o bin/ramp ./cmd/ramp

demo: build
	bin/ramp dev

setup:
	tools/setup

# What CI runs, all of it.
test: setup check
	go test -timeout 20m ./...

check:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-clean:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go run go.temporal.io/sdk/contrib/tools/workflowcheck@v0.6.0 -config workflowcheck.config.yaml ./workflows

bench:
	go run ./bench

# Records the workflow's histories again, until the next release (docs/testing.md).
histories:
	go run ./tools/histories

# Removes each defence in turn and names the test that misses it.
mutants:
	go run ./tools/mutants

clean:
	rm -rf bin .ramp
