//! `GET /events`: the stream that the inbox listens to.

use std::io::{BufRead, BufReader};

use pager::http::MAX_EVENT_STREAMS;
use serde_json::Value;
use ureq::Agent;

use crate::support::{Service, wait_for};

/// One open stream.
struct Stream(Box<dyn BufRead>);

impl Stream {
    fn open(service: &Service) -> (u16, Self) {
        let config = Agent::config_builder().http_status_as_error(false).build();
        let agent: Agent = config.into();
        let url = format!("http://{}/events", service.address);
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
    let service = Service::start(&[]);
    service.client.trigger("A", "k", "");
    let (status, mut stream) = Stream::open(&service);
    assert_eq!(status, 200);
    let (topic, all) = stream.next().expect("a snapshot");
    assert_eq!(topic, "snapshot");
    assert_eq!(all["entries"][0]["alertname"], "A");
    assert_eq!(all["heartbeat"]["state"], "waiting");
    assert_eq!(all["outages"]["slack"], false);

    service.client.resolve("A", "k");
    let (topic, entry) = stream.next().expect("news");
    assert_eq!(
        (topic.as_str(), &entry["status"]),
        ("entry", &"resolved".into())
    );
    service
        .client
        .send("PUT", "/outage/slack", "text/plain", "");
    let (topic, outages) = stream.next().expect("news");
    assert_eq!(
        (topic.as_str(), &outages["slack"]),
        ("outages", &true.into())
    );
}

#[test]
fn one_page_too_many_is_told_to_come_back() {
    let service = Service::start(&[]);
    let open: Vec<_> = (0..MAX_EVENT_STREAMS)
        .map(|_| Stream::open(&service))
        .collect();
    assert!(open.iter().all(|(status, _)| *status == 200));
    let gauge = || service.client.sample("pager_event_streams");
    assert_eq!(gauge(), MAX_EVENT_STREAMS.to_string());
    assert_eq!(Stream::open(&service).0, 503);

    drop(open);
    // The service notices that a client has left when it next writes to it.
    wait_for("room for another page", || {
        service.client.trigger("A", "k", "");
        (Stream::open(&service).0 == 200).then_some(())
    });
}

#[test]
fn a_stop_ends_the_stream() {
    let service = Service::start(&[]);
    let (_, mut stream) = Stream::open(&service);
    assert!(stream.next().is_some());
    drop(service);
    assert!(stream.next().is_none());
}
