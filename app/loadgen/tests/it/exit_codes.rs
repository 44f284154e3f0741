//! Every exit code, with one clear line and never a panic.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{
    FIRST_LOOK, against, code, loadgen, parsed, quick, run, send, spawn, stderr, wait_for,
};

#[test]
fn zero_when_the_run_is_valid_and_every_threshold_held() {
    let output = run(
        &quick().url(),
        "steady --duration 500ms --fail p99>1m --fail error_rate>0",
    );
    assert_eq!(code(&output), 0, "{output:?}");
    let summary = String::from_utf8(output.stdout).expect("text");
    assert!(
        summary.contains("\nPASS\n") && summary.contains("Look next:"),
        "{summary}"
    );
    let help = loadgen(&["--help"]).output();
    assert_eq!(code(&help.expect("it was built for this test")), 0);
}

#[test]
fn one_when_the_target_is_not_there() {
    let gone = quick().url();
    for url in [gone.as_str(), "http://no-such-host.invalid:80"] {
        let output = run(url, "steady --wait 300ms");
        let said = stderr(&output);
        assert_eq!(code(&output), 1, "{said}");
        let errors: Vec<_> = said
            .lines()
            .filter(|line| line.starts_with("loadgen: "))
            .collect();
        assert_eq!(errors.len(), 1, "{said}");
        assert!(
            errors[0].contains(url) && !said.contains("panicked"),
            "{said}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn one_when_the_summary_is_lost_but_not_when_nobody_wants_it() {
    let mock = quick();
    let run_into = |stdout: Stdio| {
        let mut command = against(&mock.url(), "max --duration 200ms --max-lag 1h");
        let output = command.stdout(stdout).output();
        output.expect("it was built for this test")
    };
    let full = File::create("/dev/full").expect("Linux has it");
    let output = run_into(full.into());
    assert_eq!(code(&output), 1, "{output:?}");
    assert!(stderr(&output).contains("cannot write the summary"));

    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = run_into(writer.into());
    assert_eq!(code(&output), 0, "{output:?}");
}

#[test]
fn two_when_the_command_line_makes_no_sense() {
    let mistakes = "
        hurricane: hurricane
        steady --rate 0: above 0
        steady --rate -5: above 0
        steady --rate NaN: above 0
        steady --rate inf: above 0
        max --rate 5: --rate means nothing to max
        max --poisson: --poisson means nothing to max
        steady --rate 1000000 --duration 24h: too many
        steady --rate 0.5 --duration 1us: not even one arrival
        steady --share 0.5: --share means nothing to steady
        error-storm --share 2: between 0 and 1
        steady --duration 0s: above zero
        steady --duration 25h: at most 24h
        steady --duration soon: 300ms
        steady --duration 1m30: 1m30s
        steady --duration=-1s: 1m30s
        steady --timeout 2m: 1ms to 60s
        steady --connections 0: 1..=60000
        steady --threads 60000: 1..=64
        steady --target https://order-service: TLS
        steady --target http://127.0.0.1:99999: :99999
        steady --target http://127.0.0.1:8O00: :8O00
        steady --target http://127.0.0.1:1abc: :1abc
        steady --target http://127.0.0.1:+80: :+80
        steady --target http://[::1]:0: [::1]:0
        steady --target http://a:b@host: credentials
        steady --target http://host/path: --path
        steady --prometheus http://host:65536: :65536
        steady --method TRACE: HEAD
        steady --fail p100>1s: no figure `p100`
        steady --path orders: /orders
        drill high-latency --all: scripts/drill high-latency --all";
    for mistake in mistakes.lines().skip(1) {
        let (typed, wanted) = mistake.trim().split_once(": ").expect("both");
        let output = loadgen(&typed.split(' ').collect::<Vec<_>>()).output();
        let output = output.expect("it was built for this test");
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{typed}: {output:?}");
        assert!(said.contains(wanted), "{typed}: {said}");
        assert!(output.stdout.is_empty() && !said.contains("panicked"));
    }
}

#[test]
fn two_when_the_machine_does_not_allow_that_many_connections() {
    let program = env!("CARGO_BIN_EXE_loadgen");
    let script = format!(
        "ulimit -n 200; exec {program} steady --connections 500 --target http://127.0.0.1:9"
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .output()
        .expect("there is a shell");
    assert_eq!(code(&output), 2, "{output:?}");
    assert!(
        stderr(&output).contains("500 connections need 564 open files, and the limit here is 200")
    );
}

#[test]
fn three_when_a_threshold_is_missed_or_has_no_samples() {
    let mock = quick();
    for (scenario, expression, was) in [
        ("steady", "p50>1us", " ms)"),
        ("steady", "error_rate<1%", "(was 0.00 %)"),
        ("max", "achieved<1%", "(there were no samples)"),
    ] {
        let output = run(
            &mock.url(),
            &format!("{scenario} --duration 300ms --fail {expression} --fail expired>9"),
        );
        assert_eq!(code(&output), 3, "{expression}: {output:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        for part in [
            &format!("\n  threshold MISSED  {expression} ("),
            &format!("\nMISSED: {expression} ("),
            was,
            "\n  threshold held    expired>9 (was 0)\n",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

#[test]
fn five_when_the_generator_itself_was_held_up() {
    let mock = quick();
    let mut child = spawn(
        &mock.url(),
        "steady --rate 100 --duration 3s --json --fail p99>1us",
    );
    let _lines = wait_for(&mut child, FIRST_LOOK);
    send(&child, Signal::STOP);
    std::thread::sleep(Duration::from_millis(400));
    send(&child, Signal::CONT);
    let output = child.wait_with_output().expect("it ends");
    let report = parsed(&output);
    assert_eq!(
        code(&output),
        5,
        "an invalid run proves no threshold: {report:?}"
    );
    let reason = report["reasons"][0].as_str().unwrap_or_default();
    assert!(
        reason.contains("late while a connection was free"),
        "{reason}"
    );
    assert_eq!(
        report["counts"]["ok"], 300,
        "late, but sent: nothing is left out"
    );
    assert!(report["own_lag"]["max_seconds"].as_f64() > Some(0.35));
}
