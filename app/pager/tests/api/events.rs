//! `GET /events`: the stream that the inbox listens to.

use std::io::{BufRead, BufReader};

use serde_json::Value;
use service::testing::wait_for;
use ureq::Agent;

use crate::support::Pager;

/// Pages that may be open at the same time.
const MAX_EVENT_STREAMS: usize = 32;

/// One open stream.
struct Stream(Box<dyn BufRead>);

impl Stream {
    fn open(pager: &Pager) -> (u16, Self) {
        let config = Agent::config_builder().http_status_as_error(false).build();
        let agent: Agent = config.into();
        let url = format!("http://{}/events", pager.address);
        let answer = agent.get(&url).call().expect("an answer");
        let status = answer.status().as_u16();
        let reader = answer.into_body().into_reader();
        (status, Self(Box::new(BufReader::new(reader))))
    }

    /// The next event: its topic and content. None at the end.
    fn next(&mut self) -> Option<(String, Value)> {
        let (mut topic, mut content) = (String::new(), Value::Null);
        let mut line = String::new();
        while self.0.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some(name) = line.strip_prefix("event: ") {
                name.trim().clone_into(&mut topic);
            } else if let Some(data) = line.strip_prefix("data: ") {
                content = serde_json::from_str(data).expect("JSON");
            } else if line.trim().is_empty() && !topic.is_empty() {
                return Some((topic, content));
            }
            line.clear();
        }
        None
    }
}

#[test]
fn begins_with_everything_and_goes_on_with_what_changes() {
    let pager = Pager::start(&[]);
    pager.trigger("A", "k", "");
    let (status, mut stream) = Stream::open(&pager);
    assert_eq!(status, 200);
    let (topic, all) = stream.next().expect("a snapshot");
    assert_eq!(topic, "snapshot");
    assert_eq!(all["entries"][0]["alertname"], "A");
    assert_eq!(all["heartbeat"]["state"], "waiting");
    assert_eq!(all["outages"]["slack"], false);

    pager.resolve("A", "k");
    let (topic, entry) = stream.next().expect("news");
    assert_eq!(
        (topic.as_str(), &entry["status"]),
        ("entry", &"resolved".into())
    );
    pager.send("PUT", "/outage/slack", "");
    let (topic, outages) = stream.next().expect("news");
    assert_eq!(
        (topic.as_str(), &outages["slack"]),
        ("outages", &true.into())
    );
}

#[test]
fn one_page_too_many_is_told_to_come_back() {
    let pager = Pager::start(&[]);
    let open: Vec<_> = (0..MAX_EVENT_STREAMS)
        .map(|_| Stream::open(&pager))
        .collect();
    assert!(open.iter().all(|(status, _)| *status == 200));
    let open_pages = pager.sample("pager_event_streams");
    assert_eq!(open_pages, MAX_EVENT_STREAMS.to_string());
    assert_eq!(Stream::open(&pager).0, 503);

    drop(open);
    // The service notices that a client has left when it next writes to it.
    wait_for("room for another page", || {
        pager.trigger("A", "k", "");
        (Stream::open(&pager).0 == 200).then_some(())
    });
}

#[test]
fn an_open_page_ends_with_the_service_and_does_not_hold_up_its_stop() {
    let pager = Pager::start(&[]);
    let (_, mut stream) = Stream::open(&pager);
    assert!(stream.next().is_some());
    pager.signal("-TERM");
    assert!(stream.next().is_none());
    let (code, log) = pager.0.end();
    assert_eq!(code, Some(0));
    assert!(!log.contains("did not end in time"), "{log}");
}
