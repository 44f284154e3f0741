//! The runbooks: Markdown files of one folder, as the pages that alerts link.

use std::io;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};
use thiserror::Error;

/// A folder of `NAME.md`. Read anew for every request, so that an edit is seen at once.
#[derive(Debug, Clone)]
pub(crate) struct Runbooks(PathBuf);

/// Why there is no runbook.
#[derive(Debug, Error)]
pub(crate) enum RunbookError {
    /// There is none of that name.
    #[error("there is no runbook of this name")]
    Unknown,
    /// The file or the folder cannot be read.
    #[error("the runbooks cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

impl Runbooks {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Their names, sorted.
    pub(crate) async fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let mut files = tokio::fs::read_dir(&self.0).await?;
        while let Some(file) = files.next_entry().await? {
            let name = file.file_name();
            if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".md"))
                && is_name(name)
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// One of them, as HTML.
    pub(crate) async fn html(&self, name: &str) -> Result<String, RunbookError> {
        if !is_name(name) {
            return Err(RunbookError::Unknown);
        }
        match tokio::fs::read_to_string(self.0.join(format!("{name}.md"))).await {
            Ok(markdown) => Ok(to_html(&markdown)),
            Err(failure) if failure.kind() == io::ErrorKind::NotFound => Err(RunbookError::Unknown),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// Nothing that could lead out of the folder.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// Everything is escaped: HTML in the text is shown, not interpreted, and only links that a runbook needs remain links.
fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(markdown, options).map(|mut event| {
        match &mut event {
            Event::Html(text) | Event::InlineHtml(text) => return Event::Text(text.clone()),
            Event::Start(Tag::Link { dest_url, .. }) => *dest_url = safe_link(dest_url),
            Event::Start(Tag::Image { dest_url, .. }) => *dest_url = "".into(),
            _ => {}
        }
        event
    });
    let mut page = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut page, events);
    page
}

/// Web addresses, places on the page, and other runbooks by their file name; anything else leads nowhere.
fn safe_link<'a>(url: &CowStr<'a>) -> CowStr<'a> {
    let starts = ["http://", "https://", "#"];
    if starts.iter().any(|start| url.starts_with(start)) {
        return url.clone();
    }
    match url.strip_suffix(".md").filter(|name| is_name(name)) {
        Some(name) => format!("/runbooks/{name}").into(),
        None => "#".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_in_a_runbook_is_text() {
        let page = to_html(
            "# A <b>\n\n<script>alert(1)</script>\n\nx <img src=x onerror=alert(1)> y\n\n`<i>`\n\n| a |\n|---|\n| 1 |",
        );
        for markup in ["<script", "<img", "<b>"] {
            assert!(!page.contains(markup), "{page}");
        }
        for shown in ["&lt;script&gt;", "<code>&lt;i&gt;</code>", "<td>1</td>"] {
            assert!(page.contains(shown), "{page}");
        }
    }

    #[test]
    fn only_harmless_links_remain() {
        let page = to_html(
            "[a](javascript:alert(1)) [b](HighLatency.md) [c](https://example.org/) [d](../x) ![e](http://x/y)",
        );
        let links = page.split("href=\"").skip(1);
        let links: Vec<_> = links.filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(
            links,
            ["#", "/runbooks/HighLatency", "https://example.org/", "#"]
        );
        assert!(!page.contains("http://x/y"), "{page}");
    }
}
