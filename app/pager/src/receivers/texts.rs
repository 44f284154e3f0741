//! What our Alertmanager configuration writes about the alerts of a message, read back.
//!
//! `observability/alertmanager/templates/orderwatch.tmpl` writes it: first what all alerts have in common, a `* name = value` for
//! each label and a `* name: value` for each annotation; then, of each alert, a line with its time, and, indented, the summary,
//! the description and what only this one has. The further lines of a value are indented by two more blanks.

use crate::notification::{Alert, Pairs, Status};

/// Ten that fire and ten that are over.
const MAX_ALERTS: usize = 20;
/// Annotations that a message may have as links instead.
const LINKS: [&str; 2] = ["runbook_url", "dashboard_url"];

/// What a message says about its alerts.
#[derive(Debug, Default)]
pub(super) struct AlertList {
    /// The labels that all have in common.
    pub(super) labels: Pairs,
    /// The annotations that all have in common.
    pub(super) annotations: Pairs,
    pub(super) alerts: Vec<Alert>,
    /// How many more there are.
    pub(super) more: usize,
}

impl AlertList {
    /// Reads both texts. `links` are those of the message; in common, if no alert has one of its own.
    pub(super) fn read(common: &str, alerts: &str, links: &Pairs) -> Self {
        let mut list = Self::default();
        for line in joined(lines(common)) {
            note(&line, &mut list.labels, &mut list.annotations);
        }
        let mut rest = lines(alerts).peekable();
        while let Some(head) = rest.next() {
            let body = std::iter::from_fn(|| rest.next_if(|line| line.starts_with("  ")));
            let body = joined(body.map(|line| &line[2..]));
            match status(head) {
                Some(status) if list.alerts.len() < MAX_ALERTS => {
                    list.alerts.push(alert(status, body));
                }
                _ => list.more = list.more.saturating_add(more(head).unwrap_or_default()),
            }
        }
        for name in LINKS {
            let own = |alert: &Alert| alert.annotations.contains_key(name);
            if let Some(url) = links.get(name).filter(|_| !list.alerts.iter().any(own)) {
                list.annotations.insert(name.to_owned(), url.clone());
            }
        }
        list.share();
        list
    }

    /// Gives each alert what is common to all, and finds out which texts are.
    fn share(&mut self) {
        for alert in &mut self.alerts {
            alert.labels.extend(self.labels.clone());
            alert.annotations.extend(self.annotations.clone());
        }
        if let Some((first, others)) = self.alerts.split_first() {
            let common = |(name, value): &(&String, &String)| {
                others
                    .iter()
                    .all(|alert| alert.annotations.get(*name) == Some(value))
            };
            let common = first.annotations.iter().filter(common);
            self.annotations = common
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
        }
    }
}

/// The lines, without the empty one after the last line feed. A carriage return is part of a line.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.strip_suffix('\n').unwrap_or(text).split('\n')
}

/// One text for each line that is not indented, with the lines that continue it.
fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for line in lines {
        match (line.strip_prefix("  "), texts.last_mut()) {
            (Some(rest), Some(text)) => {
                text.push('\n');
                text.push_str(rest);
            }
            _ => texts.push(line.to_owned()),
        }
    }
    texts
}

/// What the line with an alert's time says.
fn status(head: &str) -> Option<Status> {
    let time = |from: &str| {
        head.strip_prefix(from)
            .is_some_and(|rest| rest.contains(" UTC"))
    };
    if time("Since ") {
        Some(Status::Firing)
    } else {
        time("From ").then_some(Status::Resolved)
    }
}

fn more(line: &str) -> Option<usize> {
    line.strip_prefix("and ")?
        .strip_suffix(" more")?
        .parse()
        .ok()
}

fn alert(status: Status, texts: Vec<String>) -> Alert {
    let mut alert = Alert {
        status,
        labels: Pairs::new(),
        annotations: Pairs::new(),
    };
    let mut texts = texts.into_iter();
    for name in ["summary", "description"] {
        if let Some(text) = texts.next().filter(|text| !text.is_empty()) {
            alert.annotations.insert(name.to_owned(), text);
        }
    }
    for line in texts {
        note(&line, &mut alert.labels, &mut alert.annotations);
    }
    alert
}

/// `* name = value` is a label, `* name: value` an annotation. A name with unusual characters is a JSON string.
fn note(line: &str, labels: &mut Pairs, annotations: &mut Pairs) {
    let Some(line) = line.strip_prefix("* ") else {
        return;
    };
    let mut quoted = serde_json::Deserializer::from_str(line).into_iter::<String>();
    let (name, rest) = if let Some(Ok(name)) = quoted.next() {
        (name, &line[quoted.byte_offset()..])
    } else {
        let name = line.split(' ').next().unwrap_or_default();
        let name = name.strip_suffix(':').unwrap_or(name);
        (name.to_owned(), &line[name.len()..])
    };
    if let Some(value) = rest.strip_prefix(" = ") {
        labels.insert(name, value.to_owned());
    } else if let Some(value) = rest.strip_prefix(": ") {
        annotations.insert(name, value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(common: &str, alerts: &str) -> AlertList {
        let runbook = ("runbook_url".to_owned(), "http://a/1".to_owned());
        AlertList::read(common, alerts, &[runbook].into())
    }

    #[test]
    fn reads_each_alert_with_what_all_have_in_common() {
        let list = list(
            "* job = a = b: c\n* \"odd: name\" = x\n* note: \n",
            "Since 2026-01-01 00:00:00 UTC\n  one\n    and a half\n  * a: no bullet\n  * instance = a\n    b\n      c\n\
             none\nFrom 2026-01-01 00:00:00 to 00:01:00 UTC, 1m 0s\n  \n  \n  * summary: \n  * instance = c\r\nand 490 more\n",
        );
        assert_eq!(list.more, 490);
        let pairs = |pairs: &Pairs| {
            let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>()
        };
        let [first, second] = &list.alerts[..] else {
            panic!("{:?}", list.alerts);
        };
        assert_eq!(
            (first.status, second.status),
            (Status::Firing, Status::Resolved)
        );
        assert_eq!(
            pairs(&first.labels),
            ["instance=a\nb\n  c", "job=a = b: c", "odd: name=x"]
        );
        assert_eq!(
            pairs(&first.annotations),
            [
                "description=* a: no bullet",
                "note=",
                "runbook_url=http://a/1",
                "summary=one\nand a half"
            ]
        );
        assert_eq!(
            pairs(&second.labels),
            ["instance=c\r", "job=a = b: c", "odd: name=x"]
        );
        assert_eq!(
            pairs(&second.annotations),
            ["note=", "runbook_url=http://a/1", "summary="]
        );
        assert_eq!(
            pairs(&list.annotations),
            ["note=", "runbook_url=http://a/1"]
        );
    }

    #[test]
    fn a_link_of_one_alert_is_not_given_to_another() {
        let list = list(
            "",
            "Since 2026-01-01 00:00:00 UTC\n  \n  \n  * runbook_url: http://a/1\nSince 2026-01-01 00:00:00 UTC\n  \n  \n",
        );
        assert!(list.annotations.is_empty() && list.alerts[1].annotations.is_empty());
    }

    #[test]
    fn what_somebody_else_wrote_is_about_no_alert() {
        let list = list("a = b", "Since noon\n  it is dark\nand many more");
        assert!(list.labels.is_empty() && list.alerts.is_empty() && list.more == 0);
    }

    #[test]
    fn a_message_made_to_fill_the_memory_does_not() {
        let common = format!("* a = {}\n", "x".repeat(250_000));
        let list = list(&common, &"Since 2026 UTC\n".repeat(17_000));
        assert_eq!(list.alerts.len(), MAX_ALERTS);
    }
}
