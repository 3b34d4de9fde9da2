//! A server that misbehaves on request: raw TCP on a port of its own, one scripted turn per request.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What the server does with one request.
pub(crate) enum Turn {
    /// Sends these bytes and keeps the connection.
    Keep(Vec<u8>),
    /// Sends these bytes and closes the connection.
    Close(Vec<u8>),
    /// Closes the connection without a word.
    Hang,
    /// Resets the connection: closes it with input unread.
    Reset,
    /// Sends these bytes one at a time with a pause before each.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes, then the filler for ever.
    Endless(Vec<u8>),
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

/// An answer with a body.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

impl Server {
    pub(crate) fn start(script: Vec<Turn>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(VecDeque::from(script)));
        let log = Arc::clone(&received);
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                thread::spawn(move || serve(stream.unwrap(), connection, &script, &log));
            }
        });
        Self { port, received }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    connection: usize,
    script: &Mutex<VecDeque<Turn>>,
    log: &Mutex<Vec<Received>>,
) {
    while let Some((head, body, rest)) = read_request(&mut stream, script) {
        log.lock().unwrap().push(Received { connection, head, body });
        let turn = script.lock().unwrap().pop_front().unwrap_or(Turn::Hang);
        let sent = match turn {
            Turn::Keep(bytes) => stream.write_all(&bytes).is_ok(),
            Turn::Close(bytes) => {
                let _ = stream.write_all(&bytes);
                false
            }
            Turn::Hang => false,
            Turn::Reset => {
                assert!(rest, "a body that is left unread makes the reset");
                return;
            }
            Turn::Drip(bytes, pause) => bytes.iter().all(|byte| {
                thread::sleep(pause);
                stream.write_all(&[*byte]).is_ok()
            }),
            Turn::Endless(bytes) => {
                let mut alive = stream.write_all(&bytes).is_ok();
                let filler = [b'x'; 16 << 10];
                while alive {
                    alive = stream.write_all(&filler).is_ok();
                }
                false
            }
        };
        if !sent {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// Reads the head, and the body unless the next turn is to leave it unread; the last says whether it is.
fn read_request(stream: &mut TcpStream, script: &Mutex<VecDeque<Turn>>) -> Option<(String, Vec<u8>, bool)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse().unwrap())
        })
        .unwrap_or(0);
    if matches!(script.lock().unwrap().front(), Some(Turn::Reset)) {
        // The body must have arrived, or there is nothing unread.
        thread::sleep(Duration::from_millis(50));
        return Some((head, Vec::new(), length > 0));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body, false))
}
