# What is done with this project, locally and in CI alike. `make` alone prints the list.

.DEFAULT_GOAL := help
.PHONY: help demo demo-one demo-compose image test partitions faults bench bench-network bench-peers fuzz lint advisories vectors docs

# How long each fuzz target runs, in seconds.
SECONDS_EACH ?= 20

# How many random faults, and the seed that repeats them.
FAULTS ?= 100
SEED ?= 1

help: ## this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

demo: ## builds, runs a network of four on this machine: submits, kills, joins, audits, alters, finds it
	@tools/need.sh python3 curl cc
	@tools/demo.sh

demo-one: ## the same for a ledger of one: imports, audits, alters, finds it, and verifies it in Python
	@tools/need.sh python3 cryptography cc
	@tools/demo_one.sh

demo-compose: ## the same idea in containers: a validator is killed, comes back, all homes are audited (CONTRACTS=1000)
	@tools/need.sh cc
	@tools/compose.sh demo

image: ## builds the container image luqi:local, FROM scratch and without a registry
	@tools/need.sh cc
	@tools/image.sh

test: ## every test, in Rust and Python, and how many were left out (FUZZ=1: and a short run of each fuzz target)
	@tools/need.sh python3 cryptography cc curl
	@tools/test.sh

partitions: ## wires that break for minutes, in network namespaces (as root): a block within ten seconds after each
	@tools/need.sh cc
	cargo run --locked -p luqi-tests --bin partitions

faults: ## random faults, liars among them, against real nodes under load (FAULTS=300 SEED=1)
	@tools/need.sh cc
	cargo run --locked --bin faults -- --faults $(FAULTS) --seed $(SEED)

lint: ## formatting, clippy without a warning, licences and sources of dependencies
	@tools/need.sh cc
	cargo fmt --all -- --check
	cargo fmt --manifest-path fuzz/Cargo.toml -- --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny --locked check licenses bans sources; \
	else echo "skipped: cargo-deny is not installed (cargo install --locked cargo-deny)"; fi

advisories: ## what is known against the dependencies, by a copy of rustsec's database (DB=folder)
	@tools/need.sh python3
	@python3 tools/advisories.py $(DB)

bench: ## how fast it is: parts alone, then the whole way (sizes: EVENTS="1000000 5000000")
	@tools/need.sh python3 cc
	cargo bench --locked -p ledger-core --bench merkle --bench map --bench audit --bench worst
	cargo bench --locked -p luqi-node --bench store --bench small_blocks
	@tools/bench.sh
	@tools/bench_network.sh

bench-network: ## the network of it: throughput, latency, a late replica, idle, production (BENCH="--quick")
	@tools/need.sh python3 cc
	@tools/bench_network.sh $(BENCH)

bench-peers: ## the same job by PostgreSQL with a hash-chain trigger, side by side (EVENTS=200000)
	@tools/need.sh python3 cc postgresql
	@tools/bench_peers.sh

fuzz: ## every fuzz target (SECONDS_EACH=20)
	@tools/need.sh c++
	NODE=1 fuzz/run.sh $(SECONDS_EACH)

vectors: ## writes the golden vectors anew: a change of format, in a commit of its own
	LUQI_WRITE_VECTORS=1 cargo test --locked -p ledger-core --test vectors

docs: ## writes docs/annex-tables.md and docs/codes.md anew, and the pages of the code's own documentation
	LUQI_WRITE_DOCS=1 cargo test --locked -p ledger-core --test annex
	cargo doc --locked --workspace --no-deps
