//! The transformations of texts, held against this repository's own files.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{ItemKind, TestId};

use crate::verify::{seeded, syntax};
use crate::{Files, Project, detect, parse};

/// A package with one file.
struct One {
    all: [Utf8PathBuf; 2],
    text: Arc<str>,
}

impl Files for One {
    fn all(&self) -> &[Utf8PathBuf] {
        &self.all
    }

    fn read(&self, path: &Utf8Path) -> Option<Arc<str>> {
        match path.extension() {
            Some("rs") => Some(self.text.clone()),
            _ => Some("[package]\nname = 'a'\nedition = '2024'\n".into()),
        }
    }

    fn exists(&self, path: &Utf8Path) -> bool {
        self.all.iter().any(|file| file.starts_with(path))
    }
}

/// The files of the Cargo adapter: a text of every kind, and few enough for a quick test.
fn corpus() -> Vec<String> {
    let adapter = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cargo");
    let mut open = vec![adapter];
    let mut texts = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().path().to_owned();
            if path.is_dir() {
                open.push(path);
            } else if path.extension() == Some("rs") {
                texts.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(texts.len() > 20, "the adapter has more files");
    texts
}

fn has_error(text: &str) -> bool {
    let tree = syntax::parse(&tree_sitter_rust::LANGUAGE.into(), text).unwrap();
    tree.root_node().has_error()
}

fn project(files: &One) -> (Project, Vec<TestId>) {
    let mut project = detect(Utf8Path::new("/w"), "", files).projects.remove(0);
    let path = &files.all[1];
    let facts = parse(path, &files.text);
    let change = project.update(path, facts.as_ref());
    let items = change.files.into_iter().flat_map(|(_, items)| items);
    let tests = items
        .filter(|item| item.kind == ItemKind::Test && !item.id.as_str().contains("/doc::"))
        .map(|item| item.id)
        .collect();
    (project, tests)
}

/// Whether the lines of the one are those of the other, with more between them.
fn is_grown_from(planted: &str, text: &str) -> bool {
    let mut planted = planted.lines();
    text.lines().all(|line| planted.any(|other| other == line))
}

#[test]
fn nothing_but_tests_is_touched_and_everything_still_parses() {
    let mut targets = 0;
    let mut altered = 0;
    for text in corpus() {
        let files = One {
            all: ["/w/Cargo.toml".into(), "/w/src/lib.rs".into()],
            text: text.clone().into(),
        };
        let (project, tests) = project(&files);
        let path = &files.all[1];
        let broken = has_error(&text);
        targets += tests.len();
        let twins = project.twins(&tests, &files, &mut seeded(1));
        altered += tests.len() - twins.without.len().min(tests.len());
        for (_, planted) in &twins.files {
            assert!(broken || !has_error(planted), "{planted}");
            assert!(is_grown_from(planted, &text), "{planted}");
        }
        let without = project.without(path, &text, &tests).expect("all are found");
        assert!(broken || !has_error(&without), "{without}");
        assert!(is_grown_from(&text, &without), "{without}");
        let sealed = project.seal(path, Some(&text), Some(&text));
        assert_eq!(sealed.breaches, []);
        assert_eq!(sealed.content, super::Content::Text(text.clone()));
        for mutant in project.mutants(path, &text, &[0..=u32::MAX], 5) {
            assert!(broken || !has_error(&mutant.apply(&text)), "{mutant:?}");
        }
    }
    assert!(
        targets > 50 && altered > 20,
        "{targets} targets, {altered} altered"
    );
}
