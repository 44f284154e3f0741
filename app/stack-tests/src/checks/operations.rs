//! What people do to a stack: edit, restart, scale, kill, stop, interrupt, and start again.
//!
//! What `scripts/up` refuses: [`super::refusals`].

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack::repository::read;

use super::start::up;
use crate::report::Report;
use stack::http::Client;
use stack::project::{Stack, wait_until};
use stack::prometheus::{now, query, replicas_up, value};

const RULES: &str = "observability/prometheus/rules/order-service.yml";
const P95: &str = "histogram_quantile(0.95, rate(order_duration_seconds_bucket[5m]))";

/// How long the target of a started service may take to be up.
const BACK_UP: Duration = Duration::from_secs(15);

pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("scripts/up again", || {
        up(stack).map(|_| "nothing broken".to_owned())
    });
    report.check("an edited rule after a restart of Prometheus", || {
        edited_rule(stack)
    });
    report.check("three replicas", || three_replicas(stack));
    report.check("kill and start", || killed(stack));
    report.check("down and up", || down_and_up(stack));
    report.check("scripts/up, interrupted half-way", || interrupted_up(stack));
}

fn edited_rule(stack: &Stack) -> Result<String> {
    let original = read(RULES);
    let edited = original.replacen("for: 2m", "for: 3m", 1);
    ensure!(edited != original, "there is no `for: 2m` to edit");
    let file = stack.root().join(RULES);
    fs::write(&file, &edited)?;
    let restarted = stack.compose("restart prometheus");
    let what = "the rule has the new duration";
    let seen = restarted.and_then(|_| {
        wait_until(what, Duration::from_secs(20), || {
            let name = [("rule_name[]", "HighErrorRate")];
            let rules = stack.prometheus().json("/api/v1/rules", &name)?;
            Ok(rules["data"]["groups"][0]["rules"][0]["duration"] == 180.0)
        })
    });
    fs::write(&file, original)?;
    stack.compose("restart prometheus")?;
    Ok(format!("there after {:.1} s", seen?.as_secs_f64()))
}

fn three_replicas(stack: &Stack) -> Result<String> {
    let prometheus = stack.compose("ps -q prometheus")?;
    let words = "docker compose up -d --wait --scale order-service=3 order-service";
    let words: Vec<_> = words.split(' ').collect();
    let range = stack.port_range();
    let scaled = stack.run(&words, &[("ORDER_SERVICE_PORT", &range)])?;
    scaled.success()?;
    let waited = wait_until("three targets are up", BACK_UP, || {
        Ok(replicas_up(&stack.prometheus())? == 3)
    })?;
    // The rate needs four scrapes, after a refresh of the DNS look-up.
    let what = "the p95 query has a series for each";
    let live = format!("{P95} and on (instance) up == 1");
    wait_until(what, Duration::from_secs(30), || {
        Ok(query(&stack.prometheus(), &live)?.len() == 3)
    })?;
    stack.compose("up -d --wait")?;
    let same = stack.compose("ps -q prometheus")? == prometheus;
    ensure!(same, "Prometheus was started anew");
    wait_until("one target is up", BACK_UP, || {
        Ok(replicas_up(&stack.prometheus())? == 1)
    })?;
    let seconds = waited.as_secs_f64();
    Ok(format!("three targets up after {seconds:.1} s"))
}

/// What was counted before a kill and after it is the experiment `scripts/lab reset`.
fn killed(stack: &Stack) -> Result<String> {
    stack.compose("kill order-service")?;
    let killed = now();
    stack.compose("start order-service")?;
    let back = wait_until("the target is up", BACK_UP, || {
        Ok(scraped_since(&stack.prometheus(), killed)?.is_some())
    })?;
    Ok(format!("target up after {:.1} s", back.as_secs_f64()))
}

/// The time of the last scrape of order-service, if it was up and that was after `moment`.
fn scraped_since(prometheus: &Client, moment: f64) -> Result<Option<f64>> {
    let up = "up{job=\"order-service\"}";
    // timestamp() returns the time of a sample only if its argument is a plain selector.
    let expr = format!("timestamp({up}) > {moment:.3} and {up} == 1");
    let scraped = query(prometheus, &expr)?;
    Ok(scraped.first().map(|series| series.value))
}

fn down_and_up(stack: &Stack) -> Result<String> {
    let prometheus = stack.prometheus();
    stack.order_service().post("/simulate")?;
    let sent = now();
    let mut scraped = None;
    wait_until("the orders are scraped", BACK_UP, || {
        scraped = scraped_since(&prometheus, sent)?;
        Ok(scraped.is_some())
    })?;
    // At the time of that scrape, so that later ones do not change the result.
    let then = scraped.context("there was a scrape")?;
    let total = format!("sum(last_over_time(orders_processed_total[10m] @ {then:.3}))");
    let before = value(&prometheus, &total)?;
    ensure!(before >= 20.0, "only {before} orders to remember");
    stack.compose("down")?;
    let down = now();
    up(stack)?;
    let scraped = scraped_since(&prometheus, down)?.is_some();
    ensure!(scraped, "scripts/up did not wait for a scrape");
    let after = value(&prometheus, &total).context("after the restart")?;
    let same = (before - after).abs() < f64::EPSILON;
    ensure!(same, "{before} orders before, {after} after");
    Ok(format!("{before} orders before and after"))
}

/// `scripts/up` that is stopped while the services start must not stand in the way of the next one.
fn interrupted_up(stack: &Stack) -> Result<String> {
    stack.compose("down")?;
    let mut first = stack
        .command(&["scripts/up"], &[])?
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    // The pipe stays open to the end, so that printing does not fail.
    let mut lines = BufReader::new(first.stdout.take().context("a pipe")?).lines();
    let mut printed = lines.by_ref().map_while(Result::ok);
    let starting = printed.any(|line| line.starts_with("- starting the services"));
    ensure!(starting, "scripts/up started no service");
    wait_until("a container is made", Duration::from_secs(30), || {
        Ok(!stack.compose("ps --all --quiet")?.is_empty())
    })?;
    stack.run(&["bash", "-c", "kill $0", &first.id().to_string()], &[])?;
    let code = first.wait()?.code();
    ensure!(code == Some(143), "exit {code:?} after a signal");
    up(stack)?;
    Ok("ended by the signal; the next one starts everything".to_owned())
}
