//! The parts of a Markdown text that mean something to us, and which lines they take.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::keyword::after;
use super::table;
use crate::place::{Lines, Span};
use crate::spec::{Criterion, ExampleTable, Text};
use crate::wording::one_line;

/// What was found in a text.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// Headings that stand in no list or quote.
    pub(crate) headings: Vec<Heading>,
    /// List items with a box, in the order of the text.
    pub(crate) criteria: Vec<Item>,
    /// Tables.
    pub(crate) tables: Vec<Table>,
    /// Lines of running text, each without what a list or a quote puts before it.
    pub(crate) running: Vec<Span>,
    /// Comments, by their lines.
    pub(crate) comments: Vec<LineSpan>,
    /// What looks like a table and is read as text.
    pub(crate) broken: Vec<BrokenTable>,
}

/// Two lines that look like the head of a table.
#[derive(Debug)]
pub(crate) struct BrokenTable {
    /// The second, of dashes.
    pub(crate) rule: Span,
    /// How many columns each has.
    pub(crate) columns: (usize, usize),
}

/// Lines, the last not included.
pub(crate) type LineSpan = std::ops::Range<usize>;

/// A heading.
#[derive(Debug)]
pub(crate) struct Heading {
    pub(crate) level: HeadingLevel,
    pub(crate) title: Text,
    pub(crate) lines: LineSpan,
}

/// A list item with a box. Its criterion has no details yet.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) criterion: Criterion,
    /// The lines of the wording.
    pub(crate) wording: LineSpan,
    /// All lines of the item.
    pub(crate) lines: LineSpan,
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) table: ExampleTable,
    pub(crate) lines: LineSpan,
}

/// Reads a text from an offset on. Lines that begin with one of these keywords are no part of a
/// wording, though Markdown takes what follows an item at once for its text.
pub(crate) fn outline(text: &str, lines: &Lines<'_>, from: usize, keywords: &[&str]) -> Outline {
    let mut reader = Reader {
        text,
        lines,
        keywords,
        found: Outline::default(),
        depth: 0,
        items: Vec::new(),
        heading: None,
        table: None,
        verbatim: false,
        inline: Inline::default(),
    };
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(&text[from..], options).into_offset_iter();
    for (event, span) in parser {
        reader.take(event, span.start + from..span.end + from);
    }
    reader.end_inline();
    reader.found
}

struct Reader<'t, 'l> {
    text: &'t str,
    lines: &'l Lines<'t>,
    keywords: &'l [&'l str],
    found: Outline,
    /// In how many lists and quotes we are.
    depth: usize,
    /// The list items that we are in, each with its place among the criteria if it has a box.
    items: Vec<OpenItem>,
    heading: Option<(HeadingLevel, Span)>,
    table: Option<(Span, Vec<Span>)>,
    /// Whether we are in code or HTML.
    verbatim: bool,
    inline: Inline,
}

struct OpenItem {
    span: Span,
    /// Where it is among the criteria.
    criterion: Option<usize>,
}

/// The lines of running text that are being read, each a stretch of the source.
#[derive(Debug, Default)]
struct Inline {
    done: Vec<Span>,
    line: Option<Span>,
}

impl Inline {
    /// Something begins.
    fn start(&mut self, at: usize) {
        self.line.get_or_insert(at..at);
    }

    /// It reaches so far.
    fn extend(&mut self, span: Span) {
        let line = self.line.get_or_insert(span.clone());
        line.end = line.end.max(span.end);
    }

    fn break_line(&mut self) {
        self.done.extend(self.line.take());
    }
}

impl Reader<'_, '_> {
    fn take(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Start(tag) => self.start(&tag, span),
            Event::End(tag) => self.end(tag, span),
            Event::TaskListMarker(is_checked) => self.open_criterion(is_checked, span),
            _ if self.verbatim || self.table.is_some() => {}
            Event::SoftBreak | Event::HardBreak => self.inline.break_line(),
            Event::Rule => self.end_inline(),
            _ => {
                // A backslash is no part of what it escapes, but of what stands there.
                if self.inline.line.is_none() && self.text[..span.start].ends_with('\\') {
                    self.inline.start(span.start - 1);
                }
                self.inline.extend(span);
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>, span: Span) {
        match tag {
            Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. }
            | Tag::Image { .. } => {
                if self.table.is_none() {
                    self.inline.start(span.start);
                }
                return;
            }
            _ => self.end_inline(),
        }
        match tag {
            Tag::BlockQuote(_) | Tag::List(_) => self.depth += 1,
            Tag::Item => self.items.push(OpenItem {
                span,
                criterion: None,
            }),
            Tag::Heading { level, .. } if self.depth == 0 => self.heading = Some((*level, span)),
            Tag::CodeBlock(_) => self.verbatim = true,
            Tag::HtmlBlock => {
                self.comment(&span);
                self.verbatim = true;
            }
            Tag::Table(_) => self.table = Some((span, Vec::new())),
            Tag::TableHead | Tag::TableRow => {
                if let Some((_, rows)) = &mut self.table {
                    rows.push(span);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, span: Span) {
        match tag {
            TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image => {
                if self.table.is_none() {
                    self.inline.extend(span);
                }
                return;
            }
            TagEnd::Heading(_) => return self.end_heading(),
            _ => self.end_inline(),
        }
        match tag {
            TagEnd::BlockQuote(_) | TagEnd::List(_) => self.depth -= 1,
            TagEnd::Item => {
                self.items.pop();
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock => self.verbatim = false,
            TagEnd::Table => {
                if let Some((span, rows)) = self.table.take() {
                    let table = table::read(self.text, self.lines, span.clone(), &rows);
                    let lines = self.line_span(&span);
                    self.found.tables.push(Table { table, lines });
                }
            }
            _ => {}
        }
    }

    /// What has been read of a heading is its title.
    fn end_heading(&mut self) {
        let Some((level, span)) = self.heading.take() else {
            return self.end_inline();
        };
        self.inline.break_line();
        let parts = std::mem::take(&mut self.inline.done);
        let title = self.text_of(&parts, span.start);
        let lines = self.line_span(&span);
        self.found.headings.push(Heading {
            level,
            title,
            lines,
        });
    }

    fn open_criterion(&mut self, is_checked: bool, span: Span) {
        let place = self.found.criteria.len();
        let Some(item) = self.items.last_mut() else {
            return;
        };
        item.criterion = Some(place);
        let item = item.span.clone();
        let lines = self.line_span(&item);
        let wording = Text {
            text: String::new(),
            range: self.lines.range(span.clone()),
        };
        let line = self.lines.line_at(span.start);
        self.found.criteria.push(Item {
            criterion: Criterion {
                wording,
                is_checked,
                details: String::new(),
            },
            wording: line..line + 1,
            lines,
        });
    }

    /// Running text has come to its end: it is the wording of a criterion that has none yet, or it
    /// is just text.
    fn end_inline(&mut self) {
        self.inline.break_line();
        let mut parts = std::mem::take(&mut self.inline.done);
        if parts.is_empty() {
            return;
        }
        self.found.broken.extend(self.broken_tables(&parts));
        let open = self.items.last().and_then(|item| item.criterion);
        let open = open.filter(|place| {
            self.found.criteria[*place]
                .criterion
                .wording
                .text
                .is_empty()
        });
        let Some(place) = open else {
            self.found.running.extend(parts);
            return;
        };
        let start = parts[0].start;
        let is_said = |part: &mut Span| {
            let mut keywords = self.keywords.iter();
            part.start != start
                && keywords.any(|one| after(self.text, self.lines, part.clone(), one).is_some())
        };
        self.found.running.extend(parts.extract_if(.., is_said));
        let wording = self.text_of(&parts, start);
        let end = parts.last().map_or(start, |last| last.end);
        let end = self.lines.line_at(end) + 1;
        let item = &mut self.found.criteria[place];
        item.criterion.wording = wording;
        item.wording.end = end;
    }

    /// Tables among lines of running text: Markdown wants as many columns in the line of dashes as
    /// above it, and no text before that.
    fn broken_tables(&self, parts: &[Span]) -> Vec<BrokenTable> {
        let columns = |line: &str| line.trim().trim_matches('|').split('|').count();
        let is_rule = |line: &str| {
            line.contains("-") && line.contains('|') && line.chars().all(|c| "|-: \t".contains(c))
        };
        let pairs = parts
            .windows(2)
            .map(|pair| (&self.text[pair[0].clone()], &pair[1]));
        let broken =
            pairs.filter(|(head, rule)| head.contains('|') && is_rule(&self.text[(*rule).clone()]));
        broken
            .map(|(head, rule)| BrokenTable {
                rule: rule.clone(),
                columns: (columns(head), columns(&self.text[rule.clone()])),
            })
            .collect()
    }

    /// A comment is an HTML block of its own, which ends with the line that closes it.
    fn comment(&mut self, block: &Span) {
        if self.text[block.clone()].trim_start().starts_with("<!--") {
            let lines = self.line_span(block);
            self.found.comments.push(lines);
        }
    }

    /// Lines of the source as one line of text. Without any, it stands at `otherwise`.
    fn text_of(&self, parts: &[Span], otherwise: usize) -> Text {
        let start = parts.first().map_or(otherwise, |first| first.start);
        let end = parts.last().map_or(otherwise, |last| last.end);
        let words: Vec<&str> = parts.iter().map(|part| &self.text[part.clone()]).collect();
        let span = self.lines.trimmed(start..end);
        Text {
            text: one_line(&words.join(" ")),
            range: self.lines.range(span),
        }
    }

    /// The lines of a stretch, without the empty ones at its end.
    fn line_span(&self, span: &Span) -> LineSpan {
        let length = self.text[span.clone()].trim_end().len();
        let last = span.start + length.saturating_sub(1);
        self.lines.line_at(span.start)..self.lines.line_at(last) + 1
    }
}
