//! Names in code: paths, ports, metrics, experiments, exercises, drills and loads.

use std::collections::BTreeSet;

use stack_tests::repository::{dot_env, read, root};

use super::page::Page;

/// Where everything of the repository is.
const FOLDERS: [&str; 4] = ["app/", "docs/", "observability/", "scripts/"];

/// How a metric of ours begins.
const METRICS: [&str; 3] = ["order_", "orders_", "http_server_"];

/// What only looks like one: a filter of the log, and what the guide has its readers add.
const NO_METRICS: [&str; 2] = ["order_service", "orders_slow_total"];

/// A file that the guide has its readers write, and one of the same course in Python.
const NOT_HERE: [&str; 2] = [
    "observability/prometheus/tests/order-workers-exhausted.yml",
    "app/main.py",
];

/// Words in capitals stand for something to choose.
fn is_placeholder(word: &str) -> bool {
    !word.chars().any(char::is_lowercase)
}

/// Code as words, as a shell would see them, without its comments.
fn words(page: &Page) -> impl Iterator<Item = Vec<&str>> {
    let separators = |c: char| c.is_whitespace() || "\"'();,=".contains(c);
    page.code
        .iter()
        .map(|code| code.split(" #").next().unwrap_or(code))
        .map(move |code| code.split(separators).filter(|w| !w.is_empty()).collect())
}

/// Paths of the repository that do not exist.
pub(super) fn missing_paths(page: &Page) -> Vec<String> {
    words(page)
        .flatten()
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains(['*', '…', '{', '<']))
        .map(|word| word.split(['#', ':']).next().unwrap_or(word))
        .filter(|path| !root().join(path).exists() && !NOT_HERE.contains(path))
        .map(|path| format!("there is no {path}"))
        .collect()
}

/// Ports of this machine that no service has.
pub(super) fn unknown_ports(page: &Page) -> Vec<String> {
    let settings = dot_env();
    let known: BTreeSet<_> = settings
        .iter()
        .filter(|(name, _)| name.ends_with("_PORT"))
        .map(|(_, port)| port.as_str())
        .collect();
    ["localhost:", "127.0.0.1:"]
        .iter()
        .flat_map(|host| page.text.split(host).skip(1))
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            &rest[..end.unwrap_or(rest.len())]
        })
        .filter(|port| !port.is_empty() && !known.contains(port))
        .map(|port| format!("no service has the port {port}"))
        .collect()
}

/// Names that look like metrics of ours and are none.
pub(super) fn unknown_metrics(page: &Page) -> Vec<String> {
    let golden = read("app/order-service/tests/golden/metrics.txt");
    let known: BTreeSet<&str> = golden
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('{').next().unwrap_or(line))
        .collect();
    let is_known = |name: &str| {
        // A histogram is named without the ending of its series, too.
        known.contains(name) || known.contains(format!("{name}_count").as_str())
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_:-.".contains(c);
    page.code
        .iter()
        .flat_map(|code| code.split(move |c| !is_part(c)))
        .filter(|name| METRICS.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| !name.contains(['-', '.', ':']) && !NO_METRICS.contains(name))
        .filter(|name| !is_known(name))
        .map(|name| format!("there is no metric {name}"))
        .collect()
}

/// Experiments, exercises, drills and loads that do not exist.
pub(super) fn unknown_commands(page: &Page) -> Vec<String> {
    let loads = read("app/loadgen/src/scenario/mod.rs");
    let drills = read("app/loadgen/src/drill/name.rs");
    let usage = read("scripts/lab");
    let experiments = read("app/lab/src/experiments/mod.rs");
    let quoted = |text: &str, word: &str| text.contains(&format!("=> \"{word}\""));
    let mut problems = Vec::new();
    for line in words(page) {
        for pair in line.windows(2) {
            let [command, word] = [pair[0], pair[1]];
            let known = match command {
                _ if is_placeholder(word) => true,
                "scripts/lab" if word.starts_with("--") => usage.contains(word),
                "scripts/lab" => {
                    experiments.contains(&format!("name: \"{word}\""))
                        || usage.contains(&format!("scripts/lab {word}"))
                }
                "begin" | "check" | "solution" if line.contains(&"scripts/lab") => {
                    word == "panels" || root().join(format!("docs/practice/{word}.patch")).exists()
                }
                "scripts/drill" | "drill" if !word.starts_with("--") => quoted(&drills, word),
                "loadgen" if !word.starts_with("--") => word == "drill" || quoted(&loads, word),
                _ => true,
            };
            if !known {
                problems.push(format!("there is no {command} {word}"));
            }
        }
    }
    problems
}
