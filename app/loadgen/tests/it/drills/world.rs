//! What happens in the fake stack: orders come, alerts follow on a grid of evaluations, messages follow the alerts. Times are
//! compressed: an evaluation every 100 ms, a `for` of 300 ms.

use std::time::{SystemTime, UNIX_EPOCH};

use super::cast::{Broken, Cause, FakeAlert};

/// Between two evaluations, in seconds.
pub(crate) const INTERVAL: f64 = 0.1;
/// From a firing alert to its message.
pub(crate) const GROUP_WAIT: f64 = 0.1;
/// From the end of an alert to the message of it.
pub(crate) const GROUP_INTERVAL: f64 = 0.2;
/// So many healthy orders in a row dilute the bad ones; no storm has as many by chance.
const DILUTING: u64 = 40;
/// Without Prometheus for so long, the dead man's switch raises its alarm.
pub(crate) const ALARM_AFTER: f64 = 0.3;

/// Everything that has happened.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) broken: Broken,
    /// Which of the alerts take part; the others' rules are loaded and stay silent.
    pub(crate) cast: Vec<&'static str>,
    /// How long an alert is pending, in seconds.
    pub(crate) hold: f64,
    first_bad: Option<f64>,
    /// Healthy orders since the last bad one, or since the service was started again.
    healthy: u64,
    diluted: Option<f64>,
    pub(crate) down: Option<f64>,
    pub(crate) up: Option<f64>,
    pub(crate) blind: Option<f64>,
    pub(crate) seeing: Option<f64>,
    /// How often the heartbeat and the rules were asked for.
    pub(crate) asked: u32,
    /// Paths of everything that was sent to order-service.
    pub(crate) sent: Vec<String>,
}

/// When an alert is what.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Life {
    pub(crate) true_at: Option<f64>,
    pub(crate) pending: Option<f64>,
    pub(crate) firing: Option<f64>,
    pub(crate) over: Option<f64>,
}

pub(crate) fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs_f64()
}

/// The first evaluation at or after that.
pub(crate) fn tick(at: f64) -> f64 {
    (at / INTERVAL).ceil() * INTERVAL
}

impl World {
    /// One in which nothing has happened yet.
    pub(crate) fn new(broken: Broken, cast: &[&'static str]) -> Self {
        Self {
            broken,
            cast: cast.to_vec(),
            hold: 0.3,
            ..Self::default()
        }
    }

    /// Notes orders.
    pub(crate) fn order(&mut self, is_bad: bool, count: u64) {
        let now = now();
        if is_bad {
            self.first_bad.get_or_insert(now);
            (self.healthy, self.diluted) = (0, None);
            return;
        }
        self.healthy += count;
        if self.first_bad.is_some() && self.healthy >= DILUTING {
            self.diluted.get_or_insert(now);
        }
    }

    /// Whether a bad order has come.
    pub(crate) fn is_hit(&self) -> bool {
        self.first_bad.is_some()
    }

    /// Stops or starts order-service; what is in the windows stays there.
    pub(crate) fn turn(&mut self, is_up: bool) {
        if is_up {
            self.up = Some(now());
            self.healthy = 0;
        } else {
            self.down = Some(now());
        }
    }

    /// How long this one is pending.
    pub(crate) fn hold_of(&self, alert: &FakeAlert) -> f64 {
        if alert.holds { self.hold } else { 0.0 }
    }

    /// The life of an alert until now.
    pub(crate) fn life(&self, alert: &FakeAlert) -> Life {
        let now = now();
        if !self.cast.contains(&alert.name) || self.broken == Broken::NeverTrue {
            return Life::default();
        }
        let (begin, end) = match alert.cause {
            Cause::Orders => (self.first_bad, self.diluted),
            Cause::Down => (self.down, self.up),
        };
        let Some(begin) = begin else {
            return Life::default();
        };
        let pending = tick(begin);
        let mut end = end.map(|end| tick(end + alert.lingers));
        let mut firing = Some(pending + self.hold_of(alert));
        match self.broken {
            Broken::NeverPending => {
                return Life {
                    true_at: Some(begin),
                    ..Life::default()
                };
            }
            Broken::ClearsEarly => end = Some(pending + 2.0 * INTERVAL),
            Broken::NeverResolves => end = None,
            _ => {}
        }
        if end.is_some_and(|end| end <= pending + self.hold_of(alert)) {
            firing = None;
        }
        let past = |at: &f64| *at <= now;
        Life {
            true_at: Some(begin),
            pending: Some(pending).filter(past),
            firing: firing.filter(past),
            over: end.filter(past),
        }
    }

    /// Evaluations at which an alert was pending, and at which it fired.
    pub(crate) fn samples(&self, alert: &FakeAlert) -> (Vec<f64>, Vec<f64>) {
        let life = self.life(alert);
        let end = life.over.unwrap_or_else(now);
        let grid = |from: Option<f64>, to: f64| {
            let mut times = Vec::new();
            let mut at = from.unwrap_or(f64::MAX);
            while at < to - INTERVAL / 2.0 {
                times.push(at);
                at += INTERVAL;
            }
            times
        };
        (
            grid(life.pending, life.firing.unwrap_or(end)),
            grid(life.firing, end),
        )
    }

    /// Whether it is pending or firing.
    pub(crate) fn is_active(&self, alert: &FakeAlert) -> bool {
        let life = self.life(alert);
        life.pending.is_some() && life.over.is_none()
    }

    /// Whether Alertmanager has it.
    pub(crate) fn is_held(&self, alert: &FakeAlert) -> bool {
        let life = self.life(alert);
        life.firing.is_some() && life.over.is_none() && self.broken != Broken::NotInAlertmanager
    }

    /// When an alert's message arrived, and the one of its end.
    pub(crate) fn messages(&self, alert: &FakeAlert) -> (Option<f64>, Option<f64>) {
        let life = self.life(alert);
        let past = |at: &f64| *at <= now();
        let held_back = matches!(
            self.broken,
            Broken::NotInAlertmanager
                | Broken::Silenced
                | Broken::InhibitedByAnother
                | Broken::DeliveryFails
                | Broken::NothingTried
        );
        let first = life
            .firing
            .filter(|_| !held_back)
            .map(|firing| firing + GROUP_WAIT)
            .filter(past);
        let end = life
            .over
            .zip(first)
            .filter(|_| self.broken != Broken::EndNotDelivered)
            .map(|(over, _)| over + GROUP_INTERVAL)
            .filter(past);
        (first, end)
    }
}
