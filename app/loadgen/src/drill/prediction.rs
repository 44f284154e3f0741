//! When things are expected, from the live timings and what is in the rules' windows already. Pure arithmetic.
//!
//! With scrapes every s, a window w, a threshold h, a storm of r orders/s of which the share f misbehaves, and N orders in the
//! window before it: the share passes h at the latest after h·N / (r·(f − h)), when nothing of the N has left the window, and
//! after w in any case; it becomes visible within s. Pending, firing and the rest follow from there, in
//! [`judge`](super::judge).

use super::definition::{Act, Decline, Drill, End, Goal, Guard, Mark, Onset, Share, Storm};
use super::judge::{Row, Scene, rows};
use super::known::{Background, Known, Marks, Traffic, Window};

/// Orders per second that order-service can do at its defaults: 32 workers at a mean of 91 ms.
pub const CAPACITY: f64 = 353.0;
/// Orders per second of the healthy load after a storm.
pub const RECOVERY: f64 = 100.0;
/// What a scrape and its answer may take.
const SCRAPING: f64 = 1.0;
/// A window of this many seconds or more is much longer than a storm.
const LONG: f64 = 1800.0;
/// How long a service takes to stop or start: the stop grace of order-service.
const HANDS: f64 = 30.0;

/// The shares of a proof's onset, each with the traffic in its window.
fn shares(background: &Background) -> impl Iterator<Item = (&Share, &Traffic)> {
    let shares: &[Share] = match background.proof.onset {
        Onset::Share(shares) => shares,
        _ => &[],
    };
    shares.iter().zip(&background.traffic)
}

/// How many orders of a storm a rule's guard still asks for.
fn missing_guard(share: &Share, traffic: &Traffic, storm: &Storm) -> f64 {
    let missing = match share.at_least {
        Guard::None => 0.0,
        Guard::Orders(orders) => orders - traffic.orders,
        Guard::Bad(orders) => (orders - traffic.bad) / storm.share,
    };
    missing.max(0.0)
}

/// How many misbehaving orders a window lacks, before the storm adds orders of its own. Those that are there already count
/// where little leaves the window during a storm; in a short one they may be the first to leave.
fn missing_bad(share: &Share, traffic: &Traffic) -> f64 {
    let bad = if traffic.window >= LONG {
        traffic.bad
    } else {
        0.0
    };
    (share.above * traffic.orders - bad).max(0.0)
}

/// How long after its cause an alert's expression becomes true.
pub fn onset(background: &Background, known: &Known, storm: Option<&Storm>) -> Window {
    let visible = known.scrape + SCRAPING;
    match (background.proof.onset, storm) {
        (Onset::Within(seconds), _) => Window::new(0.0, seconds + visible),
        (Onset::Fills(share), _) => {
            let orders = share * known.queue_capacity;
            let surplus = (known.rate - CAPACITY).max(1.0);
            Window::new(orders / known.rate, orders / surplus + visible)
        }
        (Onset::Share(_), None) => Window::new(0.0, visible),
        (Onset::Share(_), Some(storm)) => {
            let mut window = Window::at(0.0);
            for (share, traffic) in shares(background) {
                let guard = missing_guard(share, traffic, storm) / known.rate;
                let diluted = missing_bad(share, traffic)
                    / (known.rate * (storm.share - share.above)).max(f64::MIN_POSITIVE);
                window = window.and(Window::new(guard, guard.max(diluted.min(traffic.window))));
            }
            // An expression over recorded series is up to one evaluation behind them.
            let recorded = if background.is_recorded {
                background.interval
            } else {
                0.0
            };
            window.plus(Window::new(0.0, storm.finished_within + visible + recorded))
        }
    }
}

/// How long after its relief an alert's expression is found to be false.
pub fn decline(
    background: &Background,
    (known, marks): (&Known, &Marks),
    storm: Option<&Storm>,
) -> Window {
    // Whoever never fired is not kept firing.
    let kept = match background.proof.end {
        End::Clears => 0.0,
        _ => background.keep,
    };
    let found = known.scrape + SCRAPING + background.interval + kept;
    let clears = match (background.proof.decline, storm) {
        (Decline::Within(seconds), _) => seconds,
        (Decline::Dilution, Some(storm)) => {
            let length = marks
                .get(Mark::Calm)
                .zip(marks.get(Mark::Storm))
                .map_or(0.0, |(calm, begin)| calm.latest - begin.earliest);
            let sent = known.rate * length;
            let needed = shares(background).map(|(share, traffic)| {
                let bad = traffic.bad + storm.share * sent;
                let healthy = bad / share.above - (traffic.bad + sent);
                (healthy / RECOVERY).max(0.0).min(traffic.window)
            });
            // All of the windows must be above the threshold, so the first to fall below ends it.
            needed.reduce(f64::min).unwrap_or(background.longest) + storm.finished_within
        }
        _ => background.longest,
    };
    Window::new(0.0, clears + found)
}

/// The rate of a storm: raised, as far as may be, where what is in the windows already would make it long.
pub fn rate(background: &Background, storm: &Storm) -> f64 {
    let Some(hasten) = storm.hasten else {
        return storm.rate;
    };
    let needed = shares(background).map(|(share, traffic)| {
        let diluting = missing_bad(share, traffic) / (storm.share - share.above);
        missing_guard(share, traffic, storm).max(diluting) / hasten.within
    });
    needed.fold(storm.rate, f64::max).min(hasten.most)
}

/// The whole timeline, as seconds since the drill's beginning.
pub fn timeline(drill: &'static Drill, known: &Known) -> Vec<Row> {
    let mut marks = Marks::default();
    let mut now = Window::at(0.0);
    for act in drill.script {
        match act {
            Act::Storm(_) => marks.set(Mark::Storm, now),
            Act::Simulate(simulation) => marks.set(simulation.marks, now),
            Act::WaitHalfOfHold => {
                let half = known
                    .backgrounds
                    .first()
                    .map_or(0.0, |first| first.hold / 2.0);
                now = now.plus(Window::at(half));
            }
            Act::Await(goal) => now = reached(drill, known, &marks, *goal).unwrap_or(now),
            Act::Calm => {
                if let Some((length, begin)) = drill
                    .storm()
                    .and_then(|storm| storm.length)
                    .zip(marks.get(Mark::Storm))
                {
                    now = now.and(begin.plus(Window::at(length.as_secs_f64())));
                }
                marks.set(Mark::Calm, now);
            }
            Act::Ask(hand, _) => {
                now = now.plus(Window::new(0.0, HANDS));
                marks.set(hand.mark(), now);
            }
            Act::Recover => {}
        }
    }
    rows(&Scene::foreseen(drill, known, &marks))
}

/// When the last of what a goal asks for is expected.
fn reached(drill: &'static Drill, known: &Known, marks: &Marks, goal: Goal) -> Option<Window> {
    let rows = rows(&Scene::foreseen(drill, known, marks));
    let wanted = rows.iter().filter(|row| row.counts_for(goal));
    wanted.filter_map(|row| row.expected).reduce(Window::and)
}
