//! Every link that can break, on a record made by hand: one that passes, and what each change of it makes of the verdict.

mod world;

use super::Standing;
use crate::record::Proof;
use world::*;

#[test]
fn passes_when_everything_is_seen_in_time() {
    let rows = good().rows();
    assert_eq!(good().reasons(), "", "{rows:#?}");
    let open = rows
        .iter()
        .find(|row| !matches!(row.result, Standing::Seen | Standing::Held));
    assert!(open.is_none(), "{open:#?}");
    let window = |what: &str| {
        let row = rows.iter().find(|row| row.step == what).expect("the row");
        let expected = row.expected.expect("its window");
        (expected.from.0, expected.to.0)
    };
    for (what, expected) in [
        ("true", (0.0, 10.0)),
        ("pending", (5.0, 10.0)),
        ("firing", (126.0, 131.0)),
        ("in Alertmanager", (126.0, 128.0)),
        ("delivered to page", (136.0, 138.0)),
        ("resolved", (140.0, 205.0)),
        ("end delivered to chat", (181.0, 213.0)),
        ("1 closed", (140.0, 292.0)),
    ] {
        assert_eq!(window(what), expected, "{what}");
    }
}

#[test]
fn waits_while_there_is_time() {
    let mut world = good();
    world.never_fires(3, 60.0);
    world.is_active = true;
    assert_eq!(world.reasons(), "");
    let rows = world.rows();
    let waiting = rows
        .iter()
        .filter(|row| row.result == Standing::Waiting)
        .count();
    assert_eq!(waiting, rows.len() - 3, "{rows:#?}");
}

#[test]
fn names_the_link_on_the_way_to_firing() {
    all_fail(&[
        (
            |world| {
                world.never_fires(1, 25.0);
                (world.true_at, world.pending) = (None, (0.0, -1.0));
            },
            "Errors never went pending: its expression is still false 25s after its cause",
        ),
        (
            |world| {
                world.never_fires(2, 25.0);
                world.pending = (0.0, -1.0);
            },
            "never went pending, although its expression is true: is its rule group evaluated?",
        ),
        (
            |world| {
                world.never_fires(3, 60.0);
                (world.pending, world.is_active) = ((6.0, 46.0), false);
            },
            "was pending but cleared after 45s, before its `for` of 2m was over",
        ),
        (
            |world| {
                world.never_fires(3, 150.0);
                (world.pending, world.is_active) = ((6.0, 148.0), true);
            },
            "is pending, but does not fire after its `for` of 2m",
        ),
        (
            |world| {
                world.never_fires(1, 25.0);
                (world.true_at, world.pending) = (None, (0.0, -1.0));
                world
                    .troubles
                    .push("not one of 200 requests was answered".into());
            },
            "(not one of 200 requests was answered)",
        ),
    ]);
}

#[test]
fn names_the_link_on_the_way_to_people() {
    all_fail(&[
        (
            |world| {
                world.until(4, 150.0);
                world.held_at = f64::MAX;
                world.messages.clear();
            },
            "fires in Prometheus but is not in Alertmanager",
        ),
        (
            |world| {
                world.until(4, 130.0);
                world.receivers = vec!["chat"];
            },
            "for receiver chat, not page: look at `route`",
        ),
        (
            |world| {
                world.until(4, 130.0);
                world.silenced_by = vec!["0815".into()];
            },
            "but suppressed: silenced by 0815",
        ),
        (
            |world| {
                world.until(4, 130.0);
                world.inhibited_by = Some("Burn");
            },
            "but suppressed: inhibited by Burn",
        ),
        (
            |world| {
                world.until(4, 160.0);
                world.failed = 1.0;
            },
            "Alertmanager tried 1 deliveries to page and all failed",
        ),
        (
            |world| {
                world.until(4, 160.0);
                world.messages.clear();
            },
            "but it has tried no delivery to it: does that receiver have its integration?",
        ),
        (
            |world| {
                world.until(4, 160.0);
                world.messages = vec![
                    ("slack", 136.0, true, "thread"),
                    ("pagerduty", 20.0, true, "incident"),
                ];
            },
            "Errors reached slack, but not page",
        ),
        (
            // All is as the servers are set to, and still too late for the file.
            |world| {
                world.hold = 300;
                world.pending = (6.0, 301.0);
                world.never_fires(4, 185.0);
            },
            "not within 3m of its cause, which `no_later` asks for: `for` is 5m; page's group_wait 10s, group_interval 30s",
        ),
    ]);
}

#[test]
fn names_the_link_on_the_way_to_the_end() {
    all_fail(&[
        (
            |world| {
                world.firing.1 = 300.0;
                world.until(7, 216.0);
            },
            "Errors still fires 1m 16s after its cause was over",
        ),
        (
            |world| {
                world.until(8, 230.0);
                world.messages.truncate(2);
            },
            "is resolved, but its end has not reached page: is send_resolved on?",
        ),
        (
            |world| world.messages.push(("pagerduty", 150.0, true, "another")),
            "2 incidents were opened at page, wanted: 1",
        ),
        (
            |world| {
                world.messages.retain(|message| message.2);
                world.now = 310.0;
            },
            "0 incidents were closed at page, wanted: 1: which alert goes on?",
        ),
        (
            |world| world.fired.push("Stranger"),
            "unexpected: Stranger{job=\"shop\"} fired",
        ),
    ]);
}

#[test]
fn what_is_expected_to_be_held_back_may_be() {
    let mut world = of("
shows: held back
steps:
  - load: { request: GET /, rate: 20 }
  - expect: { alert: Errors, suppressed: must, by: Burn, within: 10s }
");
    world.until(1, 130.0);
    world.inhibited_by = Some("Burn");
    assert_eq!(world.reasons(), "");
    world.inhibited_by = Some("Other");
    assert!(
        world.reasons().contains("inhibited by Other"),
        "{}",
        world.reasons()
    );
    world.inhibited_by = None;
    world.now = 160.0;
    assert!(
        world
            .reasons()
            .contains("is not held back while Burn fires; Burn should inhibit it"),
        "{}",
        world.reasons()
    );
}

#[test]
fn clears_or_stays_silent_without_firing() {
    let mut world = of("
shows: a blip
steps:
  - request: POST /fail
  - expect: { alert: Errors, state: pending, within: 5s }
  - request: POST /succeed
  - expect: { alert: Errors, state: cleared, within: 10s }
  - expect: { alert: Errors, state: silent, for: 60s }
");
    world.reached = vec![0.0, 0.0, 60.0, 60.0, 70.0];
    world.never_fires(4, 125.0);
    (world.pending, world.is_active) = ((6.0, 61.0), false);
    assert_eq!(world.reasons(), "");
    world.is_active = true;
    assert!(
        world
            .reasons()
            .contains("Errors has not cleared 1m 5s after its cause was over"),
        "{}",
        world.reasons()
    );
    world.firing = (110.0, 120.0);
    assert!(
        world
            .reasons()
            .contains("Errors fired, although its cause was over within its `for`"),
        "{}",
        world.reasons()
    );
}

#[test]
fn figures_reach_rise_and_fall() {
    let mut world = of("
shows: figures
steps:
  - load: { request: GET /, rate: 20 }
  - all:
      - { query: depth, at_least: 5, within: 20s }
      - { query: spent, rises_by: 10, within: 20s }
");
    world.reached = vec![0.0, 0.0];
    world.now = 40.0;
    world.figures = vec![
        vec![(0.0, 0.0), (10.0, 6.0), (30.0, 0.0)],
        vec![(0.0, 100.0), (15.0, 110.0)],
    ];
    assert_eq!(world.reasons(), "");
    world.figures[1][1].1 = 109.0;
    assert_eq!(
        world.reasons(),
        "wanted 10 more than before of spent: 100 before, 109 now"
    );
}

#[test]
fn the_heartbeat_is_missed_and_comes_back() {
    let mut world = of("
shows: silence
steps:
  - stop: prometheus
  - expect: { heartbeat: missed, no_later: 2m }
  - start: prometheus
  - expect: { heartbeat: back, within: 20s }
");
    world.reached = vec![0.0, 1.0, 100.0, 101.0];
    world.messages = vec![
        ("dead-mans-switch", 90.0, true, "Watchdog"),
        ("dead-mans-switch", 115.0, false, "Watchdog"),
    ];
    world.now = 120.0;
    assert_eq!(world.reasons(), "");
    world.messages.pop();
    world.now = 145.0;
    assert_eq!(
        world.reasons(),
        "45s after its cause the dead man's switch still raises its alarm"
    );
    world.messages.clear();
    assert!(
        world.reasons().contains("has not raised its alarm"),
        "{}",
        world.reasons()
    );
}

#[test]
fn counters_prove_a_delivery_only_if_nothing_else_raises_them() {
    let mut world = of("
shows: no record
steps:
  - load: { request: GET /, rate: 20 }
  - expect: { alert: Errors, delivered: [page] }
");
    world.until(1, 140.0);
    (world.proof, world.receivers) = (Proof::Counters, vec!["page"]);
    assert_eq!(world.reasons(), "");
    world.receivers = vec!["page", "chat"];
    world.other = Some("Burn");
    assert_eq!(world.reasons(), "", "the other alert goes to chat alone");
    world.drill = "
shows: no record
steps:
  - load: { request: GET /, rate: 20 }
  - expect: { alert: Errors, delivered: [chat] }
";
    assert!(
        world
            .reasons()
            .contains("whether Errors reached chat is not provable"),
        "{}",
        world.reasons()
    );
}
