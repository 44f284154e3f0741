//! A query taken apart: what it selects, by which labels it groups, what it compares with a number.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use promql_parser::label::Matcher;
use promql_parser::parser::token::T_GTR;
use promql_parser::parser::{BinaryExpr, Call, Expr, LabelModifier, VectorSelector, parse};
use promql_parser::util::{ExprVisitor, walk_expr};

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
    /// Every function that is called.
    pub functions: BTreeSet<&'static str>,
    /// What is wrong whatever the series.
    pub traps: Vec<String>,
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
    /// Takes a query apart.
    ///
    /// # Errors
    /// It is not `PromQL`.
    pub fn of(expr: &str) -> Result<Self, String> {
        let parsed = parse(expr)?;
        let mut parts = Self::default();
        parts.select(&parsed, None);
        let Ok(_) = walk_expr(&mut parts, &parsed);
        Ok(parts)
    }

    fn select(&mut self, expr: &Expr, function: Option<&'static str>) {
        let (vector, window) = match expr {
            Expr::VectorSelector(vector) => (vector, None),
            Expr::MatrixSelector(matrix) => (&matrix.vs, Some(matrix.range)),
            _ => return,
        };
        self.selectors.push(Selector {
            vector: vector.clone(),
            window,
            function,
        });
    }

    fn call(&mut self, call: &Call) {
        self.functions.insert(call.func.name);
        if let ("label_replace" | "label_join", Some(Expr::StringLiteral(label))) =
            (call.func.name, call.args.args.get(1).map(|arg| &**arg))
        {
            self.made.insert(label.val.clone());
        }
        let buckets = call.args.args.get(1).map(|arg| &**arg);
        if let ("histogram_quantile", Some(Expr::Aggregate(sum))) = (call.func.name, buckets)
            && let Some(LabelModifier::Include(by)) = &sum.modifier
            && !by.labels.iter().any(|label| label == "le")
        {
            self.traps
                .push("histogram_quantile of a sum that is not by le has no buckets".to_owned());
        }
        if let ("timestamp", Some(of)) = (call.func.name, call.args.args.first())
            && !matches!(inner(of), Expr::VectorSelector(_))
        {
            self.traps.push(
                "timestamp() of anything but a selector is the time of evaluation".to_owned(),
            );
        }
        for argument in &call.args.args {
            self.select(argument, Some(call.func.name));
        }
    }

    fn binary(&mut self, binary: &BinaryExpr) {
        if let Some(modifier) = &binary.modifier {
            let matching = modifier.matching.iter().map(LabelModifier::labels);
            for labels in matching.chain(modifier.card.labels()) {
                self.grouping.extend(labels.labels.iter().cloned());
            }
        }
        self.select(&binary.lhs, None);
        self.select(&binary.rhs, None);
        let matching = binary.modifier.as_ref().and_then(|m| m.matching.as_ref());
        if let [Some(one), Some(other)] = [&binary.lhs, &binary.rhs].map(|side| series(side))
            && matching.is_none()
            && !binary.op.is_set_operator()
        {
            self.pairs.push([one, other]);
        }
        if !binary.op.is_comparison_operator() {
            return;
        }
        if let (T_GTR, Expr::NumberLiteral(limit)) = (binary.op.id(), &*binary.rhs) {
            self.limits.push(limit.val);
        }
        if matches!(&*binary.lhs, Expr::Call(call) if call.func.name == "vector") {
            self.traps
                .push("the comparison binds to vector() alone: parentheses are missing".to_owned());
        }
        for (side, other) in [(&binary.lhs, &binary.rhs), (&binary.rhs, &binary.lhs)] {
            if let Expr::NumberLiteral(number) = inner(other) {
                let mut quantiles = Quantiles::default();
                let Ok(_) = walk_expr(&mut quantiles, side);
                let found = quantiles.buckets.into_iter();
                self.thresholds.extend(found.map(|name| (number.val, name)));
            }
        }
    }
}

impl ExprVisitor for Parts {
    type Error = Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Infallible> {
        match expr {
            Expr::Aggregate(aggregate) => {
                let labels = aggregate.modifier.iter().map(LabelModifier::labels);
                self.grouping
                    .extend(labels.flat_map(|labels| labels.labels.iter().cloned()));
                self.select(&aggregate.expr, None);
            }
            Expr::Binary(binary) => self.binary(binary),
            Expr::Call(call) => self.call(call),
            Expr::Paren(paren) => self.select(&paren.expr, None),
            Expr::Unary(unary) => self.select(&unary.expr, None),
            Expr::Subquery(subquery) => self.select(&subquery.expr, None),
            _ => {}
        }
        Ok(true)
    }
}

/// The bucket series inside of every `histogram_quantile`.
#[derive(Default)]
struct Quantiles {
    buckets: Vec<String>,
}

impl ExprVisitor for Quantiles {
    type Error = Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Infallible> {
        if let Expr::Call(call) = expr
            && call.func.name == "histogram_quantile"
        {
            let mut inside = Parts::default();
            let Ok(_) = walk_expr(&mut inside, expr);
            let names = inside.selectors.into_iter();
            self.buckets
                .extend(names.filter_map(|selector| selector.vector.name));
        }
        Ok(true)
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
