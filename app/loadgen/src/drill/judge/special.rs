//! The steps of alerts that must do something else than arrive.

use super::SAMPLES;
use super::alert::{HELD, TRANSPORT};
use super::chain::{Chain, Link};
use super::reasons::{self, Case};
use super::row::Step;
use crate::drill::known::{Background, Window};
use crate::drill::look::HeldBack;
use crate::drill::prediction;

/// Who says what the dead man's switch did.
const SWITCH: &str = "pager's record";

/// It goes pending and is over without having fired.
pub(super) fn clear(chain: &mut Chain, case: &Case<'_>) {
    let Case {
        scene,
        background,
        evidence,
    } = *case;
    chain.count_from(scene.marks.get(background.proof.relief));
    chain.then(Link {
        step: Step::Cleared,
        after: prediction::decline(background, (scene.known, scene.marks), None),
        seen: evidence.over_at,
        source: SAMPLES,
        why: || reasons::not_cleared(case),
    });
    if evidence.firing_at.is_some() {
        chain.fail(reasons::fired(case));
    }
}

/// It is held back because of another.
pub(super) fn inhibit(chain: &mut Chain, case: &Case<'_>, by: &str) {
    let held_back = case.evidence.held_back.as_ref();
    let is_inhibited = |held: &&HeldBack| held.inhibitors.iter().any(|name| name == by);
    chain.then(Link {
        step: Step::Inhibited,
        after: Window::new(0.0, TRANSPORT),
        seen: held_back.filter(is_inhibited).map(|held| held.at),
        source: HELD,
        why: || reasons::not_inhibited(case, by),
    });
    chain.remark(format!("by {by}"));
}

/// Its heartbeat stops, and the dead man's switch says so; it comes back, and that is said too.
pub(super) fn fall_silent(chain: &mut Chain, case: &Case<'_>) {
    let Case {
        scene,
        background,
        evidence,
    } = *case;
    let Background {
        interval,
        resend,
        alarm_after,
        ..
    } = *background;
    let beat = background.way.group_interval;
    // An alert ends 4 times that after its last sending; until then Alertmanager passes it on every `beat`.
    let spacing = interval.max(resend);
    let earliest = (3.0 * spacing - interval - beat).max(0.0);
    chain.then(Link {
        step: Step::Delivered,
        after: Window::new(
            earliest + alarm_after,
            4.0 * spacing + interval + alarm_after + TRANSPORT,
        ),
        seen: evidence.notified_at,
        source: SWITCH,
        why: || reasons::no_alarm(case),
    });
    chain.remark("the dead man's switch raises its alarm".into());
    chain.count_from(scene.marks.get(background.proof.relief));
    chain.then(Link {
        step: Step::EndDelivered,
        after: Window::new(0.0, interval + beat + TRANSPORT + scene.known.scrape),
        seen: evidence.end_notified_at,
        source: SWITCH,
        why: || reasons::alarm_not_over(case),
    });
}
