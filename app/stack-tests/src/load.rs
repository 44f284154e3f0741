//! A steady stream of orders that counts its answers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::Client;

/// Threads that send orders. An order takes about 0.1 s, so these keep up with 30 a second, and with a few slow ones.
const SENDERS: usize = 8;

/// What came back.
pub struct Answers {
    /// Orders sent.
    pub sent: usize,
    /// Orders that were answered, by their own `duration_seconds`, sorted.
    pub durations: Vec<f64>,
}

/// Sends orders at a steady rate, the k-th at `k / rate`, whether or not earlier ones were answered. The paths take turns.
pub fn steady(service: &Client, rate: f64, duration: Duration, paths: &[&str]) -> Answers {
    let started = Instant::now();
    let next = AtomicUsize::new(0);
    let durations = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let order = next.fetch_add(1, Ordering::Relaxed);
                    let due = Duration::from_secs_f64(order as f64 / rate);
                    if due >= duration {
                        break;
                    }
                    thread::sleep(due.saturating_sub(started.elapsed()));
                    // While the service is down there is no answer to count.
                    let answer = service
                        .post(paths[order % paths.len()])
                        .and_then(|reply| reply.json());
                    if let Some(seconds) = answer.ok().and_then(|o| o["duration_seconds"].as_f64())
                    {
                        durations.lock().expect("no sender panics").push(seconds);
                    }
                }
            });
        }
    });
    let mut durations = durations.into_inner().expect("no sender panics");
    durations.sort_by(f64::total_cmp);
    Answers {
        sent: next.into_inner() - SENDERS,
        durations,
    }
}
