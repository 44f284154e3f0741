//! The selectors of a query, each with what stands around it.

use std::time::Duration;

use anyhow::{Error, Result, bail};
use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{Expr, LabelModifier, VectorSelector, parse};

/// A rate needs four scrapes in its window.
const SHORTEST_WINDOW: Duration = Duration::from_secs(20);

/// What stands around a selector.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Call(&'static str),
    Quantile(f64),
    /// An aggregation by these labels, sorted.
    By(Vec<String>),
    /// An aggregation without these labels, sorted.
    Without(Vec<String>),
    /// Of a division.
    Left,
    Right,
}

#[derive(Debug)]
pub(crate) struct Use {
    selector: VectorSelector,
    /// From the outside in.
    steps: Vec<Step>,
}

impl Use {
    pub(crate) fn is_of(&self, metric: &str) -> bool {
        self.selector.name.as_deref() == Some(metric)
    }

    pub(crate) fn has(&self, step: &Step) -> bool {
        self.steps.contains(step)
    }

    /// Whether its increase is taken, or the increase a second.
    pub(crate) fn is_rate(&self) -> bool {
        self.is_per_second() || self.has(&Step::Call("increase"))
    }

    pub(crate) fn is_per_second(&self) -> bool {
        self.has(&Step::Call("rate")) || self.has(&Step::Call("irate"))
    }

    /// Whether no aggregation around it drops the label.
    pub(crate) fn keeps(&self, label: &str) -> bool {
        keeps(&self.steps, label)
    }

    /// Whether no aggregation between it and the quantile drops the label.
    pub(crate) fn keeps_in_quantile(&self, label: &str) -> bool {
        let quantile = |step: &Step| matches!(step, Step::Quantile(_));
        let from = self.steps.iter().rposition(quantile).unwrap_or(0);
        keeps(&self.steps[from..], label)
    }

    /// What stands between it and the division, if there is one.
    fn within_division(&self) -> Option<&[Step]> {
        let side = |step: &Step| matches!(step, Step::Left | Step::Right);
        let at = self.steps.iter().rposition(side)?;
        Some(&self.steps[at + 1..])
    }

    pub(crate) fn drops_before_division(&self, label: &str) -> bool {
        let steps = self.within_division();
        steps.is_some_and(|steps| !keeps(steps, label))
    }

    /// The aggregations before the division, if there is one.
    pub(crate) fn grouping_in_division(&self) -> Option<Vec<&Step>> {
        let steps = self.within_division()?.iter();
        let grouping = steps.filter(|step| matches!(step, Step::By(_) | Step::Without(_)));
        Some(grouping.collect())
    }

    fn on_status(&self) -> impl Iterator<Item = &Matcher> {
        let matchers = self.selector.matchers.matchers.iter();
        matchers.filter(|matcher| matcher.name == "status")
    }

    /// Whether only failures are selected.
    pub(crate) fn failures(&self) -> bool {
        self.on_status().any(|matcher| match matcher.op {
            MatchOp::Equal | MatchOp::Re(_) => matcher.value == "failure",
            MatchOp::NotEqual | MatchOp::NotRe(_) => matcher.value == "success",
        })
    }

    /// Whether orders are selected however they ended.
    pub(crate) fn everything(&self) -> bool {
        self.on_status().next().is_none()
    }
}

fn keeps(steps: &[Step], label: &str) -> bool {
    let listed = |labels: &[String]| labels.iter().any(|known| known == label);
    steps.iter().all(|step| match step {
        Step::By(labels) => listed(labels),
        Step::Without(labels) => !listed(labels),
        _ => true,
    })
}

/// The selectors of a query as Grafana would send it.
pub(crate) fn uses(expr: &str) -> Result<Vec<Use>> {
    let sent = expr
        .replace("$__rate_interval", "20s")
        .replace("$__interval", "20s")
        .replace("$instance", ".*");
    let mut found = Vec::new();
    walk(&parse(&sent).map_err(Error::msg)?, &[], &mut found)?;
    Ok(found)
}

fn walk(expr: &Expr, around: &[Step], found: &mut Vec<Use>) -> Result<()> {
    let inside = |step: Step| [around, &[step]].concat();
    match expr {
        Expr::VectorSelector(selector) => found.push(Use {
            selector: selector.clone(),
            steps: around.to_vec(),
        }),
        Expr::MatrixSelector(matrix) => {
            if matrix.range < SHORTEST_WINDOW {
                bail!(
                    "a window of {} s has fewer than four scrapes; use $__rate_interval, which always has enough",
                    matrix.range.as_secs()
                );
            }
            walk(&Expr::VectorSelector(matrix.vs.clone()), around, found)?;
        }
        Expr::Aggregate(aggregate) => {
            let sorted = |labels: &[String]| {
                let mut labels = labels.to_vec();
                labels.sort();
                labels
            };
            let step = match &aggregate.modifier {
                Some(LabelModifier::Exclude(labels)) => Step::Without(sorted(&labels.labels)),
                Some(LabelModifier::Include(labels)) => Step::By(sorted(&labels.labels)),
                None => Step::By(Vec::new()),
            };
            walk(&aggregate.expr, &inside(step), found)?;
        }
        Expr::Binary(binary) => {
            let divides = binary.op.to_string() == "/";
            for (side, step) in [(&binary.lhs, Step::Left), (&binary.rhs, Step::Right)] {
                let steps = if divides {
                    inside(step)
                } else {
                    around.to_vec()
                };
                walk(side, &steps, found)?;
            }
        }
        Expr::Call(call) => {
            let step = match call.args.args.first().map(AsRef::as_ref) {
                Some(Expr::NumberLiteral(quantile)) if call.func.name == "histogram_quantile" => {
                    Step::Quantile(quantile.val)
                }
                _ => Step::Call(call.func.name),
            };
            for argument in &call.args.args {
                walk(argument, &inside(step.clone()), found)?;
            }
        }
        Expr::Paren(paren) => walk(&paren.expr, around, found)?,
        Expr::Unary(unary) => walk(&unary.expr, around, found)?,
        Expr::Subquery(subquery) => walk(&subquery.expr, around, found)?,
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
    Ok(())
}
