//! A Markdown file as data: its links, its headings, its code, its tables.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::repository::read;

/// A Markdown file.
#[derive(Default)]
pub struct Page {
    /// Its path from the root.
    pub file: String,
    /// As it was read.
    pub source: String,
    /// In text, tables and headings.
    pub links: Vec<Link>,
    /// Every heading as an anchor.
    pub anchors: Vec<String>,
    /// Code within the text.
    pub code: Vec<String>,
    /// Fenced code.
    pub blocks: Vec<Block>,
    /// The rows of all tables, without their heads.
    pub rows: Vec<Vec<Cell>>,
}

/// A link as it is written.
pub struct Link {
    /// An address or a path from the page's folder.
    pub target: String,
    /// What is shown.
    pub text: String,
}

/// A fenced block.
pub struct Block {
    /// What follows the opening fence, such as `sh run`.
    pub info: String,
    /// The line of the opening fence, from 1.
    pub line: usize,
    /// What is between the fences.
    pub text: String,
}

/// A cell of a table.
#[derive(Default)]
pub struct Cell {
    /// Without its code.
    pub text: String,
    /// The last code in it.
    pub code: Option<String>,
    /// The target of the last link in it.
    pub link: Option<String>,
}

impl Page {
    /// Reads a page, by its path from the root.
    pub fn read(file: &str) -> Self {
        Self::parse(file, &read(file))
    }

    /// Takes a page apart.
    pub fn parse(file: &str, text: &str) -> Self {
        let mut page = Self {
            file: file.to_owned(),
            source: text.to_owned(),
            ..Self::default()
        };
        let mut link: Option<Link> = None;
        let mut heading: Option<String> = None;
        let mut block: Option<Block> = None;
        let mut row: Option<Vec<Cell>> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let cell = row.as_mut().and_then(|row| row.last_mut());
            match event {
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let target = dest_url.to_string();
                    if let Some(cell) = cell {
                        cell.link = Some(target.clone());
                    }
                    let text = String::new();
                    link = Some(Link { target, text });
                }
                Event::End(TagEnd::Link) => page.links.extend(link.take()),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let title = heading.take();
                    page.anchors.extend(title.as_deref().map(anchor));
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => info.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    block = Some(Block {
                        info,
                        line: text[..range.start].matches('\n').count() + 1,
                        text: String::new(),
                    });
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Start(Tag::TableRow) => row = Some(Vec::new()),
                Event::Start(Tag::TableCell) => {
                    row.get_or_insert_default().push(Cell::default());
                }
                Event::End(TagEnd::TableRow) => page.rows.extend(row.take()),
                Event::Code(part) => {
                    if let Some(cell) = cell {
                        cell.code = Some(part.to_string());
                    }
                    if link.is_none() && heading.is_none() {
                        page.code.push(part.to_string());
                    }
                    let titles = [link.as_mut().map(|link| &mut link.text), heading.as_mut()];
                    for title in titles.into_iter().flatten() {
                        title.push_str(&part);
                    }
                }
                Event::Text(part) => {
                    let cell = cell.map(|cell| &mut cell.text);
                    let code = block.as_mut().map(|block| &mut block.text);
                    let title = link.as_mut().map(|link| &mut link.text);
                    for target in [cell, code, title, heading.as_mut()].into_iter().flatten() {
                        target.push_str(&part);
                    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_page_apart() {
        let page = Page::parse(
            "docs/a.md",
            "# A `b`: c\n\n[d `e`](f.md#g) and `h`\n\n- list\n  ```sh run\n  i\n  ```\n\n| x | y |\n|---|---|\n| j | [k](l) `m` |\n",
        );
        assert_eq!(page.anchors, ["a-b-c"]);
        assert_eq!(page.code, ["h", "m"]);
        let links = page.links.iter().map(|link| (&*link.target, &*link.text));
        assert_eq!(links.collect::<Vec<_>>(), [("f.md#g", "d e"), ("l", "k")]);
        let Block { info, line, text } = &page.blocks[0];
        assert_eq!((&**info, *line, &**text), ("sh run", 6, "i\n"));
        let cells = page.rows[0].iter();
        let cells = cells.map(|cell| (&*cell.text, cell.code.as_deref(), cell.link.as_deref()));
        let expected = [("j", None, None), ("k ", Some("m"), Some("l"))];
        assert_eq!(cells.collect::<Vec<_>>(), expected);
    }
}
