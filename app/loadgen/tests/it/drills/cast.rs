//! Who takes part in the fake world: its alerts, and what may be broken.

/// What is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Broken {
    #[default]
    Nothing,
    // On the way of the alert.
    NeverTrue,
    NeverPending,
    ClearsEarly,
    NotInAlertmanager,
    WrongReceiver,
    Silenced,
    InhibitedByAnother,
    DeliveryFails,
    NothingTried,
    RecordMissing,
    CountersStill,
    NeverResolves,
    EndNotDelivered,
    AnotherFires,
    HeldBackFires,
    SecondIncident,
    OldPager,
    SloFires,
    NoAlarm,
    FaultsOff,
    // Before it.
    NotReady,
    NoTarget,
    RuleMissing,
    RuleUnhealthy,
    NoAlertmanager,
    SilenceThere,
    OtherSilenceThere,
    AlertThere,
    AlertHeld,
    OutageOn,
    HeartbeatSilent,
    HeartbeatWaiting,
    HeartbeatLate,
    RuleNotEvaluatedYet,
    PagerGone,
    NotQuiet,
}

/// Why an alert is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Orders,
    Down,
}

/// An alert of the fake stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FakeAlert {
    pub(crate) name: &'static str,
    pub(crate) labels: &'static [(&'static str, &'static str)],
    pub(crate) receivers: &'static [&'static str],
    pub(crate) cause: Cause,
    pub(crate) query: &'static str,
    /// Whether it is pending first.
    pub(crate) holds: bool,
    /// How long it goes on when its cause is over, in seconds.
    pub(crate) lingers: f64,
}

/// The rules of the fake stack.
pub(crate) const ALERTS: [FakeAlert; 5] = [
    FakeAlert {
        name: "HighErrorRate",
        labels: &[("severity", "critical")],
        receivers: &["pagerduty", "slack"],
        cause: Cause::Orders,
        query: "share(failed[2s]) > 0.2",
        holds: true,
        lingers: 0.0,
    },
    FakeAlert {
        name: "HighLatency",
        labels: &[("severity", "warning")],
        receivers: &["slack"],
        cause: Cause::Orders,
        query: "p95(duration[2s]) > 2",
        holds: true,
        lingers: 0.0,
    },
    FakeAlert {
        name: "OrderAvailabilityBudgetBurn",
        labels: &[
            ("severity", "critical"),
            ("slo", "availability"),
            ("long_window", "1h"),
            ("short_window", "5m"),
        ],
        receivers: &["pagerduty", "slack"],
        cause: Cause::Orders,
        query: "burn > limit",
        holds: true,
        lingers: 1.0,
    },
    FakeAlert {
        name: "OrderServiceDown",
        labels: &[("severity", "critical")],
        receivers: &["pagerduty", "slack"],
        cause: Cause::Down,
        query: "up == 0",
        holds: true,
        lingers: 0.0,
    },
    // Always there; as the beginning of the heartbeat it is no part of any cast.
    FakeAlert {
        name: "Watchdog",
        labels: &[("severity", "none")],
        receivers: &[],
        cause: Cause::Down,
        query: "vector(1)",
        holds: false,
        lingers: 0.0,
    },
];
