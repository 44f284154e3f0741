//! From the command line to the report: which drills, on which servers, in which order, and the exit code.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::sleep;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::cli::Args;
use crate::console::{Operator, Progress};
use crate::error::{Error, Result};
use crate::file::{Action, Drill};
use crate::play::{Player, foresee};
use crate::preflight::{self, Obstacles};
use crate::report::{DrillReport, Outcome, Report};
use crate::servers::Servers;

/// Between two looks at what stands in the way.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) fn run(args: &Args) -> Result<u8> {
    if let Some(path) = &args.check {
        let drill = Drill::read(path)?;
        if let Some(folder) = &args.rules {
            drill.check_names(path, &files(folder)?)?;
        }
        print(&format!("{}: {}", drill.name, drill.shows));
        return Ok(0);
    }
    if args.list {
        for drill in folder(&args.folder)? {
            let takes = drill.takes.map(|takes| format!(" (about {takes})"));
            let takes = takes.unwrap_or_default();
            print(&format!("{:<20} {}{takes}", drill.name, drill.shows));
        }
        return Ok(0);
    }
    let drills = chosen(args)?;
    let servers = Servers::new(args)?;
    for drill in drills.iter().filter(|_| !args.dry_run) {
        permit(args, drill, &servers)?;
    }
    let mut player = Player {
        args,
        servers: &servers,
        operator: args.operator.then(Operator::new),
        progress: Progress::default(),
        signal: signal().expect("these signals can be handled"),
    };
    let mut report = Report {
        schema_version: 1,
        target: servers.requests.base.clone(),
        seed: args.seed,
        drills: Vec::new(),
    };
    // A drill is waited for at least as long as those before it disturb it.
    let mut patience = args.wait.0;
    for drill in &drills {
        if player.signal() != 0 {
            break;
        }
        report.drills.push(if args.dry_run {
            dry_run(drill, &servers)?
        } else {
            play(drill, &mut player, patience)?
        });
        patience = patience.max(drill.leaves.0);
    }
    if args.json {
        let json = serde_json::to_string_pretty(&report);
        print(&json.expect("a report has string keys and finite numbers"));
    } else {
        print(&report.to_string());
    }
    Ok(code(&report, player.signal()))
}

/// Plays a drill as soon as nothing stands in its way.
fn play(drill: &Drill, player: &mut Player<'_>, patience: Duration) -> Result<DrillReport> {
    let begun = Instant::now();
    loop {
        let found = match preflight::look(drill, player.servers) {
            Ok((facts, found)) if found.passing.is_empty() && found.lasting.is_empty() => {
                let title = format!("{}: {}", drill.name, drill.shows);
                player.progress.say(&title, &title);
                return Ok(DrillReport::played(drill, player.play(drill, &facts)));
            }
            Ok((_, found)) => found,
            // It may be starting.
            Err(error @ Error::Server { .. }) => Obstacles {
                passing: vec![error.to_string()],
                ..Obstacles::default()
            },
            Err(error) => return Err(error),
        };
        let is_over = begun.elapsed() >= patience || player.signal() != 0;
        if is_over || !found.lasting.is_empty() {
            return Ok(not_ready(drill, found));
        }
        let text = &found.passing[0];
        let seconds = patience.saturating_sub(begun.elapsed()).as_secs();
        let line = format!("waiting, at most {seconds} s: {text}");
        // A figure that moves is no other obstacle.
        let what = text.replace(|c: char| c.is_ascii_digit() || c == '.', "");
        player.progress.say(&what, &line);
        sleep(PAUSE);
    }
}

fn not_ready(drill: &Drill, mut found: Obstacles) -> DrillReport {
    found.lasting.append(&mut found.passing);
    DrillReport::without(drill, Outcome::Unready, found.lasting)
}

fn dry_run(drill: &Drill, servers: &Servers) -> Result<DrillReport> {
    let (facts, found) = preflight::look(drill, servers)?;
    if facts.rules.len() < drill.alerts().len() {
        return Ok(not_ready(drill, found));
    }
    let mut report = DrillReport::without(drill, Outcome::Foreseen, Vec::new());
    report.steps = foresee(drill, &facts);
    Ok(report)
}

/// The number of the signal that has come; the second ends the process.
fn signal() -> io::Result<Arc<AtomicUsize>> {
    let (value, has_come) = (Arc::default(), Arc::default());
    for (number, own) in [(SIGINT, 2), (SIGTERM, 15)] {
        flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&has_come))?;
        flag::register(number, Arc::clone(&has_come))?;
        flag::register_usize(number, Arc::clone(&value), own)?;
    }
    Ok(value)
}

/// The drills of a folder, those first that leave least behind.
fn folder(folder: &Path) -> Result<Vec<Drill>> {
    let drills = files(folder)?.into_iter().map(|path| Drill::read(&path));
    let mut drills: Vec<_> = drills.collect::<Result<_, _>>()?;
    drills.sort_by_key(|drill| drill.leaves);
    Ok(drills)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(Error::unreadable(folder))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    let yaml = ["yml", "yaml"].map(OsStr::new);
    paths.retain(|path| path.extension().is_some_and(|own| yaml.contains(&own)));
    paths.sort();
    Ok(paths)
}

fn chosen(args: &Args) -> Result<Vec<Drill>> {
    let Some(name) = &args.drill else {
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
    let known: Vec<_> = known.iter().map(|drill| drill.name.as_str()).collect();
    let (known, folder) = (known.join(", "), args.folder.display());
    let what = format!("no drill {name} in {folder}; there are {known}");
    Err(Error::Usage(what))
}

/// A drill can page people and stop what is in production: on another machine only after it has said so.
fn permit(args: &Args, drill: &Drill, servers: &Servers) -> Result<()> {
    let name = &drill.name;
    let usage = |what: &str| Error::Usage(format!("{name} {what}"));
    let can_run = args.allow_run && Path::new("/bin/sh").exists();
    let said = drill.steps.iter().filter_map(|step| match &step.value {
        Action::Load(load) => load.sent().map(|sent| Ok(format!("sends {sent}"))),
        Action::Request(request) => Some(Ok(format!("sends {request}"))),
        Action::Run(command) if can_run => Some(Ok(format!("runs {command}"))),
        Action::Run(_) => Some(Err("has `run` steps: --allow-run, where there is a shell")),
        Action::Stop(service) if args.operator => Some(Ok(format!("stops {service}"))),
        Action::Stop(_) => Some(Err("stops services: scripts/drill does it, or --operator")),
        _ => None,
    });
    let plan: Vec<_> = said.collect::<Result<_, _>>().map_err(usage)?;
    let host = servers.target.host();
    let is_loopback = ["localhost", "[::1]"].contains(&host) || host.starts_with("127.");
    if is_loopback || args.confirm.as_deref() == Some(host) {
        return Ok(());
    }
    let receivers: Vec<_> = drill.receivers().into_iter().map(String::as_str).collect();
    let (plan, receivers) = (plan.join(", "), receivers.join(", "));
    Err(usage(&format!(
        "{plan}, and tells {receivers}; {host} is not this machine: if all of this may happen, \
         --confirm {host}"
    )))
}

fn print(text: &str) {
    // Whoever closed stdout doesn't want it.
    let _unread = writeln!(io::stdout(), "{}", text.trim_end());
}

/// The worst of the outcomes counts.
fn code(report: &Report, signal: usize) -> u8 {
    if signal != 0 {
        return Error::Interrupted(signal).code();
    }
    let drills = report.drills.iter();
    let codes = drills.filter_map(|drill| match drill.outcome {
        Outcome::Broken => Some(1),
        Outcome::Failed => Some(4),
        Outcome::Invalid | Outcome::Unready => Some(5),
        Outcome::Pass | Outcome::Interrupted | Outcome::Foreseen => None,
    });
    codes.min().unwrap_or_default()
}
