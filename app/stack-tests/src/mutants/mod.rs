//! A score for the tests of the rules: the share of small changes of the rules that some test notices.
//!
//! Each mutant is a rule file with one change (`operators`, `rules`). The tests that can notice it (`reach`) run one by one
//! until one fails (`suite`). What survives needs a reason in `tests/survivors.txt` (`reasons`).

mod operators;
mod reach;
mod reasons;
mod rules;
mod suite;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use reasons::Reasons;
use rules::Mutant;
use stack::repository::root;
use suite::{Copy, Test};

/// The least share of mutants that must be caught.
const LEAST: f64 = 0.95;

/// How many tests are tried on a mutant that has its reason: so many show that a reason is no longer true, and all of them on all
/// that survive would take longer than everything else.
const TRIED_WITH_A_REASON: usize = 5;

/// Prints the score of the named rule files, or of all; success if it is high enough and every survivor has its reason.
pub(crate) fn run(only: &[String]) -> ExitCode {
    match score(&root(), only) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("stack-tests: {failure:#}");
            ExitCode::FAILURE
        }
    }
}

fn score(repository: &Path, only: &[String]) -> Result<bool> {
    let started = Instant::now();
    let prometheus = repository.join("observability/prometheus");
    let work = tempfile::tempdir()?;
    let promtool = suite::promtool(repository, work.path())?;
    let workers = thread::available_parallelism()?.get();
    let copies = (0..workers)
        .map(|worker| Copy::new(&prometheus, work.path().join(worker.to_string()), &promtool))
        .collect::<Result<Vec<_>>>()?;
    let originals: BTreeMap<_, _> = suite::rule_files(&prometheus)?.into_iter().collect();
    let mut mutants = Vec::new();
    let mut nodes = Vec::new();
    for (file, text) in &originals {
        let (rules, more) = rules::read(file, text)?;
        mutants.extend(more);
        nodes.push((file.clone(), rules));
    }
    mutants.retain(|mutant| only.is_empty() || only.contains(&mutant.file));
    ensure!(
        !mutants.is_empty(),
        "no rules in {only:?}; there are {:?}",
        originals.keys()
    );
    let tests = time(suite::tests(&prometheus, &nodes)?, &copies)?;
    println!(
        "{} mutants of {} rule files, {} tests",
        mutants.len(),
        originals.len(),
        tests.len()
    );

    let listed = prometheus.join("tests/survivors.txt");
    let listed = fs::read_to_string(&listed).with_context(|| listed.display().to_string())?;
    let reasons = Reasons::parse(&listed)?;
    slowest(&tests);

    let kills = Mutex::new(BTreeMap::new());
    let caught = share_out(&copies, &mutants, |copy, mutant| {
        copy.write(&mutant.file, &mutant.text)?;
        let reason = reasons.of(&mutant.to_string());
        let tried = reason.map_or(tests.len(), |_| TRIED_WITH_A_REASON);
        let by = catch(copy, mutant, &tests, tried, &kills)?;
        copy.write(&mutant.file, &originals[&mutant.file])?;
        if by.is_none() {
            eprintln!("no test has caught {mutant}");
        }
        Ok(by)
    })?;

    let survivors: Vec<_> = mutants
        .iter()
        .zip(&caught)
        .filter(|(_, by)| by.is_none())
        .map(|(mutant, _)| mutant)
        .collect();
    let explained = explain(&survivors, &reasons, only);
    let share = 1.0 - survivors.len() as f64 / mutants.len() as f64;
    println!(
        "score: {:.1} % of {} mutants caught, {} survived ({} s)",
        share * 100.0,
        mutants.len(),
        survivors.len(),
        started.elapsed().as_secs()
    );
    if share < LEAST {
        println!("At least {:.0} % must be caught.", LEAST * 100.0);
    }
    Ok(explained && share >= LEAST)
}

/// Runs every test on the rules as they are, and notes how long it takes.
fn time(mut tests: Vec<Test>, copies: &[Copy]) -> Result<Vec<Test>> {
    let times = share_out(copies, &tests, |copy, test| {
        let (passed, takes) = copy.run(test)?;
        ensure!(
            passed,
            "{}, {:?} fails on the rules as they are",
            test.file.display(),
            test.name
        );
        Ok(takes)
    })?;
    for (test, takes) in tests.iter_mut().zip(times) {
        test.takes = takes;
    }
    tests.sort_by_key(|test| test.takes);
    Ok(tests)
}

/// Which tests have caught a mutant of a rule, and how many.
type Kills = BTreeMap<(String, String), BTreeMap<usize, usize>>;

/// The first test that fails with a mutant. First come those that are likely to fail and fast: a test is likely to that has caught
/// other mutants of the same rule, or looks at what the rule makes.
fn catch(
    copy: &Copy,
    mutant: &Mutant,
    tests: &[Test],
    tried: usize,
    kills: &Mutex<Kills>,
) -> Result<Option<usize>> {
    let key = (mutant.file.clone(), mutant.rule.clone());
    let lock = || kills.lock().expect("no worker panics with it");
    let known = lock().get(&key).cloned().unwrap_or_default();
    let noticing = |at: &usize| tests[*at].noticed.contains(&mutant.rule);
    let mut order: Vec<_> = (0..tests.len()).filter(noticing).collect();
    let hope = |at: &usize| {
        let test = &tests[*at];
        let looks = test.looks_at.contains(&mutant.rule);
        let caught = known.get(at).copied().unwrap_or_default() as f64;
        (caught + if looks { 0.3 } else { 0.03 }) / test.takes.as_secs_f64()
    };
    order.sort_by(|one, other| hope(other).total_cmp(&hope(one)));
    for at in order.into_iter().take(tried) {
        if !copy.run(&tests[at])?.0 {
            *lock().entry(key).or_default().entry(at).or_default() += 1;
            return Ok(Some(at));
        }
    }
    Ok(None)
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
                    results
                        .lock()
                        .expect("no worker panics with it")
                        .insert(at, result);
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

/// Prints the survivors with their reasons; whether each has one and each reason is needed.
fn explain(survivors: &[&Mutant], reasons: &Reasons, only: &[String]) -> bool {
    let mut unexplained = 0;
    for mutant in survivors {
        let reason = reasons.of(&mutant.to_string());
        unexplained += usize::from(reason.is_none());
        let reason = reason
            .unwrap_or("NO REASON: write a test that fails, or a line in tests/survivors.txt");
        println!(
            "survived {}:{} {}: {} → {} | {reason}",
            mutant.file, mutant.line, mutant.rule, mutant.before, mutant.after
        );
    }
    let names: BTreeSet<_> = survivors.iter().map(ToString::to_string).collect();
    let mut stale = reasons.stale(&names);
    stale.retain(|line| only.is_empty() || only.iter().any(|file| line.starts_with(file)));
    for line in &stale {
        println!("not needed in tests/survivors.txt, since no such mutant survives: {line}");
    }
    unexplained == 0 && stale.is_empty()
}

/// Prints the tests that take longest.
fn slowest(tests: &[Test]) {
    let total: Duration = tests.iter().map(|test| test.takes).sum();
    println!(
        "all tests one after the other: {:.1} s; the slowest:",
        total.as_secs_f64()
    );
    for test in tests.iter().rev().take(5) {
        println!(
            "  {:.1} s {}: {}",
            test.takes.as_secs_f64(),
            test.file.display(),
            test.name
        );
    }
}
