//! Chooses between the two displays, and writes to stderr.

use std::io::{IsTerminal, Write};

use rustix::termios::tcgetwinsize;

use super::{Look, Memory};

/// Columns where a terminal doesn't say.
const COLUMNS: u16 = 80;

/// A display on stderr.
#[derive(Debug)]
pub enum Screen {
    /// Drawn over itself.
    Panel {
        /// Lines to go up before drawing again.
        drawn: usize,
    },
    /// One line for each look.
    Plain,
}

impl Screen {
    /// The panel on a terminal; plain lines without one, with `CI`, `NO_COLOR` (no-color.org: set and not empty) or
    /// `TERM=dumb`.
    pub fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let is_dumb = variable("TERM").is_none_or(|term| term == "dumb");
        if std::io::stderr().is_terminal() && !is_set("CI") && !is_set("NO_COLOR") && !is_dumb {
            return Self::Panel { drawn: 0 };
        }
        Self::Plain
    }

    pub(crate) fn show(&mut self, look: &Look<'_>, memory: &Memory) {
        match self {
            Self::Plain => self.draw(Some(&memory.line(look)), &[]),
            Self::Panel { .. } => self.draw(None, &memory.panel(look, columns())),
        }
    }

    /// Draws the panel over itself, each line cut to the terminal's width; without a terminal says the plain line, if there is
    /// one to say.
    pub fn draw(&mut self, line: Option<&str>, panel: &[String]) {
        match (self, line) {
            (Self::Plain, None) => {}
            (Self::Plain, Some(line)) => say(&format!("{line}\n")),
            (Self::Panel { drawn }, _) => {
                let width = columns();
                let lines: Vec<String> = panel
                    .iter()
                    .map(|line| line.chars().take(width).collect())
                    .collect();
                // Up over the old panel; each line is followed by "erase to its end".
                let up = if *drawn > 0 {
                    format!("\x1b[{drawn}A")
                } else {
                    String::new()
                };
                say(&format!("{up}\r{}\x1b[K\n", lines.join("\x1b[K\n")));
                *drawn = lines.len();
            }
        }
    }

    /// Says something between looks.
    pub fn note(&mut self, text: &str) {
        if let Self::Panel { drawn } = self {
            *drawn = 0;
        }
        say(&format!("{text}\n"));
    }
}

/// Writes to stderr at once; a closed stderr must not end the run.
fn say(text: &str) {
    let _nobody_reads = std::io::stderr().lock().write_all(text.as_bytes());
}

/// One column is left free: a line that fills the last one would wrap on some terminals.
fn columns() -> usize {
    let asked = tcgetwinsize(std::io::stderr()).map_or(COLUMNS, |size| size.ws_col);
    usize::from(if asked == 0 { COLUMNS } else { asked })
        .saturating_sub(1)
        .max(20)
}
