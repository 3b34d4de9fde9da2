#!/bin/sh
# Builds flow, then runs the order example twice, offline: its services are real HTTP servers that flow starts itself.
set -eu
cd "$(dirname "$0")/../.."
echo "Building flow: some minutes the first time."
cargo build --release --locked --quiet
flow="${CARGO_TARGET_DIR:-target}/release/flow"

show() { printf '\n$ flow'; for word in "$@"; do printf ' %s' "$word"; done; printf '\n'; }
run() { show "$@"; "$flow" "$@"; }

order=examples/order/order.flow
input=@examples/order/input.json

echo "1. The payment service is busy twice. The charge is sent three times, with one key."
run run "$order" --input "$input" --mock --fail payments.charge=503:2

printf '\n2. The card is declined. The reserved stock is released; flow exits with 1.\n'
code=0
run run "$order" --input "$input" --mock --fail payments.charge=402 || code=$?
[ "$code" -eq 1 ] || { echo "expected exit code 1, got $code" >&2; exit 1; }
