# openIMIS backend in Go. `make help` lists the targets; nothing but Go is needed for them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/openimis/openimis-be-go/internal/build.Version=$(VERSION)
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

# What is built for others: static programs for each system, a Debian package, an archive for Windows.
PACKAGE_VERSION = $(shell echo '$(VERSION)' | sed -E 's/^v//; /^[0-9]/!s/^/0.0.0+/; s/-/+/2g')
NFPM := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
TARGETS := linux-amd64 linux-arm64 windows-amd64

.PHONY: dist
dist: $(TARGETS:%=dist/%) ## build dist/: static programs, Debian packages, an archive for Windows
	for arch in amd64 arm64; do \
		ARCH=$$arch PACKAGE_VERSION=$(PACKAGE_VERSION) go run $(NFPM) package --config deploy/debian/nfpm.yaml --packager deb --target dist/; \
		tar -czf dist/openimis_$(PACKAGE_VERSION)_linux_$$arch.tar.gz --transform 's,^,openimis/,' -C dist/linux-$$arch server gateway -C ../.. README.md LICENSE deploy docs; \
	done
	cp deploy/windows/install.ps1 deploy/windows/README.md LICENSE dist/windows-amd64/
	go run ./internal/tools/zip dist/openimis_$(PACKAGE_VERSION)_windows_amd64.zip dist/windows-amd64
	cd dist && sha256sum *.deb *.tar.gz *.zip >SHA256SUMS

.PHONY: $(TARGETS:%=dist/%)
$(TARGETS:%=dist/%): dist/%:
	mkdir -p $@
	for program in server gateway; do \
		CGO_ENABLED=0 GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) \
			go build -trimpath -ldflags '$(LDFLAGS)' -o $@/$$program$(if $(findstring windows,$*),.exe) ./cmd/$$program; \
	done

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
