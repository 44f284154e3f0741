//! The log's reasons, and the commands with which the runbooks find them.

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::start;

/// Lines whose message begins like this.
fn lines(log: &str, message: &str) -> Vec<Value> {
    let lines = log.lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let begins = |line: &Value| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.starts_with(message))
    };
    lines.filter(begins).collect()
}

/// A single order and a batch that fail, two orders that time out, of which one fails later, and one that is refused, besides others
/// that go well. Returns the id of the single one and the log.
fn everything_that_goes_wrong() -> (String, String) {
    let service = start(&[
        ("ORDER_WORKERS", "1"),
        ("ORDER_QUEUE_CAPACITY", "1"),
        ("ORDER_REQUEST_TIMEOUT_SECONDS", "1"),
    ]);
    assert_eq!(service.post("/orders").status, 201);
    assert_eq!(service.post("/simulate?count=3").status, 200);
    assert_eq!(service.post("/simulate?count=3&error_rate=1").status, 200);
    let failed = service.post("/orders?fail=true").json();
    let in_work = service.post_aside("/orders?slow=true&slow_seconds=2");
    service.wait_for("order_workers_busy", "1");
    let waiting = service.post_aside("/orders?fail=true");
    service.wait_for("order_queue_depth", "1");
    assert_eq!(service.post("/orders").status, 503);
    assert_eq!([in_work.join().ok(), waiting.join().ok()], [Some(504); 2]);
    service.wait_for("order_workers_busy", "0");
    service.signal("-TERM");
    let (code, log) = service.end();
    assert_eq!(code, Some(0));
    (failed["id"].as_str().expect("an id").to_owned(), log)
}

/// The route and the status of a line.
fn answer(line: &Value) -> (&str, Option<u64>) {
    (
        line["route"].as_str().expect("a route"),
        line["status"].as_u64(),
    )
}

#[test]
fn what_went_wrong_is_a_line_each_and_what_went_well_is_none() {
    let (failed_id, log) = everything_that_goes_wrong();

    let failed = lines(&log, "order failed");
    assert_eq!(failed.len(), 5, "{log}");
    assert!(failed.iter().all(|line| line["cause"] == "told to fail"));
    let of_the_batch = |line: &&Value| answer(line) == ("/simulate", None);
    assert_eq!(failed.iter().filter(of_the_batch).count(), 3, "{log}");
    let single = failed.iter().find(|line| line["order.id"] == *failed_id);
    let single = single.expect("its id is there");
    assert_eq!(answer(single), ("/orders", Some(500)));
    assert!(single["duration_seconds"].is_f64(), "{single}");

    let timed_out = lines(&log, "order timed out");
    assert_eq!(timed_out.len(), 2, "{log}");
    for line in &timed_out {
        assert_eq!(answer(line), ("/orders", Some(504)));
        assert_eq!(line["cause"], "timeout");
        assert!(line["duration_seconds"].as_f64() >= Some(1.0), "{line}");
    }
    // One of them failed afterwards, when nobody waited any more.
    let late = failed.iter().find(|line| answer(line) == ("/orders", None));
    let late = &late.expect("it is logged all the same")["order.id"];
    assert!(
        timed_out.iter().any(|line| line["order.id"] == *late),
        "{log}"
    );

    let refused = lines(&log, "order refused");
    assert_eq!(refused.len(), 1, "{log}");
    assert_eq!(answer(&refused[0]), ("/orders", Some(503)));
    assert_eq!(refused[0]["cause"], "queue_full");

    // Nothing else but the settings, "listening", the signal, "draining" and "stopped".
    assert_eq!(log.lines().count(), 5 + 2 + 1 + 5, "{log}");
}

#[test]
fn a_burst_is_a_few_lines_and_the_count_of_the_rest() {
    let service = start(&[]);
    let batch = service.post("/simulate?count=1000&error_rate=1");
    assert_eq!(batch.status, 200);
    service.signal("-TERM");
    let (_, log) = service.end();
    let (rest, single): (Vec<_>, Vec<_>) = lines(&log, "order failed")
        .into_iter()
        .partition(|line| line["count"].is_u64());
    let counted: u64 = rest.iter().filter_map(|line| line["count"].as_u64()).sum();
    // Ten in a second, and it may take some.
    assert!((10..500).contains(&single.len()), "{log}");
    assert_eq!(counted + single.len() as u64, 1_000, "{log}");
    assert_eq!(lines(&log, "stopped")[0]["orders_finished"], 1_000);
}

#[test]
fn the_commands_of_the_runbooks_find_the_lines() {
    let (_, log) = everything_that_goes_wrong();
    // As `docker compose logs` prints them.
    let log = log.replace("{\"timestamp\"", "order-service-1  | {\"timestamp\"");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../observability/runbooks");
    let mut searched = Vec::new();
    for page in fs::read_dir(folder).expect("there are runbooks") {
        let page = page.expect("readable").path();
        let text = fs::read_to_string(&page).expect("text");
        let commands = text.lines().filter_map(|line| {
            let (_, command) = line.split_once("docker compose logs")?;
            let (_, pipeline) = command.split_once("order-service | ")?;
            // A command within a sentence ends with a backtick.
            pipeline.split('`').next()
        });
        for pipeline in commands {
            let found = output_of(pipeline, &log);
            assert!(!found.trim().is_empty(), "{}: {pipeline}", page.display());
            searched.push(page.file_stem().expect("a name").to_owned());
        }
    }
    for name in [
        "HighErrorRate",
        "OrdersRejected",
        "OrderAvailabilityBudgetBurn",
    ] {
        assert!(
            searched.iter().any(|page| page == name),
            "{name} searches no log"
        );
    }
}

/// What the shell's pipeline prints with this as its input.
fn output_of(pipeline: &str, input: &str) -> String {
    let mut shell = Command::new("sh")
        .args(["-c", pipeline])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let mut stdin = shell.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = shell.wait_with_output().expect("it ends").stdout;
    String::from_utf8(output).expect("text")
}
