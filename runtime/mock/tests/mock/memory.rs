//! Echoes, and what is remembered between requests.

use std::sync::Arc;

use flow_mock::Options;
use flow_plan::{Place, Type};
use flow_vm::Program;
use serde_json::json;

use crate::{
    client::Bench,
    plans::{Plans, param},
};

/// Customers that can be made, read, changed and deleted.
fn customers() -> Arc<Program> {
    let mut plans = Plans::new();
    let (string, decimal, int) = (plans.ty(Type::String), plans.ty(Type::Decimal), plans.ty(Type::Int));
    let text = plans.optional(string);
    let address = plans.record(&[("city", string), ("street", string)]);
    let draft =
        plans.record(&[("name", string), ("credit", decimal), ("address", address), ("token", string)]);
    let patch = plans.record(&[("name?", text)]);
    let customer = plans.record(&[
        ("id", string),
        ("name", string),
        ("credit", decimal),
        ("address", address),
        ("token", string),
        ("rank", int),
    ]);
    let wrapped = plans.record(&[("customer", customer)]);
    let found = plans.record(&[("query", string), ("limit", int)]);
    let api = plans.api("crm", 1);
    plans.operation(api, "post create /customers", Some(customer)).params.push(param(
        "draft",
        Place::Body,
        draft,
    ));
    plans.operation(api, "get read /customers/{id}", Some(customer));
    plans.operation(api, "patch change /customers/{id}", Some(customer)).params.push(param(
        "patch",
        Place::Body,
        patch,
    ));
    plans.operation(api, "delete remove /customers/{id}", None);
    plans.operation(api, "get wrapped /wrapped/{id}", Some(wrapped));
    let search = plans.operation(api, "get search /search", Some(found));
    search.params.push(param("query", Place::Query, string));
    search.params.push(param("limit", Place::Query, int));
    plans.load()
}

const DRAFT: &str =
    r#"{"name":"Ada","credit":1000.50,"address":{"city":"Turin","street":"1","zip":9},"token":"hunter2"}"#;

#[tokio::test]
async fn what_was_posted_comes_back() {
    let bench = Bench::new(&customers(), Options::default()).await;
    let made = bench.send("crm", "POST /customers", &[], DRAFT).await;
    assert!(made.body.contains(r#""credit":1000.50"#), "a decimal keeps its digits: {}", made.body);
    let made = made.json();
    assert_eq!(made["id"], "create-1");
    assert_eq!(made["name"], "Ada");
    assert_eq!(
        made["address"],
        json!({"city": "Turin", "street": "1"}),
        "and no members that are not declared"
    );
    assert_ne!(made["token"], "hunter2", "what may be a secret does not come back");

    let read = bench.send("crm", "GET /customers/create-1", &[], "").await.json();
    assert_eq!(
        (&read["id"], &read["name"], &read["rank"]),
        (&json!("create-1"), &json!("Ada"), &made["rank"])
    );

    let changed = bench.send("crm", "PATCH /customers/create-1", &[], r#"{"name":"Grace"}"#).await.json();
    assert_eq!((&changed["name"], &changed["address"]["city"]), (&json!("Grace"), &json!("Turin")));
    let read = bench.send("crm", "GET /customers/create-1", &[], "").await.json();
    assert_eq!(read["name"], "Grace");

    assert_eq!(bench.send("crm", "DELETE /customers/create-1", &[], "").await.status, 204);
    assert_eq!(bench.send("crm", "GET /customers/create-1", &[], "").await.status, 404);
    assert_eq!(bench.send("crm", "DELETE /customers/create-1", &[], "").await.status, 204);
}

#[tokio::test]
async fn parameters_come_back() {
    let bench = Bench::new(&customers(), Options::default()).await;
    let read = bench.send("crm", "GET /customers/c%2F7", &[], "").await.json();
    assert_eq!(read["id"], "c/7");
    let found = bench.send("crm", "GET /search?query=a+b&limit=12&other=1", &[], "").await.json();
    assert_eq!(found, json!({"query": "a b", "limit": 12}));
    let wrapped = bench.send("crm", "GET /wrapped/c-9", &[], "").await.json();
    assert_eq!(wrapped["customer"]["id"], "c-9");
    assert!(!bench.log().iter().any(|line| line.contains("query")), "a log line shows no query");
}
