//! The steps of one alert, for each thing that a drill may have to prove of it.

use super::chain::{Chain, Link};
use super::reasons::{self, Case};
use super::row::{Row, Step};
use super::{SAMPLES, special};
use crate::drill::definition::End;
use crate::drill::known::Window;
use crate::drill::prediction;

/// Who says that an expression was true.
const REPLAY: &str = "Prometheus, expression replayed";
/// Who says what Alertmanager has.
pub(super) const HELD: &str = "Alertmanager, its alerts";
/// Who says what was delivered.
const DELIVERED: &str = "pager's record, Alertmanager's counters";
/// From an evaluation to the alert in Alertmanager, and from there to its record in pager.
pub(super) const TRANSPORT: f64 = 2.0;

/// The rows of a proof; `others` are those of the drill's earlier proofs.
pub fn rows(case: &Case<'_>, others: &[Row]) -> Vec<Row> {
    let (scene, proof) = (case.scene, case.background.proof);
    let limits = (scene.now, scene.slack);
    let mut chain = Chain::new(proof.alert, scene.marks.get(proof.cause), limits);
    match proof.end {
        End::Delivered(receiver) => {
            begin(&mut chain, case);
            fire(&mut chain, case);
            deliver(&mut chain, case, receiver);
            resolve(&mut chain, case);
            deliver_end(&mut chain, case, receiver);
        }
        End::Fires { .. } => {
            begin(&mut chain, case);
            fire(&mut chain, case);
            resolve(&mut chain, case);
        }
        End::Clears => {
            begin(&mut chain, case);
            special::clear(&mut chain, case);
        }
        End::Inhibited { by } => {
            let firing = others
                .iter()
                .find(|row| row.subject == by && row.step == Step::InAlertmanager);
            chain.count_from(firing.and_then(|row| match row.standing {
                super::Standing::Seen(at) => Some(Window::at(at)),
                _ => row.expected,
            }));
            special::inhibit(&mut chain, case, by);
        }
        End::FallsSilent => special::fall_silent(&mut chain, case),
    }
    chain.into_rows()
}

fn begin(chain: &mut Chain, case: &Case<'_>) {
    let Case {
        scene,
        background,
        evidence,
    } = *case;
    let storm = scene.drill.storm();
    chain.then(Link {
        step: Step::True,
        after: prediction::onset(background, scene.known, storm),
        seen: evidence.true_at.or(evidence.pending_at),
        source: REPLAY,
        why: || reasons::never_true(case),
    });
    // Without a `for` an alert fires at once.
    if background.hold <= 0.0 {
        return;
    }
    chain.then(Link {
        step: Step::Pending,
        after: Window::new(0.0, background.interval),
        seen: evidence.pending_at,
        source: SAMPLES,
        why: || reasons::never_pending(case),
    });
}

fn fire(chain: &mut Chain, case: &Case<'_>) {
    let Case {
        background,
        evidence,
        ..
    } = *case;
    // Whole evaluations, and one more where an evaluation was missed.
    let hold = (background.hold / background.interval).ceil() * background.interval;
    chain.then(Link {
        step: Step::Firing,
        after: Window::new(hold, hold + background.interval),
        seen: evidence.firing_at,
        source: SAMPLES,
        why: || reasons::never_firing(case),
    });
    if evidence.firing_at.is_none() && evidence.over_at.is_some() {
        chain.fail(reasons::cleared_before_firing(case));
    }
    chain.then(Link {
        step: Step::InAlertmanager,
        after: Window::new(0.0, TRANSPORT),
        seen: evidence.sighting.as_ref().map(|sighting| sighting.at),
        source: HELD,
        why: || reasons::not_in_alertmanager(case),
    });
    let Some(sighting) = &evidence.sighting else {
        return;
    };
    let (receiver, inhibitor) = match background.proof.end {
        End::Delivered(receiver) => (Some(receiver), None),
        End::Fires { inhibitor } => (None, Some(inhibitor)),
        _ => (None, None),
    };
    if let Some(receiver) = receiver
        && !sighting.receivers.iter().any(|own| own == receiver)
    {
        chain.fail(reasons::wrong_receiver(case, &sighting.receivers, receiver));
        return;
    }
    if let Some(held_back) = &evidence.held_back {
        let is_allowed = held_back.silences.is_empty()
            && inhibitor.is_some_and(|name| held_back.inhibitors.iter().all(|own| own == name));
        if is_allowed {
            chain.remark(format!("held back by {}", held_back.inhibitors.join(", ")));
        } else {
            chain.fail(reasons::suppressed(case, held_back));
        }
    } else {
        chain.remark(format!("for {}", sighting.receivers.join(", ")));
    }
}

fn deliver(chain: &mut Chain, case: &Case<'_>, receiver: &str) {
    let Case {
        background,
        evidence,
        ..
    } = *case;
    let way = &background.way;
    // A group that was there before is told of it when its interval is over, and that may be at once.
    let may_join = background.group_shared && evidence.sighting.is_none();
    let joins = background.group_lingers || evidence.has_joined;
    let earliest = if joins { 0.0 } else { way.group_wait };
    let latest = if joins || may_join {
        way.group_wait.max(way.group_interval)
    } else {
        way.group_wait
    };
    // Counted from the evaluation: Alertmanager got it before a look saw it there.
    chain.count_from(
        evidence
            .firing_at
            .map(Window::at)
            .or(chain.expected_of(Step::Firing)),
    );
    chain.then(Link {
        step: Step::Delivered,
        after: Window::new(earliest, latest + TRANSPORT),
        seen: evidence
            .notified_at
            .filter(|_| evidence.requests.made > evidence.requests.failed),
        source: DELIVERED,
        why: || reasons::not_delivered(case, receiver),
    });
    let requests = evidence.requests;
    if requests.made > 0.0 {
        chain.remark(format!(
            "{receiver}: {:.0} requests, {:.0} failed",
            requests.made, requests.failed
        ));
    }
}

fn resolve(chain: &mut Chain, case: &Case<'_>) {
    let Case {
        scene,
        background,
        evidence,
    } = *case;
    let relief = scene.marks.get(background.proof.relief);
    chain.count_from(relief);
    chain.then(Link {
        step: Step::Resolved,
        after: prediction::decline(background, (scene.known, scene.marks), scene.drill.storm()),
        // What is over before its cause is has not been resolved by that.
        seen: evidence
            .over_at
            .filter(|_| relief.is_some() || scene.stops_at_delivery),
        source: SAMPLES,
        why: || reasons::not_resolved(case),
    });
}

fn deliver_end(chain: &mut Chain, case: &Case<'_>, receiver: &str) {
    let Case {
        background,
        evidence,
        ..
    } = *case;
    chain.then(Link {
        step: Step::EndDelivered,
        after: Window::new(0.0, background.way.group_interval + TRANSPORT),
        seen: evidence
            .end_notified_at
            .filter(|_| evidence.requests.made - evidence.requests.failed >= 2.0),
        source: DELIVERED,
        why: || reasons::end_not_delivered(case, receiver),
    });
    if let Some(fellow) = &evidence.fellow {
        chain.remark(format!("its group goes on with {fellow}"));
    }
}
