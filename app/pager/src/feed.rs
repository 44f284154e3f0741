//! Publishes each change to the open pages, as it happens.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;

/// Events that may wait for a slow page; one that lags further behind gets a new snapshot.
const BACKLOG: usize = 256;

/// One event: its kind, and its content as JSON.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) topic: &'static str,
    /// How it is now. Encoded once for all who listen.
    pub(crate) content: Arc<str>,
}

/// Publishes events. All clones share their listeners.
#[derive(Debug, Clone)]
pub(crate) struct Feed(broadcast::Sender<News>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Feed {
    /// Sends an event to every listener, if there is any.
    pub(crate) fn publish(&self, topic: &'static str, content: &impl Serialize) {
        if self.0.receiver_count() > 0 {
            let content = serde_json::to_string(content).expect("news is plain data");
            // An error means that the last listener has left in between.
            let _ = self.0.send(News {
                topic,
                content: content.into(),
            });
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<News> {
        self.0.subscribe()
    }
}
