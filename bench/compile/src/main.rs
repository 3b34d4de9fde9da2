//! Prints how long the compiler takes: `cargo run --release -p flow-bench-compile [project|file|hostile [CASE]]`.

mod clock;
mod report;

use std::process::ExitCode;

use flow_bench_compile::hostile::CASES;

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let mut missed = Vec::new();
    if runs("project") {
        missed.extend(report::project());
    }
    if runs("file") {
        missed.extend(report::file());
    }
    if runs("hostile") {
        let only = wanted.iter().find(|name| CASES.iter().any(|case| case.name == **name));
        missed.extend(report::hostile(only.map(String::as_str)));
    }
    for target in &missed {
        clock::print(&format!("missed: {target}"));
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
