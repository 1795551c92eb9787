# openIMIS backend in Go. `make help` lists the targets; nothing but Go is needed for them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# A tag, with the number of commits since it; without any tag all commits count.
ifndef VERSION
VERSION := $(shell git describe --tags --dirty 2>/dev/null || \
	{ git rev-parse -q --verify HEAD >/dev/null 2>&1 && echo "v0.0.0-$$(git rev-list --count HEAD)-g$$(git rev-parse --short HEAD)$$(git diff --quiet HEAD || echo -dirty)" || echo dev; })
endif
COMMIT := $(shell git rev-parse -q --verify HEAD 2>/dev/null || echo unknown)
BUILD := github.com/openimis/openimis-be-go/internal/build
LDFLAGS := -s -w -X $(BUILD).Version=$(VERSION) -X $(BUILD).Commit=$(COMMIT)
PROGRAMS := server gateway
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
build: $(PROGRAMS:%=bin/%) ## build bin/server and bin/gateway

# Go knows itself what is out of date.
.PHONY: $(PROGRAMS:%=bin/%)
$(PROGRAMS:%=bin/%): bin/%:
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $@ ./cmd/$*

.PHONY: test
test: ## run the tests (IMIS_TEST_POSTGRES, IMIS_TEST_MSSQL, IMIS_TEST_AMQP, IMIS_TEST_SHARED add to them)
	go test $(TESTFLAGS) $(PACKAGES)

# What is built for others: static programs for each system, Debian packages, an archive for Windows. The same
# commit gives the same files. A version after a tag sorts after it (1.0.0+3.gabc), a candidate before (1.0.0~rc1).
PACKAGE_VERSION = $(shell echo '$(VERSION)' | sed -E 's/^v//; s/^[^0-9]/0.0.0+&/; s/-(alpha|beta|rc)/~\1/; s/-/+/; s/-/./g')
NFPM := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
TARGETS := linux-amd64 linux-arm64 windows-amd64
ARCHIVE := openimis_$(PACKAGE_VERSION)
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || date +%s)

.PHONY: dist
dist: dist/packages ## build dist/: static programs, Debian packages, archives for Linux and Windows

.PHONY: dist/packages
dist/packages: $(TARGETS:%=dist/%)
	rm -f dist/*.deb dist/*.tar.gz dist/*.zip dist/SHA256SUMS
	for arch in $(patsubst linux-%,%,$(filter linux-%,$(TARGETS))); do \
		ARCH=$$arch PACKAGE_VERSION='$(PACKAGE_VERSION)' go run $(NFPM) package --config deploy/debian/nfpm.yaml --packager deb --target dist/; \
		tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$$SOURCE_DATE_EPOCH --transform 's,^,openimis/,' \
			-C dist/linux-$$arch -cf - server gateway -C ../.. README.md CHANGELOG.md LICENSE deploy docs | gzip -n >dist/$(ARCHIVE)_linux_$$arch.tar.gz; \
	done
ifneq ($(filter windows-%,$(TARGETS)),)
	deploy/windows/collect.sh dist/windows-amd64
	go run ./internal/tools/zip dist/$(ARCHIVE)_windows_amd64.zip dist/windows-amd64
endif
	cd dist && sha256sum $(ARCHIVE)* >SHA256SUMS

.PHONY: $(TARGETS:%=dist/%)
$(TARGETS:%=dist/%): dist/%:
	rm -rf $@ && mkdir -p $@
	for program in $(PROGRAMS); do \
		CGO_ENABLED=0 GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) \
			go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $@/$$program$(if $(findstring windows,$*),.exe) ./cmd/$$program; \
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
