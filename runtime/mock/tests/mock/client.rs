//! A client that writes octets and reads what comes back: nothing is retried, pooled or hidden.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use flow_mock::{Mock, Options};
use flow_vm::Program;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// No answer of a test takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A started mock with the lines of its log.
pub struct Bench {
    pub mock: Mock,
    log: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    pub async fn new(program: &Arc<Program>, mut options: Options) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        options.log = Some(Arc::new(move |line| lines.lock().unwrap().push(line.to_owned())));
        Self { mock: Mock::start(&[Arc::clone(program)], options).await.unwrap(), log }
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub async fn connect(&self, api: &str) -> Client {
        let base = self.mock.base_urls().into_iter().find(|base| base.api == api).unwrap();
        let port = base.url.port().unwrap();
        Client { stream: TcpStream::connect(("127.0.0.1", port)).await.unwrap(), read: Vec::new() }
    }

    /// One request on a connection of its own: `POST /payments`, headers, body.
    pub async fn send(&self, api: &str, line: &str, headers: &[&str], body: &str) -> Answer {
        self.connect(api).await.send(line, headers, body).await
    }
}

/// A connection.
pub struct Client {
    pub stream: TcpStream,
    read: Vec<u8>,
}

/// An answer, or how the connection ended without one.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// 0 where the connection ended.
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn ended(how: &str) -> Self {
        Self { status: 0, head: String::new(), body: how.to_owned() }
    }
}

impl Client {
    pub async fn send(&mut self, line: &str, headers: &[&str], body: &str) -> Answer {
        let mut request = format!("{line} HTTP/1.1\r\nhost: mock\r\n");
        for header in headers {
            request += &format!("{header}\r\n");
        }
        if !body.is_empty() {
            request += &format!("content-length: {}\r\n", body.len());
        }
        request += &format!("\r\n{body}");
        self.write(request.as_bytes()).await;
        self.receive(line.starts_with("HEAD")).await
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        // A server may refuse before all is written; its answer says so.
        let _ = self.stream.write_all(bytes).await;
    }

    /// Reads one answer; `headless` where it has no body whatever it says.
    pub async fn receive(&mut self, headless: bool) -> Answer {
        match timeout(PATIENCE, self.receive_slowly(headless)).await {
            Ok(answer) => answer,
            Err(_) => panic!("no answer in {PATIENCE:?}"),
        }
    }

    async fn receive_slowly(&mut self, headless: bool) -> Answer {
        loop {
            if let Some(answer) = self.take(headless) {
                return answer;
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).await {
                Ok(0) => return Answer::ended("closed"),
                Ok(read) => self.read.extend_from_slice(&buffer[..read]),
                Err(error) => return Answer::ended(&error.kind().to_string()),
            }
        }
    }

    fn take(&mut self, headless: bool) -> Option<Answer> {
        let text = String::from_utf8_lossy(&self.read).into_owned();
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        let length = if headless { 0 } else { length.unwrap_or(0) };
        let body = rest.get(..length)?.to_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        self.read.drain(..head.len() + 4 + length);
        Some(Answer { status, head: head.to_lowercase(), body })
    }
}
