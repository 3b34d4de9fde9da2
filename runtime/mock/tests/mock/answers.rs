//! What is answered when all goes well.

use std::sync::Arc;

use flow_mock::{Answer, Mock, Options, StartError};
use flow_plan::{Case, Literal, Place, Type};
use serde_json::json;

use crate::{
    client::Bench,
    plans::{CHARGE, Plans, order_example, param},
};

#[tokio::test]
async fn the_order_example_goes_well() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    let order = r#"{"id":"o-1","customer":"c-1","items":[{"sku":"s-1","quantity":2,"price":12.50}]}"#;

    let checked = bench.send("orders", "POST /orders/validate", &[], order).await;
    assert_eq!((checked.status, &checked.json()["valid"]), (200, &json!(true)));
    assert!(checked.json()["total"].as_f64().unwrap() > 0.0, "{}", checked.body);
    assert!(checked.head.contains("content-type: application/json"), "{}", checked.head);

    let method = bench.send("payments", "GET /customers/c-1/payment-method", &[], "").await;
    assert_eq!((method.status, method.body.as_str()), (200, r#"{"kind":"card"}"#));

    let mut payments = bench.connect("payments").await;
    for number in 1..=2 {
        let charged = payments.send("POST /payments", &[], CHARGE).await;
        assert_eq!(charged.body, format!(r#"{{"id":"charge-{number}"}}"#));
    }
    let refunded = payments.send("DELETE /payments/charge-1", &[], "").await;
    assert_eq!((refunded.status, refunded.body.as_str()), (204, ""));

    let calls = bench.mock.calls();
    assert_eq!((calls.of("payments.charge").requests, calls.of("payments.charge").effects), (2, 2));
    assert_eq!((calls.of("payments.method").requests, calls.of("payments.method").effects), (1, 0));
    assert_eq!(calls.of("inventory.reserve").requests, 0);
    assert_eq!(
        bench.log(),
        [
            "POST orders /orders/validate -> 200",
            "GET payments /customers/c-1/payment-method -> 200",
            "POST payments /payments -> 200",
            "POST payments /payments -> 200",
            "DELETE payments /payments/charge-1 -> 204",
        ]
    );
}

#[tokio::test]
async fn requests_for_no_operation_are_404() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    for line in
        ["GET /payments", "POST /payment", "POST /payments/", "GET /customers//payment-method", "GET *"]
    {
        let answer = bench.send("payments", line, &[], "").await;
        assert_eq!(answer.status, 404, "{line}");
        assert!(answer.head.contains("content-type: application/problem+json"), "{}", answer.head);
        assert_eq!(answer.json()["status"], 404);
    }
    assert_eq!(bench.mock.calls().unmatched, 5);
    assert_eq!(bench.log()[0], "GET payments /payments -> 404 (no such operation)");
}

#[tokio::test]
async fn bodies_that_do_not_fit_are_422_and_say_where() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    for (line, body, detail) in [
        ("POST /payments", "", "the body is missing"),
        ("POST /payments", "{", "the body is no JSON"),
        ("POST /payments", r#"{"order":"o-1"}"#, "$.amount"),
        ("POST /payments", r#"{"order":"o-1","amount":"12,5"}"#, "$.amount"),
        ("POST /payments", "[1]", "$"),
    ] {
        let answer = bench.send("payments", line, &[], body).await;
        assert_eq!(answer.status, 422, "{body}");
        let text = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(text.contains(detail), "{body}: {text}");
    }
    let reserve = "POST /inventory/reservations";
    let none = r#"[{"sku":"s-1","quantity":0,"price":1}]"#;
    let answer = bench.send("inventory", reserve, &[], none).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("$[0].quantity"), "{}", answer.body);
    let log = bench.log();
    assert!(log[2].starts_with("POST payments /payments -> 422 (the body does not fit at $"), "{}", log[2]);
    assert!(!log.iter().any(|line| line.contains("12,5")), "a log line shows no body: {log:?}");
    assert_eq!(bench.mock.calls().of("payments.charge").effects, 0);
}

#[tokio::test]
async fn every_type_has_a_sample_that_fits() {
    let mut plans = Plans::new();
    let string = plans.ty(Type::String);
    let int = plans.ty(Type::Int);
    let mut fields = Vec::new();
    for (name, ty) in [
        ("active", Type::Bool),
        ("count", Type::Int),
        ("ratio", Type::Float),
        ("price", Type::Decimal),
        ("currency", Type::String),
        ("data", Type::Bytes),
        ("length", Type::Duration),
        ("created", Type::Timestamp),
        ("due", Type::Date),
        ("reference", Type::Uuid),
        ("link", Type::Url),
        ("extra", Type::Json),
        ("note", Type::Optional(string)),
        ("tags", Type::List(string)),
        ("stock", Type::Map(int)),
        ("token", Type::Secret(string)),
    ] {
        let ty = plans.ty(ty);
        fields.push((name, ty));
    }
    let created = plans.record(&[("id", string)]);
    fields.push((
        "event",
        plans.ty(Type::Tagged {
            tag: Some("kind".into()),
            cases: vec![Case {
                name: "Created".into(),
                wire: Literal::String("made".into()),
                fields: created,
            }],
            open: false,
        }),
    ));
    fields.push(("next?", plans.ty(Type::Optional(string))));
    let record = plans.record(&fields);
    let list = plans.list(record);
    let api = plans.api("shop", 1);
    plans.operation(api, "get everything /everything", Some(list));
    plans.operation(api, "get text /text", Some(string));
    let program = plans.load();

    let bench = Bench::new(&program, Options::default()).await;
    let answer = bench.send("shop", "GET /everything", &[], "").await;
    // The mock says so in its log where its own sample does not fit.
    assert_eq!(bench.log(), ["GET shop /everything -> 200"]);
    let first = &answer.json()[0];
    assert_eq!(first["active"], true);
    assert_eq!(first["currency"], "EUR");
    assert_eq!(first["created"], "2026-01-31T09:00:00Z");
    assert_eq!(first["due"], "2026-01-31");
    assert_eq!(first["event"], json!({"kind": "made", "id": "event-1"}));
    assert_eq!(first["note"], "a sample of the mock");
    assert_eq!(first.get("next"), None, "a sample ends where more could be fetched");
    let base = bench.mock.base_urls()[0].url.to_string();
    assert_eq!(first["link"], format!("{base}link"));

    let text = bench.send("shop", "GET /text", &[], "").await;
    assert_eq!(text.body, "a sample text of shop.text");
    assert!(text.head.contains("content-type: text/plain"), "{}", text.head);
}

#[tokio::test]
async fn a_type_that_contains_itself_has_a_sample() {
    let mut plans = Plans::new();
    let string = plans.ty(Type::String);
    // The record is the third from here: its list, its optional, itself.
    let next = u32::try_from(plans.plan.types.0.len()).unwrap();
    let node = flow_plan::TypeId(next + 2);
    let children = plans.ty(Type::List(node));
    let parent = plans.ty(Type::Optional(node));
    assert_eq!(plans.record(&[("name", string), ("children", children), ("parent", parent)]), node);
    let api = plans.api("tree", 1);
    plans.operation(api, "get root /root", Some(node));
    let bench = Bench::new(&plans.load(), Options::default()).await;
    let answer = bench.send("tree", "GET /root", &[], "").await;
    assert!(answer.json()["children"].is_array());
    assert_eq!(bench.log(), ["GET tree /root -> 200"]);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answers() {
    let mut plans = Plans::new();
    let types = [Type::Decimal, Type::Int, Type::String, Type::Uuid].map(|ty| plans.ty(ty));
    let fields: Vec<(String, flow_plan::TypeId)> = (0..12)
        .map(|n| (format!("field{n}{}", ["price", "count", "_name", "key"][n % 4]), types[n % 4]))
        .collect();
    let fields: Vec<(&str, flow_plan::TypeId)> = fields.iter().map(|(n, ty)| (n.as_str(), *ty)).collect();
    let record = plans.record(&fields);
    let api = plans.api("shop", 1);
    plans.operation(api, "get one /one", Some(record));
    plans.operation(api, "get two /two", Some(record));
    let program = plans.load();
    let mut answers = Vec::new();
    for seed in [0, 0, 7] {
        let bench = Bench::new(&program, Options { seed, ..Options::default() }).await;
        let two = bench.send("shop", "GET /two", &[], "").await.body;
        let one = bench.send("shop", "GET /one", &[], "").await.body;
        assert_ne!(one, two, "operations differ");
        assert_eq!(
            one,
            bench.send("shop", "GET /one", &[], "").await.body,
            "a safe operation repeats itself"
        );
        answers.push((one, two));
    }
    assert_eq!(answers[0], answers[1]);
    assert_ne!(answers[0], answers[2]);
}

#[tokio::test]
async fn answers_of_ones_own_lie_over_the_sample() {
    let program = order_example();
    let order = r#"{"id":"o-1","customer":"c-1","items":[]}"#;
    let answers = vec![Answer::parse(r#"orders.validate={"valid":false}"#).unwrap()];
    let bench = Bench::new(&program, Options { answers, ..Options::default() }).await;
    let answer = bench.send("orders", "POST /orders/validate", &[], order).await.json();
    assert_eq!(answer["valid"], false);
    assert!(answer["total"].is_number());

    let answers = vec![Answer::parse(r#"orders.validate={"valid":"no"}"#).unwrap()];
    let refused = Mock::start(&[Arc::clone(&program)], Options { answers, ..Options::default() }).await;
    let message = refused.unwrap_err().to_string();
    assert!(message.starts_with("the answer of `orders.validate` does not fit: $.valid"), "{message}");
}

#[tokio::test]
async fn unknown_operations_are_refused_with_those_that_there_are() {
    let failures = vec!["payments.chrage=503".parse().unwrap()];
    let refused = Mock::start(&[order_example()], Options { failures, ..Options::default() }).await;
    let Err(StartError::UnknownOperation { name, known }) = refused else { panic!("{refused:?}") };
    assert_eq!(name.to_string(), "payments.chrage");
    assert_eq!(known[0], "orders.validate");
    assert!(known.contains(&"payments.charge".to_owned()));
}

#[tokio::test]
async fn versions_of_an_api_are_played_apart() {
    let mut plans = Plans::new();
    let string = plans.ty(Type::String);
    let made = plans.record(&[("id", string)]);
    for version in [1, 2] {
        let api = plans.api("payments", version);
        plans.operation(api, "post charge /payments", Some(made));
    }
    let program = plans.load();
    let failures = vec!["payments@v2.charge=500".parse().unwrap()];
    // Two plans of one file: what both use is played once.
    let mock = Mock::start(&[Arc::clone(&program), program], Options { failures, ..Options::default() })
        .await
        .unwrap();
    let bases: Vec<(String, u32)> =
        mock.base_urls().into_iter().map(|base| (base.api, base.version)).collect();
    assert_eq!(bases, [("payments".to_owned(), 1), ("payments".to_owned(), 2)]);
    let names: Vec<String> = mock.calls().operations.into_keys().collect();
    assert_eq!(names, ["payments@v1.charge", "payments@v2.charge"]);
    mock.shutdown().await;
}

#[tokio::test]
async fn a_plan_can_be_pointed_here() {
    let program = order_example();
    let mock = Mock::start(&[Arc::clone(&program)], Options::default()).await.unwrap();
    let mut plan = program.plan().clone();
    mock.redirect(&mut plan);
    for (api, base) in plan.apis.iter().zip(mock.base_urls()) {
        assert_eq!(api.base, [flow_plan::Setting::Text(base.url.to_string())]);
    }
}

#[tokio::test]
async fn latency_is_waited() {
    let mut plans = Plans::new();
    let api = plans.api("shop", 1);
    plans.operation(api, "get ping /ping", None).params.push(param("q", Place::Query, flow_plan::TypeId(0)));
    let latency = Some(std::time::Duration::from_millis(80));
    let bench = Bench::new(&plans.load(), Options { latency, ..Options::default() }).await;
    let start = std::time::Instant::now();
    assert_eq!(bench.send("shop", "GET /ping?q=x", &[], "").await.status, 204);
    assert!(start.elapsed().as_millis() >= 80);
}

#[tokio::test]
async fn a_head_request_has_no_body() {
    let mut plans = Plans::new();
    let string = plans.ty(Type::String);
    let record = plans.record(&[("id", string)]);
    let api = plans.api("shop", 1);
    plans.operation(api, "head probe /things/{id}", Some(record));
    plans.operation(api, "get read /things/{id}", Some(record));
    let bench = Bench::new(&plans.load(), Options::default()).await;
    let mut client = bench.connect("shop").await;
    for _ in 0..2 {
        assert_eq!(client.send("HEAD /things/a", &[], "").await.status, 200);
        assert_eq!(client.send("GET /things/a", &[], "").await.body, r#"{"id":"a"}"#);
    }
}

#[tokio::test]
async fn apis_with_one_base_answer_at_each_others_port() {
    let mut plans = Plans::new();
    for (name, base) in [("orders", "http://one"), ("stock", "http://one"), ("payments", "http://two")] {
        let api = plans.api(name, 1);
        plans.plan.apis[api.index()].base = vec![flow_plan::Setting::Text(base.into())];
        plans.operation(api, &format!("get ping /{name}"), None);
    }
    let bench = Bench::new(&plans.load(), Options::default()).await;
    for (port, path, status) in
        [("orders", "/orders", 204), ("orders", "/stock", 204), ("orders", "/payments", 404)]
    {
        assert_eq!(bench.send(port, &format!("GET {path}"), &[], "").await.status, status, "{path}");
    }
    assert_eq!(bench.log()[1], "GET stock /stock -> 204");
    assert_eq!(bench.mock.calls().of("stock.ping").requests, 1);
}
