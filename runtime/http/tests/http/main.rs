//! The client against real servers on this machine, good ones and bad ones. What is asked each time: what comes
//! back, how it is classified, and how often the request arrived.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic: that is how it fails")]
#![allow(clippy::disallowed_methods, reason = "these servers are slow on purpose, on threads of their own")]

mod requests;
mod server;

use std::{net::TcpListener, time::Duration};

use bytes::Bytes;
use flow_http::{
    HeaderLine, HttpRequest, HttpResponse, Net, NetError, NetOptions, NotSent, ReqwestNet, Unanswered,
};
use flow_plan::Method;
use server::{Server, Turn, answer};

fn net() -> ReqwestNet {
    ReqwestNet::new(NetOptions::default()).unwrap()
}

fn request(method: Method, url: String, body: Option<&'static str>) -> HttpRequest {
    HttpRequest {
        method,
        url,
        headers: vec![HeaderLine { name: "idempotency-key".into(), value: "k-1".into(), sensitive: false }],
        body: body.map(Bytes::from),
        timeout: Duration::from_secs(5),
        connect_timeout: None,
    }
}

async fn post(net: &ReqwestNet, server: &Server) -> Result<HttpResponse, NetError> {
    net.send(request(Method::Post, server.url("/payments"), Some("{\"amount\":40}"))).await.result
}

fn reason(result: Result<HttpResponse, NetError>) -> (Result<NotSent, Unanswered>, String) {
    match result.unwrap_err() {
        NetError::NotSent { reason, message } => (Ok(reason), message),
        NetError::Unanswered { reason, message } => (Err(reason), message),
    }
}

#[tokio::test]
async fn an_answer_comes_back_whole_and_its_connection_is_used_again() {
    let server = Server::start(vec![
        Turn::Keep(answer(503, "retry-after: 1\r\n", "busy")),
        Turn::Keep(answer(503, "", "busy")),
        Turn::Keep(answer(200, "X-Two: a\r\n", "{\"id\":\"p-1\"}")),
    ]);
    let net = net();
    let first = post(&net, &server).await.unwrap();
    assert_eq!((first.status, first.header("retry-after")), (503, Some("1")));
    assert_eq!(post(&net, &server).await.unwrap().status, 503);
    let third = post(&net, &server).await.unwrap();
    assert_eq!((third.status, &third.body[..], third.cut), (200, &b"{\"id\":\"p-1\"}"[..], None));

    let received = server.received();
    assert_eq!(received.len(), 3, "attempts are counted by the caller, so the client adds none");
    assert!(received.iter().all(|request| request.connection == 0), "one connection serves all");
    assert!(received.iter().all(|request| request.body == b"{\"amount\":40}"));
    let head = received[0].head.to_ascii_lowercase();
    assert!(head.starts_with("post /payments http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-length: 13\r\n") && !head.contains("transfer-encoding"), "{head}");
    assert!(head.contains("\r\nidempotency-key: k-1\r\n"), "{head}");
}

#[tokio::test]
async fn requests_without_a_body_say_so() {
    let server = Server::start(vec![
        Turn::Keep(answer(200, "", "")),
        Turn::Keep(b"HTTP/1.1 204 X\r\n\r\n".to_vec()),
        Turn::Keep(answer(200, "", "")),
    ]);
    let net = net();
    for method in [Method::Get, Method::Delete, Method::Post] {
        net.send(request(method, server.url("/a?b=c"), None)).await.result.unwrap();
    }
    let heads: Vec<String> = server.received().iter().map(|r| r.head.to_ascii_lowercase()).collect();
    assert!(heads[0].starts_with("get /a?b=c http/1.1"), "{}", heads[0]);
    assert!(!heads[0].contains("content-length") && !heads[0].contains("transfer-encoding"), "{}", heads[0]);
    assert!(!heads[1].contains("transfer-encoding"), "{}", heads[1]);
    assert!(heads[2].contains("content-length: 0"), "{}", heads[2]);
}

#[tokio::test]
async fn redirects_are_answers() {
    let server = Server::start(vec![Turn::Keep(answer(302, "location: http://127.0.0.1:1/\r\n", ""))]);
    assert_eq!(post(&net(), &server).await.unwrap().status, 302);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_leaves_it_unknown() {
    for (turn, what) in [(Turn::Hang, "closed"), (Turn::Reset, "reset")] {
        let server = Server::start(vec![turn]);
        let (reason, message) = reason(post(&net(), &server).await);
        assert_eq!(reason, Err(Unanswered::Connection), "{what}: {message}");
        assert_eq!(server.received().len(), 1, "{what}: sent once");
    }
}

#[tokio::test]
async fn a_kept_connection_that_ends_under_a_request_is_not_used_for_it_twice() {
    // The server keeps the connection, reads the second request, and closes: hyper must not try it again.
    for turn in [Turn::Hang, Turn::Reset] {
        let server =
            Server::start(vec![Turn::Keep(answer(200, "", "")), turn, Turn::Keep(answer(200, "", ""))]);
        let net = net();
        post(&net, &server).await.unwrap();
        let (reason, message) = reason(post(&net, &server).await);
        assert_eq!(reason, Err(Unanswered::Connection), "{message}");
        let received = server.received();
        assert_eq!(received.iter().map(|r| r.connection).collect::<Vec<_>>(), [0, 0]);
    }
}

#[tokio::test]
async fn a_kept_connection_that_ended_before_is_replaced() {
    for _ in 0..20 {
        let server = Server::start(vec![Turn::Close(answer(200, "", "")), Turn::Keep(answer(200, "", ""))]);
        let net = net();
        post(&net, &server).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        post(&net, &server).await.unwrap();
        assert_eq!(server.received().iter().map(|r| r.connection).collect::<Vec<_>>(), [0, 1]);
    }
}

#[tokio::test]
async fn a_kept_connection_that_ends_at_that_moment_is_never_sent_to_twice() {
    // A race on purpose: the second request starts while the server closes. Whatever the client makes of it,
    // the number of requests that arrived must fit what it says.
    for n in 0..60_u64 {
        let server = Server::start(vec![Turn::Close(answer(200, "", "")), Turn::Keep(answer(200, "", ""))]);
        let net = net();
        post(&net, &server).await.unwrap();
        tokio::time::sleep(Duration::from_micros(n * 5)).await;
        let second = post(&net, &server).await;
        let arrived = server.received().len();
        match second {
            Ok(_) => assert_eq!(arrived, 2),
            Err(NetError::Unanswered { .. }) => assert!(arrived <= 2),
            Err(NetError::NotSent { message, .. }) => assert_eq!(arrived, 1, "{message}"),
        }
    }
}

#[tokio::test]
async fn what_fails_before_sending_is_surely_not_sent() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let net = net();
    for (url, expected, says) in [
        (format!("http://127.0.0.1:{port}/"), NotSent::Connection, "refused"),
        ("http://no-such-name.invalid/".into(), NotSent::Name, "no-such-name.invalid"),
        ("http://127.0.0.1:99999/".into(), NotSent::Setting, "malformed"),
    ] {
        let (reason, message) = reason(net.send(request(Method::Post, url.clone(), Some("{}"))).await.result);
        assert_eq!(reason, Ok(expected), "{url}: {message}");
        assert!(message.contains(says), "{url}: {message}");
    }
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_is_surely_not_sent() {
    // A listener whose backlog is full takes no further connection, and refuses none.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut fillers = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        fillers.push(stream);
        assert!(fillers.len() < 10_000, "the backlog has an end");
    }
    let mut connecting = request(Method::Post, format!("http://{address}/"), Some("{}"));
    connecting.connect_timeout = Some(Duration::from_millis(200));
    let (reason_, message) = reason(net().send(connecting.clone()).await.result);
    assert_eq!(reason_, Ok(NotSent::Timeout), "{message}");
    // The same where only the whole attempt is limited.
    connecting.connect_timeout = None;
    connecting.timeout = Duration::from_millis(200);
    let (reason_, message) = reason(net().send(connecting).await.result);
    assert_eq!(reason_, Ok(NotSent::Timeout), "{message}");
}

#[tokio::test]
async fn tls_that_does_not_hold_is_surely_not_sent() {
    // A server that speaks no TLS at all, and one whose certificate nobody vouches for.
    for port in [plain_server(), tls_server()] {
        let url = format!("https://localhost:{port}/");
        let (reason, message) = reason(net().send(request(Method::Post, url, Some("{}"))).await.result);
        assert_eq!(reason, Ok(NotSent::Tls), "{message}");
    }
}

/// A server that answers a TLS handshake in plain HTTP.
fn plain_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_secs(1));
    });
    port
}

/// A TLS server with a certificate of its own making.
fn tls_server() -> u16 {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    let certificate = CertificateDer::from(include_bytes!("certificate.der").as_slice());
    let key = PrivatePkcs8KeyDer::from(include_bytes!("certificate.key.der").as_slice());
    let config =
        rustls::ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key))
            .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(config.into()).unwrap();
        while connection.complete_io(&mut stream).is_ok() {}
    });
    port
}

#[tokio::test]
async fn slow_answers_are_unknown_when_their_time_is_up() {
    let head = answer(200, "", "");
    let slow_head = Server::start(vec![Turn::Drip(head.clone(), Duration::from_millis(50))]);
    let mut slow = request(Method::Post, slow_head.url("/"), Some("{}"));
    slow.timeout = Duration::from_millis(300);
    let (reason_, message) = reason(net().send(slow).await.result);
    assert_eq!(reason_, Err(Unanswered::Timeout), "{message}");

    // The status holds though the body never ends: what it says may be all that is needed.
    let endless =
        Server::start(vec![Turn::Close(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n123".to_vec())]);
    let response = post(&net(), &endless).await.unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));
    assert_eq!(response.cut.unwrap().0, Unanswered::Broken);
}

#[tokio::test]
async fn answers_that_are_too_large_are_cut_at_a_limit_that_is_named() {
    let chunked = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n".to_vec();
    let plain = b"HTTP/1.1 500 X\r\n\r\n".to_vec();
    for (head, status) in [(chunked, 200), (plain, 500)] {
        let server = Server::start(vec![Turn::Endless(head)]);
        let response = post(&net(), &server).await.unwrap();
        let (reason, message) = response.cut.unwrap();
        assert_eq!((response.status, reason), (status, Unanswered::TooLarge));
        assert!(message.contains("10485760 bytes"), "{message}");
    }
    let many = "x-a: b\r\n".repeat(10_000);
    let long = format!("x-a: {}\r\n", "b".repeat(1 << 20));
    for headers in [many, long] {
        let server = Server::start(vec![Turn::Close(answer(200, &headers, ""))]);
        let (reason, message) = reason(post(&net(), &server).await);
        assert_eq!(reason, Err(Unanswered::TooLarge), "{message}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_unanswered() {
    for garbage in [&b"SSH-2.0-OpenSSH\r\n\r\n"[..], b"HTTP/1.1 999999\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let server = Server::start(vec![Turn::Close(garbage.to_vec())]);
        let (reason, message) = reason(post(&net(), &server).await);
        assert_eq!(reason, Err(Unanswered::Connection), "{message}");
    }
    // Interim answers are passed over.
    let interim = [b"HTTP/1.1 103 Early\r\n\r\n".repeat(50), answer(200, "", "ok")].concat();
    let server = Server::start(vec![Turn::Keep(interim)]);
    assert_eq!(post(&net(), &server).await.unwrap().status, 200);
}

#[tokio::test]
async fn header_values_cannot_start_a_new_line() {
    let server = Server::start(vec![]);
    let mut injected = request(Method::Post, server.url("/"), None);
    injected.headers[0].value = "a\r\nx-evil: 1".into();
    let (reason, message) = reason(net().send(injected).await.result);
    assert_eq!(reason, Ok(NotSent::Setting));
    assert!(!message.contains("evil"), "{message}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn an_attempt_is_timed_by_its_parts() {
    let server = Server::start(vec![Turn::Drip(answer(200, "", ""), Duration::from_millis(2))]);
    let exchange = net().send(request(Method::Get, server.url("/"), None)).await;
    exchange.result.unwrap();
    assert!(exchange.timings.wait_us >= 50_000, "{:?}", exchange.timings);
    assert!(exchange.timings.connect_us < 1_000_000 && exchange.timings.read_us < 1_000_000);
}

#[test]
fn a_request_shows_no_secret() {
    let mut secret = request(Method::Get, "http://h/p?api_key=hunter2".into(), Some("hunter2"));
    secret.headers.push(HeaderLine {
        name: "authorization".into(),
        value: "hunter2".into(),
        sensitive: true,
    });
    let shown = format!("{secret:?} {:?}", secret.headers);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("authorization"), "{shown}");
}
