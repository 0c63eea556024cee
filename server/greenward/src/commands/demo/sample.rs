//! The bundled sample: two small projects, each with one mistake and its fix.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Framework;

/// One project of the sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// What runs its tests.
    pub(super) framework: Framework,
    /// Its folder in the sample.
    pub(super) folder: &'static str,
    /// Its files, relative to the folder, with their texts.
    files: &'static [(&'static str, &'static str)],
    /// What is wrong in it.
    pub(super) mistake: Mistake,
    /// How many tests it has.
    pub(super) tests: u32,
    /// How many of them run again after the fix: those that it can affect.
    pub(super) affected: u32,
}

/// A mistake, and what mends it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mistake {
    /// The file, relative to the folder.
    pub(super) file: &'static str,
    /// The text that is wrong; it stands in the file once.
    wrong: &'static str,
    right: &'static str,
    /// What the test that finds it is called.
    pub(super) test: &'static str,
}

/// For Cargo: a workspace of two packages.
pub(super) const RUST: Part = Part {
    framework: Framework::Cargo,
    folder: "shop",
    files: &[
        ("Cargo.toml", include_str!("sample/rust/workspace.toml")),
        ("labels/Cargo.toml", include_str!("sample/rust/labels.toml")),
        ("labels/src/lib.rs", include_str!("sample/rust/labels.rs")),
        (
            "receipts/Cargo.toml",
            include_str!("sample/rust/receipts.toml"),
        ),
        (
            "receipts/src/lib.rs",
            include_str!("sample/rust/receipts.rs"),
        ),
    ],
    mistake: Mistake {
        file: "receipts/src/lib.rs",
        wrong: r#""{}.{}", cents"#,
        right: r#""{}.{:02}", cents"#,
        test: "a_receipt_adds_up",
    },
    tests: 5,
    affected: 3,
};

/// For pytest: two modules, each with a file of tests.
pub(super) const PYTHON: Part = Part {
    framework: Framework::Pytest,
    folder: "orders",
    files: &[
        ("pyproject.toml", include_str!("sample/python/project.toml")),
        ("addresses.py", include_str!("sample/python/addresses.py")),
        ("shipping.py", include_str!("sample/python/shipping.py")),
        (
            "test_addresses.py",
            include_str!("sample/python/addresses_tests.py"),
        ),
        (
            "test_shipping.py",
            include_str!("sample/python/shipping_tests.py"),
        ),
    ],
    mistake: Mistake {
        file: "shipping.py",
        wrong: "total > FREE_FROM",
        right: "total >= FREE_FROM",
        test: "test_orders_of_fifty_and_more_are_sent_for_nothing[50]",
    },
    tests: 6,
    affected: 4,
};

impl Part {
    /// Writes its files into a folder of its own below `sample`.
    pub(super) fn write(&self, sample: &Utf8Path) -> io::Result<()> {
        for (file, text) in self.files {
            let path = sample.join(self.folder).join(file);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, text)?;
        }
        Ok(())
    }

    /// Where its mistake is.
    pub(super) fn mistaken_file(&self, sample: &Utf8Path) -> Utf8PathBuf {
        sample.join(self.folder).join(self.mistake.file)
    }
}

impl Mistake {
    /// The text of the file once it is mended.
    pub(super) fn mended(&self, text: &str) -> String {
        text.replacen(self.wrong, self.right, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_stands_once_and_is_mended() {
        for part in [RUST, PYTHON] {
            let folder = tempfile::tempdir().unwrap();
            let folder = Utf8Path::from_path(folder.path()).unwrap();
            part.write(folder).unwrap();
            let text = std::fs::read_to_string(part.mistaken_file(folder)).unwrap();
            assert_eq!(text.matches(part.mistake.wrong).count(), 1);
            let mended = part.mistake.mended(&text);
            assert!(mended.contains(part.mistake.right));
            assert!(!mended.contains(part.mistake.wrong));
        }
    }
}
