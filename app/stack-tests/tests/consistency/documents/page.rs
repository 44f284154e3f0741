//! A Markdown file as data: its links, its headings, its code.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use stack_tests::repository::read;

/// A Markdown file.
pub(super) struct Page {
    /// Its path from the root.
    pub(super) file: String,
    /// Target and text of every link.
    pub(super) links: Vec<(String, String)>,
    /// Every heading as an anchor.
    pub(super) anchors: Vec<String>,
    /// Code in the text, and the lines of the boxes that are typed.
    pub(super) code: Vec<String>,
    /// Everything.
    pub(super) text: String,
}

impl Page {
    pub(super) fn read(file: &str) -> Self {
        Self::parse(file, &read(file))
    }

    pub(super) fn parse(file: &str, text: &str) -> Self {
        let mut page = Self {
            file: file.to_owned(),
            links: Vec::new(),
            anchors: Vec::new(),
            code: Vec::new(),
            text: text.to_owned(),
        };
        let mut link: Option<(String, String)> = None;
        let mut heading: Option<String> = None;
        let mut is_typed = false;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. }) => {
                    link = Some((dest_url.to_string(), String::new()));
                }
                Event::End(TagEnd::Link) => page.links.extend(link.take()),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.anchors
                        .extend(heading.take().map(|text| anchor(&text)));
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    // Boxes of text are what is printed: that names what is gone as well.
                    is_typed = matches!(kind, pulldown_cmark::CodeBlockKind::Fenced(info) if info.starts_with("sh"));
                }
                Event::End(TagEnd::CodeBlock) => is_typed = false,
                Event::Text(part) | Event::Code(part) if link.is_some() || heading.is_some() => {
                    if let Some((_, text)) = &mut link {
                        text.push_str(&part);
                    }
                    if let Some(text) = &mut heading {
                        text.push_str(&part);
                    }
                }
                Event::Code(part) => page.code.push(part.to_string()),
                Event::Text(part) if is_typed => {
                    page.code.extend(part.lines().map(ToOwned::to_owned));
                }
                _ => {}
            }
        }
        page
    }
}

/// A heading as it is linked: small letters, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-' || *c == '_')
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
