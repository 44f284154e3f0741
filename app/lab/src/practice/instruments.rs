//! The instruments: the body of `create_metrics()` and the recording are taken out, the tests of order-service are the marker.
//!
//! What is taken out is found by Rust's syntax, so that an edit elsewhere in the file moves nothing.

mod marker;

use std::ops::Range;

use anyhow::{Context, Result, ensure};
use syn::{Block, ImplItem, Item, Type};

pub use marker::{judge, test};

/// Where all instruments are.
pub const FILE: &str = "app/order-service/src/metrics/instruments.rs";

/// What stands in a gap.
const MARK: &str = "PRACTICE";

/// The function whose body is taken out, and the task that is left there.
const CREATE: (&str, &str) = (
    "create_metrics",
    "
    // PRACTICE: create the instruments that `Metrics` holds, with `meter`: three counters, three histograms in seconds with the
    // bounds above, an UpDownCounter. Names have dots (orders.processed) and no unit; the exporter adds `_total` and the unit.
    // Then start every known series at 0 and create the gauges: the functions for both are below.
    // Names, help, labels and buckets: tests/golden/metrics.txt
    todo!(\"practice: make the instruments\")
",
);

/// The methods of `impl OrderEvents for Metrics` whose bodies are taken out.
const RECORD: [(&str, &str); 3] = [
    (
        "picked_up",
        "
        // PRACTICE: record how long the order waited, in seconds.
    ",
    ),
    (
        "finished",
        "
        // PRACTICE: record how long the order took, and count it by how it ended. `status_labels` has the labels.
    ",
    ),
    (
        "rejected",
        "
        // PRACTICE: count the refused order by its reason. `reason_labels` has the labels.
    ",
    ),
];

/// The file with the gap in it.
///
/// # Errors
/// Something that should be taken out is not there.
pub fn gap(committed: &str) -> Result<String> {
    let mut text = committed.to_owned();
    for cut in cuts(committed)? {
        text.replace_range(cut.range, cut.task);
    }
    Ok(text)
}

/// The file with each piece taken out by itself.
///
/// # Errors
/// Something that should be taken out is not there.
pub fn single_gaps(committed: &str) -> Result<Vec<String>> {
    let cut = |cut: Cut| {
        let mut text = committed.to_owned();
        text.replace_range(cut.range, cut.task);
        text
    };
    Ok(cuts(committed)?.into_iter().map(cut).collect())
}

/// The present file with the committed bodies in it; the whole committed file where it is not Rust with these functions.
///
/// # Errors
/// A body is not in the committed file.
pub fn solved(current: &str, committed: &str) -> Result<String> {
    let originals = cuts(committed)?;
    let Ok(places) = bodies(current) else {
        return Ok(committed.to_owned());
    };
    let mut text = current.to_owned();
    for place in places {
        let original = originals.iter().find(|cut| cut.name == place.name);
        let original = original.context("the same functions in both")?;
        text.replace_range(place.range, &committed[original.range.clone()]);
    }
    Ok(text)
}

/// What is taken out where, and what is left there.
struct Cut {
    name: &'static str,
    range: Range<usize>,
    task: &'static str,
}

/// The bodies of a file without a gap.
fn cuts(committed: &str) -> Result<Vec<Cut>> {
    ensure!(
        !committed.contains(MARK),
        "the committed {FILE} has a gap already; commit the solution first: scripts/lab solution instruments"
    );
    bodies(committed)
}

/// The bodies; the last comes first, so that what is still to be replaced stays where it is.
fn bodies(text: &str) -> Result<Vec<Cut>> {
    let parsed = syn::parse_file(text).context(FILE)?;
    let (name, task) = CREATE;
    let range = function(&parsed.items, name)?;
    let mut cuts = vec![Cut { name, range, task }];
    for (name, task) in RECORD {
        let range = method(&parsed.items, name)?;
        cuts.push(Cut { name, range, task });
    }
    cuts.sort_by_key(|cut| std::cmp::Reverse(cut.range.start));
    Ok(cuts)
}

/// Where the body of the function is.
fn function(items: &[Item], name: &str) -> Result<Range<usize>> {
    let found = items.iter().find_map(|item| match item {
        Item::Fn(function) if function.sig.ident == name => Some(inside(&function.block)),
        _ => None,
    });
    found.with_context(|| format!("{FILE} has no function {name}"))
}

/// Where the body of the recording method is.
fn method(items: &[Item], name: &str) -> Result<Range<usize>> {
    let is_named =
        |ty: &Type, name: &str| matches!(ty, Type::Path(path) if path.path.is_ident(name));
    let found = items
        .iter()
        .filter_map(|item| match item {
            Item::Impl(block) if is_named(&block.self_ty, "Metrics") => Some(block),
            _ => None,
        })
        .filter(|block| {
            let of = block.trait_.as_ref().map(|(path, _)| path);
            of.is_some_and(|path| path.is_ident("OrderEvents"))
        })
        .flat_map(|block| &block.items)
        .find_map(|item| match item {
            ImplItem::Fn(method) if method.sig.ident == name => Some(inside(&method.block)),
            _ => None,
        });
    found.with_context(|| format!("{FILE} does not implement OrderEvents::{name} for Metrics"))
}

/// Between the braces.
fn inside(block: &Block) -> Range<usize> {
    let braces = block.brace_token.span;
    braces.open().byte_range().end..braces.close().byte_range().start
}

#[cfg(test)]
mod tests {
    use stack_tests::repository;

    use super::*;

    #[test]
    fn exactly_the_four_bodies_are_taken_out() {
        let committed = repository::read(FILE);
        let gap = gap(&committed).expect("all four are there");
        syn::parse_file(&gap).expect("the gap is Rust");
        assert_eq!(gap.matches(MARK).count(), 4);
        let kept: Vec<_> = gap.lines().filter(|line| !line.contains("//")).collect();
        assert!(kept.contains(&"impl OrderEvents for Metrics {"));
        assert!(
            kept.iter()
                .any(|line| line.contains("fn create_series(&self)"))
        );
        for taken in [
            "u64_counter",
            "order_duration.record",
            "orders_rejected.add(1",
        ] {
            assert!(committed.contains(taken) && !gap.contains(taken), "{taken}");
        }
    }

    #[test]
    fn the_solution_leaves_all_else_as_it_is() {
        let committed = repository::read(FILE);
        let gap = gap(&committed).expect("all four are there");
        let mine = "\n/// Of the learner.\nconst MINE: u8 = 1;\n";
        let solved_with = |current: String| solved(&current, &committed).expect("all are there");
        assert_eq!(
            solved_with(gap.clone() + mine),
            format!("{committed}{mine}")
        );
        let unclosed = gap.replacen('}', "", 1);
        assert_eq!(solved_with(unclosed), committed);
    }

    #[test]
    fn a_gap_is_not_cut_into_a_gap() {
        let once = gap(&repository::read(FILE)).expect("all four are there");
        assert!(gap(&once).is_err());
    }
}
