//! A small HTTP/1.1 server on a loopback port, enough to serve recorded pages and to misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use azimuth_collector::{Endpoints, Request};

/// What the server does with one request, given as `(request line's target, headers, body)`.
pub(crate) type Handler = dyn Fn(&Incoming, &mut TcpStream) + Send + Sync;

pub(crate) struct Incoming {
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
}

impl Incoming {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    pub(crate) fn as_request(&self, base: &str) -> Request {
        Request {
            url: format!("{base}{}", self.target),
            body: self.body.clone(),
            bearer: self.header("authorization").trim_start_matches("Bearer ").to_owned(),
        }
    }
}

/// Serves for the rest of the process; returns the addresses, the same for all services.
pub(crate) fn serve(handler: Arc<Handler>) -> Endpoints {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let handler = handler.clone();
            std::thread::spawn(move || {
                if let Ok(stream) = stream {
                    converse(stream, &*handler);
                }
            });
        }
    });
    Endpoints { authority: base.clone(), arm: base.clone(), graph: base }
}

fn converse(mut stream: TcpStream, handler: &Handler) {
    let Ok(reading) = stream.try_clone() else { return };
    let mut reader = BufReader::new(reading);
    while let Some(incoming) = read(&mut reader) {
        handler(&incoming, &mut stream);
        if incoming.header("connection") == "close" {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Incoming> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut incoming = Incoming { target, headers, body: None };
    if let Ok(length) = incoming.header("content-length").parse::<usize>() {
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        incoming.body = String::from_utf8(body).ok();
    }
    Some(incoming)
}

/// Writes a whole response. A client that went away is no concern of ours.
pub(crate) fn answer(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], body: &[u8]) {
    let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut whole = head.into_bytes();
    whole.extend_from_slice(body);
    let _ = stream.write_all(&whole);
}
