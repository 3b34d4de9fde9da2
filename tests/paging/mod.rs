//! Pages over HTTP: what is asked for, in which order, and what stops it.

use crate::support::command::{flow, run};
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
