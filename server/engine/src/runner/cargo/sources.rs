//! The user's source files, as failures name them.

use camino::{Utf8Path, Utf8PathBuf};
use greenward_frameworks::cargo::Project;
use greenward_frameworks::cargo::libtest::Sources;

/// The files of a project, seen from one of its packages.
#[derive(Debug)]
pub(super) struct ProjectSources<'a> {
    pub(super) project: &'a Project,
    /// Where cargo runs the compiler: what paths in panics start at.
    pub(super) workspace: &'a Utf8Path,
    /// Where tests run: what paths in backtraces start at.
    pub(super) package: &'a Utf8Path,
    /// What is built is nobody's source.
    pub(super) target_directory: &'a Utf8Path,
}

impl Sources for ProjectSources<'_> {
    fn find(&self, written: &str) -> Option<Utf8PathBuf> {
        let path = Utf8Path::new(written.strip_prefix("./").unwrap_or(written));
        [self.workspace, self.package, self.project.root()]
            .iter()
            .map(|folder| folder.join(path))
            .find(|file| file.is_file())
            .and_then(|file| file.canonicalize_utf8().ok().map(|real| (file, real)))
            .filter(|(file, real)| self.is_own(file) || self.is_own(real))
            // A link leads to a file that the editor knows by its own name; `..` does not.
            .map(|(file, real)| {
                let has_parents = file.as_str().contains("/../");
                if has_parents { real } else { file }
            })
    }

    fn line(&self, file: &Utf8Path, line: u32) -> Option<String> {
        let text = std::fs::read_to_string(file).ok()?;
        let index = usize::try_from(line.checked_sub(1)?).ok()?;
        text.lines().nth(index).map(str::to_owned)
    }
}

impl ProjectSources<'_> {
    fn is_own(&self, file: &Utf8Path) -> bool {
        let in_project =
            file.starts_with(self.project.root()) || self.project.package_of(file).is_some();
        in_project && !file.starts_with(self.target_directory)
    }
}
