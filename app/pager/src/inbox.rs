//! What was received: the newest entries, bounded in number and in size.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Serialize;
use tracing::info;

use crate::feed::Feed;
use crate::metrics::Metrics;
use crate::moment::Moment;
use crate::notification::{Entry, Notification, Receiver, Status};

/// Entries that are kept; the oldest gives way.
pub(crate) const MAX_ENTRIES: usize = 1_000;
/// Bytes that they may take; the container has 128 MiB. A thousand entries of ordinary size take a third of it.
const MAX_BYTES: usize = 8 << 20;
/// Entries that a page is shown when it is opened: the newest.
const PAGE_ENTRIES: usize = 300;
/// Bytes of entries after which it is shown no more. Each page that is open may wait for as much.
const PAGE_BYTES: usize = 1 << 20;

/// The entries. Adding one counts it and tells the open pages.
#[derive(Debug)]
pub(crate) struct Inbox {
    kept: Mutex<Kept>,
    feed: Feed,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Held>,
    bytes: usize,
    last_id: u64,
}

/// An entry as pages see it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Held {
    #[serde(flatten)]
    entry: Arc<Entry>,
    acknowledged: bool,
}

impl Inbox {
    pub(crate) fn new(feed: Feed, metrics: Arc<Metrics>) -> Self {
        Self {
            kept: Mutex::default(),
            feed,
            metrics,
        }
    }

    pub(crate) fn add(&self, notification: Notification) {
        let (receiver, status) = (notification.receiver, notification.status);
        info!(
            receiver = receiver.as_str(),
            alertname = notification.alertname,
            status = status.as_str(),
            severity = notification.severity,
            "notification received"
        );
        let mut kept = self.kept();
        kept.last_id += 1;
        let held = Held {
            entry: Arc::new(Entry {
                id: kept.last_id,
                received_at: Moment::now(),
                notification,
            }),
            acknowledged: false,
        };
        kept.push(held.clone());
        self.metrics.entries_held(kept.entries.len());
        // While the lock is held, so that pages hear of entries in the order of their ids.
        self.feed.publish("entry", &held);
        drop(kept);
        self.metrics.notification_received(receiver, status);
    }

    /// Marks an incident as acknowledged. The key of an incident that is not held is ignored, as `PagerDuty` does.
    pub(crate) fn acknowledge(&self, receiver: Receiver, dedup_key: &str) {
        let mut kept = self.kept();
        let same = |held: &&mut Held| {
            let notification = &held.entry.notification;
            notification.receiver == receiver
                && notification.dedup_key.as_deref() == Some(dedup_key)
        };
        let newest = kept.entries.iter_mut().rev().find(same);
        if let Some(held) = newest.filter(|held| held.entry.notification.status == Status::Firing) {
            held.acknowledged = true;
            self.feed.publish("acknowledged", held);
        }
    }

    /// Entries received at or after `since`, about this alert among others; oldest first.
    pub(crate) fn select(&self, since: Option<Moment>, alertname: Option<&str>) -> Vec<Arc<Entry>> {
        let wanted = |entry: &Entry| {
            since.is_none_or(|since| entry.received_at >= since)
                && alertname.is_none_or(|name| entry.notification.concerns(name))
        };
        let kept = self.kept();
        let entries = kept.entries.iter().map(|held| &held.entry);
        entries.filter(|entry| wanted(entry)).cloned().collect()
    }

    /// What a page shows when it is opened; oldest first.
    pub(crate) fn page(&self) -> Vec<Held> {
        let kept = self.kept();
        let mut bytes = 0;
        let newest = kept.entries.iter().rev().take(PAGE_ENTRIES);
        let shown = newest.take_while(|held| {
            let has_room = bytes < PAGE_BYTES;
            bytes += held.entry.notification.size();
            has_room
        });
        let mut page: Vec<_> = shown.cloned().collect();
        page.reverse();
        page
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nobody panics while holding it")
    }
}

impl Kept {
    fn push(&mut self, held: Held) {
        self.bytes += held.entry.notification.size();
        self.entries.push_back(held);
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= oldest.entry.notification.size();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::{Alert, Pairs};

    fn inbox() -> Inbox {
        Inbox::new(
            Feed::default(),
            Arc::new(Metrics::new().expect("distinct names")),
        )
    }

    fn notification(alertname: &str, status: Status) -> Notification {
        let alert = Alert {
            status,
            labels: Pairs::new(),
            annotations: Pairs::new(),
        };
        Notification::of(Receiver::Pagerduty, alert, Some(alertname.to_owned()))
    }

    #[test]
    fn the_oldest_entry_gives_way_to_the_thousand_and_first() {
        let inbox = inbox();
        for _ in 0..=MAX_ENTRIES {
            inbox.add(notification("A", Status::Firing));
        }
        let entries = inbox.select(None, None);
        assert_eq!(entries.len(), MAX_ENTRIES);
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, (2..=1_001).collect::<Vec<_>>());
        assert_eq!(inbox.page().len(), PAGE_ENTRIES);
    }

    #[test]
    fn large_entries_give_way_before_there_are_a_thousand() {
        let inbox = inbox();
        for _ in 0..500 {
            let mut large = notification("A", Status::Firing);
            large
                .annotations
                .insert("description".to_owned(), "x".repeat(60 << 10));
            inbox.add(large);
        }
        let held = inbox.select(None, None).len();
        assert!((100..150).contains(&held), "{held}");
        let page = inbox.page();
        assert!((15..20).contains(&page.len()), "{}", page.len());
        assert_eq!(page.last().map(|held| held.entry.id), Some(500));
    }

    #[test]
    fn many_tiny_labels_count_for_what_they_take() {
        let inbox = inbox();
        // As many as a body has room for.
        let labels: Pairs = (0..8_000).map(|i| (i.to_string(), String::new())).collect();
        for _ in 0..20 {
            let mut tiny = notification("A", Status::Firing);
            tiny.labels.clone_from(&labels);
            inbox.add(tiny);
        }
        let held = inbox.select(None, None).len();
        assert!((5..15).contains(&held), "{held}");
        assert_eq!(inbox.page().len(), 2);
    }

    #[test]
    fn only_what_still_fires_is_acknowledged() {
        let inbox = inbox();
        let acknowledged = || inbox.page().iter().filter(|held| held.acknowledged).count();
        inbox.add(notification("A", Status::Firing));
        inbox.acknowledge(Receiver::Pagerduty, "B");
        assert_eq!(acknowledged(), 0);
        inbox.acknowledge(Receiver::Pagerduty, "A");
        assert_eq!(acknowledged(), 1);
        inbox.add(notification("A", Status::Resolved));
        inbox.acknowledge(Receiver::Pagerduty, "A");
        assert_eq!(acknowledged(), 1);
    }
}
