//! The dead man's switch, in paused time.

use super::*;
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

struct Watched {
    switch: Arc<DeadMansSwitch>,
    inbox: Arc<Inbox>,
}

fn watched() -> Watched {
    let metrics = Arc::new(Metrics::new().expect("the names are distinct"));
    let inbox = Arc::new(Inbox::new(Feed::default(), metrics.clone()));
    let switch = Arc::new(DeadMansSwitch::new(
        MINUTE,
        inbox.clone(),
        Feed::default(),
        metrics,
    ));
    let watching = switch.clone();
    tokio::spawn(async move { watching.watch().await });
    Watched { switch, inbox }
}

impl Watched {
    /// Lets this much time pass, and everything happen that is due by then.
    async fn pass(&self, time: Duration) {
        // Once to let the watch register its deadline, once more to let it act on it.
        tokio::task::yield_now().await;
        advance(time).await;
        tokio::task::yield_now().await;
    }

    fn alarms(&self) -> Vec<(Status, Option<String>)> {
        let entries = self.inbox.select(None, Some(HEARTBEAT_ALERT));
        entries
            .iter()
            .map(|entry| {
                (
                    entry.notification.status,
                    entry.notification.dedup_key.clone(),
                )
            })
            .collect()
    }

    fn state(&self) -> HeartbeatState {
        self.switch.heartbeat().state
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_beat_may_take_two_minutes() {
    let watched = watched();
    watched.pass(SECOND * 119).await;
    assert_eq!(watched.state(), HeartbeatState::Waiting);
    watched.pass(SECOND).await;
    assert_eq!(watched.state(), HeartbeatState::Silent);
    assert_eq!(watched.alarms().len(), 1);
    let alarm = &watched.inbox.select(None, None)[0].notification;
    assert_eq!(
        alarm.annotations["summary"],
        "No heartbeat in the first 120 s"
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_first_beat_the_next_may_take_one_minute() {
    let watched = watched();
    watched.pass(SECOND).await;
    watched.switch.beat(Pairs::new());
    watched.pass(SECOND * 59).await;
    assert_eq!(watched.state(), HeartbeatState::Beating);
    watched.pass(SECOND).await;
    assert_eq!(watched.state(), HeartbeatState::Silent);
}

#[tokio::test(start_paused = true)]
async fn every_beat_postpones_the_alarm_by_a_minute() {
    let watched = watched();
    for _ in 0..20 {
        watched.switch.beat(Pairs::new());
        watched.pass(SECOND * 59).await;
    }
    assert_eq!(watched.state(), HeartbeatState::Beating);
    assert_eq!(watched.alarms(), []);
    watched.pass(SECOND).await;
    assert_eq!(watched.state(), HeartbeatState::Silent);
}

#[tokio::test(start_paused = true)]
async fn one_silence_is_one_alarm_and_a_beat_resolves_it_by_its_key() {
    let watched = watched();
    watched.switch.beat(Pairs::new());
    watched.pass(MINUTE * 10).await;
    watched.switch.beat(Pairs::new());
    let alarms = watched.alarms();
    assert_eq!(alarms.len(), 2, "{alarms:?}");
    assert_eq!(
        (alarms[0].0, alarms[1].0),
        (Status::Firing, Status::Resolved)
    );
    assert!(alarms[0].1.is_some() && alarms[0].1 == alarms[1].1);

    watched.pass(MINUTE).await;
    assert_eq!(watched.alarms().len(), 3, "it watches on");
}

#[tokio::test(start_paused = true)]
async fn the_alarm_links_what_the_heartbeat_linked() {
    let watched = watched();
    let runbook = (
        "runbook_url".to_owned(),
        "http://localhost:8025/runbooks/Watchdog".to_owned(),
    );
    watched.switch.beat([runbook.clone()].into());
    watched.pass(MINUTE).await;
    let entries = watched.inbox.select(None, None);
    let alarm = &entries[0].notification;
    assert_eq!(alarm.annotations.get(&runbook.0), Some(&runbook.1));
    assert_eq!(alarm.annotations["summary"], "No heartbeat for 60 s");
    let description = &alarm.annotations["description"];
    assert!(
        description.contains("What was resolved in the last minutes may not be over"),
        "{description}"
    );
    assert_eq!(alarm.severity, "critical");
}

#[tokio::test(start_paused = true)]
async fn says_how_old_the_last_beat_is() {
    let watched = watched();
    assert_eq!(watched.switch.heartbeat().age_seconds, None);
    watched.switch.beat(Pairs::new());
    watched.pass(Duration::from_secs(7)).await;
    let heartbeat = watched.switch.heartbeat();
    assert_eq!(heartbeat.age_seconds, Some(7.0));
    assert_eq!((heartbeat.beats, heartbeat.alarm_after_seconds), (1, 60));
}
