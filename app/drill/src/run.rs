//! From the command line to the report: which drills, on which servers, in which order, and the exit code.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use loadgen::target::Server;
use serde::Deserialize;
use serde_saphyr::{from_str_with_options, options};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::alertmanager::Alertmanager;
use crate::cli::Args;
use crate::client::{Access, Client};
use crate::deliveries::{Pager, Sink};
use crate::error::Error;
use crate::file::{Action, Drill};
use crate::operator::Operator;
use crate::play::{Player, foresee, play};
use crate::preflight::{self, Obstacles};
use crate::progress::Progress;
use crate::prometheus::Prometheus;
use crate::report::{DrillReport, Outcome, Report};
use crate::servers::Servers;

/// Between two looks at what stands in the way.
const PAUSE: Duration = Duration::from_secs(2);

/// Does what was asked; the exit code.
pub(crate) fn run(args: &Args) -> Result<u8, Error> {
    if let Some(path) = &args.check {
        let drill = Drill::read(path)?;
        if let Some(folder) = &args.rules {
            drill.check_names(path, &alerts_of(folder)?)?;
        }
        print(&format!("{}: {}", drill.name, drill.shows));
        return Ok(0);
    }
    if args.list {
        for drill in folder(&args.folder)? {
            let takes = drill
                .takes
                .map_or(String::new(), |takes| format!(" (about {takes})"));
            print(&format!("{:<20} {}{takes}", drill.name, drill.shows));
        }
        return Ok(0);
    }
    let drills = chosen(args)?;
    let servers = servers(args)?;
    if !args.dry_run {
        drills
            .iter()
            .try_for_each(|drill| permit(args, drill, &servers))?;
    }
    let mut player = Player {
        servers: &servers,
        operator: args.operator.then(Operator::new),
        progress: Progress::default(),
        signal: signal(),
        slack: args.slack.0,
        lag: args.max_lag.0,
        seed: args.seed,
        is_until_delivered: args.until.is_some(),
    };
    let mut report = Report {
        schema_version: 1,
        target: servers.requests.base.clone(),
        seed: args.seed,
        drills: Vec::new(),
    };
    let mut left: Vec<&Drill> = drills.iter().collect();
    while !left.is_empty() && player.signal.load(Ordering::Relaxed) == 0 {
        report.drills.push(if args.dry_run {
            dry_run(left.remove(0), &servers)?
        } else {
            play_next(&mut left, &mut player, args.wait.0)?
        });
    }
    if args.json {
        let json = serde_json::to_string_pretty(&report);
        print(&json.expect("a report has string keys and finite numbers"));
    } else {
        print(&report.to_string());
    }
    Ok(code(&report, player.signal.load(Ordering::Relaxed)))
}

/// Plays the first of the drills that can be played now; if none can, waits. Those come first that leave least behind.
fn play_next(
    left: &mut Vec<&Drill>,
    player: &mut Player<'_>,
    patience: Duration,
) -> Result<DrillReport, Error> {
    let begun = Instant::now();
    loop {
        let mut first = None;
        for place in 0..left.len() {
            let drill = left[place];
            let found = match preflight::look(drill, player.servers) {
                Ok((facts, found)) if found.passing.is_empty() && found.lasting.is_empty() => {
                    left.remove(place);
                    let title = format!("{}: {}", drill.name, drill.shows);
                    player.progress.say(&title, &title);
                    return Ok(DrillReport::played(drill, play(drill, &facts, player)));
                }
                Ok((_, found)) => found,
                // It may be starting.
                Err(error @ Error::Server { .. }) => Obstacles {
                    passing: vec![error.to_string()],
                    ..Obstacles::default()
                },
                Err(error) => return Err(error),
            };
            let is_over = begun.elapsed() >= patience || player.signal.load(Ordering::Relaxed) != 0;
            if is_over || !found.lasting.is_empty() {
                left.remove(place);
                return Ok(not_ready(drill, found));
            }
            first = first.or(found.passing.into_iter().next());
        }
        let text = first.unwrap_or_default();
        let seconds = patience.saturating_sub(begun.elapsed()).as_secs();
        let line = format!("waiting, at most {seconds} s: {text}");
        player.progress.say(&text, &line);
        sleep(PAUSE);
    }
}

fn not_ready(drill: &Drill, mut found: Obstacles) -> DrillReport {
    found.lasting.append(&mut found.passing);
    DrillReport::without(drill, Outcome::Unready, found.lasting)
}

fn dry_run(drill: &Drill, servers: &Servers) -> Result<DrillReport, Error> {
    let (facts, found) = preflight::look(drill, servers)?;
    if facts.rules.len() < drill.alerts().len() {
        return Ok(not_ready(drill, found));
    }
    Ok(DrillReport::foreseen(drill, foresee(drill, &facts)))
}

/// The number of the signal that has come; the second ends the process.
fn signal() -> Arc<AtomicUsize> {
    let value = Arc::new(AtomicUsize::new(0));
    let has_come = Arc::default();
    for (number, own) in [(SIGINT, 2), (SIGTERM, 15)] {
        let again = signal_hook::flag::register_conditional_shutdown(
            number,
            128 + number,
            Arc::clone(&has_come),
        );
        let first = signal_hook::flag::register(number, Arc::clone(&has_come));
        let noted = signal_hook::flag::register_usize(number, Arc::clone(&value), own);
        again
            .and(first)
            .and(noted)
            .expect("these signals can be handled");
    }
    value
}

/// The drills of a folder, those first that leave least behind.
fn folder(folder: &Path) -> Result<Vec<Drill>, Error> {
    let drills = files(folder)?.into_iter().map(|path| Drill::read(&path));
    let mut drills: Vec<_> = drills.collect::<Result<_, _>>()?;
    drills.sort_by_cached_key(|drill| (drill.leaves, drill.name.clone()));
    Ok(drills)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(Error::unreadable(folder))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_yaml = |path: &PathBuf| {
        path.extension()
            .is_some_and(|own| own == "yml" || own == "yaml")
    };
    let mut paths: Vec<_> = paths.filter(is_yaml).collect();
    paths.sort();
    Ok(paths)
}

fn chosen(args: &Args) -> Result<Vec<Drill>, Error> {
    let Some(name) = args.drill.as_ref().filter(|_| !args.all) else {
        return folder(&args.folder);
    };
    let path = Path::new(name);
    if path.extension().is_some() {
        return Ok(vec![Drill::read(path)?]);
    }
    let mut known = folder(&args.folder)?;
    if let Some(place) = known.iter().position(|drill| drill.name == *name) {
        return Ok(vec![known.swap_remove(place)]);
    }
    let known: Vec<_> = known.into_iter().map(|drill| drill.name).collect();
    let (known, folder) = (known.join(", "), args.folder.display());
    Err(Error::Usage(format!(
        "no drill {name} in {folder}; there are {known}"
    )))
}

/// The names of all alerts in the rule files of a folder.
fn alerts_of(folder: &Path) -> Result<BTreeSet<String>, Error> {
    #[derive(Deserialize)]
    struct RuleFile {
        groups: Vec<Group>,
    }
    #[derive(Deserialize)]
    struct Group {
        rules: Vec<Rule>,
    }
    #[derive(Deserialize)]
    struct Rule {
        alert: Option<String>,
    }
    let mut names = BTreeSet::new();
    for path in files(folder)? {
        let text = std::fs::read_to_string(&path).map_err(Error::unreadable(&path))?;
        let bad = |error| Error::Usage(format!("{}: {error}", path.display()));
        let options = options! { with_snippet: false };
        let file: RuleFile = from_str_with_options(&text, options).map_err(bad)?;
        let rules = file.groups.into_iter().flat_map(|group| group.rules);
        names.extend(rules.filter_map(|rule| rule.alert));
    }
    Ok(names)
}

fn servers(args: &Args) -> Result<Servers, Error> {
    let access = &args.access;
    let usage = |error: &dyn std::fmt::Display| Error::Usage(error.to_string());
    let has_pager = args.pager != "none";
    let pager = has_pager.then(|| Client::new(&args.pager, access));
    let sink = args.listen.as_deref().map(Sink::listen);
    Ok(Servers {
        prometheus: Prometheus(Client::new(&args.prometheus, access)?),
        alertmanager: Alertmanager(Client::new(&args.alertmanager, access)?),
        pager: pager.transpose()?.map(Pager),
        sink: sink.transpose().map_err(|error| usage(&error))?,
        target: Server::parse(&args.target).map_err(|error| usage(&error))?,
        requests: Client::new(&args.target, &Access::default())?,
    })
}

/// A drill can page people and stop what is in production: on another machine only after it has said so.
fn permit(args: &Args, drill: &Drill, servers: &Servers) -> Result<(), Error> {
    let name = &drill.name;
    let mut plan = Vec::new();
    for step in &drill.steps {
        match &step.value {
            Action::Load(load) => plan.extend(load.sent().map(|sent| format!("sends {sent}"))),
            Action::Request(request) => plan.push(format!("sends {request}")),
            Action::Run(_) if !args.allow_run || !Path::new("/bin/sh").exists() => {
                let wanted = "--allow-run, where there is a shell";
                return Err(Error::Usage(format!("{name} has `run` steps: {wanted}")));
            }
            Action::Run(command) => plan.push(format!("runs {command}")),
            Action::Stop(_) if !args.operator => {
                let wanted = "scripts/drill does it, or --operator";
                return Err(Error::Usage(format!("{name} stops services: {wanted}")));
            }
            Action::Stop(service) => plan.push(format!("stops {service}")),
            _ => {}
        }
    }
    let host = servers.target.host();
    let is_loopback = ["localhost", "[::1]"].contains(&host) || host.starts_with("127.");
    if is_loopback || args.confirm.as_deref() == Some(host) {
        return Ok(());
    }
    let receivers: Vec<_> = drill.receivers().into_iter().map(String::as_str).collect();
    let (plan, receivers) = (plan.join(", "), receivers.join(", "));
    Err(Error::Usage(format!(
        "{name} {plan}, and tells {receivers}; {host} is not this machine: if all of this may happen, \
         --confirm {host}"
    )))
}

fn print(text: &str) {
    // Whoever closed stdout doesn't want it.
    let _unread = writeln!(io::stdout(), "{}", text.trim_end());
}

/// The worst of the outcomes counts.
fn code(report: &Report, signal: usize) -> u8 {
    let is = |outcome| report.drills.iter().any(|drill| drill.outcome == outcome);
    if signal != 0 {
        return Error::Interrupted(signal).code();
    }
    let codes = [
        (Outcome::Broken, 1),
        (Outcome::Failed, 4),
        (Outcome::Invalid, 5),
        (Outcome::Unready, 5),
    ];
    codes
        .into_iter()
        .find(|(outcome, _)| is(*outcome))
        .map_or(0, |(_, code)| code)
}
