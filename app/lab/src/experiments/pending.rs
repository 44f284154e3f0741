//! A burst of failures that is over within a minute, judged by `HighErrorRate` and by a copy of it without `for`.
//!
//! The copy is a file of its own beside the rules, made from the rule as it stands, for as long as the experiment takes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use stack::prometheus::{alert_history, now};
use stack::repository::root;

use crate::bench::Bench;
use crate::screen::{Undo, reading, say, waiting};

const RULES: &str = "observability/prometheus/rules/order-service.yml";
/// Its name says whose it is, should it ever be left behind.
const FILE: &str = "observability/prometheus/rules/lab-without-for.yml";
/// The same file as Prometheus sees it.
const MOUNTED: &str = "/etc/prometheus/rules/lab-without-for.yml";
const RELOAD: &str = "kill --signal HUP prometheus";
const WITHOUT_FOR: &str = "LabHighErrorRateWithoutFor";
const WITH_FOR: &str = "HighErrorRate";

/// 20 orders of which 10 fail, and a minute later 200 that don't: 50 %, then 4.5 %.
const BLIP: &str = "count=20&error_rate=0.5";
const HEALTHY: &str = "count=200&error_rate=0";
const PAUSE: Duration = Duration::from_mins(1);
/// A scrape, an evaluation, and room for a busy machine.
const SEEN: Duration = Duration::from_secs(30);
/// How often Prometheus is told to reload until it has.
const RELOAD_AGAIN: Duration = Duration::from_secs(5);

pub(super) fn run(bench: &Bench) -> Result<()> {
    let restore = add_rule(bench)?;
    bench.quiet()?;
    let started = now();
    let alerts = |name: &str| format!("ALERTS{{alertname=\"{name}\"}}");
    let seen = |name: &str| alert_history(&bench.stack.prometheus(), name, started);
    // Without them the alert would fire two minutes after an experiment that was interrupted.
    let what = format!("POST /simulate?{HEALTHY}: healthy orders, so that the alert ends");
    let dilute = bench.undo(&what, || bench.simulate_undisturbed(HEALTHY).map(|_| ()));
    say(&format!("sends   POST /simulate?{BLIP}"));
    bench.simulate(BLIP)?;
    bench.wait("the copy fires", SEEN, || {
        Ok(seen(WITHOUT_FOR)?.firing_since.is_some())
    })?;
    reading(
        &alerts(WITHOUT_FOR),
        "firing",
        "Without `for` the alert fires at the first evaluation that sees 50 % failures: ten failed orders wake somebody up.",
    );
    bench.wait("the rule is pending", SEEN, || {
        Ok(seen(WITH_FOR)?.pending_since.is_some())
    })?;
    reading(
        &alerts(WITH_FOR),
        "pending",
        "With `for: 2m` the condition must stay true for two minutes before the alert fires.",
    );
    waiting("a minute, as if somebody were fixing it", PAUSE);
    bench.interrupt.sleep(PAUSE)?;
    dilute.now()?;
    let left = format!("{} or {}", alerts(WITH_FOR), alerts(WITHOUT_FOR));
    bench.wait_until_gone("both alerts have ended", SEEN, &left)?;
    bench.show(
        "sum(rate(orders_processed_total{status=\"failure\"}[5m])) / sum(rate(orders_processed_total[5m]))",
        "The healthy orders bring the share of failures far below 20 %.",
    )?;
    let fired = seen(WITHOUT_FOR)?.firing_since.is_some();
    bench.claim("the copy without `for` fired", fired);
    let seen = seen(WITH_FOR)?;
    let pending = seen.pending_since.is_some() && seen.firing_since.is_none();
    bench.claim("the rule with `for` was pending and never fired", pending);
    restore.now()?;
    await_rule(bench, false)
}

/// Adds the copy; what is returned takes it away again, without waiting for anything that a signal could cut short.
fn add_rule(bench: &Bench) -> Result<Undo<'_>> {
    let path = root().join(FILE);
    let rules = fs::read_to_string(root().join(RULES)).context(RULES)?;
    let copy = without_for(&rules)?;
    let restore = bench.undo(&format!("remove {FILE}"), {
        let path = path.clone();
        move || {
            if path.exists() {
                fs::remove_file(path)?;
            }
            bench.compose_undisturbed(RELOAD).map(|_| ())
        }
    });
    fs::write(&path, copy)
        // Prometheus runs as another user.
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o644)))
        .with_context(|| {
            format!("{FILE} cannot be written; this experiment needs a writable checkout")
        })?;
    let copy = format!("{FILE}, a copy of {WITH_FOR} without its `for`");
    say(&format!("adds    {copy}"));
    // The ports and the project's name are the same in every clone: does the Prometheus that answers read the rules of this one?
    let check = format!("exec -T prometheus promtool check rules {MOUNTED}");
    if let Err(failure) = bench.compose_undisturbed(&check) {
        if format!("{failure:#}").contains("does not exist") {
            bail!("this stack was started from another checkout: run scripts/up here");
        }
        return Err(failure);
    }
    bench.compose(RELOAD)?;
    await_rule(bench, true)?;
    Ok(restore)
}

fn await_rule(bench: &Bench, there: bool) -> Result<()> {
    let prometheus = bench.stack.prometheus();
    let mut told = Instant::now();
    let what =
        "Prometheus has reloaded its rules; if not, `docker compose logs prometheus` says why";
    bench.wait(what, SEEN, || {
        // A signal that comes while Prometheus is still loading may be lost.
        if told.elapsed() >= RELOAD_AGAIN {
            told = Instant::now();
            bench.compose_undisturbed(RELOAD)?;
        }
        let parameters = [("type", "alert"), ("rule_name[]", WITHOUT_FOR)];
        let rules = prometheus.json("/api/v1/rules", &parameters)?;
        let groups = rules["data"]["groups"].as_array();
        Ok(groups.is_some_and(|groups| groups.is_empty() != there))
    })?;
    Ok(())
}

/// A rule file with the rule as it stands, but for its name, its `for`, and a severity that pages nobody.
fn without_for(rules: &str) -> Result<String> {
    let rules: Value = serde_saphyr::from_str(rules).context(RULES)?;
    let groups = rules["groups"].as_array().into_iter().flatten();
    let mut rules = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
    let rule = rules.find(|rule| rule["alert"] == WITH_FOR);
    let mut rule = rule
        .with_context(|| format!("{RULES} has no rule {WITH_FOR}"))?
        .clone();
    let removed = rule.as_object_mut().and_then(|rule| rule.remove("for"));
    removed.with_context(|| format!("{WITH_FOR} has no `for`"))?;
    rule["alert"] = WITHOUT_FOR.into();
    rule["labels"]["severity"] = "warning".into();
    let group = json!({ "groups": [{ "name": "lab-without-for", "rules": [rule] }] });
    // JSON is YAML.
    let note = "# Only there while `scripts/lab pending` runs; can be deleted.";
    Ok(format!("{note}\n{group:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_is_the_rule_without_its_for() {
        let copy = without_for(&stack::repository::read(RULES)).expect("the rule has a for");
        let copy: Value = serde_saphyr::from_str(&copy).expect("YAML");
        let copy = &copy["groups"][0]["rules"][0];
        assert_eq!(copy["alert"], WITHOUT_FOR);
        assert!(copy["for"].is_null() && copy["labels"]["severity"] == "warning");
        let expr = copy["expr"].as_str();
        assert!(expr.is_some_and(|expr| expr.contains("> 0.2")));
    }
}
