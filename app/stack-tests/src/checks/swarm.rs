//! The stack on a swarm: whatever dies, an incident pages once and ends once, and nothing is counted twice.

mod nodes;

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use stack::project::{Stack, wait_until};
use stack::prometheus::{now, query, value};

use super::start;
use crate::Depth;
use crate::report::Report;
use nodes::Swarm;

/// Three replicas of order-service, two Prometheus, three Alertmanagers that know each other, pager, the store; and no alert. Only
/// of the last seconds: a Prometheus that was killed has marked nothing as gone.
const WELL: &str = "count(last_over_time(up{job!=\"grafana\"}[12s]) == 1) == 10 and min(alertmanager_cluster_members) == 3 \
    unless count(last_over_time(up[12s]) == 0) unless count(last_over_time(ALERTS{alertname!=\"Watchdog\"}[12s]))";
/// The alert of the incidents: that all replicas are gone.
const INCIDENT: &str = "OrderServiceDown";
/// How long it may take until everything is scraped and nothing fires. While pager is away a heartbeat may be given up, which is
/// reported for five minutes.
const SETTLED: Duration = Duration::from_mins(7);
/// From the incident to the page: 15 s, some for DNS, scrape and evaluation, 10 s for the group. An Alertmanager that takes over
/// waits for 10 s, and one that was just started for its peers.
const PAGED: Duration = Duration::from_secs(90);
/// From the end of the incident to its message: one or two intervals of the group.
const ENDED: Duration = Duration::from_secs(150);
/// Until a message that is one too many would have come: an interval of the group, and the wait of the third Alertmanager.
const SILENCE: Duration = Duration::from_secs(45);
/// When a part is killed, in seconds after the incident began: before the page, when it is due, and after it.
const MOMENTS: [u64; 3] = [5, 26, 40];

/// On nodes of its own; where there can be none, all of it is skipped.
pub(crate) fn run(report: &Report, depth: Depth) {
    let mut stack = Stack::new("orderwatch-test-swarm", 21000);
    if !report.check("a copy of the checkout", || stack.move_to_a_copy()) {
        return;
    }
    let possible = stack.run(&["scripts/swarm-nodes", "possible"], &[]);
    if !possible.is_ok_and(|asked| asked.code == Some(0)) {
        report.skipped("the stack on a swarm: scripts/swarm-nodes says why");
        report.skipped("a swarm of which a part, or a node, is killed, or which is updated");
        return;
    }
    report.check("the images", || {
        stack
            .compose("--profile load build")
            .map(|_| "built".to_owned())
    });
    on_one_node(&stack, report, depth);
    if depth == Depth::All {
        on_three_nodes(&stack, report);
    }
    report.check("scripts/down --volumes", || start::take_down(&stack));
}

fn on_one_node(stack: &Stack, report: &Report, depth: Depth) {
    let Some(swarm) = deployed(stack, report, 1) else {
        return;
    };
    report.check("order-service is gone: one page, one end", || {
        incident(&swarm, || Ok(Vec::new())).and_then(once)
    });
    if depth == Depth::Default {
        return;
    }
    report.check("the store is away for two minutes", || store_away(&swarm));
    report.check("order-service is updated under load", || updated(&swarm));
    for part in ["prometheus-a", "alertmanager-a", "pager"] {
        for seconds in MOMENTS {
            report.check(
                &format!("{part} is killed {seconds} s into an incident"),
                || {
                    let began = now();
                    let (_, told) = incident(&swarm, || {
                        thread::sleep(Duration::from_secs(seconds));
                        // pager stands for services outside of the stack, which would not forget.
                        let before = if part == "pager" {
                            received(&swarm, began)?
                        } else {
                            Vec::new()
                        };
                        swarm.kill(part)?;
                        Ok(before)
                    })?;
                    let settled = settle(&swarm).with_context(|| told.clone())?;
                    Ok(format!("{told}; all is well after {settled:.0?} more"))
                },
            );
        }
    }
}

fn on_three_nodes(stack: &Stack, report: &Report) {
    let Some(swarm) = deployed(stack, report, 3) else {
        return;
    };
    report.check("a node is lost in an incident", || {
        // Of the two that have a Prometheus and an Alertmanager, the one that does not run pager.
        let (node, survivor, port) = match swarm.node_of("pager")? {
            1 => (2, "prometheus-a", 9090),
            _ => (1, "prometheus-b", 9091),
        };
        let began = now();
        load(&swarm, "20", "20s")?;
        let told = incident(&swarm, || {
            thread::sleep(Duration::from_secs(MOMENTS[2]));
            swarm.lose(node)?;
            Ok(Vec::new())
        })?;
        let survived = value(&swarm.client(survivor, port)?, &finished_since(began))?;
        Ok(format!(
            "{}; {survivor} saw {survived:.0}; {}",
            stored(&swarm, began, 400.0)?,
            once(told)?
        ))
    });
}

/// A swarm with the stack on it, of which everything is up and nothing fires.
fn deployed<'a>(stack: &'a Stack, report: &Report, count: usize) -> Option<Swarm<'a>> {
    let mut swarm = None;
    report.check(&format!("a swarm of {count}"), || {
        swarm = Some(Swarm::start(stack, count)?);
        Ok("its engines run, and have the images".to_owned())
    });
    let swarm = swarm?;
    let up = report.check("scripts/swarm up", || {
        swarm.run(&["scripts/swarm", "up"])?;
        Ok(format!("all is well after {:.0?} more", settle(&swarm)?))
    });
    up.then_some(swarm)
}

/// Waits until both Prometheus see everything, the Alertmanagers each other, and nothing fires but the heartbeat.
fn settle(swarm: &Swarm) -> Result<Duration> {
    wait_until(WELL, SETTLED, || {
        let first = query(&swarm.client("prometheus-a", 9090)?, WELL)?;
        let second = query(&swarm.client("prometheus-b", 9091)?, WELL)?;
        Ok(!first.is_empty() && !second.is_empty())
    })
}

fn once((double, told): (usize, String)) -> Result<String> {
    ensure!(double == 0, "{told}");
    Ok(told)
}

/// All replicas of order-service go away and, once somebody was paged, come back; meanwhile a disturbance, which returns what it
/// makes pager forget. A message that is lost is an error; the result has how many were too many, and a text.
fn incident(
    swarm: &Swarm,
    disturb: impl FnOnce() -> Result<Vec<Value>>,
) -> Result<(usize, String)> {
    let began = now();
    swarm.scale("order-service", 0)?;
    let paged = disturb().and_then(|forgotten| {
        let told = || Ok(about(&forgotten, &received(swarm, began)?, "firing").1);
        wait_until("PagerDuty and Slack are told", PAGED, told)?;
        Ok(forgotten)
    });
    let over = now();
    swarm.scale("order-service", 3)?;
    let forgotten = paged?;
    let told = || Ok(about(&forgotten, &received(swarm, began)?, "resolved").1);
    wait_until("PagerDuty and Slack are told that it is over", ENDED, told)?;
    thread::sleep(SILENCE);
    let received = received(swarm, began)?;
    let [begins, ends] =
        ["firing", "resolved"].map(|status| about(&forgotten, &received, status).0);
    let double = begins.len() + ends.len() - 4;
    let others = forgotten
        .iter()
        .chain(&received)
        .filter(|message| message["alertname"] != INCIDENT);
    let others: Vec<_> = others
        .filter_map(|message| message["alertname"].as_str())
        .collect();
    let text = format!(
        "paged after {:.0} s, told {:.0} s after its end that it is over; lost 0, double {double}; of other alerts: {others:?}",
        after(begins[0], began),
        after(ends[0], over),
    );
    Ok((double, text))
}

/// The messages about the incident, and whether both receivers have one.
fn about<'a>(
    forgotten: &'a [Value],
    received: &'a [Value],
    status: &str,
) -> (Vec<&'a Value>, bool) {
    let all = forgotten.iter().chain(received);
    let all = all.filter(|message| message["alertname"] == INCIDENT && message["status"] == status);
    let all: Vec<_> = all.collect();
    let reached = |receiver: &str| all.iter().any(|message| message["receiver"] == receiver);
    let both = reached("pagerduty") && reached("slack");
    (all, both)
}

/// How many seconds after that moment pager received a message: the time of day, without the date.
fn after(message: &Value, moment: f64) -> f64 {
    let time = message["received_at"]
        .as_str()
        .and_then(|text| text.get(11..19));
    let parts = time
        .unwrap_or_default()
        .split(':')
        .map(|part| part.parse().unwrap_or(f64::NAN));
    (parts.fold(0.0, |sum, part: f64| sum * 60.0 + part) - moment).rem_euclid(86400.0)
}

/// What pager has received since then.
fn received(swarm: &Swarm, since: f64) -> Result<Vec<Value>> {
    let since = [("since", &*since.to_string())];
    let all = swarm
        .client("pager", 8025)?
        .json("/notifications", &since)?;
    Ok(all.as_array().context("a list")?.clone())
}

/// Orders at this rate for so long; the client's summary.
fn load(swarm: &Swarm, rate: &str, duration: &str) -> Result<Value> {
    let words = format!(
        "scripts/swarm run loadgen steady --json --max-lag 250ms --rate {rate} --duration {duration}"
    );
    let summary = swarm.run(&words.split(' ').collect::<Vec<_>>())?;
    serde_json::from_str(&summary).context(summary)
}

/// The orders since then, as a query.
fn finished_since(moment: f64) -> String {
    format!(
        "sum(increase(orders_processed_total[{:.0}s]))",
        now() - moment
    )
}

/// What the store has of this many orders, and of the samples of what was there all the time: none double, and as good as all.
fn stored(swarm: &Swarm, began: f64, orders: f64) -> Result<String> {
    let store = swarm.client("store", 8428)?;
    let counted = value(&store, &finished_since(began))?;
    let seconds = (now() - began).floor();
    let samples = value(
        &store,
        &format!("count_over_time(up{{job=\"pager\"}}[{seconds}s])"),
    )?;
    let expected = (seconds / 5.0).floor();
    let seen = format!(
        "the store has {samples} samples of {expected} and {counted:.0} orders of {orders}"
    );
    ensure!(
        (expected - 6.0..=expected + 1.0).contains(&samples),
        "{seen}"
    );
    ensure!((counted - orders).abs() <= 0.1 * orders, "{seen}");
    Ok(seen)
}

/// Prometheus keeps what it could not write, and writes it later.
fn store_away(swarm: &Swarm) -> Result<String> {
    let began = now();
    load(swarm, "20", "20s")?;
    swarm.scale("store", 0)?;
    thread::sleep(Duration::from_mins(2));
    swarm.scale("store", 1)?;
    settle(swarm)?;
    // Until what was kept is written.
    thread::sleep(SILENCE);
    let told = received(swarm, began)?;
    let told: Vec<_> = told
        .iter()
        .filter_map(|message| message["alertname"].as_str())
        .collect();
    Ok(format!("{}; told: {told:?}", stored(swarm, began, 400.0)?))
}

/// A rolling update under load: nobody is told of anything, and as many orders are answered as the replicas have finished.
fn updated(swarm: &Swarm) -> Result<String> {
    let name = swarm.name("order-service");
    let update = || swarm.run(&["docker", "service", "update", "--force", "--quiet", &name]);
    // So that they have finished nothing yet.
    update()?;
    settle(swarm)?;
    let began = now();
    let answers = thread::scope(|scope| {
        let load = scope.spawn(|| load(swarm, "50", "90s"));
        thread::sleep(Duration::from_secs(15));
        update().and(load.join().expect("no panic"))
    })?;
    thread::sleep(Duration::from_secs(15));
    let seen = value(&swarm.client("store", 8428)?, &finished_since(began))?;
    // Their last lines say what they have finished: of those that were replaced, and now of those that replaced them.
    update()?;
    let told = received(swarm, began)?;
    ensure!(told.is_empty(), "somebody was told: {told:?}");
    let since = format!("{:.0}s", now() - began);
    let log = [
        "docker", "service", "logs", "--raw", "--since", &since, &name,
    ];
    let log = swarm.run(&log)?;
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let finished: Vec<_> = lines
        .filter_map(|line| line["orders_finished"].as_u64())
        .collect();
    let seen = format!(
        "{} orders, answers {}; finished by each replica: {finished:?}; Prometheus saw {seen:.0}",
        answers["scheduled"], answers["counts"]
    );
    let ok = answers["counts"]["ok"].as_u64().context("a number")?;
    ensure!(
        finished.len() == 6 && finished.iter().sum::<u64>() == ok,
        "{seen}"
    );
    // What is refused while a replica stops is tried again by a client that means it; this one counts it.
    let scheduled = answers["scheduled"].as_u64().context("a number")?;
    ensure!(ok * 20 >= scheduled * 19, "{seen}");
    Ok(seen)
}
