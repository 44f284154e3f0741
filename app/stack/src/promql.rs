//! A query taken apart: what it selects, by which labels it groups, what it compares with a number.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Error, Result};
use promql_parser::label::Matcher;
use promql_parser::parser::token::T_GTR;
use promql_parser::parser::{BinaryExpr, Call, Expr, LabelModifier, VectorSelector, parse};

/// What one expression consists of, as far as it can be wrong.
#[derive(Default)]
pub struct Parts {
    /// Each selector, with its window and the function it is an argument of.
    pub selectors: Vec<Selector>,
    /// Labels in `by`, `without`, `on`, `ignoring`, `group_left` and `group_right`.
    pub grouping: BTreeSet<String>,
    /// Labels that `label_replace` and `label_join` make.
    pub made: BTreeSet<String>,
    /// Numbers that a quantile is compared with, and the histogram's bucket series.
    pub thresholds: Vec<(f64, String)>,
    /// Series that are calculated with each other, one to one and by all labels.
    pub pairs: Vec<[String; 2]>,
    /// Numbers that something must be above for the expression to be true.
    pub limits: Vec<f64>,
    /// What is wrong whatever the series.
    pub traps: Vec<String>,
    /// The bucket series of every `histogram_quantile`.
    quantiles: Vec<String>,
}

/// One selector.
pub struct Selector {
    /// Its name and matchers.
    pub vector: VectorSelector,
    /// Of a range selector, its range.
    pub window: Option<Duration>,
    /// The function that has it as a direct argument.
    pub function: Option<&'static str>,
}

impl Selector {
    /// Its matchers for a label.
    pub fn of(&self, label: &str) -> impl Iterator<Item = &Matcher> {
        let matchers = self.vector.matchers.matchers.iter();
        matchers.filter(move |matcher| matcher.name == label)
    }
}

impl Parts {
    /// Takes a query apart; an error if it is not `PromQL`.
    pub fn of(expr: &str) -> Result<Self> {
        Ok(Self::within(&parse(expr).map_err(Error::msg)?))
    }

    fn within(expr: &Expr) -> Self {
        let mut parts = Self::default();
        parts.walk(expr, None);
        parts
    }

    fn walk(&mut self, expr: &Expr, function: Option<&'static str>) {
        match expr {
            Expr::VectorSelector(vector) => self.select(vector, None, function),
            Expr::MatrixSelector(matrix) => self.select(&matrix.vs, Some(matrix.range), function),
            Expr::Aggregate(aggregate) => {
                let labels = aggregate.modifier.iter().map(LabelModifier::labels);
                let labels = labels.flat_map(|labels| labels.labels.iter().cloned());
                self.grouping.extend(labels);
                self.walk(&aggregate.expr, None);
            }
            Expr::Binary(binary) => self.binary(binary),
            Expr::Call(call) => self.call(call),
            Expr::Paren(paren) => self.walk(&paren.expr, None),
            Expr::Unary(unary) => self.walk(&unary.expr, None),
            Expr::Subquery(subquery) => self.walk(&subquery.expr, None),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }

    fn select(
        &mut self,
        vector: &VectorSelector,
        window: Option<Duration>,
        function: Option<&'static str>,
    ) {
        self.selectors.push(Selector {
            vector: vector.clone(),
            window,
            function,
        });
    }

    fn call(&mut self, call: &Call) {
        let second = call.args.args.get(1).map(|arg| &**arg);
        match (call.func.name, second) {
            ("label_replace" | "label_join", Some(Expr::StringLiteral(label))) => {
                self.made.insert(label.val.clone());
            }
            ("histogram_quantile", Some(buckets)) => {
                if let Expr::Aggregate(sum) = buckets
                    && let Some(LabelModifier::Include(by)) = &sum.modifier
                    && !by.labels.iter().any(|label| label == "le")
                {
                    self.trap("histogram_quantile of a sum that is not by le has no buckets");
                }
                let inside = Self::within(buckets).selectors.into_iter();
                let names = inside.filter_map(|selector| selector.vector.name);
                self.quantiles.extend(names);
            }
            ("timestamp", None)
                if !matches!(
                    call.args.args.first().map(|of| inner(of)),
                    Some(Expr::VectorSelector(_))
                ) =>
            {
                self.trap("timestamp() of anything but a selector is the time of evaluation");
            }
            _ => {}
        }
        for argument in &call.args.args {
            self.walk(argument, Some(call.func.name));
        }
    }

    fn trap(&mut self, what: &str) {
        self.traps.push(what.to_owned());
    }

    fn binary(&mut self, binary: &BinaryExpr) {
        let (left, right) = (&*binary.lhs, &*binary.rhs);
        self.walk(left, None);
        self.walk(right, None);
        let modifier = binary.modifier.as_ref();
        let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
        let cards = modifier.and_then(|modifier| modifier.card.labels());
        for labels in matching.map(LabelModifier::labels).into_iter().chain(cards) {
            self.grouping.extend(labels.labels.iter().cloned());
        }
        if let [Some(one), Some(other)] = [left, right].map(series)
            && matching.is_none()
            && !binary.op.is_set_operator()
        {
            self.pairs.push([one, other]);
        }
        if !binary.op.is_comparison_operator() {
            return;
        }
        if let (T_GTR, Expr::NumberLiteral(limit)) = (binary.op.id(), right) {
            self.limits.push(limit.val);
        }
        if matches!(left, Expr::Call(call) if call.func.name == "vector") {
            self.trap("the comparison binds to vector() alone: parentheses are missing");
        }
        for (side, other) in [(left, right), (right, left)] {
            if let Expr::NumberLiteral(number) = inner(other) {
                let buckets = Self::within(side).quantiles.into_iter();
                self.thresholds
                    .extend(buckets.map(|name| (number.val, name)));
            }
        }
    }
}

/// The name of what an expression selects, if that is all it does.
fn series(expr: &Expr) -> Option<String> {
    match inner(expr) {
        Expr::VectorSelector(vector) => vector.name.clone(),
        _ => None,
    }
}

fn inner(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => inner(&paren.expr),
        other => other,
    }
}
