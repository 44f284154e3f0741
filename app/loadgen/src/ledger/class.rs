//! The seven ways in which an arrival can end; each ends in exactly one of them.

use hyper::StatusCode;

/// How an arrival ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Answered, status below 400.
    Ok,
    /// Answered, status 400 to 499.
    Http4xx,
    /// Answered, status 500 and above.
    Http5xx,
    /// Sent, but no complete answer before the timeout, which runs from the intended instant.
    Timeout,
    /// No connection could be opened, or not in time: never sent.
    Connect,
    /// The connection broke, or what came back was not HTTP.
    Reset,
    /// Never sent: its timeout passed (or the run was stopped) while every connection was busy.
    Expired,
}

impl Class {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::Http4xx,
        Self::Http5xx,
        Self::Timeout,
        Self::Connect,
        Self::Reset,
        Self::Expired,
    ];

    /// Its name in panel, summary and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Http4xx => "http_4xx",
            Self::Http5xx => "http_5xx",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Expired => "expired",
        }
    }

    /// The class of an answer.
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            ..400 => Self::Ok,
            400..500 => Self::Http4xx,
            500.. => Self::Http5xx,
        }
    }

    /// Whether the target answered.
    pub(crate) const fn is_answer(self) -> bool {
        matches!(self, Self::Ok | Self::Http4xx | Self::Http5xx)
    }

    /// Whether it was given to a connection.
    pub(crate) const fn is_sent(self) -> bool {
        !matches!(self, Self::Connect | Self::Expired)
    }

    /// Whether it always has a response time: answers and arrivals that ran out of time do. A refused or broken connection is
    /// over in microseconds; counted as a response it would make a dead target look fast. See [`Entry::ran_out`](super::Entry).
    pub(crate) const fn has_response_time(self) -> bool {
        self.is_answer() || matches!(self, Self::Timeout | Self::Expired)
    }
}
