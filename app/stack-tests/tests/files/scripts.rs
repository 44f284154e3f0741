//! What the scripts refuse before they start anything, on any machine and with any settings. No container is needed.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use stack::repository::{read, root};

/// The ports that ask for no login.
const OPEN: [&str; 4] = [
    "ORDER_SERVICE_PORT",
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
    "PAGER_PORT",
];

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("orderwatch-scripts-{}-{count}", std::process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a new folder");
        Self(path)
    }

    /// A copy of what `scripts/up` looks at, on ports that are free.
    fn checkout() -> Self {
        let folder = Self::new();
        for part in ["scripts", "observability", ".env", "docker-compose.yml"] {
            let copied = Command::new("cp")
                .arg("-Rp")
                .args([root().join(part), folder.0.join(part)])
                .status();
            assert!(copied.expect("cp").success(), "{part}");
        }
        let free: Vec<_> = OPEN.map(|name| (name, listener())).into();
        for (name, listener) in &free {
            folder.set(&format!("{name}={}", port(listener)));
        }
        folder
    }

    /// Adds a line to `.env`. The last one counts.
    fn set(&self, line: &str) {
        let path = self.0.join(".env");
        let text = fs::read_to_string(&path).expect(".env");
        fs::write(&path, format!("{text}{line}\n")).expect("written");
    }

    /// Runs it in the folder, without the settings of the caller.
    fn run(&self, words: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
        let output = Command::new(words[0])
            .args(&words[1..])
            .current_dir(&self.0)
            .env_clear()
            .env("PATH", env::var_os("PATH").expect("a PATH"))
            .env("HOME", &self.0)
            .env("COMPOSE_PROJECT_NAME", "orderwatch-test-scripts")
            .envs(environment.iter().copied())
            .output()
            .expect("it runs");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.code(), text)
    }

    /// `scripts/up --check` refuses, and says all of these.
    fn refuses(&self, environment: &[(&str, &str)], says: &[&str]) {
        let (code, text) = self.run(&["scripts/up", "--check"], environment);
        assert_eq!(code, Some(1), "{environment:?} {says:?}: {text}");
        for word in says {
            assert!(text.contains(word), "{word} is not in: {text}");
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
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
    let checkout = Folder::checkout();
    // Grafana's port is checked only where it runs.
    let (code, text) = checkout.run(&["scripts/up", "--check"], &[]);
    assert_eq!((code, text.as_str()), (Some(0), ""));
}

#[test]
fn dot_env_is_read_as_compose_reads_it() {
    let taken = listener();
    let port = port(&taken);
    for line in [
        format!("PROMETHEUS_PORT={port} # note"),
        format!("PROMETHEUS_PORT={port} "),
        format!("PROMETHEUS_PORT={port}\r"),
        format!("PROMETHEUS_PORT=\"{port}\""),
        format!("PROMETHEUS_PORT='{port}'"),
        format!("PROMETHEUS_PORT=${{NONE:-{port}}}"),
        format!("export PROMETHEUS_PORT={port}"),
        format!("PROMETHEUS_PORT = {port}"),
        format!("PROMETHEUS_PORT=1\nPROMETHEUS_PORT={port}"),
    ] {
        let checkout = Folder::checkout();
        checkout.set(&line);
        checkout.refuses(&[], &["PROMETHEUS_PORT", &format!("port {port} is taken")]);
    }
}

#[test]
fn a_taken_port_is_noticed_in_every_language_and_folder() {
    let taken = listener();
    let port = port(&taken).to_string();
    let checkout = Folder::checkout();
    let elsewhere = Folder::new();
    fs::create_dir(elsewhere.0.join("scripts")).expect("a folder");
    let elsewhere = elsewhere.0.to_str().expect("UTF-8").to_owned();
    for (name, value) in [("CDPATH", elsewhere.as_str()), ("LC_ALL", "tr_TR.UTF-8")] {
        checkout.refuses(
            &[(name, value), ("ORDER_SERVICE_PORT", &port)],
            &["ORDER_SERVICE_PORT", "is taken"],
        );
    }
}

/// Where no other language is installed, the test above cannot tell.
#[test]
fn every_script_is_free_of_the_callers_language_and_folders() {
    let paths = fs::read_dir(root().join("scripts")).expect("a folder");
    let scripts = paths
        .map(|path| path.expect("readable").path())
        .filter(|path| path.extension().is_none() && path.is_file());
    let elsewhere = ["scripts/debian/setup", ".ci/run"].map(|path| root().join(path));
    for script in scripts.chain(elsewhere) {
        let text = fs::read_to_string(&script).expect("a script");
        let script = script.display();
        let first = text.lines().find(|line| !line.starts_with('#'));
        assert!(
            first.is_some_and(|line| line.ends_with("/lib.sh\"")),
            "{script} begins with {first:?}"
        );
    }
    let (_, seen) = Folder::checkout().run(
        &["bash", "-c", ". scripts/lib.sh; env"],
        &[("LC_ALL", "tr_TR.UTF-8"), ("CDPATH", "/")],
    );
    assert!(seen.contains("LC_ALL=C\n"), "{seen}");
    assert!(!seen.contains("CDPATH"), "{seen}");
}

#[test]
fn an_open_address_needs_a_password_and_the_ports_without_one_are_named() {
    for lines in [
        "BIND_ADDRESS=0.0.0.0",
        "BIND_ADDRESS=[::] # all",
        "BIND_ADDRESS=192.0.2.7\nGRAFANA_ADMIN_PASSWORD=\"admin\" # for now",
        "BIND_ADDRESS=0.0.0.0\nGRAFANA_ADMIN_PASSWORD=",
    ] {
        let checkout = Folder::checkout();
        checkout.set(lines);
        let says = [&OPEN[..], &["GRAFANA_ADMIN_PASSWORD"]].concat();
        checkout.refuses(&[], &says);
    }
}

#[test]
fn an_address_a_host_or_a_port_that_is_none_is_refused_with_what_is_wanted() {
    for (line, says) in [
        ("BIND_ADDRESS=::1", "[::1]"),
        ("BIND_ADDRESS=localhost", "not an IP address"),
        ("BIND_ADDRESS=127.example.org", "not an IP address"),
        ("BIND_ADDRESS=", "is empty"),
        (
            "PROMETHEUS_PORT=09090",
            "PROMETHEUS_PORT=09090 is not a port",
        ),
        ("PAGER_PORT=65536", "PAGER_PORT=65536 is not a port"),
        ("PAGER_PORT=8003-8001", "PAGER_PORT=8003-8001 is not a port"),
    ] {
        let checkout = Folder::checkout();
        checkout.set(line);
        checkout.refuses(&[], &[says]);
    }
}

#[test]
fn a_taken_port_is_noticed_on_ipv6_too() {
    // Not every machine has it.
    let Ok(taken) = TcpListener::bind("[::1]:0") else {
        return;
    };
    let port = port(&taken);
    let checkout = Folder::checkout();
    checkout.set(&format!("BIND_ADDRESS=[::1]\nPAGER_PORT={port}"));
    checkout.refuses(&[], &["PAGER_PORT", "is taken"]);
}

#[test]
fn files_that_the_containers_may_not_read_are_refused_with_the_command_that_mends_it() {
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    };
    let secret = "observability/alertmanager/secrets/examples/slack_url";
    for (path, wrong) in [
        (secret, 0o600),
        ("observability/runbooks", 0o700),
        ("observability", 0o750),
    ] {
        let checkout = Folder::checkout();
        mode(&checkout.0.join(path), wrong);
        checkout.refuses(&[], &["chmod -R o+rX", path]);
    }
    let checkout = Folder::checkout();
    fs::remove_file(checkout.0.join(secret)).expect("removed");
    let secrets = "./observability/alertmanager/secrets";
    let own = [("ALERTMANAGER_SECRETS", secrets)];
    checkout.refuses(&own, &["dead_mans_switch_url", "docs/real-receivers.md"]);
}

/// The functions alone: should it not refuse, nothing is undone.
#[test]
fn undo_leaves_an_engine_that_holds_the_data_of_others() {
    const DOCKER: &str = r#"#!/bin/sh
case "$*" in
    version*) ;;
    "ps --all"*) ;;
    *config*) echo 'name: orderwatch' ;;
    "volume ls"*) printf '%s\n' "$VOLUMES" ;;
    *) exit 99 ;;
esac
"#;
    let checkout = Folder::checkout();
    let tools = checkout.0.join("tools");
    fs::create_dir(&tools).expect("a folder");
    fs::write(tools.join("docker"), DOCKER).expect("written");
    fs::set_permissions(tools.join("docker"), fs::Permissions::from_mode(0o755)).expect("changed");
    let path = format!("{}:{}", tools.display(), env::var("PATH").expect("a PATH"));
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
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("shop_orders (project shop) nightly"),
        "{text}"
    );
    assert!(!text.contains("prometheus-data"), "{text}");
}

#[test]
fn git_ignores_real_secrets_and_keeps_line_ends() {
    let origin = Folder::new();
    let git = |words: &[&str]| {
        let name = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
        let (code, text) = origin.run(&[&["git"][..], &name, words].concat(), &[]);
        assert_eq!(code, Some(0), "git {words:?}: {text}");
        text
    };
    let secrets = "observability/alertmanager/secrets";
    fs::create_dir_all(origin.0.join(secrets).join("examples")).expect("folders");
    for file in [".gitattributes", ".gitignore", "scripts/lib.sh"] {
        fs::create_dir_all(origin.0.join("scripts")).expect("a folder");
        fs::write(origin.0.join(file), read(file)).expect("written");
    }
    for file in ["slack_url", "examples/slack_url"] {
        fs::write(origin.0.join(secrets).join(file), "x").expect("written");
    }
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "x"]);
    let kept = git(&["ls-files", secrets]);
    assert_eq!(kept, format!("{secrets}/examples/slack_url\n"));

    git(&["-c", "core.autocrlf=true", "clone", "--quiet", ".", "clone"]);
    let script = fs::read(origin.0.join("clone/scripts/lib.sh")).expect("cloned");
    assert!(!script.contains(&b'\r'), "a script with carriage returns");
}
