//! Is the stack fit for a drill? Pure: from a [`Survey`] to what is known, or to what stands in the way and what to do.

use super::definition::{Drill, End};
use super::identity::{belongs, in_words};
use super::known::{Background, Known};
use super::matchers::Labels;
use super::prediction::rate_to_outrun;
use super::survey::Survey;

/// What stands in the way of a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is, and what to do about it.
    pub text: String,
    /// Whether it goes away by itself.
    pub passes: bool,
}

fn lasting(text: String) -> Obstacle {
    Obstacle {
        text,
        passes: false,
    }
}

fn passing(text: String) -> Obstacle {
    Obstacle { text, passes: true }
}

/// What is known for the drill, or everything that stands in its way.
///
/// # Errors
/// The stack is not fit for it.
pub fn judge(drill: &'static Drill, survey: &Survey) -> Result<Known, Vec<Obstacle>> {
    let mut obstacles = of_the_pipe(survey);
    let mut backgrounds = Vec::new();
    for (proof, found) in drill.proofs.iter().zip(&survey.proofs) {
        match found {
            Ok(background) => backgrounds.push(background.clone()),
            Err(reason) => obstacles.push(lasting(format!(
                "{reason} (docker compose restart prometheus loads the rules again)"
            ))),
        }
        if !matches!(proof.end, End::FallsSilent) {
            let is_own = |labels: &Labels| belongs(proof, labels);
            if survey.active.iter().any(is_own) {
                obstacles.push(passing(format!(
                    "{} is pending or firing already: wait until it is over, or send healthy orders (loadgen steady)",
                    proof.alert
                )));
            } else if survey.held.iter().any(|held| is_own(&held.labels)) {
                obstacles.push(passing(format!(
                    "Alertmanager still holds {}: wait until it is gone",
                    proof.alert
                )));
            }
        }
    }
    if backgrounds.len() < drill.proofs.len() {
        obstacles.dedup();
        return Err(obstacles);
    }
    obstacles.extend(of_silences(survey, &backgrounds));
    obstacles.extend(of_rival(drill, survey));
    let scrape = survey
        .targets
        .iter()
        .map(|target| target.interval)
        .reduce(f64::max)
        .unwrap_or_default();
    obstacles.extend(of_quiet(drill, &backgrounds));
    let rate = match drill.storm() {
        None => 0.0,
        Some(storm) => {
            let found = rate_to_outrun(
                &backgrounds[0],
                storm,
                (scrape, survey.rival_hold.unwrap_or(f64::MAX)),
            );
            found.unwrap_or_else(|| {
                obstacles.push(lasting(too_busy(drill, &backgrounds[0])));
                storm.rate
            })
        }
    };
    obstacles.dedup();
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    Ok(Known {
        scrape,
        rate,
        queue_capacity: survey.queue_capacity,
        backgrounds,
    })
}

/// The alerts that are there before the drill, in words.
pub fn baseline(survey: &Survey) -> Vec<String> {
    let others = survey.active.iter().filter(|labels| {
        labels
            .get("alertname")
            .is_none_or(|name| name != "Watchdog")
    });
    others.map(in_words).collect()
}

/// Scrape, Alertmanager and pager.
fn of_the_pipe(survey: &Survey) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    if let Some(reason) = &survey.not_ready {
        obstacles.push(lasting(format!("{reason}: is the stack up? (scripts/up)")));
    }
    if !survey.targets.iter().any(|target| target.is_up) {
        obstacles.push(passing(
            "Prometheus has not scraped job order-service: look at its page /targets".into(),
        ));
    }
    if survey.alertmanagers == 0 {
        obstacles.push(passing(
            "Prometheus has found no Alertmanager: look at `alerting` in prometheus.yml, and whether it is up".into(),
        ));
    }
    for endpoint in &survey.outages {
        obstacles.push(lasting(format!(
            "pager was told to fail {endpoint}: curl -X DELETE localhost:8025/outage/{endpoint}"
        )));
    }
    match survey.heartbeat.state.as_str() {
        "beating" => {}
        "waiting" => obstacles.push(passing(
            "pager has not heard Watchdog's heartbeat yet: wait a minute".into(),
        )),
        state => obstacles.push(passing(format!(
            "pager's heartbeat is {state}: Watchdog does not reach it; look at its route in alertmanager.yml"
        ))),
    }
    obstacles
}

fn of_silences(survey: &Survey, backgrounds: &[Background]) -> Vec<Obstacle> {
    let matching = survey.silences.iter().filter(|silence| {
        backgrounds
            .iter()
            .any(|background| silence.may_match(&background.labels))
    });
    matching
        .map(|silence| {
            lasting(format!(
                "silence {} of {} may hold the alert back: docker compose exec alertmanager amtool \
                 --alertmanager.url=http://localhost:9093 silence expire {}",
                silence.id, silence.created_by, silence.id
            ))
        })
        .collect()
}

/// A rival that is there already cannot be outrun.
fn of_rival(drill: &Drill, survey: &Survey) -> Option<Obstacle> {
    let rival = drill.storm()?.outrun?.rival;
    let held = survey.held.iter().map(|held| &held.labels);
    let is_there = survey
        .active
        .iter()
        .chain(held)
        .any(|labels| labels.get("alertname").is_some_and(|name| name == rival));
    is_there.then(|| {
        passing(format!(
            "{rival} is there already and would inhibit {}: wait until it is over, or send healthy orders (loadgen steady)",
            drill.proofs[0].alert
        ))
    })
}

fn of_quiet(drill: &Drill, backgrounds: &[Background]) -> Option<Obstacle> {
    let traffic = backgrounds.first()?.quiet?;
    (drill.starts_quiet && traffic.orders >= 0.5).then(|| {
        passing(format!(
            "{:.0} orders in the last {:.0} s, and this drill needs none: wait {:.0} s without any",
            traffic.orders, traffic.window, traffic.window
        ))
    })
}

fn too_busy(drill: &Drill, background: &Background) -> String {
    let orders: Vec<_> = background
        .traffic
        .iter()
        .map(|traffic| format!("{:.0} orders in {:.0} s", traffic.orders, traffic.window))
        .collect();
    format!(
        "{}: after {} the alert would come only when a stronger one inhibits it: wait until the longer window is quieter",
        drill.name.word(),
        orders.join(" and ")
    )
}
