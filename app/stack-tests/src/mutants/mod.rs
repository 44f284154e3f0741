//! A score for the tests of the rules: the share of small changes of the rules that some test notices.
//!
//! Each mutant is a rule file with one change ([`changes`]). The tests that load the file run one by one until one fails. What survives
//! needs a reason in `tests/survivors.txt`.

mod changes;
mod expressions;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use regex_lite::Regex;
use stack::repository::{files, read, root, stems};
use stack::rules::{FOLDER, TESTS, TestFile, yaml};

use changes::Mutant;

const LEAST: f64 = 0.95;

/// How many tests are tried on a mutant that has its reason: so many show that a reason is no longer true, and all of them on all
/// that survive would take longer than everything else.
const TRIED_WITH_A_REASON: usize = 5;

/// Prints the score of the named rule files, or of all; success if it is high enough and every survivor has its reason.
pub(crate) fn run(only: &[String]) -> ExitCode {
    match score(only) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("stack-tests: {failure:#}");
            ExitCode::FAILURE
        }
    }
}

fn score(only: &[String]) -> Result<bool> {
    let started = Instant::now();
    let mut originals = BTreeMap::new();
    let mut mutants = Vec::new();
    for stem in stems(FOLDER, "yml") {
        let file = format!("{stem}.yml");
        if only.is_empty() || only.contains(&file) {
            let text = read(format!("{FOLDER}/{file}"));
            mutants.extend(changes::of_file(&file, &text)?);
            originals.insert(file, text);
        }
    }
    ensure!(!mutants.is_empty(), "no rules in {only:?}");
    let reasons = reasons()?;
    let work = tempfile::tempdir()?;
    let promtool = promtool(work.path())?;
    let workers = 0..thread::available_parallelism()?.get();
    let copies = workers.map(|worker| Copy::new(work.path().join(worker.to_string()), &promtool));
    let copies = copies.collect::<Result<Vec<_>>>()?;
    let tests = tests(&copies)?;
    println!("{} mutants, {} tests", mutants.len(), tests.len());

    let kills = Mutex::default();
    let caught = share_out(&copies, &mutants, |copy, mutant| {
        let name = mutant.to_string();
        let has_reason = reasons.iter().any(|reason| reason.mutant.is_match(&name));
        let all = tests.len();
        let tried = if has_reason { TRIED_WITH_A_REASON } else { all };
        copy.write(&mutant.file, &mutant.text)?;
        let caught = is_caught(copy, mutant, &tests, tried, &kills)?;
        copy.write(&mutant.file, &originals[&mutant.file])?;
        Ok(caught)
    })?;
    let survivors = mutants.iter().zip(caught).filter(|(_, caught)| !caught);
    let survivors: Vec<_> = survivors.map(|(mutant, _)| mutant).collect();
    let explained = explain(&survivors, &reasons, only);
    let (all, left) = (mutants.len(), survivors.len());
    let share = 1.0 - left as f64 / all as f64;
    let [percent, least] = [share, LEAST].map(|share| share * 100.0);
    let seconds = started.elapsed().as_secs();
    println!("score: {percent:.1} % of {all} mutants caught, {left} survived ({seconds} s)");
    println!("At least {least:.0} % must be caught.");
    Ok(explained && share >= LEAST)
}

/// Why a mutant may survive: a line of `tests/survivors.txt`, in which `…` stands for any text.
struct Reason {
    line: String,
    mutant: Regex,
}

fn reasons() -> Result<Vec<Reason>> {
    let text = read(format!("{TESTS}/survivors.txt"));
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parsed = lines.map(|line| {
        let parts = line.rsplit_once(" | ");
        let (mutant, _) = parts.with_context(|| format!("no reason: {line}"))?;
        let mutant = regex_lite::escape(mutant.trim()).replace('…', ".*");
        let mutant = Regex::new(&format!("^{mutant}$"))?;
        let line = line.to_owned();
        Ok(Reason { line, mutant })
    });
    parsed.collect()
}

/// Prints the survivors with their reasons; whether each has one and each reason is needed.
fn explain(survivors: &[&Mutant], reasons: &[Reason], only: &[String]) -> bool {
    let mut explained = true;
    for mutant in survivors {
        let name = mutant.to_string();
        let reason = reasons.iter().find(|reason| reason.mutant.is_match(&name));
        explained &= reason.is_some();
        let why = reason.and_then(|reason| reason.line.rsplit(" | ").next());
        let why = why.unwrap_or("NO REASON: write a test that fails, or a line in survivors.txt");
        println!("survived, line {}: {name} | {why}", mutant.line);
    }
    for Reason { line, mutant } in reasons {
        let asked = only.is_empty() || only.iter().any(|file| line.starts_with(file));
        let needed = survivors
            .iter()
            .any(|survivor| mutant.is_match(&survivor.to_string()));
        if asked && !needed {
            explained = false;
            println!("not needed in survivors.txt, since no such mutant survives: {line}");
        }
    }
    explained
}

struct Test {
    /// From the folder of the tests.
    file: PathBuf,
    name: String,
    /// The names of the rule files that it loads, or `*.yml`.
    loads: Vec<String>,
    /// Alerts and expressions.
    looks_at: Vec<String>,
    /// How long it takes if all is well.
    takes: Duration,
}

/// Every test, once it has passed on the rules as they are; the fastest first.
fn tests(copies: &[Copy]) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for path in files(TESTS, "yml") {
        let parsed: TestFile = yaml(&path);
        let loads = parsed
            .rule_files
            .iter()
            .filter_map(|file| file.rsplit('/').next());
        let loads: Vec<_> = loads.map(ToOwned::to_owned).collect();
        for test in parsed.tests {
            let alerts = test.alert_rule_test.into_iter().map(|case| case.alertname);
            let exprs = test.promql_expr_test.into_iter().map(|case| case.expr);
            tests.push(Test {
                file: Path::new(&path).strip_prefix(TESTS)?.to_owned(),
                name: test.name,
                loads: loads.clone(),
                looks_at: alerts.chain(exprs).collect(),
                takes: Duration::ZERO,
            });
        }
    }
    let times = share_out(copies, &tests, |copy, test| {
        let started = Instant::now();
        let Test { file, name, .. } = test;
        let (passes, file) = (copy.passes(test)?, file.display());
        ensure!(passes, "{file}, {name:?} fails on the rules as they are");
        Ok(started.elapsed())
    })?;
    for (test, takes) in tests.iter_mut().zip(times) {
        test.takes = takes;
    }
    tests.sort_by_key(|test| test.takes);
    Ok(tests)
}

/// How many mutants of a rule (its file and name) each test has caught.
type Kills = BTreeMap<(String, String), BTreeMap<usize, u32>>;

/// Whether a test fails with a mutant. First come those that are likely to fail and fast: a test is likely to that has caught other
/// mutants of the same rule, or looks at what the rule makes.
fn is_caught(
    copy: &Copy,
    mutant: &Mutant,
    tests: &[Test],
    tried: usize,
    kills: &Mutex<Kills>,
) -> Result<bool> {
    let rule = (mutant.file.clone(), mutant.rule.clone());
    let lock = || kills.lock().expect("no worker panics with it");
    let known = lock().get(&rule).cloned().unwrap_or_default();
    let hope = |at: &usize| {
        let test = &tests[*at];
        let looks = test.looks_at.iter().any(|text| text.contains(&mutant.rule));
        let caught = f64::from(known.get(at).copied().unwrap_or_default());
        (caught + if looks { 0.3 } else { 0.03 }) / test.takes.as_secs_f64()
    };
    let loads = |pattern: &String| *pattern == mutant.file || pattern == "*.yml";
    let loading = |at: &usize| tests[*at].loads.iter().any(loads);
    let mut order: Vec<_> = (0..tests.len()).filter(loading).collect();
    order.sort_by(|one, other| hope(other).total_cmp(&hope(one)));
    for at in order.into_iter().take(tried) {
        if !copy.passes(&tests[at])? {
            *lock().entry(rule).or_default().entry(at).or_default() += 1;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Does the work on each item, with as many threads as there are copies; the results in the order of the items.
fn share_out<T: Sync, R: Send>(
    copies: &[Copy],
    items: &[T],
    work: impl Fn(&Copy, &T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for copy in copies {
            scope.spawn(|| {
                while let at = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(item) = items.get(at)
                {
                    let result = work(copy, item);
                    let mut results = results.lock().expect("no worker panics with it");
                    results.insert(at, result);
                    if at % 100 == 99 {
                        eprintln!("{} of {}", at + 1, items.len());
                    }
                }
            });
        }
    });
    let results = results.into_inner().expect("no worker panics with it");
    results.into_values().collect()
}

struct Copy {
    folder: PathBuf,
    promtool: PathBuf,
}

impl Copy {
    fn new(folder: PathBuf, promtool: &Path) -> Result<Self> {
        fs::create_dir(&folder)?;
        let mut copy = Command::new("cp");
        copy.arg("-r").args([FOLDER, TESTS]).arg(&folder);
        let copied = copy.current_dir(root()).status()?;
        ensure!(copied.success(), "nothing was copied");
        let promtool = promtool.to_owned();
        Ok(Self { folder, promtool })
    }

    fn write(&self, rule_file: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.folder.join("rules").join(rule_file), text)?)
    }

    /// Runs one test, in one thread: several run side by side.
    fn passes(&self, test: &Test) -> Result<bool> {
        let status = Command::new(&self.promtool)
            .args(["test", "rules", "--run"])
            .arg(format!("^{}$", regex_lite::escape(&test.name)))
            .arg(&test.file)
            .current_dir(self.folder.join("tests"))
            .envs([("GOMAXPROCS", "1"), ("GOGC", "400")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        Ok(status.success())
    }
}

/// Copies promtool out of the image of the service `prometheus`: a container for each run would take longer than the test.
fn promtool(folder: &Path) -> Result<PathBuf> {
    let file = folder.join("promtool");
    let script = ". scripts/lib.sh; container=$(docker create \"$(image_of prometheus)\")
        docker cp --follow-link \"$container:/bin/promtool\" \"$0\"; docker rm \"$container\"";
    let mut copy = Command::new("bash");
    copy.arg("-c").arg(script).arg(&file).current_dir(root());
    let output = copy.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let copied = output.status.success();
    ensure!(copied, "promtool could not be copied: {errors}");
    Ok(file)
}
