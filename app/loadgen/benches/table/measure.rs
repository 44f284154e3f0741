//! One run against a mock target in this process, with both sides' clocks and accounts.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Method;
use loadgen::engine::{Run, Running};
use loadgen::ledger::{Quantiles, Totals};
use loadgen::scenario::{Load, Plan};
use loadgen::schedule::{Profile, Segment, Spacing, Stage};
use loadgen::target::{Addresses, Requests, Server, Target};
use mock_target::{Freeze, Log, Mock, Setup};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What a run left behind.
pub(crate) struct Measured {
    pub(crate) totals: Totals,
    pub(crate) response: Quantiles,
    pub(crate) service: Quantiles,
    pub(crate) log: Log,
    /// The schedule's zero.
    pub(crate) start: Instant,
}

/// How a run is made.
pub(crate) struct Setting {
    pub(crate) setup: Setup,
    pub(crate) segment: Segment,
    pub(crate) connections: usize,
    pub(crate) timeout: Duration,
    pub(crate) freeze: Option<(Duration, Duration)>,
}

pub(crate) fn flat(seconds: f64, from: f64, to: f64) -> Segment {
    Segment {
        stage: 0,
        duration: Duration::from_secs_f64(seconds),
        from,
        to,
    }
}

pub(crate) fn measure(setting: Setting) -> Result<Measured> {
    let mock = Mock::start(setting.setup)?;
    mock.log_answers();
    let server = Server::parse(&mock.url())?;
    let run = Run {
        plan: Plan {
            stages: vec![Stage {
                name: "bench".into(),
                fault: None,
            }],
            load: Load::Open(Arc::new(Profile::new([setting.segment]))),
        },
        target: Target {
            addresses: Addresses::of(&server, vec![mock.address]),
            requests: Requests::new(&server, &Method::GET, &"/".parse()?)?,
        },
        connections: setting.connections,
        threads: 1,
        timeout: setting.timeout,
        spacing: Spacing::Even,
        seed: 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (totals, start) = runtime.block_on(async {
        let mut running: Running = run.launch().await?;
        // The clock reads zero until the schedule starts: wait for it, so that its zero can be told.
        while running.now().is_zero() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let start = Instant::now()
            .checked_sub(running.now())
            .ok_or("the machine has just started")?;
        if let Some((from, length)) = setting.freeze {
            mock.freeze(Freeze {
                from: start + from,
                length,
            });
        }
        Ok::<_, Box<dyn Error>>((running.finished().await?, start))
    })?;
    let overall = totals.overall();
    let response = overall.responses().quantiles().ok_or("no answers")?;
    let service = overall.service.quantiles().ok_or("no answers")?;
    Ok(Measured {
        totals,
        response,
        service,
        log: mock.log(),
        start,
    })
}

/// The target's rate, from the middle nine tenths of its answers: the last few of a short run may be held up by anything.
pub(crate) fn answer_rate(log: &Log) -> Result<f64> {
    let answers = log.answers.as_deref().unwrap_or_default();
    let (from, to) = (answers.len() / 20, answers.len() * 19 / 20);
    let (first, last) = answers.get(from).zip(answers.get(to)).ok_or("no answers")?;
    Ok(f64::from(u32::try_from(to - from)?) / last.duration_since(*first).as_secs_f64())
}
