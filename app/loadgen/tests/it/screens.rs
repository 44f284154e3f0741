//! The live panel in a pseudo-terminal, and plain lines without one.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::{against, quick, run, stderr};

const COLUMNS: u16 = 60;

/// Both ends of a terminal of 60 columns.
fn terminal() -> (File, OwnedFd) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let master = openpt(flags).expect("there are pseudo-terminals");
    grantpt(&master).expect("it is ours");
    unlockpt(&master).expect("it is ours");
    let slave = ioctl_tiocgptpeer(&master, flags).expect("it has another end");
    tcsetwinsize(
        &slave,
        Winsize {
            ws_row: 24,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    )
    .expect("it has a size");
    (master.into(), slave)
}

/// What a run shows on a terminal, and what it prints.
fn shown(variables: &[(&str, &str)]) -> (String, String) {
    let mock = quick();
    let mut command = against(&mock.url(), "steady --duration 2500ms --max-lag 1h");
    command.envs(variables.iter().copied());
    shown_by(command)
}

/// The same of a program that was put together elsewhere.
pub(crate) fn shown_by(mut command: Command) -> (String, String) {
    let (mut master, slave) = terminal();
    // Whatever the test itself runs in, a terminal is what was asked for; the caller's own variables win.
    if !command.get_envs().any(|(name, _)| name == "TERM") {
        command.env("TERM", "xterm");
    }
    command.stderr(Stdio::from(slave));
    let child = command.spawn().expect("it was built for this test");
    // The command still holds our end of the terminal; without it, reading ends with the run.
    drop(command);
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    // When the last writer goes away, Linux reports an error (pty(7)).
    while let Ok(read) = master.read(&mut chunk) {
        if read == 0 {
            break;
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
    let output = child.wait_with_output().expect("it ends");
    (
        String::from_utf8_lossy(&bytes).into_owned(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

#[test]
fn a_terminal_gets_a_panel_that_is_drawn_over_itself_and_fits() {
    let (panel, summary) = shown(&[]);
    for part in [
        "phase",
        "steady",
        "asked 50/s",
        "in flight",
        "lag",
        "p50",
        "p99",
        "last second",
        "in all",
        "ok ",
        "█",
    ] {
        assert!(panel.contains(part), "{part} in {panel}");
    }
    assert!(
        panel.contains("\x1b[7A"),
        "the second panel goes over the first: {panel:?}"
    );
    for line in panel.split("\r\n") {
        let line = ["\x1b[7A", "\x1b[K", "\r"]
            .iter()
            .fold(line.to_string(), |line, code| line.replace(code, ""));
        assert!(
            line.chars().count() < usize::from(COLUMNS) || line.starts_with("loadgen"),
            "too wide: {line}"
        );
    }
    assert!(
        summary.starts_with("steady against") && !summary.contains('\x1b'),
        "{summary}"
    );
}

#[test]
fn a_terminal_with_no_color_or_in_ci_gets_plain_lines() {
    for variable in [("NO_COLOR", "1"), ("CI", "true"), ("TERM", "dumb")] {
        let (lines, _) = shown(&[variable]);
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
