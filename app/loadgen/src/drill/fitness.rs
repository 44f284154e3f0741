//! Is the stack fit for a drill? Pure: from a [`Survey`] to what is known, or to what stands in the way and what to do.

use super::definition::{Drill, End};
use super::identity::{belongs, in_words};
use super::known::{Background, Known};
use super::matchers::Labels;
use super::prediction::rate;
use super::survey::{Obstacle, Survey};

/// What is known for the drill, as far as its rules and routes can be used, and everything that stands in its way.
pub fn judge(drill: &'static Drill, survey: &Survey) -> (Option<Known>, Vec<Obstacle>) {
    let mut obstacles = of_the_pipe(survey);
    let mut backgrounds = Vec::new();
    for (proof, found) in drill.proofs.iter().zip(&survey.proofs) {
        match found {
            Ok(background) => backgrounds.push(background.clone()),
            Err(obstacle) => obstacles.push(obstacle.clone()),
        }
        if !matches!(proof.end, End::FallsSilent) {
            let is_own = |labels: &Labels| belongs(proof, labels);
            if survey.active.iter().any(is_own) {
                obstacles.push(Obstacle::passing(format!(
                    "{} is pending or firing already: its window has to pass, or healthy orders dilute it (loadgen steady)",
                    proof.alert
                )));
            } else if survey.held.iter().any(|held| is_own(&held.labels)) {
                obstacles.push(Obstacle::passing(format!(
                    "Alertmanager still holds {}",
                    proof.alert
                )));
            }
        }
    }
    if backgrounds.len() < drill.proofs.len() {
        obstacles.dedup();
        return (None, obstacles);
    }
    obstacles.extend(of_silences(survey, &backgrounds));
    let scrape = survey
        .targets
        .iter()
        .map(|target| target.interval)
        .reduce(f64::max)
        .unwrap_or_default();
    obstacles.extend(of_quiet(drill, &backgrounds));
    obstacles.dedup();
    let storm = drill.storm();
    let known = Known {
        scrape,
        rate: storm.map_or(0.0, |storm| rate(&backgrounds[0], storm)),
        tail: survey.tail,
        queue_capacity: survey.queue_capacity,
        backgrounds,
    };
    (Some(known), obstacles)
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
        obstacles.push(Obstacle::settling(format!(
            "{reason}: is the stack up? (scripts/up)"
        )));
    }
    if !survey.targets.iter().any(|target| target.is_up) {
        obstacles.push(Obstacle::settling(
            "Prometheus has not scraped job order-service: look at its page /targets".into(),
        ));
    }
    if survey.alertmanagers == 0 {
        obstacles.push(Obstacle::settling(
            "Prometheus has found no Alertmanager: look at `alerting` in prometheus.yml, and whether it is up".into(),
        ));
    }
    for endpoint in &survey.outages {
        obstacles.push(Obstacle::lasting(format!(
            "pager was told to fail {endpoint}: curl -X DELETE localhost:8025/outage/{endpoint}"
        )));
    }
    match survey.heartbeat.state.as_str() {
        "beating" => {}
        "waiting" => obstacles.push(Obstacle::settling(
            "pager has not heard Watchdog's heartbeat yet".into(),
        )),
        state => obstacles.push(Obstacle::settling(format!(
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
            Obstacle::lasting(format!(
                "silence {} of {} may hold the alert back: docker compose exec alertmanager amtool \
                 --alertmanager.url=http://localhost:9093 silence expire {}",
                silence.id, silence.created_by, silence.id
            ))
        })
        .collect()
}

fn of_quiet(drill: &Drill, backgrounds: &[Background]) -> Option<Obstacle> {
    let traffic = backgrounds.first()?.quiet?;
    (drill.starts_quiet && traffic.orders >= 0.5).then(|| {
        Obstacle::passing(format!(
            "{:.0} orders in the last {:.0} s, and this drill needs none",
            traffic.orders, traffic.window
        ))
    })
}
