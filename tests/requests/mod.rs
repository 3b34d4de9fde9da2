//! What properties put into requests, as a server sees it: each request of `calls.flow` against real HTTP.

use std::path::PathBuf;

use crate::support::command::{Ran, flow, run};
use crate::support::server::{Reply, Request, Server};

const SECRET: &str = "tok-5up3r-s3cr3t-value";
const OTHER: &str = "pw-An0ther-s3cret";

const CALLS: &str = r#"
config {
  host: string
  tenant: string = "acme"
  token: secret string
  password: secret string
}

retry twice { attempts: 2, backoff: none, on: [503, connection] }

api shop v3 {
  base: "http://{config.host}/base"
  version: path
  connect_timeout: 1s
  balance: round_robin
  auth: bearer(config.token)
  headers: { "X-Tenant": "tenant-{config.tenant}", "X-Mixed": "{config.tenant}:{config.password}" }

  get by_path "/things/{id}" (id: string, tags: [string], header trace as "X-Trace": string?) {
    headers: { "X-Thing": id, "X-Both": "{id} of {config.tenant}" }
    accept: "application/vnd.shop+json"
  }
  get own_auth "/own" () { auth: basic(config.tenant, config.password) }
  get key_auth "/key" () { auth: key(header("X-Key"), "k-{config.password}") }
  get follow "{+next}" (next: url)
  post reserve "/reservations" (body order: { id: string, amount: decimal }) -> { id: string } {
    idempotency: header("Idempotency-Key", "{order.id}-reserve")
    retry: twice
    undo: none
  }
  patch change "/changes" (body change: { meta: { note: string }, price: decimal }) {
    idempotency: field(meta.request_id)
    content: "application/merge-patch+json"
    retry: twice
    undo: none
  }
}

api legacy v2 {
  base: "http://{config.host}"
  version: header("Api-Version")
  get by_header "/by-header" ()
}

api odd v4 {
  base: "http://{config.host}"
  version: query("api-version")
  get by_query "/by-query" (q: string)
}

api typed v5 {
  base: "http://{config.host}"
  version: media_type
  post by_type "/by-type" (body x: { a: int }) { idempotency: natural }
}

workflow main (link: url) -> string {
  shop.by_path("a/b", ["x", "y z"], "t-1")
  shop.own_auth()
  shop.key_auth()
  shop.follow(link)
  shop.reserve({ id: "o-1", amount: 1.10 })
  shop.change({ meta: { note: "n" }, price: 2.50 })
  legacy.by_header()
  odd.by_query("1")
  typed.by_type({ a: 1 })
  return "ok"
}
"#;

fn folder(name: &str, source: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("flow-requests-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("calls.flow"), source).unwrap();
    folder
}

fn server() -> Server {
    Server::start([
        ("POST /base/v3/reservations", vec![Reply::Drop, Reply::Json(200, r#"{"id":"r-1"}"#)]),
        ("PATCH /base/v3/changes", vec![Reply::Json(503, "{}"), Reply::Json(200, "{}")]),
        ("GET *", vec![Reply::Json(200, "{}")]),
        ("POST /by-type", vec![Reply::Json(200, "{}")]),
    ])
}

fn call(server: &Server, name: &str, link: &str) -> Ran {
    let folder = folder(name, CALLS);
    let input = serde_json::json!({ "link": link }).to_string();
    let host = format!("host={}", server.url().trim_start_matches("http://"));
    let arguments = ["run", "calls.flow", "--input", &input, "--set", &host];
    let mut command = flow(&folder, &arguments);
    let ran = run(command.env("FLOW_SET_TOKEN", SECRET).env("FLOW_SET_PASSWORD", OTHER));
    std::fs::remove_dir_all(folder).unwrap();
    ran
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).map_or("", String::as_str)
}

#[test]
fn requests_carry_what_their_properties_say() {
    let server = server();
    let link = format!("{}/elsewhere?page=2&x=%2F", server.url());
    let ran = call(&server, "all", &link);
    assert_eq!(ran.code, 0, "{}", ran.seen());
    assert!(!ran.seen().contains(SECRET) && !ran.seen().contains(OTHER), "{}", ran.seen());
    let received = server.received();
    let lines: Vec<String> = received.iter().map(Request::line).collect();
    assert_eq!(
        lines,
        [
            "GET /base/v3/things/a%2Fb?tags=x&tags=y+z",
            "GET /base/v3/own",
            "GET /base/v3/key",
            "GET /elsewhere?page=2&x=%2F",
            "POST /base/v3/reservations",
            "POST /base/v3/reservations",
            "PATCH /base/v3/changes",
            "PATCH /base/v3/changes",
            "GET /by-header",
            "GET /by-query?api-version=4&q=1",
            "POST /by-type",
        ]
    );
    let bearer = format!("Bearer {SECRET}");
    let by_path = &received[0];
    for (name, value) in [
        ("authorization", bearer.as_str()),
        ("x-tenant", "tenant-acme"),
        ("x-mixed", &format!("acme:{OTHER}")),
        ("x-thing", "a/b"),
        ("x-both", "a/b of acme"),
        ("x-trace", "t-1"),
        ("accept", "application/vnd.shop+json"),
    ] {
        assert_eq!(header(by_path, name), value, "{name}");
    }
    // base64 of `acme:pw-An0ther-s3cret`.
    assert_eq!(header(&received[1], "authorization"), "Basic YWNtZTpwdy1BbjB0aGVyLXMzY3JldA==");
    assert_eq!(header(&received[2], "x-key"), format!("k-{OTHER}"));
    assert_eq!(header(&received[2], "authorization"), "", "the operation's own replaces the api's");
    assert_eq!(header(&received[3], "authorization"), bearer, "a link leads to where the api is");
    for reserve in &received[4..6] {
        assert_eq!(reserve.key(), Some("o-1-reserve"), "the same on every attempt");
        assert_eq!(reserve.body, br#"{"amount":1.10,"id":"o-1"}"#);
    }
    assert_eq!(received[6].body, received[7].body, "the same key on every attempt");
    let change: serde_json::Value = serde_json::from_slice(&received[6].body).unwrap();
    assert_eq!(change["meta"]["request_id"].as_str().map(str::len), Some(36), "{change}");
    assert!(received[6].body.windows(4).any(|part| part == b"2.50"), "a decimal keeps its digits");
    assert_eq!(header(&received[6], "content-type"), "application/merge-patch+json");
    assert_eq!(header(&received[8], "api-version"), "2");
    assert_eq!(header(&received[10], "accept"), "application/json;version=5");
    assert_eq!(header(&received[10], "content-type"), "application/json;version=5");
}

#[test]
fn a_link_that_leads_elsewhere_is_not_followed() {
    let server = server();
    let ran = call(&server, "elsewhere", "http://127.0.0.1:1/steal");
    assert_eq!(ran.code, 1, "{}", ran.seen());
    assert!(ran.seen().contains("is not where the API is"), "{}", ran.seen());
    assert_eq!(server.received().len(), 3, "what came before it");
}

const OLD: &str = r#"
config { host: string }
api shop v1 {
  base: "http://{config.host}"
  get old "/old" () -> int
  get ending "/ending" () -> int
  get new "/new" () -> int
}
workflow main () -> int {
  return shop.old() + shop.old() + shop.ending() + shop.new() + below()
}
workflow below () -> int {
  return shop.old()
}
"#;

#[test]
fn what_a_server_says_of_its_end_is_reported_once() {
    let with =
        |headers: &[&str]| Reply::With(200, headers.iter().map(|line| (*line).to_owned()).collect(), "1");
    let server = Server::start([
        ("GET /old", vec![with(&["Deprecation: @1688169599", "Sunset: Fri, 01 Jan 2027 00:00:00 GMT"])]),
        ("GET /ending", vec![with(&["Sunset: Thu, 31 Dec 2026 23:59:59 GMT"])]),
        ("GET /new", vec![with(&["Deprecation: false", "Sunset: some day"])]),
    ]);
    let folder = folder("deprecation", OLD);
    let host = format!("host={}", server.url().trim_start_matches("http://"));
    let ran = run(&mut flow(&folder, &["run", "calls.flow", "main", "--set", &host]));
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!((ran.code, ran.stdout.trim()), (0, "5"), "{}", ran.seen());
    let said: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("says its server")).collect();
    assert_eq!(
        said,
        [
            "shop.old          deprecated since 2023-06-30, gone from 2027-01-01, says its server",
            "shop.ending       gone from 2026-12-31, says its server",
        ]
    );
}

const CHANGES: &str = r#"
config { host: string }
type Changes { count?: int?, note?: string?, price?: decimal?, tag?: string }
api shop v1 {
  base: "http://{config.host}"
  patch change "/changes" (body changes: Changes) -> Changes { idempotency: natural }
}
workflow main (changes: Changes) -> Changes {
  shop.change(changes)
  shop.change({ ...changes, tag: absent })
  return shop.change({ ...changes, count: changes.count ?? absent, note: null })
}
"#;

#[test]
fn what_is_absent_stays_absent_and_null_stays_null() {
    for (input, bodies) in [
        (
            r#"{"count":null,"price":1.50}"#,
            [r#"{"count":null,"price":1.50}"#, r#"{"note":null,"price":1.50}"#],
        ),
        (r#"{"note":"n"}"#, [r#"{"note":"n"}"#, r#"{"note":null}"#]),
        ("{}", ["{}", r#"{"note":null}"#]),
    ] {
        let server = Server::start([("PATCH /changes", vec![Reply::Json(200, input)])]);
        let folder = folder("changes", CHANGES);
        let host = format!("host={}", server.url().trim_start_matches("http://"));
        let ran = run(&mut flow(&folder, &["run", "calls.flow", "--input", input, "--set", &host]));
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(ran.code, 0, "{}", ran.seen());
        let sent: Vec<String> = server
            .received()
            .iter()
            .map(|request| String::from_utf8_lossy(&request.body).into_owned())
            .collect();
        let [whole, with_null] = bodies;
        assert_eq!(sent, [whole, whole, with_null]);
        assert_eq!(ran.stdout.split_whitespace().collect::<String>(), input, "the answer too");
    }
}
