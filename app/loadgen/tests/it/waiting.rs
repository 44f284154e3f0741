//! What happens before the load: readiness and the first scrape.

use std::time::{Duration, Instant, SystemTime};

use mock_target::Behaviour;

use crate::support::{code, mock, quick, run, serve, stderr};

fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("it is after 1970").as_secs_f64()
}

/// A Prometheus whose clock is that many seconds ahead of ours, and whose newest sample is that old, or as new as can be.
fn prometheus(ahead: f64, age: Option<f64>) -> String {
    let began = now();
    serve(move |head| {
        let at = now() + ahead;
        let data = if head.contains("up") {
            let last = age.map_or(at, |age| began - age + ahead);
            format!(
                r#"{{"resultType":"vector","result":[{{"metric":{{}},"value":[0,"{last}"]}}]}}"#
            )
        } else {
            format!(r#"{{"resultType":"scalar","result":[{at},"{at}"]}}"#)
        };
        let body = format!(r#"{{"status":"success","data":{data}}}"#);
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into()
    })
}

fn start(prometheus: &str, more: &str) -> (i32, String) {
    let typed = format!("steady --prometheus {prometheus} --duration 200ms --wait 600ms {more}");
    let output = run(&quick().url(), &typed);
    (code(&output), stderr(&output))
}

#[test]
fn starts_once_prometheus_has_scraped_the_target_by_its_own_clock_unless_told_not_to_wait() {
    for ahead in [0.0, -40.0, 40.0] {
        let (code, said) = start(&prometheus(ahead, None), "");
        assert_eq!(code, 0, "{ahead}: {said}");
        assert!(said.contains("waiting for a scrape"), "{said}");

        let old = prometheus(ahead, Some(10.0));
        let (code, said) = start(&old, "");
        assert_eq!(code, 1, "{ahead}: {said}");
        assert!(
            said.contains("has not scraped job `order-service`")
                && said.contains("--no-wait-scrape"),
            "{ahead}: {said}"
        );
        let (code, said) = start(&old, "--no-wait-scrape");
        assert_eq!(code, 0, "{said}");
    }
}

#[test]
fn an_answer_that_waiting_does_not_change_is_told_at_once() {
    for (status, text) in [
        (301, "301 Moved Permanently"),
        (400, "400 Bad Request"),
        (401, "401 Unauthorized"),
        (403, "403 Forbidden"),
        (501, "501 Not Implemented"),
    ] {
        let target = mock(Behaviour::Answer(status));
        let began = Instant::now();
        let output = run(&target.url(), "steady --duration 200ms --wait 1m");
        let said = stderr(&output);
        assert_eq!(code(&output), 1, "{said}");
        assert!(
            said.contains(&format!("it answers /ready with {text}")) && said.contains("--wait 0s"),
            "{said}"
        );
        assert!(began.elapsed() < Duration::from_secs(30), "{said}");
        let output = run(&target.url(), "steady --duration 200ms --wait 0s");
        assert_eq!(code(&output), 0, "{output:?}");
    }
}
