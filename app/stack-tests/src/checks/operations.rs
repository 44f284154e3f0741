//! What people do to a stack: edit, restart, scale, kill, set wrongly, stop, and come back.

use std::fs;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack_tests::repository::read;

use stack_tests::http::Client;
use stack_tests::load;
use stack_tests::prometheus::{now, query, replicas_up, value};
use stack_tests::report::Report;
use stack_tests::stack::{Stack, wait_until};

const RULES: &str = "observability/prometheus/rules/order-service.yml";
const P95: &str = "histogram_quantile(0.95, rate(order_duration_seconds_bucket[5m]))";

/// How long a started service may take to be up as a target.
const BACK_UP: Duration = Duration::from_secs(15);
/// The load under which the service is killed.
const LOAD: Duration = Duration::from_secs(200);
const RATE: f64 = 20.0;

pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("scripts/up again", || up_again(stack));
    report.check("an edited rule after a restart of Prometheus", || {
        edited_rule(stack)
    });
    report.check("three replicas", || three_replicas(stack));
    report.check("kill and start under load", || {
        kill_under_load(stack, report)
    });
    report.check("a taken port", || taken_port(stack));
    report.check("another address with the password admin", || {
        open_address(stack)
    });
    report.check("wrong settings", || wrong_settings(stack));
    report.check("down and up", || down_and_up(stack));
}

fn up_again(stack: &Stack) -> Result<String> {
    let up = stack.run(&["scripts/up"], &[])?;
    ensure!(up.code == Some(0), "exit {:?}: {}", up.code, up.output);
    Ok("nothing broken".to_owned())
}

fn edited_rule(stack: &Stack) -> Result<String> {
    let original = read(RULES);
    let edited = original.replacen("for: 2m", "for: 3m", 1);
    ensure!(edited != original, "there is no `for: 2m` to edit");
    let file = stack.root().join(RULES);
    fs::write(&file, &edited)?;
    let restarted = stack.compose("restart prometheus");
    let seen = restarted.and_then(|_| {
        wait_until(
            "the rule has the new duration",
            Duration::from_secs(20),
            || {
                let rules = stack
                    .prometheus()
                    .json("/api/v1/rules", &[("rule_name[]", "HighErrorRate")])?;
                Ok(rules["data"]["groups"][0]["rules"][0]["duration"] == 180.0)
            },
        )
    });
    fs::write(&file, original)?;
    stack.compose("restart prometheus")?;
    Ok(format!("there after {:.1} s", seen?.as_secs_f64()))
}

fn three_replicas(stack: &Stack) -> Result<String> {
    let range = [("ORDER_SERVICE_PORT", stack.port_range())];
    let settings: Vec<_> = range
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let words = [
        "docker",
        "compose",
        "up",
        "-d",
        "--wait",
        "--scale",
        "order-service=3",
    ];
    let scaled = stack.run(&words, &settings)?;
    ensure!(scaled.code == Some(0), "{}", scaled.output);
    let waited = wait_until("three targets are up", BACK_UP, || {
        Ok(replicas_up(&stack.prometheus())? == 3)
    })?;
    // Four scrapes, which a rate needs, and a refresh of the name look-up.
    wait_until(
        "the p95 query has a series for each",
        Duration::from_secs(30),
        || {
            let live = query(
                &stack.prometheus(),
                &format!("{P95} and on (instance) up == 1"),
            )?;
            Ok(live.len() == 3)
        },
    )?;
    stack.compose("up -d --wait")?;
    wait_until("one target is up", BACK_UP, || {
        Ok(replicas_up(&stack.prometheus())? == 1)
    })?;
    Ok(format!(
        "three targets up after {:.1} s, one p95 each",
        waited.as_secs_f64()
    ))
}

fn kill_under_load(stack: &Stack, report: &Report) -> Result<String> {
    report.waiting("for load with a kill in its middle", LOAD);
    let service = stack.order_service();
    let prometheus = stack.prometheus();
    let started = now();
    let load = thread::spawn(move || load::steady(&service, RATE, LOAD, &["/orders"]));
    thread::sleep(LOAD / 2);
    stack.compose("kill order-service")?;
    let killed = now();
    stack.compose("start order-service")?;
    let back = wait_until("the target is up", BACK_UP, || {
        Ok(scraped_since(&prometheus, killed)?.is_some())
    })?;
    let answers = load
        .join()
        .map_err(|_| anyhow::anyhow!("the load panicked"))?;
    // Two scrapes, so that the last order is in.
    thread::sleep(Duration::from_secs(10));
    let window = (now() - started).ceil();
    let counted = value(
        &prometheus,
        &format!("sum(increase(orders_processed_total[{window}s]))"),
    )?;
    let answered = answers.durations.len() as f64;
    let off = (counted - answered) / answered;
    ensure!(
        off.abs() <= 0.05,
        "increase() says {counted:.0}, {answered} were answered"
    );
    Ok(format!(
        "{answered} of {} answered, increase() says {counted:.0} ({:+.1} %), target up after {:.1} s",
        answers.sent,
        off * 100.0,
        back.as_secs_f64()
    ))
}

/// When order-service was last scraped and up, if that was after a moment.
fn scraped_since(prometheus: &Client, moment: f64) -> Result<Option<f64>> {
    let up = "up{job=\"order-service\"}";
    // timestamp() tells the time of a sample only for a selector that stands alone in it.
    let expr = format!("timestamp({up}) > {moment:.3} and {up} == 1");
    let scraped = query(prometheus, &expr)?;
    Ok(scraped.first().map(|series| series.value))
}

/// A port that somebody else holds is named with its variable, before anything is started.
fn taken_port(stack: &Stack) -> Result<String> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let refused = Stack::new("orderwatch-test-refused", 21000);
    let up = refused.run(&["scripts/up"], &[("PROMETHEUS_PORT", &port)])?;
    ensure!(up.code == Some(1), "exit {:?}: {}", up.code, up.output);
    ensure!(
        up.output.contains("PROMETHEUS_PORT") && up.output.contains(&port),
        "{}",
        up.output
    );
    // A second stack on the ports of the first is refused in the same way.
    let (name, own) = stack.ports().first().context("a port")?;
    let up = refused.run(&["scripts/up"], &[(name, &own.to_string())])?;
    ensure!(
        up.code == Some(1) && up.output.contains(name),
        "exit {:?}: {}",
        up.code,
        up.output
    );
    let label = format!("label=com.docker.compose.project={}", refused.project);
    let started = refused.run(&["docker", "ps", "-aq", "--filter", &label], &[])?;
    ensure!(started.output.is_empty(), "containers were started");
    Ok("named together with its variable, nothing started".to_owned())
}

fn open_address(stack: &Stack) -> Result<String> {
    let up = stack.run(&["scripts/up"], &[("BIND_ADDRESS", "0.0.0.0")])?;
    ensure!(up.code == Some(1), "exit {:?}: {}", up.code, up.output);
    ensure!(
        up.output.contains("GRAFANA_ADMIN_PASSWORD"),
        "{}",
        up.output
    );
    Ok("refused".to_owned())
}

fn wrong_settings(stack: &Stack) -> Result<String> {
    let wrong = [("ORDER_WORKERS", "0"), ("ORDER_QUEUE_CAPACITY", "x")];
    let up = stack.run(&["scripts/up"], &wrong)?;
    ensure!(up.code == Some(1), "exit {:?}: {}", up.code, up.output);
    for message in ["ORDER_WORKERS=0", "ORDER_QUEUE_CAPACITY=x"] {
        ensure!(
            up.output.contains(message),
            "{message} is not in {}",
            up.output
        );
    }
    // Until it has given up, the container is between two tries.
    wait_until(
        "the container has exit code 64",
        Duration::from_secs(15),
        || {
            let code = stack.compose("ps -a order-service --format {{.ExitCode}}")?;
            Ok(code.trim() == "64")
        },
    )?;
    let mended = stack.run(&["scripts/up"], &[])?;
    ensure!(
        mended.code == Some(0),
        "with right settings again: exit {:?}: {}",
        mended.code,
        mended.output
    );
    Ok(
        "both named, exit 1, the container's is 64; with right settings everything is up again"
            .to_owned(),
    )
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
    // At the very moment of that scrape: no later one changes what this says.
    let then = scraped.context("there was a scrape")?;
    let total = format!("sum(last_over_time(orders_processed_total[10m] @ {then:.3}))");
    let before = value(&prometheus, &total)?;
    ensure!(before >= 20.0, "only {before} orders to remember");
    stack.compose("down")?;
    let down = now();
    let up = stack.run(&["scripts/up"], &[])?;
    ensure!(up.code == Some(0), "exit {:?}: {}", up.code, up.output);
    ensure!(
        scraped_since(&prometheus, down)?.is_some(),
        "scripts/up did not wait for a scrape"
    );
    let after = value(&prometheus, &total).context("after the restart")?;
    ensure!(
        (before - after).abs() < f64::EPSILON,
        "{before} orders before, {after} after"
    );
    Ok(format!("{before} orders before and after"))
}
