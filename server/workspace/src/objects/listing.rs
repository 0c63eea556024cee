//! The files of a tree, flat, by path.

use std::collections::BTreeMap;

use git2::{ObjectType, Oid, Repository};

use crate::scan::names::is_git_folder;
use crate::scan::stamp::Kind;

/// What a tree has, by path with `/` in between. Sorted as git sorts its trees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listing(pub(crate) BTreeMap<String, Entry>);

/// A file of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) blob: Oid,
}

impl Listing {
    /// Reads a tree with all that is beneath. Submodules, and names that are no UTF-8 or that git
    /// would not have in a tree, are left out.
    pub(crate) fn read(repository: &Repository, tree: Oid) -> Result<Self, git2::Error> {
        let mut files = BTreeMap::new();
        let mut folders = vec![(String::new(), tree)];
        while let Some((folder, tree)) = folders.pop() {
            for entry in &repository.find_tree(tree)? {
                let Ok(name) = entry.name() else { continue };
                if is_git_folder(name) || matches!(name, "." | "..") || name.contains('/') {
                    continue;
                }
                let path = format!("{folder}{name}");
                match (entry.kind(), Kind::of_git(entry.filemode_raw())) {
                    (Some(ObjectType::Tree), _) => folders.push((format!("{path}/"), entry.id())),
                    (Some(ObjectType::Blob), kind) => {
                        let kind = kind.unwrap_or(Kind::Plain);
                        let blob = entry.id();
                        files.insert(path, Entry { kind, blob });
                    }
                    _ => {}
                }
            }
        }
        Ok(Self(files))
    }

    /// Writes it as trees; the id of the topmost.
    ///
    /// The bytes of full paths sort as git sorts trees, where a folder counts as its name with a
    /// slash: <https://git-scm.com/docs/git-mktree>.
    pub(crate) fn write(&self, repository: &Repository) -> Result<Oid, git2::Error> {
        let odb = repository.odb()?;
        // Open folders, outermost first: name, and the tree as far as it is written.
        let mut open = vec![(String::new(), Vec::new())];
        let close = |open: &mut Vec<(String, Vec<u8>)>| -> Result<(), git2::Error> {
            if let Some((name, tree)) = open.pop() {
                let id = odb.write(ObjectType::Tree, &tree)?;
                if let Some((_, above)) = open.last_mut() {
                    add(above, "40000", &name, id);
                }
            }
            Ok(())
        };
        for (path, entry) in &self.0 {
            let mut names: Vec<&str> = path.split('/').collect();
            let file = names.pop().unwrap_or_default();
            let shared = open[1..]
                .iter()
                .zip(&names)
                .take_while(|((open, _), name)| open == *name)
                .count();
            while open.len() > shared + 1 {
                close(&mut open)?;
            }
            open.extend(
                names[shared..]
                    .iter()
                    .map(|name| ((*name).to_owned(), Vec::new())),
            );
            if let Some((_, tree)) = open.last_mut() {
                add(tree, entry.kind.in_git(), file, entry.blob);
            }
        }
        while open.len() > 1 {
            close(&mut open)?;
        }
        odb.write(ObjectType::Tree, &open[0].1)
    }
}

fn add(tree: &mut Vec<u8>, mode: &str, name: &str, id: Oid) {
    tree.extend_from_slice(mode.as_bytes());
    tree.push(b' ');
    tree.extend_from_slice(name.as_bytes());
    tree.push(0);
    tree.extend_from_slice(id.as_bytes());
}
