//! Secrets end to end: what the server sees, and what everybody else does not.

use std::time::{Duration, Instant};

use crate::support::command::{Ran, flow, run};
use crate::support::server::{Reply, Server};

const TOKEN: &str = "tok-5up3r-s3cr3t-value";

/// Runs a program with a token, in a folder of its own.
pub fn program(name: &str, source: &str, server: &Server, arguments: &[&str]) -> Ran {
    let folder = std::env::temp_dir().join(format!("flow-secrets-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.flow"), source).unwrap();
    let base = format!("base={}", server.url());
    let arguments = [&["run", "main.flow", "--verbose", "--set", &base][..], arguments].concat();
    let ran = run(flow(&folder, &arguments).env("FLOW_SET_TOKEN", TOKEN));
    std::fs::remove_dir_all(folder).unwrap();
    ran
}

fn hides(ran: &Ran) {
    for form in [TOKEN, "5up3r", "s3cr3t", "dG9rLTV1cDNyLXMzY3IzdC12YWx1", "746f6b2d35757033722d"] {
        assert!(!ran.seen().contains(form), "`{form}` in {}", ran.seen());
    }
}

const ECHO: &str = r#"
config { base: url, token: secret string }

error Refused { reason: string }

api shop v1 {
  base: config.base
  auth: bearer(config.token)
  get whoami "/whoami" () -> { key: string }
  get by_key "/keys" (key: string) -> { ok: bool }
  post order "/orders" (body order: { note: string }) { idempotency: natural, raises: { 402: Refused } }
}

workflow child (key: string) -> { key: string } {
  return { key }
}

workflow main (how: string) -> { key: string, size: int, of_child: string } {
  let who = shop.whoami()
  shop.by_key(who.key)
  log "the key is {who.key}"
  report { key: who.key }
  let below = child(who.key)
  if how != "well" { shop.order({ note: how }) }
  return { key: who.key, size: who.key.size(), of_child: below.key }
}
"#;

fn echoing() -> Server {
    Server::start([
        ("GET /whoami", vec![Reply::Json(200, r#"{"key":"tok-5up3r-\u0073\u0033cr3t-value"}"#)]),
        ("GET /keys*", vec![Reply::Json(200, r#"{"ok":true}"#)]),
        (
            "POST /orders",
            vec![
                Reply::Json(
                    402,
                    r#"{"reason":"not for tok%2D5up3r-s3cr3t%2Dvalue, 746f6b2d35757033722d7333637233742d76616c7565"}"#,
                ),
                Reply::Json(418, r#"{"why":"dG9rLTV1cDNyLXMzY3IzdC12YWx1ZQ=="}"#),
            ],
        ),
    ])
}

#[test]
fn a_program_computes_with_an_echo_and_nobody_reads_it() {
    for format in ["text", "json"] {
        let server = echoing();
        let ran =
            program("echo", ECHO, &server, &["main", "--input", r#"{"how":"well"}"#, "--format", format]);
        assert_eq!(ran.code, 0, "{}", ran.seen());
        hides(&ran);
        // The server is sent what it said, and its size is its own.
        let sent = server.received_for("GET /keys*");
        assert_eq!(sent[0].path, format!("/keys?key={TOKEN}"));
        let result = ran.stdout.replace(' ', "");
        assert!(result.contains(&format!("\"size\":{}", TOKEN.len())), "{result}");
        assert!(result.contains(r#""key":"[secrettoken]""#), "{result}");
        assert!(ran.stderr.contains("log: the key is [secret token]"), "{}", ran.stderr);
        assert!(ran.stderr.contains(r#"report: {"key":"[secret token]"}"#), "{}", ran.stderr);
        assert!(ran.stderr.contains("/keys?key=[secret token]"), "{}", ran.stderr);
    }
}

#[test]
fn an_error_shows_no_echo() {
    for format in ["text", "json"] {
        let server = echoing();
        let run =
            || program("error", ECHO, &server, &["main", "--input", r#"{"how":"ill"}"#, "--format", format]);
        let (raised, other) = (run(), run());
        assert_eq!((raised.code, other.code), (1, 1), "{}{}", raised.seen(), other.seen());
        hides(&raised);
        hides(&other);
        assert!(raised.seen().contains("not for [secret token], [secret token]"), "{}", raised.seen());
        assert!(other.seen().contains("[secret token]"), "{}", other.seen());
    }
}

#[test]
fn a_snapshot_and_a_failed_test_show_no_echo() {
    let source = format!(
        r#"{ECHO}
test "it is kept" {{
  mock shop.whoami => {{ key: "mock-secret-token" }}
  mock shop.by_key => {{ ok: true }}
  let run = main("well")
  snapshot run.trace
  snapshot run.result.key
}}
test "it fails" {{
  mock shop.whoami => {{ key: "mock-secret-token" }}
  mock shop.by_key => {{ ok: true }}
  let run = main("well")
  expect run.result.key == "another"
}}
test "its calls" {{
  mock shop.whoami => {{ key: "mock-secret-token" }}
  mock shop.by_key => {{ ok: true }}
  let run = main("well")
  expect calls shop.by_key("another") once
}}
"#
    );
    let folder = std::env::temp_dir().join(format!("flow-secrets-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.flow"), source).unwrap();
    let ran = run(&mut flow(&folder, &["test", "--update"]));
    assert_eq!(ran.code, 1, "{}", ran.seen());
    assert!(ran.stdout.contains("1 passed, 2 failed"), "{}", ran.seen());
    let kept: String = std::fs::read_dir(folder.join("snapshots"))
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    std::fs::remove_dir_all(folder).unwrap();
    assert!(kept.contains("shop.by_key([secret token])"), "{kept}");
    // The source of the test has it, which quotes it: what is found does not.
    let notes: Vec<&str> =
        ran.stdout.lines().filter(|line| line.contains("left:") || line.contains("calls were")).collect();
    assert_eq!(notes.len(), 2, "{}", ran.stdout);
    for text in notes.into_iter().chain([&*kept]) {
        assert!(text.contains("[secret token]") && !text.contains("mock-secret"), "{text}");
    }
}

#[test]
fn a_secret_in_a_file_is_read_again_for_each_attempt() {
    let source = r#"
config { base: url, token: secret string }
retry patient { attempts: 1000, backoff: fixed(20ms), on: [503] }
api shop v1 {
  base: config.base
  auth: bearer(config.token)
  retry: patient
  get whoami "/whoami" () -> { key: string }
}
workflow main () -> string {
  return shop.whoami().key
}
"#;
    for place in ["file", "env-file", "flow.toml"] {
        let server = Server::start([("GET *", vec![Reply::Json(503, "{}")])]);
        let folder = std::env::temp_dir().join(format!("flow-secrets-{place}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("main.flow"), source).unwrap();
        let base = format!("base={}", server.url());
        let mut arguments = vec!["run", "main.flow", "--set", &base];
        let (file, content): (_, fn(&str) -> String) = match place {
            "file" => ("token", |token| format!("{token}\n")),
            "env-file" => (".env", |token| format!("FLOW_SET_TOKEN={token}\n")),
            _ => ("flow.toml", |token| format!("[config]\ntoken = \"{token}\"\n")),
        };
        // In one step: whoever rotates a secret does not leave half of it there.
        let put = |token: &str| {
            std::fs::write(folder.join("next"), content(token)).unwrap();
            std::fs::rename(folder.join("next"), folder.join(file)).unwrap();
        };
        put("tok-of-yesterday");
        if place == "env-file" {
            arguments.extend(["--env-file", file]);
        }
        let mut command = flow(&folder, &arguments);
        if place == "file" {
            command.env("FLOW_SET_TOKEN_FILE", file);
        }
        let mut child = command.spawn().unwrap();
        let sends = |token: &str| {
            let bearer = format!("Bearer {token}");
            let until = Instant::now() + Duration::from_secs(30);
            while !server.received().iter().any(|request| request.headers["authorization"] == bearer) {
                assert!(Instant::now() < until, "{place}: `{token}` was not sent");
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        sends("tok-of-yesterday");
        put("tok-of-today");
        sends("tok-of-today");
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }
}

const DATA: &str = r#"
config { base: url, token: secret string }
type Session { token: secret string, pin: secret int, lifetime: int }
retry twice { attempts: 2, backoff: none, on: [decode] }
api auth v1 {
  base: config.base
  retry: twice
  post login "/login" (body login: { user: string, password: string }) -> Session { idempotency: natural }
  get whoami "/whoami" (header token as "X-Token": string, pin: secret int) -> { key: string } {
    headers: { "X-Pin": "{pin}" }
  }
}
workflow main (user: string, password: secret string) -> { key: string, lifetime: int } {
  let session = auth.login({ user, password })
  let who = auth.whoami("t:{session.token}", session.pin)
  log "it is {who.key}"
  return { key: who.key, lifetime: session.lifetime }
}
"#;

#[test]
fn a_secret_of_an_answer_is_sent_and_masked() {
    let input = ["main", "--input", r#"{"user":"ada","password":"l0velace-1843"}"#, "--format", "json"];
    let server = Server::start([
        ("POST /login", vec![Reply::Json(200, r#"{"token":"s3ss\u0069on-77","pin":90210,"lifetime":60}"#)]),
        ("GET /whoami", vec![Reply::Json(200, r#"{"key":"t:s3ssion-77 of 90210 with l0velace%2D1843"}"#)]),
    ]);
    let ran = program("data", DATA, &server, &input);
    assert_eq!(ran.code, 0, "{}", ran.seen());
    let sent = &server.received_for("GET /whoami")[0];
    assert_eq!((&*sent.headers["x-token"], &*sent.headers["x-pin"]), ("t:s3ssion-77", "90210"));
    assert!(ran.stderr.contains("log: it is t:[secret] of [secret] with [secret]"), "{}", ran.stderr);
    assert!(ran.stdout.contains("t:[secret] of [secret] with [secret]"), "{}", ran.stdout);
    for secret in ["s3ssion", "90210", "l0velace"] {
        assert!(!ran.seen().contains(secret), "{secret}: {}", ran.seen());
    }
}

#[test]
fn an_answer_with_a_secret_in_it_that_does_not_fit_is_not_shown() {
    let input = ["main", "--input", r#"{"user":"ada","password":"l0velace-1843"}"#, "--format", "json"];
    for answer in [
        r#"{"token":"s3ssion-77","pin":90210,"lifetime":"long"}"#,
        r#"{"token":"s3ssion-77","pin":"x90210","lifetime":1}"#,
    ] {
        let server = Server::start([("POST /login", vec![Reply::Json(200, answer)])]);
        let ran = program("misfit", DATA, &server, &input);
        assert_eq!(ran.code, 1, "{}", ran.seen());
        assert!(ran.stdout.contains("(not shown: what is declared for it holds a secret)"), "{}", ran.stdout);
        for secret in ["s3ssion", "90210", "l0velace"] {
            assert!(!ran.seen().contains(secret), "{secret}: {}", ran.seen());
        }
    }
    let server = Server::start([]);
    let input = ["main", "--input", r#"{"user":"ada","password":184318431843}"#];
    let ran = program("input", DATA, &server, &input);
    assert!(ran.code == 2 && !ran.seen().contains("1843"), "{} {}", ran.code, ran.seen());
}

const PINNED: &str = r#"
config { base: url, token: secret string, pin: secret int }
api auth v1 {
  base: config.base
  auth: bearer(config.token)
  post login "/login" (body login: { key: string, pin: int, basic: string }) -> { code: string } { idempotency: natural }
}
workflow main () -> { code: string, own: string } {
  let basic = "me:{config.token}".base64()
  let answer = auth.login({ key: config.token, pin: config.pin, basic })
  log "{answer.code}"
  return { code: answer.code, own: config.token.sha256().hex() }
}
"#;

#[test]
fn a_secret_of_config_goes_into_a_body_and_is_masked() {
    const BODY: &str =
        r#"{"basic":"bWU6dG9rLTV1cDNyLXMzY3IzdC12YWx1ZQ==","key":"tok-5up3r-s3cr3t-value","pin":902104}"#;
    let echo = format!(r#"{{"code":{BODY:?}}}"#);
    let server = Server::start([("POST /login", vec![Reply::Json(200, echo.leak())])]);
    let ran = program("pinned", PINNED, &server, &["main", "--set", "pin=902104"]);
    assert_eq!(ran.code, 0, "{}", ran.seen());
    assert_eq!(server.received_for("POST /login")[0].body, BODY.as_bytes());
    hides(&ran);
    assert!(!ran.seen().contains("902104"), "{}", ran.seen());
    assert!(ran.stdout.contains("[secret token]") && ran.stdout.contains("[secret pin]"), "{}", ran.stdout);

    let server = Server::start([]);
    let ran = program("pinned-wrong", PINNED, &server, &["main", "--set", "pin=x902104"]);
    assert!(ran.code == 4 && ran.seen().contains("secret `pin` is not of the type"), "{}", ran.seen());
    assert!(!ran.seen().contains("902104"), "{}", ran.seen());
}

#[test]
fn a_secret_is_masked_where_what_is_shown_of_an_answer_ends() {
    let source = r#"
config { base: url, token: secret string }
api shop v1 {
  base: config.base
  auth: bearer(config.token)
  get size "/size" () -> { size: int }
}
workflow main () -> int {
  return shop.size().size
}
"#;
    let padded = |from: &str, length: usize| {
        let body = format!("{from}{}{TOKEN}", "x".repeat(length - from.len() - TOKEN.len() / 2));
        format!("{body}\"}}").leak()
    };
    for (status, body) in
        [(418, padded("{\"why\":\"", 4096)), (200, padded("{\"size\":\"", 60 + "{\"size\":\"".len()))]
    {
        let server = Server::start([("GET /size", vec![Reply::Json(status, body)])]);
        let ran = program("edge", source, &server, &["main", "--format", "json"]);
        assert_eq!(ran.code, 1, "{}", ran.seen());
        assert!(ran.seen().contains("xxxx") || ran.seen().contains("a string of "), "{}", ran.seen());
        hides(&ran);
    }
}

#[test]
fn a_mistake_in_a_file_of_settings_does_not_quote_it() {
    let folder = std::env::temp_dir().join(format!("flow-secrets-settings-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.flow"), "config { token: secret string }\nworkflow main () { }\n")
        .unwrap();
    let ran = |arguments: &[&str]| run(&mut flow(&folder, &[&["run", "main.flow"], arguments].concat()));
    let mut all = vec![ran(&["--set", TOKEN])];
    for line in [format!("token = \"{TOKEN}"), format!("token = {TOKEN}"), format!("token {TOKEN}")] {
        std::fs::write(folder.join("flow.toml"), format!("[config]\n{line}\n")).unwrap();
        let found = ran(&[]);
        assert!(found.stderr.contains("flow.toml:2: this is not valid TOML"), "{}", found.seen());
        all.push(found);
        std::fs::remove_file(folder.join("flow.toml")).unwrap();
        std::fs::write(folder.join(".env"), line.replacen('=', ":", 1)).unwrap();
        all.push(ran(&["--env-file", ".env"]));
    }
    std::fs::remove_dir_all(folder).unwrap();
    for ran in all {
        assert_ne!(ran.code, 0, "{}", ran.seen());
        hides(&ran);
    }
}

#[test]
fn a_secret_inside_of_a_config_entry_is_sent_sealed_and_masked() {
    let source = r#"
type Login { user: string, password: secret string where password.size() > 3 }
config { base: url, login: Login, keys: [secret string], spare: { key: secret string }? }
api auth v1 {
  base: config.base
  post token "/token" (body ask: { user: string, password: string, keys: [secret string] }) -> { echo: string } { idempotency: natural }
}
workflow main () -> { echo: string, count: int } {
  let answer = auth.token({ user: config.login.user, password: config.login.password, keys: config.keys })
  log "as {config.login.user}"
  return { echo: answer.echo, count: config.keys.size() }
}
"#;
    let server = Server::start([(
        "POST /token",
        vec![Reply::Json(200, r#"{"echo":"pass-quagga-word and key-okapi-key"}"#)],
    )]);
    let login = r#"login={"user":"ada","password":"pass-quagga-word"}"#;
    let keys = r#"keys=["key-okapi-key"]"#;
    let ran = program("inside", source, &server, &["--set", login, "--set", keys]);
    assert_eq!(ran.code, 0, "{}", ran.seen());
    let body = String::from_utf8(server.received_for("POST /token")[0].body.clone()).unwrap();
    assert!(body.contains("pass-quagga-word") && body.contains("key-okapi-key"), "{body}");
    assert!(!ran.seen().contains("quagga") && !ran.seen().contains("okapi"), "{}", ran.seen());
    assert!(ran.seen().contains("as ada") && ran.stdout.contains("\"count\": 1"), "{}", ran.seen());

    // What does not fit quotes nothing, in whichever field it was put.
    for (set, said) in [
        (r#"login={"user":"ada","password":90190290}"#, "$.password: expected string, found a number"),
        (
            r#"login={"user":90190290,"password":"pass-quagga-word"}"#,
            "$.user: expected string, found a number",
        ),
        (
            r#"login={"user":"ada","password":"gnu"}"#,
            "$.password: the value breaks the condition of `password`",
        ),
        (r#"keys={"a":"key-quagga-key"}"#, "expected a list, found an object"),
        ("login=pass-quagga-word", "found a string"),
    ] {
        let ran = program(
            "inside-wrong",
            source,
            &Server::start([]),
            &["--set", login, "--set", keys, "--set", set],
        );
        assert!(ran.code == 4 && ran.stderr.contains(said), "{set}: {}", ran.seen());
        for part in ["quagga", "gnu", "90190290"] {
            assert!(!ran.seen().contains(part), "{set}: {}", ran.seen());
        }
    }
}

#[test]
fn a_secret_in_a_wrong_place_of_an_input_or_a_signal_is_not_quoted() {
    let source = r#"
config { base: url }
workflow main (user: string, age: int, kind: "a" | "b", token: secret string) -> string {
  signal grant { by: int, key: secret string }
  let got = receive grant
  return "{user} {age} {kind} {token.sha256().hex()} {got.key.sha256().hex()}"
}
"#;
    let whole = |part: &str| format!("{{{part},\"token\":\"t-1\"}}");
    for (input, said) in [
        (whole(r#""user":"u","age":"s3cr3t-quagga","kind":"a""#), "$.age: expected int, found a string"),
        (whole(r#""user":90190290,"age":1,"kind":"a""#), "$.user: expected string, found a number"),
        (whole(r#""user":"u","age":1,"kind":"s3cr3t-quagga""#), "found another value"),
        (whole(r#""user":"u","age":1,"kind":"a","tokn":"s3cr3t-quagga""#), "$.tokn: unknown member"),
    ] {
        let ran = program("misplaced", source, &Server::start([]), &["--input", &input]);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{input}: {}", ran.seen());
        for part in ["quagga", "90190290"] {
            assert!(!ran.seen().contains(part), "{input}: {}", ran.seen());
        }
    }
    let input = whole(r#""user":"u","age":1,"kind":"a""#);
    let sent = r#"grant={"by":"s3cr3t-quagga","key":"k"}"#;
    let ran = program("misplaced", source, &Server::start([]), &["--input", &input, "--send", sent]);
    assert!(ran.code == 2 && ran.stderr.contains("$.by: expected int, found a string"), "{}", ran.seen());
    assert!(!ran.seen().contains("quagga"), "{}", ran.seen());
}
