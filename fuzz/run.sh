#!/bin/sh
# Fuzzes each target for so many seconds, from the texts of the repository: `sh fuzz/run.sh 600`, or
# `sh fuzz/run.sh 600 checker` for one of them. Needs a nightly toolchain and `cargo install cargo-fuzz`.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- parser formatter checker
seeds=fuzz/corpus/seeds
mkdir -p "$seeds"
find examples tests compiler grammar -name '*.flow' -size -8k | while read -r file; do
  cp "$file" "$seeds/$(echo "$file" | tr / -)"
done
for target in "$@"; do
  mkdir -p "fuzz/corpus/$target"
  cargo +nightly fuzz run "$target" "fuzz/corpus/$target" "$seeds" -- \
    -dict=fuzz/words.dict -max_len=4096 -timeout=20 -max_total_time="$seconds" -print_final_stats=1
done
