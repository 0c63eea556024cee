//! Which files are specs.

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use greenward_core::TaskId;

/// Patterns over paths relative to the workspace folder, such as `specs/**/*.md`. A `*` stays in
/// its folder, and `**` does not.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    texts: Vec<String>,
    set: GlobSet,
}

/// A pattern that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern: {reason}")]
pub struct BadPattern {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Patterns {
    /// Takes patterns as the settings have them; those that mean nothing are left out and told.
    #[must_use]
    pub fn new(patterns: &[String]) -> (Self, Vec<BadPattern>) {
        let mut builder = GlobSetBuilder::new();
        let (mut texts, mut bad) = (Vec::new(), Vec::new());
        for pattern in patterns {
            match GlobBuilder::new(pattern).literal_separator(true).build() {
                Ok(glob) => {
                    builder.add(glob);
                    texts.push(pattern.clone());
                }
                Err(error) => bad.push(BadPattern {
                    pattern: pattern.clone(),
                    reason: error.kind().to_string(),
                }),
            }
        }
        match builder.build() {
            Ok(set) => (Self { texts, set }, bad),
            Err(error) => {
                bad.push(BadPattern {
                    pattern: texts.join(", "),
                    reason: error.kind().to_string(),
                });
                (Self::default(), bad)
            }
        }
    }

    /// Whether the file at a path, relative to the workspace folder, is a spec.
    #[must_use]
    pub fn matches(&self, path: &Utf8Path) -> bool {
        self.set.is_match(path.as_std_path())
    }

    /// Where a new spec of this title goes: a path in the folder of the first pattern that all
    /// such files can have. Nothing if no pattern leads to a Markdown file with a name of our
    /// choice.
    #[must_use]
    pub fn place_for(&self, title: &str) -> Option<Utf8PathBuf> {
        let id = TaskId::of_title(title);
        let name = if title.trim().is_empty() {
            "spec"
        } else {
            id.as_str()
        };
        self.texts.iter().find_map(|pattern| {
            let is_fixed = |part: &&str| !part.contains(['*', '?', '[', '{', '\\']);
            let mut parts: Vec<&str> = pattern.split('/').collect();
            let last = parts.pop()?;
            let folder: Utf8PathBuf = parts.into_iter().take_while(is_fixed).collect();
            let suffix = last
                .strip_prefix('*')
                .filter(is_fixed)
                .filter(|end| end.ends_with(".md"));
            let own = suffix.map(|suffix| folder.join(format!("{name}{suffix}")));
            let usual = [".md", ".spec.md"].map(|suffix| folder.join(format!("{name}{suffix}")));
            let stays_inside =
                |path: &Utf8PathBuf| !path.is_absolute() && !path.as_str().contains("..");
            own.into_iter()
                .chain(usual)
                .find(|path| stays_inside(path) && self.matches(path))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Patterns {
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        let (patterns, bad) = Patterns::new(&texts);
        assert_eq!(bad, []);
        patterns
    }

    const USUAL: &[&str] = &["specs/**/*.md", "**/*.spec.md"];

    #[test]
    fn stars_stay_in_their_folder() {
        for (path, is_spec) in [
            ("specs/roman.md", true),
            ("specs/deep/er/roman.md", true),
            ("roman.spec.md", true),
            ("crates/a/roman.spec.md", true),
            ("specs/roman.txt", false),
            ("docs/specs/roman.md", false),
            ("README.md", false),
        ] {
            assert_eq!(patterns(USUAL).matches(path.into()), is_spec, "{path}");
        }
        assert!(!patterns(&["*.md"]).matches("a/b.md".into()));
    }

    #[test]
    fn a_new_spec_goes_where_specs_are() {
        for (texts, title, path) in [
            (USUAL, "Roman numerals", Some("specs/roman-numerals.md")),
            (USUAL, "../../etc/Größe", Some("specs/etc-größe.md")),
            (USUAL, "", Some("specs/spec.md")),
            (&["**/*.spec.md"], "A", Some("a.spec.md")),
            (
                &["docs/*/wishes/*.md", "x/*.feature.md"],
                "A",
                Some("x/a.feature.md"),
            ),
            (&["x/only.md", "y/{a,b}.md"], "A", Some("y/a.md")),
            (&["../specs/*.md"], "A", None),
            (&["specs/*.yaml"], "A", None),
            (&[], "A", None),
        ] {
            let place = patterns(texts).place_for(title);
            assert_eq!(
                place.as_deref(),
                path.map(Utf8Path::new),
                "{texts:?} {title}"
            );
        }
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        let (patterns, bad) = Patterns::new(&["specs/[".to_owned(), "*.md".to_owned()]);
        assert!(patterns.matches("a.md".into()));
        assert_eq!(bad.len(), 1);
        assert!(
            bad[0].to_string().starts_with("`specs/[` is no pattern: "),
            "{}",
            bad[0]
        );
    }
}
