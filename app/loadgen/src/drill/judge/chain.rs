//! Steps that follow from one another: each is expected a known time after the one before, counted from when that was seen or,
//! until then, from when it is expected.

use super::row::{Row, Standing, Step};
use crate::drill::known::Window;

/// What a step is judged by.
pub struct Link<W: FnOnce() -> String> {
    /// The step.
    pub step: Step,
    /// How long after the step before it.
    pub after: Window,
    /// When it was seen.
    pub seen: Option<f64>,
    /// Who says so.
    pub source: &'static str,
    /// Says why it did not come.
    pub why: W,
}

/// Rows under construction, all about one subject.
pub struct Chain {
    subject: String,
    rows: Vec<Row>,
    /// When the last step was, or is expected.
    last: Option<Window>,
    /// The moment of judgement; `None` in predictions, where nothing is late.
    now: Option<f64>,
    /// How much later than expected is still acceptable, in seconds.
    slack: f64,
    is_broken: bool,
}

impl Chain {
    /// A chain that begins at `cause`, if that has come.
    pub fn new(subject: &str, cause: Option<Window>, (now, slack): (Option<f64>, f64)) -> Self {
        Self {
            subject: subject.into(),
            rows: Vec::new(),
            last: cause,
            now,
            slack,
            is_broken: false,
        }
    }

    /// Counts from another moment on: the incident's end, for what follows from it.
    pub fn count_from(&mut self, moment: Option<Window>) {
        self.last = moment;
    }

    /// Adds a step.
    pub fn then<W: FnOnce() -> String>(&mut self, link: Link<W>) {
        let Link {
            step,
            after,
            seen,
            source,
            why,
        } = link;
        let expected = self.last.map(|last| last.plus(after));
        let deadline = expected.map(|expected| expected.latest + self.slack);
        let is_past = |moment: f64| deadline.is_some_and(|deadline| moment > deadline);
        let standing = match seen {
            _ if self.is_broken => Standing::NotReached,
            Some(at) if is_past(at) => Standing::Failed(self.lateness(step, at, expected)),
            Some(at) => Standing::Seen(at),
            None if self.now.is_some_and(is_past) => Standing::Failed(why()),
            None => Standing::Waiting,
        };
        self.last = seen.map(Window::at).or(expected);
        self.push(step, standing, (expected, source));
    }

    /// Fails the last step, whatever it was, for a reason that outweighs its moment.
    pub fn fail(&mut self, reason: String) {
        if let Some(row) = self
            .rows
            .last_mut()
            .filter(|row| row.standing != Standing::NotReached)
        {
            row.standing = Standing::Failed(reason);
            self.is_broken = true;
        }
    }

    /// When a step of this chain is expected.
    pub fn expected_of(&self, step: Step) -> Option<Window> {
        self.rows.iter().find(|row| row.step == step)?.expected
    }

    /// Adds a detail to the last step.
    pub fn remark(&mut self, detail: String) {
        if let Some(row) = self.rows.last_mut() {
            row.detail = Some(detail);
        }
    }

    /// The rows.
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    fn lateness(&self, step: Step, at: f64, expected: Option<Window>) -> String {
        let late = expected.map_or(0.0, |expected| at - expected.latest);
        format!(
            "{} was `{}` {late:.1} s later than rule and routing allow (at most {:.0} s are let pass)",
            self.subject,
            step.name(),
            self.slack
        )
    }

    fn push(
        &mut self,
        step: Step,
        standing: Standing,
        (expected, source): (Option<Window>, &'static str),
    ) {
        self.is_broken |= matches!(standing, Standing::Failed(_));
        self.rows.push(Row {
            subject: self.subject.clone(),
            step,
            expected,
            standing,
            source,
            detail: None,
        });
    }
}
