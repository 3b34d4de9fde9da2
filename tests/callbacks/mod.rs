//! Callbacks of `flow run`: answers from outside, over real HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::command::{Ran, flow, run};
use crate::support::folder::folder;
use crate::support::server::{Reply, Server};

const SHIP: &str = r#"
config { carrier_url: url }

api carrier v1 {
  base: config.carrier_url
  timeout: 5s
  post book "/bookings" (body booking: { parcel: string, answer_to: url }) -> { id: string } {
    idempotency: header("Idempotency-Key")
    undo: cancel(result.id)
  }
  post confirm "/confirmations" (body confirmation: { id: string }) { idempotency: header("Idempotency-Key"), undo: none }
  delete cancel "/bookings/{id}" (id: string)
}

workflow ship (parcel: string) -> string {
  let cb = callback<{ tracking: string, days: int where days > 0 }>()
  let booking = carrier.book({ parcel, answer_to: cb.url })
  let first = receive cb within 1m
  carrier.confirm({ id: first.tracking })
  let again = receive cb within 1m
  return "{first.tracking} in {again.days} days"
}
"#;

/// Sends a request to where a URL leads; gives the status and the body.
fn send(method: &str, url: &str, body: &str) -> (u16, String) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(stream, "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The URL that the carrier was given.
fn url_of(server: &Server) -> String {
    let begun = Instant::now();
    loop {
        if let Some(booking) = server.received_for("POST /bookings").first() {
            let booking: serde_json::Value = serde_json::from_slice(&booking.body).unwrap();
            return booking["answer_to"].as_str().unwrap().to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing was booked");
        std::thread::sleep(Duration::from_millis(10));
    }
}

struct Shipped {
    ran: Ran,
    /// Statuses and bodies of what was sent to the callback.
    answers: Vec<(u16, String)>,
    token: String,
    server: Server,
}

/// Runs the workflow against a carrier, and does something with the URL that it was given.
fn ship(name: &str, confirmation: Reply, with: impl FnOnce(&str) -> Vec<(u16, String)>) -> Shipped {
    let server = Server::start([
        ("POST /bookings", vec![Reply::Json(200, r#"{"id":"b-1"}"#)]),
        ("POST /confirmations", vec![confirmation]),
        ("DELETE /bookings/b-1", vec![Reply::Json(200, "{}")]),
    ]);
    let folder = folder(name, &[("ship.flow", SHIP)]);
    let setting = format!("carrier_url={}", server.url());
    let arguments = ["run", "ship.flow", "--input", r#"{"parcel":"p-1"}"#, "--set", &setting];
    let mut command = flow(&folder, &arguments);
    let (ran, url, answers) = std::thread::scope(|scope| {
        let ran = scope.spawn(|| run(&mut command));
        let url = url_of(&server);
        let answers = with(&url);
        (ran.join().unwrap(), url, answers)
    });
    let token = url.rsplit_once('/').unwrap().1.to_owned();
    Shipped { ran, answers, token, server }
}

#[test]
fn the_first_answer_that_fits_is_kept() {
    let shipped = ship("kept", Reply::Json(200, "{}"), |url| {
        let (base, token) = url.rsplit_once('/').unwrap();
        let other = format!("{base}/{}", "0".repeat(token.len()));
        let nobody = url.replace(base.rsplit_once('/').unwrap().1, "00000000-0000-0000-0000-000000000000");
        vec![
            send("GET", url, ""),
            send("POST", &other, "{}"),
            send("POST", &nobody, "{}"),
            send("POST", url, "no JSON"),
            send("POST", url, r#"{"tracking":"t-0","days":0}"#),
            send("POST", url, r#"{"tracking":"t-1","days":3}"#),
        ]
    });
    let statuses: Vec<u16> = shipped.answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [405, 404, 404, 422, 422, 200], "{:?}", shipped.answers);
    assert!(
        shipped.answers[4].1.contains("$.days: 0 breaks the condition of `days`"),
        "{:?}",
        shipped.answers
    );
    assert_eq!(shipped.ran.code, 0, "{}", shipped.ran.seen());
    assert_eq!(shipped.ran.stdout, "\"t-1 in 3 days\"\n", "the second `receive` has the same answer");
    assert_eq!(shipped.token.len(), 32, "128 bits");
    assert!(!shipped.ran.seen().contains(&shipped.token), "the token is a secret: {}", shipped.ran.seen());
}

#[test]
fn what_fails_after_an_answer_is_undone() {
    let shipped = ship("undone", Reply::Json(500, "{}"), |url| {
        vec![send("POST", url, r#"{"tracking":"t-1","days":3}"#)]
    });
    assert_eq!(shipped.ran.code, 1, "{}", shipped.ran.seen());
    assert_eq!(shipped.server.received_for("DELETE /bookings/b-1").len(), 1, "{}", shipped.ran.seen());
    assert!(!shipped.ran.seen().contains(&shipped.token), "the token is a secret: {}", shipped.ran.seen());
}

/// The workflow waits for a second callback, so that its execution is there for all that is sent to the first.
#[test]
fn repeats_get_the_same_status_and_change_nothing() {
    const TWICE: &str = r#"
config { desk_url: url }

api desk v1 {
  base: config.desk_url
  timeout: 5s
  put ask "/questions" (body question: { first: url, second: url }) { undo: none }
}

workflow ask () -> int {
  let first = callback<{ n: int }>()
  let second = callback<{ n: int }>()
  desk.ask({ first: first.url, second: second.url })
  let end = receive second within 1m
  let answer = receive first within 1m
  return answer.n * 10 + end.n
}
"#;
    let server = Server::start([("PUT /questions", vec![Reply::Json(200, "{}")])]);
    let folder = folder("repeats", &[("ask.flow", TWICE)]);
    let setting = format!("desk_url={}", server.url());
    let mut command = flow(&folder, &["run", "ask.flow", "--set", &setting]);
    let (ran, answers) = std::thread::scope(|scope| {
        let ran = scope.spawn(|| run(&mut command));
        let begun = Instant::now();
        let asked = loop {
            if let Some(question) = server.received_for("PUT /questions").first() {
                break serde_json::from_slice::<serde_json::Value>(&question.body).unwrap();
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "nobody was asked");
            std::thread::sleep(Duration::from_millis(10));
        };
        let [first, second] = ["first", "second"].map(|name| asked[name].as_str().unwrap().to_owned());
        let answers =
            [(&first, r#"{"n":4}"#), (&first, r#"{"n":5}"#), (&first, r#"{"n":4}"#), (&second, r#"{"n":2}"#)]
                .map(|(url, body)| send("POST", url, body).0);
        (ran.join().unwrap(), answers)
    });
    assert_eq!(answers, [200, 200, 200, 200], "{}", ran.seen());
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "42\n"), "the first answer is kept: {}", ran.seen());
}
