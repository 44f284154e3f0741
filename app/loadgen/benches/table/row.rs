//! One line of the table.

/// What was measured, and what was wanted.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) measured: String,
    pub(crate) wanted: String,
    /// `None` where there was nothing to compare with.
    pub(crate) is_met: Option<bool>,
}

impl Row {
    /// A row that compares.
    pub(crate) fn new(
        what: impl Into<String>,
        measured: String,
        wanted: String,
        is_met: bool,
    ) -> Self {
        Self {
            what: what.into(),
            measured,
            wanted,
            is_met: Some(is_met),
        }
    }

    /// A row that could not be measured.
    pub(crate) fn without(what: impl Into<String>, why: &str) -> Self {
        Self {
            what: what.into(),
            measured: why.into(),
            wanted: "-".into(),
            is_met: None,
        }
    }

    /// Prints it as a row of a Markdown table.
    pub(crate) fn print(&self) {
        let verdict = match self.is_met {
            Some(true) => "reached",
            Some(false) => "**missed**",
            None => "not measured",
        };
        println!(
            "| {} | {} | {} | {verdict} |",
            self.what, self.measured, self.wanted
        );
    }
}

/// Prints the head of the table.
pub(crate) fn print_head() {
    println!("| what | measured | wanted | |\n|---|---|---|---|");
}
