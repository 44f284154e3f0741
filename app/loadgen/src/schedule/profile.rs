//! A rate over time as straight pieces, and its integral both ways in closed form.
//!
//! Constant rates, ramps, steps, spikes and bursts are all the same thing here: pieces whose rate changes linearly.

use std::time::Duration;

/// Rounding allowance in arrivals: how far floating point may put `rate × time` off a whole number.
const ROUNDING: f64 = 1e-6;

/// One piece of a profile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segment {
    /// The stage under which its arrivals are reported, an index.
    pub(crate) stage: usize,
    pub(crate) duration: Duration,
    /// Arrivals per second at its start.
    pub(crate) from: f64,
    /// Arrivals per second at its end.
    pub(crate) to: f64,
}

impl Segment {
    /// Expected arrivals `seconds` after its start.
    fn arrivals_after(&self, seconds: f64) -> f64 {
        self.from * seconds + self.slope() * seconds * seconds / 2.0
    }

    /// Seconds after its start by which `arrivals` are due: the inverse of [`Self::arrivals_after`].
    ///
    /// Solves `from·t + slope·t²/2 = arrivals` in the form that loses no digits for slopes near zero or below it.
    fn seconds_for(&self, arrivals: f64) -> f64 {
        if arrivals <= 0.0 {
            return 0.0;
        }
        let root = (self.from * self.from + 2.0 * self.slope() * arrivals)
            .max(0.0)
            .sqrt();
        2.0 * arrivals / (self.from + root)
    }

    fn slope(&self) -> f64 {
        (self.to - self.from) / self.duration.as_secs_f64()
    }
}

/// A segment and what came before it.
#[derive(Clone, Copy, Debug)]
struct Piece {
    segment: Segment,
    start: Duration,
    /// Arrivals expected before it.
    before: f64,
    /// Arrivals expected by its end.
    after: f64,
}

/// The asked rate over the whole run.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pieces: Vec<Piece>,
}

impl Profile {
    /// Puts the pieces one after another; pieces without length are left out.
    pub(crate) fn new(segments: impl IntoIterator<Item = Segment>) -> Self {
        let (mut start, mut before) = (Duration::ZERO, 0.0);
        let mut pieces = Vec::new();
        for segment in segments
            .into_iter()
            .filter(|segment| !segment.duration.is_zero())
        {
            let after = before + segment.arrivals_after(segment.duration.as_secs_f64());
            pieces.push(Piece {
                segment,
                start,
                before,
                after,
            });
            start += segment.duration;
            before = after;
        }
        Self { pieces }
    }

    pub(crate) fn duration(&self) -> Duration {
        self.pieces
            .last()
            .map_or(Duration::ZERO, |last| last.start + last.segment.duration)
    }

    /// Arrivals expected in all; how many an even schedule has is [`Self::count`].
    pub(crate) fn expected(&self) -> f64 {
        self.pieces.last().map_or(0.0, |last| last.after)
    }

    /// Arrivals of the even schedule: the k-th, counted from zero, is due when `k` are expected, so the first is due at once.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never below zero; far below 2^53"
    )]
    pub(crate) fn count(&self) -> u64 {
        (self.expected() - ROUNDING).ceil() as u64
    }

    /// When `arrivals` are due, and the stage that moment belongs to; `None` if they never are.
    pub(crate) fn instant_of(&self, arrivals: f64) -> Option<(Duration, usize)> {
        let index = self
            .pieces
            .partition_point(|piece| piece.after - ROUNDING <= arrivals);
        let piece = self.pieces.get(index)?;
        let seconds = piece.segment.seconds_for(arrivals - piece.before);
        let within = Duration::from_secs_f64(seconds).min(piece.segment.duration);
        Some((piece.start + within, piece.segment.stage))
    }

    /// The asked rate and the stage at `offset`; after the end, the last stage and no rate.
    pub(crate) fn asked_at(&self, offset: Duration) -> (f64, usize) {
        let Some(piece) = self.pieces.iter().rev().find(|piece| piece.start <= offset) else {
            return (0.0, 0);
        };
        let within = offset.saturating_sub(piece.start);
        if within >= piece.segment.duration {
            return (0.0, piece.segment.stage);
        }
        (
            piece.segment.from + piece.segment.slope() * within.as_secs_f64(),
            piece.segment.stage,
        )
    }

    /// Time the stage takes and arrivals expected in it, over all its pieces.
    pub(crate) fn share_of(&self, stage: usize) -> (Duration, f64) {
        self.pieces
            .iter()
            .filter(|piece| piece.segment.stage == stage)
            .fold((Duration::ZERO, 0.0), |(time, arrivals), piece| {
                (
                    time + piece.segment.duration,
                    arrivals + piece.after - piece.before,
                )
            })
    }
}
