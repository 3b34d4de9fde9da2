//! The order example against real HTTP servers: retries, a decline, a compensation, lost answers.

mod outcomes;
mod unknown;

use std::path::{Path, PathBuf};

use crate::support::command::{Ran, flow, run};
use crate::support::server::{Reply, Server};

const SECRET: &str = "tok-5up3r-s3cr3t-value";
const INPUT: &str = r#"{"id":"o-1","customer":"c-7","items":[{"sku":"lamp","quantity":2,"price":20.00}]}"#;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/order")
}

/// The services of the order example, with what the payment answers.
fn services(payment: Vec<Reply>) -> Server {
    Server::start([
        ("POST /orders/validate", vec![Reply::Json(200, r#"{"valid":true,"total":1040.00}"#)]),
        ("POST /inventory/reservations", vec![Reply::Json(201, r#"{"id":"r-1","shelf":"unknown field"}"#)]),
        ("DELETE /inventory/reservations/*", vec![Reply::Json(204, "")]),
        ("GET /customers/c-7/payment-method", vec![Reply::Json(200, r#"{"kind":"card"}"#)]),
        ("POST /payments", payment),
    ])
}

/// Runs `process_order` against a server.
fn order(server: &Server, format: &str) -> Ran {
    let urls = format!("payment_urls=[\"{}\"]", server.url());
    let orders = format!("orders_url={}", server.url());
    let arguments =
        ["run", "order.flow", "--input", INPUT, "--set", &orders, "--set", &urls, "--format", format];
    run(flow(&example(), &arguments).env("FLOW_SET_PAYMENT_TOKEN", SECRET))
}

/// `order.flow:LINE` of the first line that holds a text.
fn place(text: &str) -> String {
    let source = std::fs::read_to_string(example().join("order.flow")).unwrap();
    let line = source.lines().position(|line| line.contains(text)).unwrap() + 1;
    format!("order.flow:{line}")
}
