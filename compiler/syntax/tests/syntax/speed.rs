//! How fast parsing is; run by hand: `cargo test --release -p flow-syntax -- --ignored --nocapture speed`.

use std::time::{Duration, Instant};

use crate::support::{order, parsed};

#[test]
#[ignore = "it measures, and asserts nothing"]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is measured")]
fn speed_over_many_copies_of_the_order_example() {
    let once = order();
    for copies in [0, 1, 10, 1_000] {
        let text = once.repeat(copies);
        let best = (0..9)
            .map(|_| {
                let start = Instant::now();
                let parse = parsed(&text);
                let took = start.elapsed();
                drop(parse);
                took
            })
            .min()
            .unwrap_or(Duration::MAX);
        let (bytes, lines) = (text.len() as f64, text.lines().count());
        let rate = bytes / best.as_secs_f64() / 1e6;
        println!("{copies} copies: {bytes} bytes, {lines} lines in {best:?}: {rate:.1} MB/s");
    }
}
