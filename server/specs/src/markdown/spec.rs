//! A spec in Markdown.

use super::keyword::{self, DEPENDS_ON};
use super::section::{self, Section};
use crate::front_matter::{self, Block, FIELDS};
use crate::name::Names;
use crate::place::{Lines, Span};
use crate::problem::SpecProblem;
use crate::spec::{FrontMatter, Requirement, Spec, Text};

/// Reads a spec.
pub(crate) fn read(text: &str) -> Spec {
    let lines = Lines::of(text);
    let mut spec = Spec::default();
    let mut first = 0;
    if let Some(block) = Block::find(&lines) {
        spec.front_matter = front_matter(text, &lines, block, &mut spec.noted);
        first = block.body();
    }
    let sections = section::read(text, &lines, first, &[DEPENDS_ON]);
    spec.title = sections.title;
    for around in &sections.around {
        let criteria = around.criteria.iter().map(|one| one.wording.range);
        let tables = around.tables.iter().map(|table| table.range);
        spec.outside.extend(criteria.chain(tables));
    }
    let prose: Vec<&str> = sections
        .around
        .iter()
        .take_while(|around| {
            let first = sections.sections.first();
            first.is_none_or(|first| around.span.start < first.span.start)
        })
        .map(|around| around.prose.as_str())
        .filter(|prose| !prose.is_empty())
        .collect();
    spec.introduction = prose.join("\n\n");
    spec.noted.extend(sections.noted);
    let mut dependencies = Vec::new();
    for section in sections.sections {
        dependencies.push(section.keywords.clone());
        spec.requirements.push(requirement(&lines, section));
    }
    depend(text, &lines, &dependencies, &mut spec.requirements);
    spec
}

fn front_matter(
    text: &str,
    lines: &Lines<'_>,
    block: Block,
    noted: &mut Vec<SpecProblem>,
) -> FrontMatter {
    let known: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    let start = lines.span(block.first).start;
    let end = lines.span(block.end).start.max(start);
    let mut front_matter = FrontMatter {
        range: Some(lines.range(start..end)),
        ..FrontMatter::default()
    };
    for (name, node) in front_matter::members(text, lines, block, &known, noted) {
        front_matter.take(&name, &node, noted);
    }
    front_matter
}

fn requirement(lines: &Lines<'_>, section: Section) -> Requirement {
    let keywords = section.keywords.into_iter();
    Requirement {
        title: section.title,
        range: lines.range(lines.trimmed(section.span)),
        prose: section.prose,
        depends_on: Vec::new(),
        depends_lines: keywords.map(|(_, after)| lines.range(after)).collect(),
        criteria: section.criteria,
        tables: section.tables,
    }
}

/// Fills in what the requirements build on. A name may have commas in it, so as many parts as make
/// a name are taken for one.
fn depend(
    text: &str,
    lines: &Lines<'_>,
    said: &[Vec<(usize, Span)>],
    requirements: &mut [Requirement],
) {
    let commas = |one: &Requirement| one.title.text.matches(',').count();
    let most = requirements.iter().map(commas).max().unwrap_or(0);
    let names = Names::of(requirements);
    let mut all = Vec::new();
    for said in said {
        let mut found = Vec::new();
        for (_, after) in said {
            let parts = keyword::parts(text, lines, after.clone());
            let mut rest = parts.as_slice();
            while let [first, ..] = rest {
                let whole = |count: &usize| first.start..rest[count - 1].end;
                let longest = (1..=rest.len().min(most + 1)).rev();
                let count = longest
                    .into_iter()
                    .find(|count| names.place(&text[whole(count)]).is_some())
                    .unwrap_or(1);
                let span = whole(&count);
                found.push(Text {
                    text: text[span.clone()].to_owned(),
                    range: lines.range(span),
                });
                rest = &rest[count..];
            }
        }
        all.push(found);
    }
    for (requirement, found) in requirements.iter_mut().zip(all) {
        requirement.depends_on = found;
    }
}
