//! Whether a command prints what its page shows. Numbers, ids and the width of columns differ from run to run; words don't.
//!
//! In what a page shows, `…` stands for any text in a line, and for any lines when it is the whole line.

use anyhow::{Result, bail};

/// Stands for what is left out.
const ANY: &str = "…";

/// Compares what is printed with what is shown.
pub(crate) fn compare(shown: &str, printed: &str) -> Result<()> {
    let shown: Vec<String> = shown.trim_end().lines().map(masked).collect();
    let printed: Vec<String> = printed.trim_end().lines().map(masked).collect();
    if matches(&shown, &printed) {
        return Ok(());
    }
    let differs = shown
        .iter()
        .find(|line| *line != ANY && !printed.iter().any(|p| line_matches(line, p)));
    let differs = differs.map_or("the order of the lines", String::as_str);
    bail!(
        "prints something else than the page shows, at: {differs}\nprinted:\n{}",
        printed.join("\n")
    )
}

fn matches(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((any, rest)) if any == ANY => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| line_matches(line, first) && matches(rest, others)),
    }
}

/// Every part between the `…` is there, in order.
fn line_matches(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split(ANY);
    let Some(mut left) = parts.next().and_then(|start| printed.strip_prefix(start)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
        last = Some(part);
    }
    // What follows the last `…` must also be the end.
    left.is_empty() || last.is_some_and(|part| part.is_empty() || printed.ends_with(part))
}

/// Ids and numbers become `#`, and several spaces one.
fn masked(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(mask_word).collect();
    words.join(" ")
}

fn mask_word(word: &str) -> String {
    let mut masked = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let id = rest
            .find(|c: char| !c.is_ascii_hexdigit() && c != '-')
            .unwrap_or(rest.len());
        let number = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let taken = if is_uuid(&rest[..id]) {
            id
        } else if first.is_ascii_digit() {
            number
        } else {
            masked.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        masked.push('#');
        rest = exponent(&rest[taken..]);
    }
    masked
}

fn is_uuid(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// What follows the exponent of a number, if there is one.
fn exponent(rest: &str) -> &str {
    let digits = rest
        .strip_prefix('e')
        .map(|rest| rest.trim_start_matches(['+', '-']));
    match digits {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => {
            digits.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ids_may_differ() {
        let shown = r#"{"id":"7f0c52ab-3a31-4d0c-9a51-0f9e2b5a7c11","duration_seconds":0.08}"#;
        let printed = r#"{"id":"00000000-3a31-4d0c-9a51-0f9e2b5a7c11","duration_seconds":1.5e-05}"#;
        compare(shown, printed).expect("only numbers differ");
        compare("a   12 ms", "a 3.5 ms").expect("only numbers differ");
    }

    #[test]
    fn words_may_not() {
        for (shown, printed) in [
            ("status success 1", "status failure 1"),
            ("one\ntwo", "two\none"),
            ("one", "one\ntwo"),
            ("one\ntwo", "one"),
            ("a … c", "a b d"),
        ] {
            assert!(compare(shown, printed).is_err(), "{shown}");
        }
    }

    #[test]
    fn what_is_left_out_may_be_anything() {
        compare("one\n…\nlast", "one\ntwo\nthree\nlast").expect("lines are left out");
        compare("a … c", "a b b c").expect("words are left out");
        compare("…", "").expect("nothing may be left out too");
    }
}
