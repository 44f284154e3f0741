//! A server that stands in for Prometheus or Alertmanager, and a browser that looks at its page.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::thread;

use serde_json::Value;
use stack::browser::Browser;
use stack::repository::read;

/// What every script can use: `until(truth)` waits, `texts(selector)` is what a person reads.
const SCRIPT: &str = "(async () => {
  const until = async truth => { while (!truth()) await new Promise(done => setTimeout(done, 20)); };
  const texts = selector => [...document.querySelectorAll(selector)].filter(found => found.checkVisibility()).map(found => found.innerText);
  SCRIPT
})()";

/// Whether nothing was taken for markup.
const UNHARMED: &str = "window.attacked === undefined && document.querySelectorAll('main img, main script').length === 0";

/// An answer of the API: the beginning of the request line, the status, and the body.
pub(crate) type Answer<'a> = (&'a str, u16, Value);

pub(crate) struct Look {
    /// What the script returned.
    pub(crate) seen: Value,
    /// The requests that change something: the request line without its version, and the body.
    pub(crate) changes: Vec<(String, String)>,
}

/// Opens the page of `prometheus` or `alertmanager` at an address, and runs the script in it, which does what a person would do.
pub(crate) fn look(whose: &str, path: &str, answers: &[Answer], script: &str) -> Look {
    let page = read(format!("scripts/debian/pages/{whose}/index.html"));
    let owned =
        |(request, status, body): &Answer| ((*request).to_owned(), *status, body.to_string());
    let answers: Vec<_> = answers.iter().map(owned).collect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    let address = listener.local_addr().expect("it is bound");
    let (posted, changes) = mpsc::channel();
    // Ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A browser opens connections that it then does not use: these are waited for apart.
            let (page, answers, posted) = (page.clone(), answers.clone(), posted.clone());
            thread::spawn(move || serve(&stream, &page, &answers, &posted));
        }
    });
    let mut browser = Browser::open(&format!("http://{address}{path}"));
    let seen = browser.evaluate(&SCRIPT.replace("SCRIPT", script));
    assert_eq!(browser.evaluate(UNHARMED), true);
    let changes = changes.try_iter().collect();
    Look { seen, changes }
}

/// Answers one request. One that cannot be read was given up by the browser.
fn serve(
    mut stream: &TcpStream,
    page: &str,
    answers: &[(String, u16, String)],
    posted: &Sender<(String, String)>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let request = line.rsplit_once(' ')?.0.to_owned();
    let mut length = 0;
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if !request.starts_with("GET ") {
        let body = String::from_utf8(body).ok()?;
        posted.send((request.clone(), body)).ok()?;
    }
    let mut prepared = answers.iter();
    let (status, kind, text) = match prepared.find(|(start, ..)| request.starts_with(start)) {
        Some((_, status, body)) => (*status, "application/json", body.as_str()),
        None if request.contains(" /api/") => (404, "text/plain", "no answer is prepared"),
        None => (200, "text/html; charset=utf-8", page),
    };
    write!(
        stream,
        "HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
    .ok()
}
