//! Names in code: paths, ports, metrics, experiments, exercises, drills and loads.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::Command;

use stack::markdown::Page;
use stack::repository::{dot_env, files, root, stems};

use crate::queries::series::Catalog;

/// Where everything of the repository is.
const FOLDERS: [&str; 4] = ["app/", "docs/", "observability/", "scripts/"];

/// How a metric of ours begins.
const METRICS: [&str; 3] = ["order_", "orders_", "http_server_"];

/// What only looks like a metric: a filter of the log, and what pages have their readers add.
const NO_METRICS: [&str; 2] = ["order_service", "orders_slow_total"];

/// A file that a page has its readers write, and one of the same course in Python.
const NOT_HERE: [&str; 2] = [
    "observability/prometheus/tests/order-workers-exhausted.yml",
    "app/main.py",
];

/// Code in the text, and what is typed. Boxes of text are what is printed: that names what is gone as well.
fn code(page: &Page) -> impl Iterator<Item = &str> {
    let typed = page
        .blocks
        .iter()
        .filter(|block| block.info.starts_with("sh"));
    let typed = typed.flat_map(|block| block.text.lines());
    page.code.iter().map(String::as_str).chain(typed)
}

/// Code as words, as a shell would see them, without its comments.
fn words(page: &Page) -> impl Iterator<Item = Vec<&str>> {
    let separators = |c: char| c.is_whitespace() || "\"'();,=".contains(c);
    code(page)
        .map(|code| code.split(" #").next().unwrap_or(code))
        .map(move |code| code.split(separators).filter(|w| !w.is_empty()).collect())
}

/// Paths of the repository that do not exist.
pub(super) fn missing_paths(page: &Page) -> Vec<String> {
    words(page)
        .flatten()
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains(['*', '…', '{', '<']) && !is_placeholder(word))
        .map(|word| word.split(['#', ':']).next().unwrap_or(word))
        .filter(|path| !root().join(path).exists() && !NOT_HERE.contains(path))
        .map(|path| format!("there is no {path}"))
        .collect()
}

/// Ports of this machine that no service has.
pub(super) fn unknown_ports(page: &Page) -> Vec<String> {
    let settings = dot_env().into_iter();
    let ports = settings.filter(|(name, _)| name.ends_with("_PORT"));
    let known: BTreeSet<_> = ports.map(|(_, port)| port).collect();
    ["localhost:", "127.0.0.1:"]
        .iter()
        .flat_map(|host| page.source.split(host).skip(1))
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            &rest[..end.unwrap_or(rest.len())]
        })
        .filter(|port| !port.is_empty() && !known.contains(*port))
        .map(|port| format!("no service has the port {port}"))
        .collect()
}

/// Names that look like metrics of ours and are none.
pub(super) fn unknown_metrics(page: &Page) -> Vec<String> {
    let known = Catalog::read().series;
    // A histogram is named without the ending of its series, too.
    let is_known =
        |name: &str| known.contains_key(name) || known.contains_key(&format!("{name}_count"));
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_:-.".contains(c);
    code(page)
        .flat_map(|code| code.split(move |c| !is_part(c)))
        .filter(|name| METRICS.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| !name.contains(['-', '.', ':']) && !NO_METRICS.contains(name))
        .filter(|name| !is_known(name))
        .map(|name| format!("there is no metric {name}"))
        .collect()
}

/// Whether a word or a file's name is in capitals, which stand for something to choose.
fn is_placeholder(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let name = name.split('.').next().unwrap_or(name);
    !name.is_empty() && !name.chars().any(char::is_lowercase)
}

/// What the programs say that they can be asked for.
pub(super) struct Commands {
    lab: BTreeSet<String>,
    exercises: BTreeSet<String>,
    drills: BTreeSet<String>,
    loads: BTreeSet<String>,
}

impl Commands {
    pub(super) fn ask() -> Self {
        let help = printed(Command::new(root().join("scripts/lab")).arg("--help"));
        let exercises = help.split("EXERCISE is ").nth(1).unwrap_or_default();
        let exercises = exercises.split('.').next().unwrap_or_default();
        let exercises = exercises.split([' ', ',']).map(ToOwned::to_owned);
        let patches = files("docs", "patch").into_iter();
        let patches =
            patches.filter_map(|path| Some(Path::new(&path).file_stem()?.to_str()?.to_owned()));
        Self {
            lab: first_words(&help.replace("Usage: ", "").replace("scripts/lab ", ""))
                .chain(first_words(&said("lab", &["--list"])))
                .collect(),
            exercises: exercises.chain(patches).collect(),
            drills: stems("observability/drills", "yml").into_iter().collect(),
            loads: first_words(&said("loadgen", &["--help"]).replace("- ", "")).collect(),
        }
    }

    /// Experiments, exercises, drills and loads that do not exist.
    pub(super) fn unknown(&self, page: &Page) -> Vec<String> {
        let mut problems = Vec::new();
        for line in words(page) {
            for pair in line.windows(2) {
                let [command, word] = [pair[0], pair[1]];
                let known = match command {
                    _ if is_placeholder(word) => true,
                    "scripts/lab" => self.lab.contains(word),
                    "begin" | "check" | "solution" if line.contains(&"scripts/lab") => {
                        self.exercises.contains(word)
                    }
                    "scripts/drill" | "drill" if !word.starts_with("--") => {
                        self.drills.contains(word)
                    }
                    "loadgen" if !word.starts_with("--") => self.loads.contains(word),
                    _ => true,
                };
                if !known {
                    problems.push(format!("there is no {command} {word}"));
                }
            }
        }
        problems
    }
}

/// The word that each line begins with.
fn first_words(text: &str) -> impl Iterator<Item = String> {
    let words = text
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    words.map(|word| word.trim_end_matches(':').to_owned())
}

/// What a program of this workspace prints.
fn said(program: &str, arguments: &[&str]) -> String {
    let run = ["run", "--quiet", "--locked", "--bin", program, "--"];
    let cargo = env::var("CARGO").expect("cargo runs the tests");
    let mut command = Command::new(cargo);
    command.args(run.iter().chain(arguments));
    printed(command.current_dir(root().join("app")))
}

fn printed(command: &mut Command) -> String {
    let output = command.output().expect("it is there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
