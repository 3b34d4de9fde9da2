//! A scripted HTTP/1.1 server on loopback that writes down what it received. It shares no code with the product.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Request {
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn key(&self) -> Option<&str> {
        self.headers.get("idempotency-key").map(String::as_str)
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers with a status and a JSON body.
    Json(u16, &'static str),
    /// Answers with a status, header lines and a JSON body.
    With(u16, Vec<String>, &'static str),
    /// Closes the connection without an answer.
    Drop,
}

/// Replies by request line, `POST /payments`; each used once, the last one for ever.
type Script = BTreeMap<&'static str, Vec<Reply>>;

/// A server that stops when it is dropped with the test's process.
#[derive(Clone, Debug)]
pub struct Server {
    port: u16,
    received: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server with a script. A request line that the script does not hold is answered with 404; an
    /// entry may end with `*` to stand for all that begins so.
    pub fn start(script: impl IntoIterator<Item = (&'static str, Vec<Reply>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script.into_iter().collect::<Script>()));
        let server = Self { port, received };
        let shared = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (received, script) = (Arc::clone(&shared.received), Arc::clone(&script));
                std::thread::spawn(move || serve(stream, &received, &script));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything received so far.
    pub fn received(&self) -> Vec<Request> {
        self.received.lock().unwrap().clone()
    }

    /// What was received for a request line, or for all that begin with it where it ends with `*`.
    pub fn received_for(&self, line: &str) -> Vec<Request> {
        self.received().into_iter().filter(|request| fits(line, &request.line())).collect()
    }
}

fn fits(pattern: &str, line: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == line, |start| line.starts_with(start))
}

fn serve(stream: TcpStream, received: &Mutex<Vec<Request>>, script: &Mutex<Script>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        let line = request.line();
        received.lock().unwrap().push(request);
        let reply = next(&mut script.lock().unwrap(), &line);
        if !answer(&mut writer, reply) {
            return;
        }
    }
}

fn next(script: &mut Script, line: &str) -> Reply {
    let key = script.keys().copied().find(|pattern| fits(pattern, line));
    match key.and_then(|key| script.get_mut(key)) {
        Some(replies) if replies.len() > 1 => replies.remove(0),
        Some(replies) => replies.first().cloned().unwrap_or(Reply::Drop),
        None => Reply::Json(404, r#"{"title":"not in the script"}"#),
    }
}

/// Answers, and says whether the connection stays open.
fn answer(writer: &mut TcpStream, reply: Reply) -> bool {
    match reply {
        Reply::Drop => false,
        Reply::Json(status, body) => answer(writer, Reply::With(status, Vec::new(), body)),
        Reply::With(status, headers, body) => {
            let more: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
            let head = format!(
                "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{more}\r\n",
                body.len()
            );
            writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(body.as_bytes())).is_ok()
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body, at: Instant::now() })
}
