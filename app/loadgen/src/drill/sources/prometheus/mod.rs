//! Prometheus: rules, raw samples of `ALERTS`, targets, and queries.

mod wire;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{Source, UnixSeconds, Unusable, unix_seconds};
use crate::drill::durations;
use crate::drill::matchers::Labels;
use crate::inquiry::encoded;
use wire::{ActiveAlerts, Alertmanagers, Envelope, Groups, Matrix, Targets, Vector};

/// Asks Prometheus.
#[derive(Clone, Debug)]
pub struct Prometheus(pub Source);

/// An alerting rule as it is loaded.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Its expression.
    pub query: String,
    /// Its `for`, in seconds.
    pub hold: f64,
    /// Its `keep_firing_for`, in seconds.
    pub keep: f64,
    /// How often its group is evaluated, in seconds.
    pub interval: f64,
    /// Labels it gives to its alerts.
    pub labels: Labels,
    /// What its last evaluation said, unless it was good.
    pub fault: Option<String>,
    /// Labels of the alerts that are pending or firing.
    pub active: Vec<Labels>,
}

/// Samples of one series of `ALERTS`.
#[derive(Clone, Debug, Default)]
pub struct AlertSeries {
    /// Its labels, `alertstate` among them.
    pub labels: Labels,
    /// When it was evaluated and held.
    pub times: Vec<UnixSeconds>,
}

/// A target of a job.
#[derive(Clone, Debug)]
pub struct ScrapeTarget {
    /// How often it is scraped, in seconds.
    pub interval: f64,
    /// Whether the last scrape succeeded.
    pub is_up: bool,
}

impl Prometheus {
    /// Whether it is ready.
    pub async fn is_ready(&self) -> bool {
        self.0.get("/-/ready").await.is_ok()
    }

    /// The alerting rules of that name.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn rules(&self, name: &str) -> Result<Vec<Rule>, Unusable> {
        let path = format!("/api/v1/rules?type=alert&rule_name%5B%5D={}", encoded(name));
        let found: Groups = self.data(&path).await?;
        let rules = found.groups.into_iter().flat_map(|group| {
            let interval = group.interval;
            group
                .rules
                .into_iter()
                .filter(|rule| rule.name == name)
                .map(move |rule| rule.into_rule(interval))
        });
        Ok(rules.collect())
    }

    /// Labels of all alerts that are pending or firing now.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn active(&self) -> Result<Vec<Labels>, Unusable> {
        let found: ActiveAlerts = self.data("/api/v1/alerts").await?;
        Ok(found.alerts.into_iter().map(|alert| alert.labels).collect())
    }

    /// Samples of `ALERTS` in the last so many seconds: an instant query of a range gives them raw, at the times of the
    /// evaluations.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn alerts(&self, seconds: f64) -> Result<Vec<AlertSeries>, Unusable> {
        let query = format!("ALERTS[{}]", durations::text(seconds));
        let found: Matrix = self.query(&query).await?;
        let series = found.result.into_iter().map(|series| AlertSeries {
            labels: series.metric,
            times: series.values.into_iter().map(|(time, _)| time).collect(),
        });
        Ok(series.collect())
    }

    /// The value of a query; `None` if it has no result or is not a number.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn value(&self, query: &str) -> Result<Option<f64>, Unusable> {
        let found: Vector = self.query(query).await?;
        let value = found
            .result
            .first()
            .and_then(|sample| sample.value.1.parse().ok());
        Ok(value.filter(|value: &f64| !value.is_nan()))
    }

    /// At which of the moments from one to another an expression has a result.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn replay(
        &self,
        expression: &str,
        (from, to): (UnixSeconds, UnixSeconds),
        step: f64,
    ) -> Result<Vec<UnixSeconds>, Unusable> {
        let path = format!(
            "/api/v1/query_range?query={}&start={from:.3}&end={to:.3}&step={step:.3}",
            encoded(expression)
        );
        let found: Matrix = self.data(&path).await?;
        let mut times: Vec<_> = found
            .result
            .into_iter()
            .flat_map(|series| series.values.into_iter().map(|(time, _)| time))
            .collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        Ok(times)
    }

    /// The targets of a job that have been scraped.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn targets(&self, job: &str) -> Result<Vec<ScrapeTarget>, Unusable> {
        let path = format!("/api/v1/targets?state=active&scrapePool={}", encoded(job));
        let found: Targets = self.data(&path).await?;
        let targets = found.active_targets.into_iter().filter_map(|target| {
            // Before the first scrape the time is that of the year 1.
            unix_seconds(&target.last_scrape).filter(|scraped| *scraped > 0.0)?;
            Some(ScrapeTarget {
                interval: durations::seconds(&target.scrape_interval)?,
                is_up: target.health == "up",
            })
        });
        Ok(targets.collect())
    }

    /// How many Alertmanagers it has found.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn alertmanagers(&self) -> Result<usize, Unusable> {
        let found: Alertmanagers = self.data("/api/v1/alertmanagers").await?;
        Ok(found.active_alertmanagers.len())
    }

    /// How long it waits at least before it sends an alert again, in seconds.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn resend_delay(&self) -> Result<Option<f64>, Unusable> {
        let flags: BTreeMap<String, String> = self.data("/api/v1/status/flags").await?;
        Ok(flags
            .get("rules.alert.resend-delay")
            .and_then(|text| durations::seconds(text)))
    }

    async fn query<T: DeserializeOwned>(&self, query: &str) -> Result<T, Unusable> {
        let path = format!("/api/v1/query?query={}", encoded(query));
        self.data(&path).await
    }

    async fn data<T: DeserializeOwned>(&self, path: &str) -> Result<T, Unusable> {
        Ok(self.0.json::<Envelope<T>>(path).await?.data)
    }
}
