//! The properties hold for mutations of every text of the repository, a bounded number of times.
//!
//! `FLOW_PROPERTY_CASES` asks for more of each.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers serve it alone"
)]

mod corpus;
mod mutation;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::mutation::{mutated, mutation};

/// Holds a property for so many mutated texts.
fn hold(cases: u32, property: impl Fn(&str)) {
    let texts = corpus::texts();
    let asked = std::env::var_os("FLOW_PROPERTY_CASES").and_then(|cases| cases.to_str()?.parse().ok());
    let cases = asked.unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let input = (any::<usize>(), proptest::collection::vec(mutation(), 1..4));
    let run = |(index, mutations): (usize, Vec<_>)| {
        property(&mutated(&texts[index % texts.len()], &mutations));
        Ok(())
    };
    TestRunner::new(config).run(&input, run).unwrap();
}

#[test]
fn of_the_parser() {
    hold(2_000, flow_properties::parser);
}

#[test]
fn of_the_formatter() {
    hold(1_500, flow_properties::formatter);
}

#[test]
fn of_the_checker() {
    hold(1_000, flow_properties::checker);
}
