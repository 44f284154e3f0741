//! What the scripts refuse before they start anything, on any machine and with any settings. No container is needed.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use stack::repository::{read, root};
use tempfile::TempDir;

/// The ports that ask for no login.
const OPEN: [&str; 4] = [
    "ORDER_SERVICE_PORT",
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
    "PAGER_PORT",
];

/// A copy of what `scripts/up` looks at, on ports that are free; removed at the end.
struct Checkout(TempDir);

impl Checkout {
    /// With these lines added to `.env`, of which the last one of a name counts.
    fn with(lines: &str) -> Self {
        let checkout = Self(tempfile::tempdir().expect("a new folder"));
        let copied = [
            "scripts",
            "observability",
            ".env",
            ".gitignore",
            ".gitattributes",
            "docker-compose.yml",
        ];
        let mut copy = Command::new("cp");
        copy.arg("-Rp").args(copied.map(|part| root().join(part)));
        assert!(copy.arg(checkout.0.path()).status().expect("cp").success());
        let free = OPEN.map(|name| (name, listener()));
        let ports = free
            .each_ref()
            .map(|(name, free)| format!("{name}={}", port(free)));
        let env = [
            read(".env"),
            ports.join("\n"),
            lines.to_owned(),
            String::new(),
        ];
        fs::write(checkout.path(".env"), env.join("\n")).expect("written");
        checkout
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn set_mode(&self, path: &str, mode: u32) {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path(path), mode).expect("changed");
    }

    /// Runs it in the folder, without the settings of the caller.
    fn run(&self, words: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
        let output = Command::new(words[0])
            .args(&words[1..])
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", env::var_os("PATH").expect("a PATH"))
            .env("HOME", self.0.path())
            .env("COMPOSE_PROJECT_NAME", "orderwatch-test-scripts")
            .envs(environment.iter().copied())
            .output()
            .expect("it runs");
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    /// `scripts/up --check` refuses, and says all of these.
    fn refuses(&self, environment: &[(&str, &str)], says: &[&str]) {
        let (code, text) = self.run(&["scripts/up", "--check"], environment);
        let refused = code == Some(1) && says.iter().all(|word| text.contains(word));
        assert!(refused, "exit {code:?}, not {says:?}: {text}");
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().expect("bound").port()
}

#[test]
fn nothing_is_wrong_with_the_files_as_they_are() {
    // Grafana's port is checked only where it runs.
    let (code, text) = Checkout::with("").run(&["scripts/up", "--check"], &[]);
    assert_eq!((code, text.as_str()), (Some(0), ""));
}

/// Lines of `.env` as Compose reads them, by ` ; `, and what `scripts/up` says of them. `%` is a port that is taken.
const REFUSED: &str = r#"
PROMETHEUS_PORT=% # note | PROMETHEUS_PORT, port % is taken
PROMETHEUS_PORT=%  | PROMETHEUS_PORT, port % is taken
PROMETHEUS_PORT=%\r | PROMETHEUS_PORT, port % is taken
PROMETHEUS_PORT="%" | PROMETHEUS_PORT, port % is taken
PROMETHEUS_PORT='%' | PROMETHEUS_PORT, port % is taken
PROMETHEUS_PORT=${NONE:-%} | PROMETHEUS_PORT, port % is taken
export PROMETHEUS_PORT=% | PROMETHEUS_PORT, port % is taken
PROMETHEUS_PORT = % | PROMETHEUS_PORT, port % is taken
PROMETHEUS_PORT=1 ; PROMETHEUS_PORT=% | PROMETHEUS_PORT, port % is taken
BIND_ADDRESS=0.0.0.0 | ORDER_SERVICE_PORT, PROMETHEUS_PORT, ALERTMANAGER_PORT, PAGER_PORT, GRAFANA_ADMIN_PASSWORD
BIND_ADDRESS=[::] # all | GRAFANA_ADMIN_PASSWORD
BIND_ADDRESS=192.0.2.7 ; GRAFANA_ADMIN_PASSWORD="admin" # for now | GRAFANA_ADMIN_PASSWORD
BIND_ADDRESS=0.0.0.0 ; GRAFANA_ADMIN_PASSWORD= | GRAFANA_ADMIN_PASSWORD
BIND_ADDRESS=::1 | [::1]
BIND_ADDRESS=localhost | not an IP address
BIND_ADDRESS=127.example.org | not an IP address
BIND_ADDRESS= | is empty
PROMETHEUS_PORT=09090 | PROMETHEUS_PORT=09090 is not a port
PAGER_PORT=65536 | PAGER_PORT=65536 is not a port
PAGER_PORT=8003-8001 | PAGER_PORT=8003-8001 is not a port
"#;

#[test]
fn settings_that_cannot_work_are_refused_with_what_is_wanted() {
    let taken = listener();
    let table = REFUSED
        .replace('%', &port(&taken).to_string())
        .replace("\\r", "\r");
    for row in table.lines().filter(|row| !row.is_empty()) {
        let (settings, says) = row.split_once(" | ").expect("settings and words");
        let says: Vec<_> = says.split(", ").collect();
        Checkout::with(&settings.replace(" ; ", "\n")).refuses(&[], &says);
    }
    // Not every machine has IPv6.
    if let Ok(taken) = TcpListener::bind("[::1]:0") {
        let settings = format!("BIND_ADDRESS=[::1]\nPAGER_PORT={}", port(&taken));
        Checkout::with(&settings).refuses(&[], &["PAGER_PORT", "is taken"]);
    }
}

/// Where no other language is installed, only the first lines of the scripts can tell.
#[test]
fn every_script_is_free_of_the_callers_language_and_folders() {
    let scripts = fs::read_dir(root().join("scripts")).expect("a folder");
    let scripts = scripts.map(|script| script.expect("readable").path());
    let scripts = scripts.filter(|path| path.extension().is_none() && path.is_file());
    let elsewhere = ["scripts/debian/setup", ".ci/run"].map(|path| root().join(path));
    for script in scripts.chain(elsewhere) {
        let text = fs::read_to_string(&script).expect("a script");
        let script = script.display();
        let first = text.lines().find(|line| !line.starts_with('#'));
        let sources = first.is_some_and(|line| line.ends_with("/lib.sh\""));
        assert!(sources, "{script} begins with {first:?}");
    }
    let taken = listener();
    let port = port(&taken).to_string();
    let checkout = Checkout::with("");
    fs::create_dir_all(checkout.path("elsewhere/scripts")).expect("a folder");
    let elsewhere = checkout.path("elsewhere");
    let elsewhere = elsewhere.to_str().expect("UTF-8");
    for (name, value) in [("CDPATH", elsewhere), ("LC_ALL", "tr_TR.UTF-8")] {
        let environment = [(name, value), ("ORDER_SERVICE_PORT", &port)];
        checkout.refuses(&environment, &["ORDER_SERVICE_PORT", "is taken"]);
    }
}

#[test]
fn files_that_the_containers_may_not_read_are_refused_with_the_command_that_mends_it() {
    let secret = "observability/alertmanager/secrets/examples/slack_url";
    for (path, wrong) in [
        (secret, 0o600),
        ("observability/runbooks", 0o700),
        ("observability", 0o750),
    ] {
        let checkout = Checkout::with("");
        checkout.set_mode(path, wrong);
        checkout.refuses(&[], &["chmod -R o+rX", path]);
    }
    let own = Checkout::with("ALERTMANAGER_SECRETS=./observability/alertmanager/secrets");
    own.refuses(&[], &["dead_mans_switch_url", "docs/real-receivers.md"]);
}

/// The functions alone: should it not refuse, nothing is undone.
#[test]
fn undo_leaves_an_engine_that_holds_the_data_of_others() {
    const DOCKER: &str = r#"#!/bin/sh
case "$*" in
    version* | "ps --all"*) ;;
    *config*) echo 'name: orderwatch' ;;
    "volume ls"*) printf '%s\n' "$VOLUMES" ;;
    *) exit 99 ;;
esac
"#;
    let checkout = Checkout::with("");
    fs::write(checkout.path("docker"), DOCKER).expect("written");
    checkout.set_mode("docker", 0o755);
    let path = format!(
        "{}:{}",
        checkout.0.path().display(),
        env::var("PATH").expect("a PATH")
    );
    let ask = |volumes: &str| {
        let words = ". scripts/debian/setup; refuse_if_used_by_others --all";
        checkout.run(
            &["bash", "-c", words],
            &[("PATH", &path), ("VOLUMES", volumes)],
        )
    };
    let own = "orderwatch orderwatch_prometheus-data";
    assert_eq!(ask(own), (Some(0), String::new()));
    let (code, text) = ask(&format!("{own}\nshop shop_orders\n nightly"));
    let refused = code == Some(1) && text.contains("shop_orders (project shop) nightly");
    assert!(refused && !text.contains("prometheus-data"), "{text}");
}

#[test]
fn git_ignores_real_secrets_and_keeps_line_ends() {
    let checkout = Checkout::with("");
    let git = |words: &[&str]| checkout.run(&[&["git"], words].concat(), &[]);
    assert_eq!(git(&["init", "--quiet"]).0, Some(0));
    let folder = "observability/alertmanager/secrets";
    let ignored = |file: &str| git(&["check-ignore", "--quiet", &format!("{folder}/{file}")]).0;
    assert_eq!(
        [ignored("slack_url"), ignored("examples/slack_url")],
        [Some(0), Some(1)]
    );
    let (_, ends) = git(&["check-attr", "eol", "scripts/lib.sh"]);
    assert_eq!(ends, "scripts/lib.sh: eol: lf\n");
}
