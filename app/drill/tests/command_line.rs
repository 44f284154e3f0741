//! The program as it is typed: files that are no drills, options that make no sense, the drills of this repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn drill(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drill"));
    command.current_dir(root()).args(arguments);
    for variable in ["DRILLS", "DRILL_RULES", "DRILL_TARGET", "DRILL_CONFIRM"] {
        command.env_remove(variable);
    }
    command
        .output()
        .expect("the program was built for this test")
}

fn said(output: &Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{stdout}{stderr}")
}

/// What `--check` says of a text.
fn checked(name: &str, text: &str) -> (Option<i32>, String) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yml"));
    std::fs::write(&path, text).expect("a file in the folder for it");
    let path = path.to_string_lossy();
    let output = drill(&[
        "--check",
        &path,
        "--rules",
        "observability/prometheus/rules",
    ]);
    (output.status.code(), said(&output).replace(&*path, "FILE"))
}

#[test]
fn every_drill_of_the_repository_is_one_and_is_listed() {
    let list = said(&drill(&["--list"]));
    let folder = std::fs::read_dir(root().join("observability/drills")).expect("the drills");
    let mut count = 0;
    for entry in folder {
        let path = entry.expect("a file").path();
        let output = drill(&[
            "--check",
            &path.to_string_lossy(),
            "--rules",
            "observability/prometheus/rules",
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            list.lines()
                .any(|line| line.starts_with(&format!("{name} "))),
            "{name}: {list}"
        );
        count += 1;
    }
    assert_eq!(list.lines().count(), count, "{list}");
}

const EXPECT: &str = "expect: { alert: HighErrorRate, state: firing }";

/// A step, where in the file something is wrong with it, and the words that say what.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "laod: { rate: 5 }",
        "FILE:3:5",
        "unknown variant `laod`, expected one of load",
    ),
    (
        "load: { rate: 5, reqest: POST /x }",
        "FILE:3:22",
        "unknown field `reqest`",
    ),
    ("load: { rate: 5 }", "FILE:3:5", "a load has a `request`"),
    (
        "load: { rate: 5, request: orders }",
        "FILE:3:31",
        "`orders` is no request such as POST /orders",
    ),
    (
        "load: { rate: 5, request: GET /, shape: star, for: 5s }",
        "FILE:3",
        "no shape `star`",
    ),
    (
        "load: { rate: 5, request: GET /, shape: spike }",
        "FILE:3:5",
        "a load with a shape has an end",
    ),
    (
        "load: { rate: 5, request: GET /, for: 10 }",
        "FILE:3",
        "`10` is no time such as 10s",
    ),
    (
        "load: { rate: 5, request: GET /, second: { request: GET /x, share: 2 } }",
        "FILE:3:5",
        "a share is from 0 to 1",
    ),
    (
        "wait: load",
        "FILE:3:5",
        "the load before has no end of its own",
    ),
    ("wait: soon", "FILE:3", "wanted: a time such as 30s, `load`"),
    ("stop: --all", "FILE:3:5", "not the name of a service"),
    (
        "expect: { alert: HighErrorRate }",
        "FILE:3:5",
        "expected is one of state, delivered",
    ),
    (
        "expect: { state: firing }",
        "FILE:3:5",
        "`alert` belongs to",
    ),
    (
        "expect: { alert: HighErrorRate, state: silent }",
        "FILE:3:5",
        "`state: silent` has a `for`",
    ),
    (
        "expect: { alert: HighErrorRate, suppressed: must }",
        "FILE:3:5",
        "suppressed `by` which alert?",
    ),
    ("expect: { query: up }", "FILE:3:5", "a query has one of"),
    (
        "expect: { incidents: { receiver: slack } }",
        "FILE:3:5",
        "either `opened` or `closed`",
    ),
    (
        "expect: { alert: HighErrorRate, state: firing, since: stop }",
        "FILE:3:5",
        "`since` names no kind of step",
    ),
    (
        "expect: { alert: HighErorRate, state: firing }",
        "FILE:3:22",
        "no rule has an alert HighErorRate",
    ),
    (
        "expect: { alert: HighErrorRate, suppressed: may, by: Nobody }",
        "FILE:3",
        "no rule has an alert Nobody",
    ),
];

#[test]
fn says_where_a_file_is_no_drill() {
    for (place, (step, at, words)) in WRONG.iter().enumerate() {
        let text = format!("shows: a test\nsteps:\n  - {step}\n  - {EXPECT}\n");
        let (code, said) = checked(&format!("wrong-{place}"), &text);
        assert!(
            code == Some(2) && said.contains(at) && said.contains(words),
            "{step}\n{code:?} {said}"
        );
    }
    let (code, said) = checked("nothing", "shows: nothing\nsteps:\n  - wait: 5s\n");
    assert!(
        code == Some(2) && said.contains("a drill without `expect` proves nothing"),
        "{said}"
    );
    for (need, words) in [
        (
            "alert: HighErrorRate, state: firing",
            "unknown field `alert`",
        ),
        ("query: up, rises_by: 1", "unknown field `rises_by`"),
        ("query: up", "what is needed has at_least or at_most"),
    ] {
        let text = format!("shows: a test\nneeds:\n  - {{ {need} }}\nsteps:\n  - {EXPECT}\n");
        let (code, said) = checked("need", &text);
        assert!(
            code == Some(2) && said.contains("FILE:3:") && said.contains(words),
            "{need}: {said}"
        );
    }
    let (code, said) = checked(
        "good",
        &format!("shows: a test\nsteps:\n  - {EXPECT}\nallow: [Watchdog]\n"),
    );
    assert!(code == Some(0) && said == "good: a test\n", "{said}");
}

#[test]
fn refuses_what_makes_no_sense() {
    for (arguments, code, words) in [
        (
            &["no-such"][..],
            2,
            "no drill no-such in observability/drills; there are blip, ",
        ),
        (
            &["target-down"],
            2,
            "target-down stops services: scripts/drill does it, or --operator",
        ),
        (
            &["blip", "--target", "http://192.0.2.1"],
            2,
            "192.0.2.1 is not this machine: if all of this may happen, --confirm 192.0.2.1",
        ),
        (
            &["blip", "--target", "http://192.0.2.1"],
            2,
            "blip sends POST /simulate?count=20&error_rate=0.5&seed=1",
        ),
        (
            &["blip", "--prometheus", "localhost:9090"],
            2,
            "`localhost:9090` is not the address of a server",
        ),
        (&["blip", "--target", "https://localhost"], 2, "plain HTTP"),
        (
            &["blip", "--ca", "/dev/null"],
            2,
            "has no certificate in PEM",
        ),
        (&["blip", "--wait", "1"], 2, "wanted: a time such as 10s"),
        (
            &["blip", "--prometheus", "http://127.0.0.1:1", "--wait", "1s"],
            5,
            "127.0.0.1:1",
        ),
        (
            &["blip", "--prometheus", "http://127.0.0.1:1", "--dry-run"],
            5,
            "no answer",
        ),
    ] {
        let output = drill(arguments);
        let said = said(&output);
        assert!(
            output.status.code() == Some(code) && said.contains(words),
            "{arguments:?}: {said}"
        );
    }
}
