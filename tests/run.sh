#!/bin/sh
# Runs every test of the project, offline.
set -eu
cd "$(dirname "$0")/.."
command -v cargo-nextest >/dev/null 2>&1 || cargo install cargo-nextest --version 0.9.143 --locked --quiet
cargo nextest run --workspace --locked --no-fail-fast ${CI:+--profile ci}
cargo test --workspace --locked --doc --quiet
