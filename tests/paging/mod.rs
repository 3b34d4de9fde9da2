//! Pages over HTTP: what is asked for, in which order, where links lead, and what stops it.

use crate::support::command::{Ran, flow, run};
use crate::support::folder::folder;
use crate::support::server::{Reply, Request, Server};

const SHOP: &str = r#"
config { shop_url: url = "https://shop.example" }
retry twice { attempts: 2, backoff: none, on: [503] }
api shop v1 {
  base: config.shop_url
  retry: twice
  get orders "/orders" (state: string, after as "page[after]": int?) -> { orders: [string], meta: { next: int? } } {
    paginate: cursor { from: meta.next, to: after, items: orders }
  }
  get tags "/tags" (limit: int?, offset: int?) -> [string] {
    paginate: offset { limit, offset }
  }
}

workflow main () -> { orders: int, tags: int } {
  var orders = 0
  var tags = 0
  for _ in shop.orders.all("a b") { orders = orders + 1 }
  for _ in shop.tags.all(limit: 2) { tags = tags + 1 }
  return { orders, tags }
}
"#;

#[test]
fn each_page_is_a_request_with_attempts_of_its_own() {
    let json = |body| Reply::Json(200, body);
    let server = Server::start([
        ("GET /orders?state=a+b", vec![json(r#"{"orders":["a","b"],"meta":{"next":7}}"#)]),
        (
            "GET /orders?state=a+b&page%5Bafter%5D=7",
            vec![Reply::Json(503, "{}"), json(r#"{"orders":["c"],"meta":{"next":null}}"#)],
        ),
        ("GET /tags?limit=2", vec![json(r#"["x","y"]"#)]),
        ("GET /tags?limit=2&offset=2", vec![json(r#"["z"]"#)]),
        ("GET /tags?limit=2&offset=3", vec![json("[]")]),
    ]);
    let folder = folder("paging-http", &[("shop.flow", SHOP)]);
    let set = format!("shop_url={}", server.url());
    let ran = run(&mut flow(&folder, &["run", "shop.flow", "--set", &set]));
    assert_eq!(ran.code, 0, "{}", ran.seen());
    let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(result, serde_json::json!({ "orders": 3, "tags": 3 }));
    let lines: Vec<String> = server.received().iter().map(Request::line).collect();
    assert_eq!(
        lines,
        [
            "GET /orders?state=a+b",
            "GET /orders?state=a+b&page%5Bafter%5D=7",
            "GET /orders?state=a+b&page%5Bafter%5D=7",
            "GET /tags?limit=2",
            "GET /tags?limit=2&offset=2",
            "GET /tags?limit=2&offset=3",
        ]
    );
}

#[test]
fn the_mock_plays_a_second_page_and_no_third() {
    let folder = folder("paging-mock", &[("shop.flow", SHOP)]);
    let ran = run(&mut flow(&folder, &["run", "shop.flow", "--mock"]));
    assert_eq!(ran.code, 0, "{}", ran.seen());
    let calls = |name: &str| ran.stderr.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!((calls("shop.orders"), calls("shop.tags")), (2, 2), "{}", ran.seen());
}

const LINKED: &str = r#"
config { host: string = "127.0.0.1", token: secret string }
api shop v2 {
  base: "http://{config.host}/base"
  version: query("api-version")
  auth: key(query("key"), config.token)
  get names "/names" (limit: int, header tenant as "X-Tenant": string) -> [string] {
    headers: { "X-Both": "{tenant}!" }
    paginate: link
  }
}

workflow main () -> int {
  var n = 0
  for _ in shop.names.all(2, "acme") { n = n + 1 }
  return n
}
"#;

/// Runs the walk against a server whose first page leads to the given place.
fn walk(name: &str, link: &str) -> (Ran, Vec<Request>) {
    let first = Reply::With(200, vec![link.to_owned()], r#"["a","b"]"#);
    let server = Server::start([
        ("GET /base/names*", vec![first]),
        ("GET /base/more*", vec![Reply::Json(200, r#"["c"]"#)]),
    ]);
    let folder = folder(&format!("paging-{name}"), &[("shop.flow", LINKED)]);
    let host = format!("host={}", server.url().trim_start_matches("http://"));
    let mut command = flow(&folder, &["run", "shop.flow", "--set", &host]);
    let ran = run(command.env("FLOW_SET_TOKEN", "t0ken-of-the-shop"));
    (ran, server.received())
}

#[test]
fn a_link_is_followed_whole() {
    let link = r#"Link: </x?a,b>; rel="prev", <more?cursor=b%2F2&limit=2&key=t0ken-of-the-shop>; rel="next""#;
    let (ran, received) = walk("link", link);
    assert_eq!((ran.code, ran.stdout.trim()), (0, "3"), "{}", ran.seen());
    let lines: Vec<String> = received.iter().map(Request::line).collect();
    assert_eq!(
        lines,
        [
            "GET /base/names?api-version=2&limit=2&key=t0ken-of-the-shop",
            "GET /base/more?cursor=b%2F2&limit=2&api-version=2&key=t0ken-of-the-shop",
        ]
    );
    for request in &received {
        assert_eq!(request.headers.get("x-tenant").map(String::as_str), Some("acme"));
        assert_eq!(request.headers.get("x-both").map(String::as_str), Some("acme!"));
    }
    assert!(!ran.seen().contains("t0ken"), "{}", ran.seen());
}

#[test]
fn a_link_to_somewhere_else_is_not_followed() {
    for (name, link, said) in [
        ("elsewhere", "http://127.0.0.1:1/more", "is not where the API is"),
        ("scheme", "https://127.0.0.1/more", "is not where the API is"),
        ("file", "file:///etc/passwd", "neither `http` nor `https`"),
        ("malformed", "http://[x", "no absolute URL"),
    ] {
        let (ran, received) = walk(name, &format!("Link: <{link}>; rel=next"));
        assert_eq!(ran.code, 1, "{name}: {}", ran.seen());
        assert!(ran.seen().contains(said), "{name}: {}", ran.seen());
        assert_eq!(received.len(), 1, "{name}");
    }
}

#[test]
fn a_link_to_the_same_page_ends_the_walk_with_an_error() {
    let (ran, received) = walk("again", "Link: <names?limit=2>; rel=next");
    assert_eq!(ran.code, 1, "{}", ran.seen());
    assert!(ran.seen().contains("the page names itself as the next one"), "{}", ran.seen());
    assert_eq!(received.len(), 2);
}

#[test]
fn the_mock_links_to_a_second_page() {
    let folder = folder("paging-link-mock", &[("shop.flow", LINKED)]);
    let ran = run(flow(&folder, &["run", "shop.flow", "--mock"]).env("FLOW_SET_TOKEN", "t0ken-of-the-shop"));
    assert_eq!(ran.code, 0, "{}", ran.seen());
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("shop.names")).count(), 2, "{}", ran.seen());
}
