//! Clients that are slow, rude, many or large.

use std::{sync::Arc, time::Duration};

use flow_mock::{Mock, Options};
use tokio::net::TcpStream;

use crate::{
    client::Bench,
    plans::{CHARGE, order_example},
};

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    let mut client = bench.connect("payments").await;
    for (line, body, status) in [
        ("POST /payments", CHARGE, 200),
        ("GET /nowhere", "", 404),
        ("POST /payments", "{", 422),
        ("GET /customers/c/payment-method", "", 200),
        ("DELETE /payments/x", "", 204),
    ] {
        assert_eq!(client.send(line, &[], body).await.status, status, "{line}");
    }
    // Several at once, answered in order.
    let request = "DELETE /payments/a HTTP/1.1\r\nhost: x\r\n\r\n".repeat(3);
    client.write(request.as_bytes()).await;
    for _ in 0..3 {
        assert_eq!(client.receive(false).await.status, 204);
    }
}

#[tokio::test]
async fn garbage_ends_its_own_connection_only() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /payments HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n",
        b"POST /payments HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /payments HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{",
        b"GET /%00%FF%zz HTTP/1.1\r\nhost: \xff\r\n\r\n",
    ] {
        let mut client = bench.connect("payments").await;
        client.write(garbage).await;
        tokio::io::AsyncWriteExt::shutdown(&mut client.stream).await.unwrap();
        let answer = client.receive(false).await;
        assert!(matches!(answer.status, 0 | 400..=499), "{garbage:?}: {answer:?}");
    }
    assert_eq!(bench.send("payments", "POST /payments", &[], CHARGE).await.status, 200);
    assert_eq!(bench.mock.calls().of("payments.charge").effects, 1);
}

#[tokio::test]
async fn large_requests_are_refused() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    let announced = ["content-length: 99999999"];
    assert_eq!(bench.send("payments", "POST /payments", &announced, "").await.status, 413);

    let mut client = bench.connect("payments").await;
    client.write(b"POST /payments HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let mut chunk = format!("{:x}\r\n", 1 << 20).into_bytes();
    chunk.resize(chunk.len() + (1 << 20), b' ');
    chunk.extend(b"\r\n");
    for _ in 0..9 {
        client.write(&chunk).await;
    }
    assert!(matches!(client.receive(false).await.status, 0 | 413));

    let header = format!("x-long: {}", "x".repeat(100_000));
    assert!(matches!(bench.send("payments", "GET /x", &[&header], "").await.status, 0 | 431));
    let many: Vec<String> = (0..200).map(|n| format!("x-{n}: 1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(matches!(bench.send("payments", "GET /x", &many, "").await.status, 0 | 431));
    // A body of eight million brackets is JSON that nobody reads.
    let deep = "[".repeat(4 << 20) + &"]".repeat(4 << 20);
    assert_eq!(bench.send("payments", "POST /payments", &[], &deep).await.status, 422);
    assert_eq!(bench.send("payments", "POST /payments", &[], CHARGE).await.status, 200);
}

#[tokio::test]
async fn slow_clients_do_not_hold_up_others() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut client = bench.connect("payments").await;
        client.write(b"POST /payments HTTP/1.1\r\nhost: x\r\ncontent-length: 30\r\n\r\n{").await;
        slow.push(client);
    }
    assert_eq!(bench.send("payments", "POST /payments", &[], CHARGE).await.status, 200);
    drop(slow);
}

#[tokio::test]
async fn many_clients_are_served_at_once() {
    let latency = Some(Duration::from_millis(100));
    let bench = Arc::new(Bench::new(&order_example(), Options { latency, ..Options::default() }).await);
    let start = std::time::Instant::now();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { bench.send("payments", "POST /payments", &[], CHARGE).await.json() })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap()["id"].as_str().unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 100);
    assert!(start.elapsed() < Duration::from_secs(8), "one after the other they would take ten seconds");
}

#[tokio::test]
async fn credentials_never_reach_the_log() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    let headers = ["authorization: Bearer hunter2hunter2", "x-api-key: hunter2hunter2"];
    bench.send("payments", "POST /payments?key=hunter2hunter2", &headers, CHARGE).await;
    bench.send("payments", "GET /nowhere?key=hunter2hunter2", &headers, "").await;
    assert_eq!(
        bench.log(),
        ["POST payments /payments -> 200", "GET payments /nowhere -> 404 (no such operation)"]
    );
}

#[tokio::test]
async fn a_mock_that_is_gone_listens_no_more() {
    let mock = Mock::start(&[order_example()], Options::default()).await.unwrap();
    let port = mock.base_urls()[0].url.port().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    mock.shutdown().await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());

    let mock = Mock::start(&[order_example()], Options::default()).await.unwrap();
    let port = mock.base_urls()[0].url.port().unwrap();
    drop(mock);
    for _ in 0..100 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it still listens");
}
