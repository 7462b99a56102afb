# Everything a fresh machine needs, in two commands: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
TARGET := $(or $(CARGO_TARGET_DIR),target)
EMULATORS := python3 tools/emulators.py
# The version deny.toml was written for.
CARGO_DENY := 0.20.2

.PHONY: help demo test lint bench faults clean cargo-deny walkthrough

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 18

demo: ## POC A's whole life cycle on emulators: plan, check, apply, verify, data in and out, cost, close-out
	cargo build --locked --workspace --bin poc_a
	$(EMULATORS) run -- $(TARGET)/debug/poc_a

test: ## every test: unit, property, golden, documentation, and end to end over the wire
	$(EMULATORS) install
	@python3 tools/sshd.py install >/dev/null || \
	  { [ -z "$$SCE_NO_SKIP" ] && echo 'skipped: tests of ssh, since there is no sshd (see above)'; }
	python3 -m unittest discover --start-directory tools --pattern 'test_*.py'
	cargo build --locked --workspace --bins
	cargo test --locked --workspace
	python3 tools/wheel.py test
	PATH="$(abspath $(TARGET))/debug:$$PATH" $(EMULATORS) run -- python3 tools/walkthrough.py --check

lint: ## formatting, clippy, documentation, licences
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps
	@if command -v cargo-deny >/dev/null; then \
	  echo 'cargo deny --locked check bans licenses sources'; \
	  cargo deny --locked check --hide-inclusion-graph bans licenses sources; \
	else \
	  echo 'skipped: cargo-deny is not installed (make cargo-deny), so bans, licences and sources were not checked'; \
	fi

cargo-deny: ## installs cargo-deny for `make lint` (about 4 CPU minutes, once)
	cargo install --quiet --locked cargo-deny --version $(CARGO_DENY)

walkthrough: ## runs the commands of docs/poc-a.in.md and writes docs/poc-a.md with what they said
	cargo build --locked --workspace --bin sce
	PATH="$(abspath $(TARGET))/debug:$$PATH" $(EMULATORS) run -- python3 tools/walkthrough.py

bench: ## every speed, as a ratio to a peer run beside it
	cargo bench --locked -p sce-synth --bench johns
	cargo bench --locked -p sce-core --bench describe
	cargo bench --locked -p sce-core --bench reach
	cargo bench --locked -p sce-core --bench authorize
	cargo bench --locked -p sce-core --bench prove
	python3 tools/wheel.py bench
	cargo build --locked --release -p sce-cli --bin sce
	python3 tools/bench_process.py $(TARGET)/release/sce
	$(EMULATORS) install
	cargo build --locked --workspace --bins
	$(TARGET)/debug/speed --sce $(TARGET)/release/sce

# For one of them: make faults FAULTS='--operation CreateVpc --mishap timed-out', see tests/src/bin/faults.rs.
faults: ## every call of apply and close-out × every fault, and random walks (hours); FAULTS='…' for less
	$(EMULATORS) install
	cargo build --locked --workspace --bins
	$(TARGET)/debug/faults --report $(TARGET)/faults.json $(FAULTS)
	$(if $(FAULTS),,$(TARGET)/debug/faults --walks 40)

clean: ## removes what was built and installed here
	cargo clean
	rm -rf .sce
