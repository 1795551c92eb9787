# openIMIS backend in Go. `make help` lists the targets; nothing but Go is needed for them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/openimis/openimis-be-go/internal/server.Version=$(VERSION)
PROGRAMS := server $(if $(wildcard cmd/gateway/main.go),gateway)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# make test TESTFLAGS='-v -run Submit' PACKAGES=./modules/claim
TESTFLAGS ?=
PACKAGES ?= ./...
# make bench BENCH=List
BENCH ?= .

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: run
run: bin/server ## build the server and start it (no configuration needed)
	./bin/server

.PHONY: build
build: $(PROGRAMS:%=bin/%) ## build bin/server, and bin/gateway where there is one

# Go knows itself what is out of date.
.PHONY: $(PROGRAMS:%=bin/%)
$(PROGRAMS:%=bin/%): bin/%:
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./cmd/$*

.PHONY: test
test: ## run the tests (IMIS_TEST_POSTGRES, IMIS_TEST_MSSQL, IMIS_TEST_AMQP, IMIS_TEST_SHARED add to them)
	go test $(TESTFLAGS) $(PACKAGES)

.PHONY: bench
bench: ## run the benchmarks; prints the figures only
	@packages=$$(git grep -l --untracked '^func Benchmark' -- '*_test.go' | xargs -r -n1 dirname | sort -u | sed 's|^|./|'); \
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(TESTFLAGS) $$packages | sed -E '/^(PASS|ok )/d'

.PHONY: generate
generate: ## regenerate what is generated: the catalogue of tables, from its facts
	go generate ./...

.PHONY: lint
lint: ## check the formatting, and look for mistakes (go vet, staticcheck)
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "gofmt -w is needed for:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...
