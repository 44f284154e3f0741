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

    fn alarms(&self) -> Vec<Notification> {
        let entries = self.inbox.select(None, Some(HEARTBEAT_ALERT));
        let notifications = entries.iter().map(|entry| entry.notification.clone());
        notifications.collect()
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
    let summary = &watched.alarms()[0].annotations["summary"];
    assert_eq!(summary, "No heartbeat in the first 120 s");
}

#[tokio::test(start_paused = true)]
async fn every_beat_postpones_the_alarm_by_a_minute() {
    let watched = watched();
    assert_eq!(watched.switch.heartbeat().age_seconds, None);
    for _ in 0..20 {
        watched.switch.beat(Pairs::new());
        watched.pass(SECOND * 59).await;
    }
    assert_eq!(watched.state(), HeartbeatState::Beating);
    let heartbeat = watched.switch.heartbeat();
    assert_eq!((heartbeat.beats, heartbeat.age_seconds), (20, Some(59.0)));
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
    let [alarm, end] = &watched.alarms()[..] else {
        panic!("{:?}", watched.alarms());
    };
    assert_eq!(
        (alarm.status, end.status),
        (Status::Firing, Status::Resolved)
    );
    assert!(alarm.dedup_key.is_some() && alarm.dedup_key == end.dedup_key);

    watched.pass(MINUTE).await;
    assert_eq!(watched.alarms().len(), 3, "it watches on");
}

#[tokio::test(start_paused = true)]
async fn the_alarm_links_what_the_heartbeat_linked() {
    let watched = watched();
    let (name, address) = ("runbook_url", "http://localhost:8025/runbooks/Watchdog");
    watched
        .switch
        .beat([(name.to_owned(), address.to_owned())].into());
    watched.pass(MINUTE).await;
    let alarm = &watched.alarms()[0];
    assert_eq!(alarm.annotations[name], address);
    assert_eq!(alarm.annotations["summary"], "No heartbeat for 60 s");
    let description = &alarm.annotations["description"];
    let says = "What was resolved in the last minutes may not be over";
    assert!(description.contains(says), "{description}");
    assert_eq!(alarm.severity, "critical");
}
