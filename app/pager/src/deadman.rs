//! The dead man's switch: it raises the alarm when the alert that always fires stops arriving.
//!
//! Everything between Prometheus and here can fail silently, and no rule can report that: its alert would take the same path.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use crate::feed::Feed;
use crate::inbox::Inbox;
use crate::metrics::Metrics;
use crate::moment::Moment;
use crate::notification::{Alert, HEARTBEAT_ALERT, Notification, Pairs, Receiver, Status};

/// The first beat may take this many times as long: Prometheus, its rules and Alertmanager have yet to start.
const FIRST_BEAT_ALLOWANCE: u32 = 2;

/// Waits for beats and raises the alarm.
#[derive(Debug)]
pub(crate) struct DeadMansSwitch {
    state: Mutex<State>,
    beaten: Notify,
    alarm_after: Duration,
    inbox: Arc<Inbox>,
    feed: Feed,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct State {
    /// The last beat, or the start.
    since: Instant,
    last_beat: Option<Moment>,
    beats: u64,
    /// What came with the last beat: the alarm links the same runbook.
    annotations: Pairs,
    /// The alarm's key, while it is raised.
    alarm: Option<String>,
}

impl State {
    fn notification(&self, status: Status, dedup_key: String) -> Notification {
        let silence = self.since.elapsed().as_secs();
        let (summary, description) = match (status, self.last_beat) {
            (Status::Firing, Some(_)) => (
                format!("No heartbeat for {silence} s"),
                "The alert that fires always no longer arrives: Prometheus, Alertmanager or the way between them and here \
                 is broken, and no other alert can be relied on. What was resolved in the last minutes may not be over: \
                 without Prometheus, alerts end by themselves. Look at the targets and rules of Prometheus, then at \
                 Alertmanager's log.",
            ),
            (Status::Firing, None) => (
                format!("No heartbeat in the first {silence} s"),
                "The alert that fires always has not arrived since this dead man's switch started: Prometheus, Alertmanager or \
                 the way between them and here is broken, and no alert can be relied on. What was resolved before may not \
                 be over. Look at the targets and rules of Prometheus, then at Alertmanager's log.",
            ),
            (Status::Resolved, _) => (
                "The heartbeat is back".to_owned(),
                "The alert that fires always arrives again. What still fires is told anew.",
            ),
        };
        let mut annotations = self.annotations.clone();
        annotations.insert("summary".to_owned(), summary);
        annotations.insert("description".to_owned(), description.to_owned());
        let labels: Pairs = [("alertname", HEARTBEAT_ALERT), ("severity", "critical")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let alert = Alert {
            status,
            labels,
            annotations,
        };
        Notification::of(Receiver::DeadMansSwitch, alert, Some(dedup_key))
    }
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Heartbeat {
    pub(crate) state: HeartbeatState,
    pub(crate) last_beat_at: Option<Moment>,
    pub(crate) age_seconds: Option<f64>,
    pub(crate) alarm_after_seconds: u64,
    pub(crate) beats: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HeartbeatState {
    /// There was none yet, and none is overdue.
    Waiting,
    /// The last one came in time.
    Beating,
    /// It is overdue: the alarm is raised.
    Silent,
}

impl DeadMansSwitch {
    /// Waits for the first beat from now on.
    pub(crate) fn new(
        alarm_after: Duration,
        inbox: Arc<Inbox>,
        feed: Feed,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            state: Mutex::new(State {
                since: Instant::now(),
                last_beat: None,
                beats: 0,
                annotations: Pairs::new(),
                alarm: None,
            }),
            beaten: Notify::new(),
            alarm_after,
            inbox,
            feed,
            metrics,
        }
    }

    /// The heartbeat has arrived, with these annotations. Ends an alarm.
    pub(crate) fn beat(&self, annotations: Pairs) {
        let mut state = self.state();
        state.since = Instant::now();
        state.last_beat = Some(Moment::now());
        state.beats += 1;
        state.annotations = annotations;
        if let Some(dedup_key) = state.alarm.take() {
            info!("the heartbeat is back");
            // Under the lock, so that no alarm is resolved before it is raised.
            self.inbox
                .add(state.notification(Status::Resolved, dedup_key));
        }
        drop(state);
        self.metrics.heartbeat();
        self.feed.publish("heartbeat", &self.heartbeat());
        self.beaten.notify_one();
    }

    /// Raises the alarm whenever a beat is overdue. Never ends.
    pub(crate) async fn watch(&self) {
        loop {
            let (deadline, alarmed) = {
                let state = self.state();
                (self.deadline(&state), state.alarm.is_some())
            };
            tokio::select! {
                () = sleep_until(deadline), if !alarmed => self.raise_if_overdue(),
                // The first beat brings the deadline forward, and one during an alarm sets a new one.
                () = self.beaten.notified() => {}
            }
        }
    }

    pub(crate) fn heartbeat(&self) -> Heartbeat {
        let state = self.state();
        Heartbeat {
            state: match (&state.alarm, state.last_beat) {
                (Some(_), _) => HeartbeatState::Silent,
                (None, Some(_)) => HeartbeatState::Beating,
                (None, None) => HeartbeatState::Waiting,
            },
            last_beat_at: state.last_beat,
            age_seconds: state
                .last_beat
                .map(|_| rounded_seconds(state.since.elapsed())),
            alarm_after_seconds: self.alarm_after.as_secs(),
            beats: state.beats,
        }
    }

    /// Time since the last beat, or since the start.
    pub(crate) fn age(&self) -> Duration {
        self.state().since.elapsed()
    }

    fn deadline(&self, state: &State) -> Instant {
        let allowance = match state.last_beat {
            Some(_) => self.alarm_after,
            None => self.alarm_after * FIRST_BEAT_ALLOWANCE,
        };
        state.since + allowance
    }

    fn raise_if_overdue(&self) {
        let mut state = self.state();
        // A beat may have come meanwhile.
        if Instant::now() < self.deadline(&state) {
            return;
        }
        warn!("the heartbeat has stopped");
        let key = format!("dead-mans-switch-{}", Moment::now().milliseconds());
        state.alarm = Some(key.clone());
        self.inbox.add(state.notification(Status::Firing, key));
        drop(state);
        self.feed.publish("heartbeat", &self.heartbeat());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

fn rounded_seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests;
