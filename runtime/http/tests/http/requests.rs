//! Requests as they are written down and as they are sent, from the tables of a plan.

use std::time::Duration;

use flow_http::{Attempt, Draft, Field, Parts, Secret, Settings, Value};
use flow_plan::{
    Api, ApiId, Auth, Balance, ConfigId, EffectClass, FORMAT, FunctionId, Idempotency, InputForm, KeyPlace,
    Method, Operation, OperationId, Param, PathPart, Place, Plan, Response, Setting, TypeId, Types,
    WorstCase,
};

const TOKEN: ConfigId = ConfigId(0);
const URLS: ConfigId = ConfigId(1);
const TENANT: ConfigId = ConfigId(2);

fn text(text: &str) -> Setting {
    Setting::Text(text.into())
}

fn plan(change: impl FnOnce(&mut Api, &mut Operation)) -> Plan {
    let mut api = Api {
        name: "shop".into(),
        version: 1,
        base: vec![text("http://a.example/v1/"), Setting::Config(URLS)],
        balance: Balance::RoundRobin,
        auth: None,
        connect_timeout_us: None,
        rate: None,
        concurrency: None,
        headers: vec![("X-Tenant".into(), Setting::Config(TENANT)), ("X-Both".into(), text("api"))],
    };
    let mut operation = Operation {
        api: ApiId(0),
        name: "pay".into(),
        method: Method::Post,
        path: vec![PathPart::Text("/customers/".into()), PathPart::Param(0), PathPart::Text("/pay".into())],
        params: vec![Param {
            name: "customer".into(),
            wire: "customer".into(),
            place: Place::Path,
            ty: TypeId(0),
            check: None,
        }],
        response: Response::Body(TypeId(0)),
        class: EffectClass::Idempotent,
        idempotency: Some(Idempotency::Header("Idempotency-Key".into())),
        raises: Vec::new(),
        absent: Vec::new(),
        done: Vec::new(),
        unknown_on: Vec::new(),
        confirm: None,
        statuses: Vec::new(),
        rate: None,
        concurrency: None,
        headers: vec![("x-both".into(), text("operation"))],
        form: flow_plan::RequestForm::default(),
    };
    change(&mut api, &mut operation);
    Plan {
        format: FORMAT,
        workflow: "w".into(),
        version: 1,
        types: Types::default(),
        boundaries: Vec::new(),
        constants: Vec::new(),
        functions: Vec::new(),
        entry: FunctionId(0),
        input: TypeId(0),
        input_form: InputForm::Sole,
        output: TypeId(0),
        config: Vec::new(),
        errors: Vec::new(),
        apis: vec![api],
        operations: vec![operation],
        policies: Vec::new(),
        steps: Vec::new(),
        children: Vec::new(),
        key: None,
        one_per: None,
        worst: WorstCase::default(),
        escapes: Vec::new(),
        signals: Vec::new(),
        report: None,
    }
}

fn settings(token: &str) -> Settings {
    Settings::new(vec![
        ("token".into(), Some(Value::Secret(Secret::new(token).into()))),
        ("urls".into(), Some(Value::List(vec!["https://b.example".into(), "http://127.0.0.1:8080".into()]))),
        ("tenant".into(), Some(Value::Text("t-1".into()))),
    ])
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn draft(
    plan: &Plan,
    customer: &str,
    query: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Result<Draft, String> {
    let (path, query, headers) = ([customer.to_owned()], pairs(query), pairs(headers));
    let parts =
        Parts { path: &path, query: &query, headers: &headers, body: Some(b"{}"), next: None, computed: &[] };
    Draft::new(plan, OperationId(0), parts, "key-1").map_err(|error| error.to_string())
}

/// The URL and the headers of an attempt.
fn sent(plan: &Plan, draft: &Draft, turn: u64, token: &str) -> Result<(String, Vec<String>), String> {
    let attempt = Attempt { turn, timeout: Duration::from_secs(1) };
    let request =
        draft.fill(plan, OperationId(0), &settings(token), attempt).map_err(|error| error.to_string())?;
    Ok((request.url, request.headers.iter().map(|line| format!("{}: {}", line.name, line.value)).collect()))
}

#[test]
fn a_draft_is_complete_but_for_what_is_live() {
    let plan = plan(|_, _| {});
    let draft = draft(&plan, "c/1", &[("q", "a b&c"), ("q", "ü")], &[("X-Call", "x")]).unwrap();
    assert_eq!(draft.target, "/customers/c%2F1/pay?q=a+b%26c&q=%C3%BC");
    let expected = [
        ("accept", Field::Text("application/json".into())),
        ("content-type", Field::Text("application/json".into())),
        ("x-tenant", Field::Config(TENANT)),
        ("x-both", Field::Text("operation".into())),
        ("x-call", Field::Text("x".into())),
        ("idempotency-key", Field::Text("key-1".into())),
    ];
    assert_eq!(draft.headers, expected.map(|(name, field)| (name.to_owned(), field)));
    assert_eq!(draft.body.as_deref(), Some(&b"{}"[..]));
}

#[test]
fn attempts_take_the_base_urls_in_turn_and_differ_in_nothing_else() {
    let plan = plan(|_, _| {});
    let draft = draft(&plan, "c", &[], &[]).unwrap();
    let attempts: Vec<_> = (0..4).map(|turn| sent(&plan, &draft, turn, "t").unwrap()).collect();
    let urls: Vec<&str> = attempts.iter().map(|(url, _)| url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "http://a.example/v1/customers/c/pay",
            "https://b.example/customers/c/pay",
            "http://127.0.0.1:8080/customers/c/pay",
            "http://a.example/v1/customers/c/pay",
        ]
    );
    assert!(attempts.iter().all(|(_, headers)| *headers == attempts[0].1));
    assert!(attempts[0].1.contains(&"x-tenant: t-1".to_owned()));
}

#[test]
fn authentication_is_added_at_the_attempt_and_wins() {
    let token = || Setting::Config(TOKEN);
    let key = |place| Auth::Key { place, key: token() };
    for (auth, url, header) in [
        (Auth::Bearer(token()), "", "authorization: Bearer s3cret&"),
        (Auth::Basic { user: text("me"), password: token() }, "", "authorization: Basic bWU6czNjcmV0Jg=="),
        (key(KeyPlace::Header("X-Api-Key".into())), "", "x-api-key: s3cret&"),
        (key(KeyPlace::Query("api key".into())), "&api+key=s3cret%26", ""),
    ] {
        let shown = format!("{auth:?}");
        let plan = plan(|api, _| api.auth = Some(auth));
        let draft =
            draft(&plan, "c", &[("q", "1")], &[("Authorization", "mine"), ("x-api-key", "mine")]).unwrap();
        assert!(!format!("{draft:?}").contains("s3cret"));
        let (sent_url, headers) = sent(&plan, &draft, 0, "s3cret&").unwrap();
        assert_eq!(sent_url, format!("http://a.example/v1/customers/c/pay?q=1{url}"), "{shown}");
        assert!(header.is_empty() || headers.contains(&header.to_owned()), "{shown}: {headers:?}");
        let name = header.split(':').next().unwrap();
        assert!(headers.iter().filter(|line| line.starts_with(name)).count() <= 1 || name.is_empty());
    }
}

#[test]
fn the_key_is_ours_whatever_a_call_says() {
    let plan = plan(|_, _| {});
    let draft = draft(&plan, "c", &[], &[("idempotency-key", "mine")]).unwrap();
    assert_eq!(draft.headers.last().unwrap(), &("idempotency-key".to_owned(), Field::Text("key-1".into())));
}

#[test]
fn what_makes_no_request_is_refused_without_showing_values() {
    let usual = plan(|_, _| {});
    let long = "x".repeat(9000);
    for (customer, header, value, says) in [
        ("..", "x-a", "b", "path parameter `customer` is `..`"),
        ("", "x-a", "b", "path parameter `customer` is empty"),
        ("c", "x-a", "hidden\r\nx-evil: 1", "the value of the header `x-a` has a line break"),
        ("c", "x-a", "hidden\u{7}", "the value of the header `x-a` has a control character"),
        ("c", "x a", "hidden", "`x a` is no name of a header"),
        ("c", "Host", "hidden", "the header `host` is made by the client itself"),
        ("c", "Content-Length", "0", "the header `content-length` is made by the client itself"),
        (&long, "x-a", "b", "path and query have 9015 bytes; at most 8192 are sent"),
        ("c", "x-a", &"h".repeat(40_000), "the headers have"),
    ] {
        let error = draft(&usual, customer, &[], &[(header, value)]).unwrap_err();
        assert!(error.starts_with(says) && !error.contains("hidden"), "{error}");
    }

    let token = || Setting::Config(TOKEN);
    let authenticated = plan(|api, _| api.auth = Some(Auth::Bearer(token())));
    let usual_draft = draft(&authenticated, "c", &[], &[]).unwrap();
    let error = sent(&authenticated, &usual_draft, 0, "hidden\nx").unwrap_err();
    assert_eq!(error, "the value of the header `authorization` has a line break");
    let missing = plan(|api, _| api.auth = Some(Auth::Bearer(Setting::Config(ConfigId(9)))));
    assert_eq!(sent(&missing, &usual_draft, 0, "t").unwrap_err(), "config `?` is missing");
    let no_base = plan(|api, _| api.base.clear());
    assert_eq!(sent(&no_base, &usual_draft, 0, "t").unwrap_err(), "the API `shop` has no base URL");
    let secret_base = plan(|api, _| api.base = vec![token()]);
    assert_eq!(
        sent(&secret_base, &usual_draft, 0, "t").unwrap_err(),
        "config `token` is a secret, so no URL"
    );
}
