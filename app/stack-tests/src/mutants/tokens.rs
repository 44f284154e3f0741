//! An expression of `PromQL` as tokens, each with its place in the text: the syntax tree of `promql-parser` has no places.

use std::ops::Range;
use std::sync::LazyLock;

use regex_lite::Regex;

/// What a token is, as far as mutations differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Duration,
    Number,
    /// A keyword, a function, a metric or a label.
    Word,
    /// An operator or a bracket.
    Sign,
}

/// One token.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
    /// The brackets that are open around it; a bracket itself stands outside.
    pub(super) depth: usize,
    /// Whether it is one of the matchers of a selector.
    pub(super) in_matchers: bool,
}

impl Token<'_> {
    pub(super) fn is(&self, text: &str) -> bool {
        self.kind != Kind::String && self.text.eq_ignore_ascii_case(text)
    }

    pub(super) fn is_any(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.is(text))
    }
}

/// The alternatives stand in the order of [`Kind`], behind comments, which are dropped.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(#[^\n]*)",
        r#"|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)"#,
        r"|((?:[0-9]+(?:ms|[smhdwy]))+\b)",
        r"|(0[xX][0-9a-fA-F]+|[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)",
        r"|([A-Za-z_:][A-Za-z_][A-Za-z0-9_:]*|[A-Za-z_][A-Za-z0-9_:]*)",
        r"|(=~|!~|==|!=|>=|<=|[-+*/%^<>=(){}\[\],:@])",
    ))
    .expect("a valid expression")
});

/// The tokens of an expression, without comments.
pub(super) fn of(text: &str) -> Vec<Token<'_>> {
    const KINDS: [Kind; 5] = [
        Kind::String,
        Kind::Duration,
        Kind::Number,
        Kind::Word,
        Kind::Sign,
    ];
    let (mut depth, mut in_matchers) = (0, false);
    let mut tokens = Vec::new();
    for found in TOKEN.captures_iter(text) {
        let Some((kind, found)) = (2..)
            .zip(KINDS)
            .find_map(|(n, kind)| Some((kind, found.get(n)?)))
        else {
            continue;
        };
        let text = found.as_str();
        if matches!(text, ")" | "]" | "}") {
            depth -= usize::from(depth > 0);
            in_matchers &= text != "}";
        }
        tokens.push(Token {
            kind,
            text,
            range: found.range(),
            depth,
            in_matchers,
        });
        if matches!(text, "(" | "[" | "{") {
            depth += 1;
            in_matchers |= text == "{";
        }
    }
    tokens
}
