//! The event stream of the inbox page: first everything there is, then each change, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use service::problem::Problem;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{AppState, MAX_EVENT_STREAMS};
use crate::deadman::Heartbeat;
use crate::feed::News;
use crate::inbox::Held;
use crate::metrics::OpenPage;
use crate::moment::Moment;
use crate::outages::OutageState;

/// How long a page waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Snapshot {
    /// So that the page can count durations by our clock.
    now: Moment,
    entries: Vec<Held>,
    heartbeat: Heartbeat,
    outages: OutageState,
}

struct Listener {
    state: AppState,
    news: Receiver<News>,
    // Held for as long as the page is open.
    _permit: OwnedSemaphorePermit,
    _counted: OpenPage,
}

/// `GET /events`.
pub(super) async fn stream(
    State(state): State<AppState>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let permit = Arc::clone(&state.pages).try_acquire_owned().map_err(|_| {
        let detail = format!("{MAX_EVENT_STREAMS} pages are open already; close one");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_pages", detail)
            .retry_after(RECONNECT)
    })?;
    let stopping = state.stopping.clone();
    let listener = Listener {
        // First this, then the snapshot: what changes in between is sent twice rather than never, and entries have ids.
        news: state.feed.subscribe(),
        _counted: state.metrics.page_opened(),
        _permit: permit,
        state,
    };
    let first = snapshot(&listener.state).retry(RECONNECT);
    let events = stream::once(async { first })
        .chain(stream::unfold(listener, next))
        .map(Ok)
        .take_until(stopping.cancelled_owned());
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

async fn next(mut listener: Listener) -> Option<(Event, Listener)> {
    let event = match listener.news.recv().await {
        Ok(news) => Event::default().event(news.topic).data(&*news.content),
        Err(RecvError::Lagged(_)) => {
            listener.news = listener.state.feed.subscribe();
            snapshot(&listener.state)
        }
        Err(RecvError::Closed) => return None,
    };
    Some((event, listener))
}

fn snapshot(state: &AppState) -> Event {
    let snapshot = Snapshot {
        now: Moment::now(),
        entries: state.inbox.page(),
        heartbeat: state.switch.heartbeat(),
        outages: state.outages.state(),
    };
    Event::default()
        .event("snapshot")
        .json_data(snapshot)
        .expect("a snapshot is plain data")
}
