//! Finds the commands of a page.
//!
//! ```text
//! ~~~sh run          the commands, typed as they stand
//! ~~~text output     what they print, if it is shown
//! ```

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// The info string of a fence that is run.
const RUN: &str = "sh run";
/// The info string of what it prints.
const OUTPUT: &str = "text output";

/// Commands of a page, and what they print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The page's path from the root.
    pub(crate) file: String,
    /// The line of the fence.
    pub(crate) line: usize,
    /// What is typed.
    pub(crate) commands: String,
    /// What is printed then; none if the page doesn't show it.
    pub(crate) output: Option<String>,
}

impl Step {
    /// File, line and first command.
    pub(crate) fn place(&self) -> String {
        let first = self.commands.lines().next().unwrap_or_default();
        format!("{}:{} {first}", self.file, self.line)
    }
}

/// The page's steps, from the top down.
pub(crate) fn steps(file: &str, text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // An output belongs to the command right above it, not to one further up.
    let mut follows_command = false;
    let mut fence: Option<(String, usize, String)> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let line = text[..range.start].matches('\n').count() + 1;
                fence = Some((info.to_string(), line, String::new()));
            }
            Event::Text(part) => {
                if let Some((_, _, content)) = &mut fence {
                    content.push_str(&part);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let Some((info, line, content)) = fence.take() else {
                    continue;
                };
                if info == RUN {
                    steps.push(Step {
                        file: file.to_owned(),
                        line,
                        commands: content,
                        output: None,
                    });
                } else if let (OUTPUT, true, Some(step)) =
                    (info.as_str(), follows_command, steps.last_mut())
                {
                    step.output = Some(content);
                }
                follows_command = info == RUN;
            }
            _ => {}
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_run_and_what_it_prints() {
        let page = "# A\n\n```sh run\necho 1\n```\n\n```text output\n1\n```\n\n```sh\nrm -rf /\n```\n\n- list\n  ```sh run\n  echo 2\n  ```\n";
        let found = steps("docs/a.md", page);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].place(), "docs/a.md:3 echo 1");
        assert_eq!(found[0].output.as_deref(), Some("1\n"));
        assert_eq!(
            (found[1].commands.as_str(), &found[1].output),
            ("echo 2\n", &None)
        );
    }

    #[test]
    fn an_output_belongs_to_the_command_right_above_it() {
        let page = "```sh run\necho 1\n```\n```sh\necho 2\n```\n```text output\n2\n```\n";
        assert_eq!(steps("a", page)[0].output, None);
    }
}
