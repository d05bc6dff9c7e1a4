# The habits of the house. `make` alone says what there is.
SHELL := /bin/bash
CARGO ?= cargo
NICE  ?=

.PHONY: help demo test check bench deps deps-radio build schema
help:
	@echo "make demo    build and run the closed loop for one minute: no root, no hardware, no gNB"
	@echo "make test    build and run every test"
	@echo "make check   format, lints, docs, licences"
	@echo "make bench   every bench but soak and safe-state, as Markdown (BENCH=name for one)"
	@echo "make deps    install what the build needs from the system's packages, or print the command"
	@echo "make deps-radio  the same with what the tests of the radio need: SoapySDR"
	@echo "make schema  write the JSON Schemas of sidecar's and the lab's configuration again"

deps:
	@sh configs/deps.sh

build: deps
	$(CARGO) build

demo: build
	target/debug/sidecar demo

deps-radio:
	@sh configs/deps.sh radio

test: deps-radio
	$(CARGO) build --workspace --bins
	$(CARGO) test --workspace

check: deps-radio
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny --all-features check licenses bans sources; else echo "skipped: cargo-deny is not installed (cargo install cargo-deny)"; fi

BENCH ?= air csi emulator hop loop nr predict record
bench: build
	@rc=0; for b in $(BENCH); do target/debug/sidecar bench $$b || rc=$$?; done; exit $$rc

schema: build
	target/debug/sidecar config schema > configs/sidecar.schema.json
	target/debug/lab --schema > configs/lab.schema.json
