//! What a Python file may depend on that its imports do not show: code that it runs by other means,
//! and documents that it reads.
//!
//! Both are found in the plain text, comments included: that finds too much now and then.

/// Words of a file that runs other code than what it imports: in another process, or by a name that
/// it makes up.
const RUNNERS: [&str; 13] = [
    "subprocess",
    "multiprocessing",
    "pexpect",
    "os.system",
    "os.popen",
    "os.spawn",
    "os.exec",
    "runpy",
    "importlib",
    "__import__",
    // Fixtures that run pytest and scripts.
    "pytester",
    "testdir",
    "script_runner",
];

/// No longer than this, in bytes, is what is taken for the name of a file.
const NAME_LIMIT: usize = 64;

/// Whether a file may run code that its imports do not show.
pub(super) fn runs_code(text: &str) -> bool {
    RUNNERS.iter().any(|word| text.contains(word))
}

/// The ends of the names of documents that the strings of a file mention, sorted: `README.md` of
/// `"docs/README.md"`, `.rst` of `"*.rst"` and of `f"{name}.rst"`.
pub(super) fn documents(text: &str) -> Vec<String> {
    // Between two quotes there may be code as well as a string: only names like these count.
    let quoted = text.split(['"', '\'']);
    let mut names: Vec<String> = quoted
        .filter(|part| part.len() <= NAME_LIMIT && !part.contains(char::is_whitespace))
        .filter_map(|part| part.rsplit(['/', '\\', '*', '}']).next())
        .filter(|name| is_document(name))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a file is written for people, by its name.
pub(super) fn is_document(name: &str) -> bool {
    const PAPERS: [&str; 8] = [
        "AUTHORS",
        "CHANGELOG",
        "CONTRIBUTING",
        "COPYING",
        "LICENCE",
        "LICENSE",
        "NOTICE",
        "README",
    ];
    match name.rsplit_once('.') {
        Some((_, "md" | "markdown" | "rst" | "adoc")) => true,
        Some((stem, "txt")) => PAPERS.iter().any(|paper| stem.starts_with(paper)),
        Some(_) => false,
        None => PAPERS.iter().any(|paper| name.starts_with(paper)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_runs_out_of_sight() {
        for text in [
            "import subprocess",
            "from multiprocessing import Pool",
            "def test_a(pytester): pass",
            "x = __import__(name)",
            "asyncio.create_subprocess_exec('app')",
            "import os\nos.system('app')",
        ] {
            assert!(runs_code(text), "{text}");
        }
        assert!(!runs_code("import os\nfrom app import process\n"));
    }

    #[test]
    fn documents_that_strings_mention() {
        for (text, expected) in [
            ("open('README.md')", &["README.md"][..]),
            ("a = \"it's\"\nb = ROOT / 'docs/use.rst'", &["use.rst"]),
            ("ROOT.glob('*.md'), f\"{name}.rst\"", &[".md", ".rst"]),
            (
                "'LICENSE', 'LICENSE', 'CHANGELOG.txt'",
                &["CHANGELOG.txt", "LICENSE"],
            ),
            ("'data.json', 'a b.md', 'app.py', 'docs/'", &[]),
        ] {
            assert_eq!(documents(text), expected, "{text}");
        }
    }
}
