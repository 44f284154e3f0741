//! The metrics as dashboards and rules see them, held to the golden file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use service::testing::Client;

use crate::support::start;

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
pub(crate) fn expect_family(service: &Client, family: &str) {
    let found = shape(&service.get("/metrics").body);
    let golden = include_str!("../golden/metrics.txt").lines();
    let missing: Vec<_> = golden
        .filter(|line| line.contains(family) && !found.lines().any(|other| other == *line))
        .collect();
    assert!(missing.is_empty(), "missing on /metrics: {missing:#?}");
}

/// `UPDATE_GOLDEN=1 cargo test` writes the file anew; look at the difference before you commit it.
#[test]
fn the_first_scrape_has_every_series_of_the_golden_file() {
    let service = start(&[]);
    let found = shape(&service.get("/metrics").body);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &found).expect("the golden file is writable");
    }
    let golden = fs::read_to_string(&file).expect("the golden file is there");
    let lines_without = |text: &str, other: &str, how: &str| {
        let lines = text
            .lines()
            .filter(|line| !other.lines().any(|same| same == *line));
        lines
            .map(|line| format!("{how}: {line}"))
            .collect::<Vec<_>>()
    };
    let mut difference = lines_without(&golden, &found, "missing");
    difference.extend(lines_without(&found, &golden, "new"));
    assert!(difference.is_empty(), "{difference:#?}");
    assert_eq!(found, golden, "the order of the lines differs");
}

/// The series that must be there from the start: those of answers that failed nobody begin with the first answer.
fn series(service: &Client) -> BTreeSet<String> {
    let mut series: BTreeSet<_> = service.samples().into_keys().collect();
    series.retain(|series| {
        !series.starts_with("http_server_request_duration") || series.contains("error_type=\"5")
    });
    series
}

fn assert_same(before: &BTreeSet<String>, after: &BTreeSet<String>) {
    let difference: Vec<_> = after.symmetric_difference(before).collect();
    assert!(difference.is_empty(), "{difference:#?}");
}

#[test]
fn traffic_adds_no_series_of_orders_and_loses_none() {
    let service = start(&[]);
    let before = series(&service);
    for path in [
        "/orders",
        "/orders?fail=true",
        "/simulate",
        "/orders?x=1",
        "/simulate?x=1",
    ] {
        service.post(path);
    }
    for path in ["/", "/health", "/ready"] {
        service.get(path);
    }
    assert_same(&before, &series(&service));
}

#[test]
fn refusals_and_timeouts_add_no_series() {
    let service = start(&[
        ("ORDER_WORKERS", "1"),
        ("ORDER_QUEUE_CAPACITY", "1"),
        ("ORDER_REQUEST_TIMEOUT_SECONDS", "1"),
    ]);
    let before = series(&service);
    let in_work = service.post_aside("/orders?slow=true&slow_seconds=3");
    service.wait_for("order_workers_busy", "1");
    let waiting = service.post_aside("/simulate?count=1");
    service.wait_for("order_queue_depth", "1");
    assert_eq!(service.post("/orders").status, 503);
    assert_eq!([in_work.join().ok(), waiting.join().ok()], [Some(504); 2]);
    assert_same(&before, &series(&service));
}

#[test]
fn everything_counts_from_zero() {
    let not_zero = [
        "order_workers",
        "order_queue_capacity",
        "process_",
        "target_info",
        "http_server_active_requests{http_request_method=\"GET\"",
    ];
    for (series, value) in start(&[]).samples() {
        let stands = not_zero.iter().any(|name| series.starts_with(name));
        assert!(stands || value == "0", "{series} starts at {value}");
    }
}

#[test]
fn the_wait_in_the_queue_is_part_of_the_duration() {
    let service = start(&[("ORDER_WORKERS", "1")]);
    service.post("/simulate?count=10&slow_rate=1&slow_seconds=0.05");
    let wait = service.number("order_queue_wait_seconds_sum");
    let duration = service.number("order_duration_seconds_sum");
    // One worker, 50 ms each: the k-th order waits for k − 1 others, 45 × 50 ms in all, and is then worked on.
    assert!(wait >= 2.2, "{wait}");
    assert!(duration - wait >= 0.5, "{duration} less {wait}");
}
