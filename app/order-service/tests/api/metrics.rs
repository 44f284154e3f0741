//! The metrics as dashboards and rules see them, held to the golden file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::{env, fs};

use crate::support::Service;

const GOLDEN: &str = "tests/golden/metrics.txt";

/// Names, types, help, labels and buckets, without the values and without what differs from start to start.
fn shape(page: &str) -> String {
    let mut families: BTreeMap<&str, (Vec<&str>, BTreeSet<String>)> = BTreeMap::new();
    let mut family = "";
    for line in page.lines() {
        if line.starts_with('#') {
            family = line.split(' ').nth(2).expect("the family's name");
            families.entry(family).or_default().0.push(line);
        } else {
            let (series, _value) = line.rsplit_once(' ').expect("a series and its value");
            families.entry(family).or_default().1.insert(masked(series));
        }
    }
    let mut shape = String::new();
    for (comments, series) in families.into_values() {
        for line in comments
            .into_iter()
            .chain(series.iter().map(String::as_str))
        {
            shape.push_str(line);
            shape.push('\n');
        }
    }
    shape
}

/// Replaces the values of labels that differ from start to start and from version to version.
fn masked(series: &str) -> String {
    let mut masked = series.to_owned();
    for label in [
        "service_instance_id",
        "service_version",
        "vcs_ref_head_revision",
    ] {
        if let Some((before, value)) = series.split_once(&format!("{label}=\"")) {
            let value = value.split('"').next().unwrap_or_default();
            assert!(!value.is_empty(), "{label} is empty in {before}");
            masked = masked.replace(&format!("{label}=\"{value}\""), &format!("{label}=\"…\""));
        }
    }
    masked
}

/// Expects every line of the golden file that names this family.
pub(crate) fn expect_family(service: &Service, family: &str) {
    let found = shape(&service.client.get("/metrics").body);
    let golden = include_str!("../golden/metrics.txt").lines();
    let missing: Vec<_> = golden
        .filter(|line| line.contains(family) && !found.lines().any(|other| other == *line))
        .collect();
    assert!(missing.is_empty(), "missing on /metrics: {missing:#?}");
}

/// `UPDATE_GOLDEN=1 cargo test` writes the file anew; look at the difference before you commit it.
#[test]
fn the_first_scrape_has_every_series_of_the_golden_file() {
    let service = Service::start(&[]);
    let found = shape(&service.client.get("/metrics").body);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &found).expect("the golden file is writable");
    }
    let golden = fs::read_to_string(&file).expect("the golden file is there");
    let difference: Vec<_> = golden
        .lines()
        .filter(|line| !found.lines().any(|other| other == *line))
        .map(|line| format!("missing: {line}"))
        .chain(
            found
                .lines()
                .filter(|line| !golden.lines().any(|other| other == *line))
                .map(|line| format!("new: {line}")),
        )
        .collect();
    assert!(difference.is_empty(), "{difference:#?}");
    assert_eq!(found, golden, "the order of the lines differs");
}

#[test]
fn traffic_adds_no_series_of_orders_and_loses_none() {
    let service = Service::start(&[]);
    let before = without_answers(service.client.series());
    for path in [
        "/orders",
        "/orders?fail=true",
        "/simulate",
        "/orders?x=1",
        "/simulate?x=1",
    ] {
        service.client.post(path);
    }
    for path in ["/", "/health", "/ready"] {
        service.client.get(path);
    }
    assert_same(&before, &without_answers(service.client.series()));
}

/// The series of answers that failed nobody begin with the first answer.
fn without_answers(mut series: BTreeSet<String>) -> BTreeSet<String> {
    series.retain(|series| {
        !series.starts_with("http_server_request_duration") || series.contains("error_type=\"5")
    });
    series
}

#[test]
fn refusals_and_timeouts_add_no_series() {
    let service = Service::start(&[
        ("ORDER_WORKERS", "1"),
        ("ORDER_QUEUE_CAPACITY", "1"),
        ("ORDER_REQUEST_TIMEOUT_SECONDS", "1"),
    ]);
    let before = without_answers(service.client.series());
    let post = |path: &'static str| {
        let client = service.client.clone();
        thread::spawn(move || client.post(path).status)
    };
    let in_work = post("/orders?slow=true&slow_seconds=3");
    service.client.wait_for("order_workers_busy", 1.0);
    let waiting = post("/simulate?count=1");
    service.client.wait_for("order_queue_depth", 1.0);
    assert_eq!(service.client.post("/orders").status, 503);
    assert_eq!([in_work.join().ok(), waiting.join().ok()], [Some(504); 2]);
    assert_same(&before, &without_answers(service.client.series()));
}

fn assert_same(before: &BTreeSet<String>, after: &BTreeSet<String>) {
    let difference: Vec<_> = after.symmetric_difference(before).collect();
    assert!(difference.is_empty(), "{difference:#?}");
}

#[test]
fn everything_counts_from_zero() {
    let service = Service::start(&[]);
    for (series, value) in service.client.samples() {
        let standing = ["order_workers", "order_queue_capacity"].contains(&series.as_str())
            || series.starts_with("process_")
            || series.starts_with("target_info")
            || series.starts_with("http_server_active_requests{http_request_method=\"GET\"");
        assert!(
            standing || value.abs() < f64::EPSILON,
            "{series} starts at {value}"
        );
    }
}

#[test]
fn the_wait_in_the_queue_is_part_of_the_duration() {
    let service = Service::start(&[("ORDER_WORKERS", "1")]);
    service
        .client
        .post("/simulate?count=10&slow_rate=1&slow_seconds=0.05");
    let wait = service.client.sample("order_queue_wait_seconds_sum");
    let duration = service.client.sample("order_duration_seconds_sum");
    // One worker, 50 ms each: the k-th order waits for k − 1 others, 45 × 50 ms in all, and is then worked on.
    assert!(wait >= 2.2, "{wait}");
    assert!(duration - wait >= 0.5, "{duration} less {wait}");
}
