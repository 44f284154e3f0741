//! A Markdown file as data: its links, its headings, its code, its tables.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::repository::read;

/// A Markdown file.
#[derive(Default)]
pub struct Page {
    /// Its path from the root.
    pub file: String,
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
    ///
    /// # Panics
    /// It is not there.
    pub fn read(file: &str) -> Self {
        Self::parse(file, &read(file))
    }

    /// Takes a page apart.
    pub fn parse(file: &str, text: &str) -> Self {
        let mut page = Self {
            file: file.to_owned(),
            ..Self::default()
        };
        let mut link: Option<Link> = None;
        let mut heading: Option<String> = None;
        let mut block: Option<Block> = None;
        let mut row: Option<Vec<Cell>> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. }) => {
                    if let Some(cell) = current(&mut row) {
                        cell.link = Some(dest_url.to_string());
                    }
                    link = Some(Link {
                        target: dest_url.to_string(),
                        text: String::new(),
                    });
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
                    if let Some(row) = &mut row {
                        row.push(Cell::default());
                    }
                }
                Event::End(TagEnd::TableRow) => page.rows.extend(row.take()),
                Event::Code(part) => {
                    if let Some(cell) = current(&mut row) {
                        cell.code = Some(part.to_string());
                    }
                    let titles = [link.as_mut().map(|link| &mut link.text), heading.as_mut()];
                    if titles.iter().all(Option::is_none) {
                        page.code.push(part.to_string());
                    }
                    for title in titles.into_iter().flatten() {
                        title.push_str(&part);
                    }
                }
                Event::Text(part) => {
                    if let Some(cell) = current(&mut row) {
                        cell.text.push_str(&part);
                    }
                    let code = block.as_mut().map(|block| &mut block.text);
                    let title = link.as_mut().map(|link| &mut link.text);
                    for target in [code, title, heading.as_mut()].into_iter().flatten() {
                        target.push_str(&part);
                    }
                }
                _ => {}
            }
        }
        page
    }
}

fn current(row: &mut Option<Vec<Cell>>) -> Option<&mut Cell> {
    row.as_mut()?.last_mut()
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
        let [link, in_table] = &page.links[..] else {
            panic!("two links")
        };
        assert_eq!((&*link.target, &*link.text), ("f.md#g", "d e"));
        assert_eq!(in_table.target, "l");
        let block = &page.blocks[0];
        assert_eq!(
            (&*block.info, block.line, &*block.text),
            ("sh run", 6, "i\n")
        );
        let [first, second] = &page.rows[0][..] else {
            panic!("two cells")
        };
        assert_eq!((&*first.text, first.code.is_none()), ("j", true));
        assert_eq!(second.link.as_deref(), Some("l"));
        assert_eq!(second.code.as_deref(), Some("m"));
    }
}
