//! The live panel in a pseudo-terminal, and plain lines without one.

use std::fs::File;
use std::io::Read;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{tcgetwinsize, tcsetwinsize};

use crate::support::{against, quick, run, stderr};

const COLUMNS: u16 = 60;

/// What a run shows on a terminal, and what it prints.
fn shown(variable: (&str, &str)) -> (String, String) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let master = openpt(flags).expect("there are pseudo-terminals");
    grantpt(&master).expect("it is ours");
    unlockpt(&master).expect("it is ours");
    let slave = ioctl_tiocgptpeer(&master, flags).expect("it has another end");
    let mut size = tcgetwinsize(&slave).expect("it has a size");
    size.ws_col = COLUMNS;
    tcsetwinsize(&slave, size).expect("it is ours");
    let mock = quick();
    let mut command = against(&mock.url(), "steady --duration 2500ms --max-lag 1h");
    command.env("TERM", "xterm").env(variable.0, variable.1);
    let child = command.stderr(Stdio::from(slave)).spawn();
    // The command still holds our end of the terminal; without it, reading ends with the run.
    drop(command);
    let child = child.expect("it was built for this test");
    let mut bytes = Vec::new();
    // When the last writer goes away, Linux reports an error (pty(7)).
    let _end = File::from(master).read_to_end(&mut bytes);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&bytes), text(&output.stdout))
}

#[test]
fn a_terminal_gets_a_panel_that_is_drawn_over_itself_and_fits() {
    let (panel, summary) = shown(("TERM", "xterm"));
    let parts = "phase,steady,asked 50/s,in flight,lag,p50,p99,last second,in all,ok ,█";
    for part in parts.split(',') {
        assert!(panel.contains(part), "{part} in {panel}");
    }
    assert!(
        panel.contains("\x1b[7A"),
        "the second panel goes over the first: {panel:?}"
    );
    for line in panel.split("\r\n") {
        let codes = ["\x1b[7A", "\x1b[K", "\r"];
        let line = codes
            .iter()
            .fold(line.to_string(), |line, code| line.replace(code, ""));
        let is_narrow = line.chars().count() < usize::from(COLUMNS);
        assert!(is_narrow || line.starts_with("loadgen"), "too wide: {line}");
    }
    assert!(
        summary.starts_with("steady against") && !summary.contains('\x1b'),
        "{summary}"
    );
}

#[test]
fn a_terminal_with_no_color_or_in_ci_gets_plain_lines() {
    for variable in [("NO_COLOR", "1"), ("CI", "true"), ("TERM", "dumb")] {
        let (lines, _) = shown(variable);
        assert!(
            !lines.contains('\x1b') && lines.contains("s steady: asked 50/s"),
            "{variable:?}: {lines}"
        );
    }
}

#[test]
fn without_a_terminal_there_is_one_plain_line_a_second_and_stdout_has_only_the_summary() {
    let output = run(&quick().url(), "steady --duration 2500ms");
    let said = stderr(&output);
    let looks = said.lines().filter(|line| line.contains("asked")).count();
    assert!((1..=3).contains(&looks) && !said.contains('\x1b'), "{said}");
    let summary = String::from_utf8_lossy(&output.stdout);
    assert!(
        summary.starts_with("steady against") && !summary.contains("in flight"),
        "{summary}"
    );
}
