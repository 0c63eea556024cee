//! Which file is which module of which target.
//!
//! From each target's root file, `mod x;` leads to `x.rs` or `x/mod.rs`, and from there on. A file
//! can be a module of several targets, or several modules of one. Both places where a declared
//! module may lie are entered, so that nobody need look which one is there: a place without a
//! file has no facts and gives no items.
//!
//! The rules: <https://doc.rust-lang.org/reference/items/modules.html>.

use std::collections::{BTreeSet, HashMap};

use camino::{Utf8Path, Utf8PathBuf};

use super::facts::{DeclaredModule, FileFacts};
use super::paths::normalized;

/// A target, by its package and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TargetRef {
    pub(super) package: usize,
    pub(super) target: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct NodeId(u32);

/// A file as one module of one target.
#[derive(Debug, Clone)]
struct Node {
    target: TargetRef,
    /// Whether the target is one of documentation tests, which see nothing under `cfg(test)`.
    is_doc: bool,
    file: Utf8PathBuf,
    /// The module's path in its target; empty for the root.
    path: String,
    /// The node that declares it, by a module of this path in that file.
    above: Option<NodeId>,
    below: Vec<NodeId>,
    /// Where its own modules lie.
    home: Home,
    /// Whether the file itself has tests, and how many of the nodes below bear some.
    has_tests: bool,
    bearing_below: usize,
}

impl Node {
    fn bears(&self) -> bool {
        self.has_tests || self.bearing_below > 0
    }
}

/// In which folder the modules that a file declares lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    /// Its own: a target's root, `mod.rs`, or a file that `#[path]` named.
    Folder,
    /// The folder beside it that has its name.
    Beside,
}

/// A file as one module of one target, as the outside sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount<'a> {
    pub(super) target: TargetRef,
    /// The module's path in its target; empty for the root.
    pub(super) path: &'a str,
    /// The paths of modules in other files below it that bear tests.
    pub(super) bearing: Vec<&'a str>,
}

/// Every file's modules, kept up to date file by file.
#[derive(Debug, Clone, Default)]
pub(super) struct Modules {
    nodes: HashMap<NodeId, Node>,
    by_file: HashMap<Utf8PathBuf, BTreeSet<NodeId>>,
    next: u32,
}

/// What each file says, as far as it is known.
pub(super) type KnownFacts = HashMap<Utf8PathBuf, std::sync::Arc<FileFacts>>;

/// The files whose items may differ after an update.
#[derive(Debug, Default)]
struct Touched {
    /// Files above, with the length of their module's path: what is above is shorter.
    above: BTreeSet<(usize, Utf8PathBuf)>,
    /// Files below, those above before those below.
    below: Vec<Utf8PathBuf>,
}

impl Touched {
    fn into_files(self, file: &Utf8Path) -> Vec<Utf8PathBuf> {
        let mut files: Vec<Utf8PathBuf> = Vec::new();
        let above = self.above.into_iter().map(|(_, file)| file);
        for file in above.chain([file.to_owned()]).chain(self.below) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }
}

impl Modules {
    /// Enters a target.
    pub(super) fn add_root(&mut self, target: TargetRef, is_doc: bool, file: &Utf8Path) {
        self.insert(Node {
            target,
            is_doc,
            file: file.to_owned(),
            path: String::new(),
            above: None,
            below: Vec::new(),
            home: Home::Folder,
            has_tests: false,
            bearing_below: 0,
        });
    }

    /// The modules that a file is.
    pub(super) fn mounts(&self, file: &Utf8Path) -> Vec<Mount<'_>> {
        let mut mounts: Vec<Mount<'_>> = self
            .by_file
            .get(file)
            .into_iter()
            .flatten()
            .filter_map(|id| self.nodes.get(id))
            .map(|node| Mount {
                target: node.target,
                path: &node.path,
                bearing: node
                    .below
                    .iter()
                    .filter_map(|below| self.nodes.get(below))
                    .filter(|below| below.bears())
                    .map(|below| below.path.as_str())
                    .collect(),
            })
            .collect();
        mounts.sort_by(|a, b| (a.target, a.path).cmp(&(b.target, b.path)));
        mounts
    }

    /// Whether a file is a module, and only ever under `cfg(test)`.
    pub(super) fn is_tests_only(&self, file: &Utf8Path, known: &KnownFacts) -> bool {
        let nodes = || {
            let ids = self.by_file.get(file).into_iter().flatten();
            ids.filter_map(|id| self.nodes.get(id))
        };
        nodes().next().is_some() && nodes().all(|node| self.is_under_test(node, known))
    }

    fn is_under_test(&self, node: &Node, known: &KnownFacts) -> bool {
        let Some(above) = node.above.and_then(|id| self.nodes.get(&id)) else {
            return false;
        };
        let inside = node.path.strip_prefix(above.path.as_str());
        let inside = inside.unwrap_or(&node.path).trim_start_matches("::");
        let declared = known.get(&above.file).is_some_and(|facts| {
            let mut ways = facts.declared.iter().filter(|module| module.path == inside);
            ways.clone().count() > 0 && ways.all(|module| module.tests_only)
        });
        declared || self.is_under_test(above, known)
    }

    /// Takes what a file says now; it stands in `known` already. Returns the files whose items may
    /// differ for it, this one included, those above before those below.
    pub(super) fn update(&mut self, file: &Utf8Path, known: &KnownFacts) -> Vec<Utf8PathBuf> {
        let mut touched = Touched::default();
        let ids = self.by_file.get(file).cloned().unwrap_or_default();
        for id in ids {
            self.refresh(id, known, &mut touched);
        }
        touched.into_files(file)
    }

    /// Makes a node agree with what its file says, and all nodes that come and go with it.
    fn refresh(&mut self, id: NodeId, known: &KnownFacts, touched: &mut Touched) {
        let Some(node) = self.nodes.get(&id) else {
            return;
        };
        let nothing = FileFacts::default();
        let facts = known.get(&node.file).map_or(&nothing, |facts| facts);
        let wanted: Vec<(String, Utf8PathBuf, Home)> = facts
            .declared
            .iter()
            .filter(|module| !(node.is_doc && module.tests_only))
            .flat_map(|module| places(node, module))
            .filter(|(_, file, _)| !self.is_above(id, file))
            .collect();
        self.set_tests(id, !facts.tests.is_empty(), touched);
        let before = self.nodes.get(&id).map(|node| node.below.clone());
        let (mut kept, mut have) = (Vec::new(), BTreeSet::new());
        for below in before.unwrap_or_default() {
            let still = self.nodes.get(&below).is_some_and(|node| {
                wanted
                    .iter()
                    .any(|(path, file, _)| *path == node.path && *file == node.file)
            });
            if still {
                if let Some(node) = self.nodes.get(&below) {
                    have.insert((node.path.clone(), node.file.clone()));
                }
                kept.push(below);
            } else {
                self.remove(below, known, touched);
            }
        }
        if let Some(node) = self.nodes.get_mut(&id) {
            node.below = kept;
        }
        for (path, file, home) in wanted {
            if have.insert((path.clone(), file.clone())) {
                let below = self.insert_below(id, path, file.clone(), home);
                if known.contains_key(&file) {
                    touched.below.push(file);
                    self.refresh(below, known, touched);
                }
            }
        }
    }

    fn insert(&mut self, node: Node) -> NodeId {
        let id = NodeId(self.next);
        self.next += 1;
        self.by_file
            .entry(node.file.clone())
            .or_default()
            .insert(id);
        self.nodes.insert(id, node);
        id
    }

    fn insert_below(
        &mut self,
        above: NodeId,
        path: String,
        file: Utf8PathBuf,
        home: Home,
    ) -> NodeId {
        let (target, is_doc) = (self.nodes[&above].target, self.nodes[&above].is_doc);
        let id = self.insert(Node {
            target,
            is_doc,
            file,
            path,
            above: Some(above),
            below: Vec::new(),
            home,
            has_tests: false,
            bearing_below: 0,
        });
        if let Some(node) = self.nodes.get_mut(&above) {
            node.below.push(id);
        }
        id
    }

    fn remove(&mut self, id: NodeId, known: &KnownFacts, touched: &mut Touched) {
        self.set_tests(id, false, touched);
        let below = self.nodes.get(&id).map(|node| node.below.clone());
        for below in below.unwrap_or_default() {
            self.remove(below, known, touched);
        }
        let Some(node) = self.nodes.remove(&id) else {
            return;
        };
        if known.contains_key(&node.file) {
            touched.below.push(node.file.clone());
        }
        if let Some(ids) = self.by_file.get_mut(&node.file) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_file.remove(&node.file);
            }
        }
    }

    /// Says whether a file has tests of its own, and counts that upwards. The modules above whose
    /// count changes come into being with the first test below them, and go with the last.
    fn set_tests(&mut self, id: NodeId, has_tests: bool, touched: &mut Touched) {
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        let mut before = node.bears();
        node.has_tests = has_tests;
        let mut now = node.bears();
        let mut above = node.above;
        while before != now
            && let Some(node) = above.and_then(|id| self.nodes.get_mut(&id))
        {
            before = node.bears();
            if now {
                node.bearing_below += 1;
            } else {
                node.bearing_below = node.bearing_below.saturating_sub(1);
            }
            touched.above.insert((node.path.len(), node.file.clone()));
            now = node.bears();
            above = node.above;
        }
    }

    /// The files above a node.
    fn above(&self, id: NodeId) -> impl Iterator<Item = &Utf8Path> {
        let start = self.nodes.get(&id).and_then(|node| node.above);
        std::iter::successors(start, |id| self.nodes.get(id)?.above)
            .filter_map(|id| self.nodes.get(&id))
            .map(|node| node.file.as_path())
    }

    /// Whether a file is the node's own or one above it: a module cannot hold itself.
    fn is_above(&self, id: NodeId, file: &Utf8Path) -> bool {
        self.nodes.get(&id).is_some_and(|node| node.file == file)
            || self.above(id).any(|above| above == file)
    }
}

/// The module's path in the target, and where its file may lie.
fn places(node: &Node, module: &DeclaredModule) -> Vec<(String, Utf8PathBuf, Home)> {
    let path = if node.path.is_empty() {
        module.path.clone()
    } else {
        format!("{}::{}", node.path, module.path)
    };
    let folder = node.file.parent().unwrap_or(Utf8Path::new(""));
    let own = match (node.home, node.file.file_stem()) {
        (Home::Beside, Some(stem)) => folder.join(stem),
        _ => folder.to_owned(),
    };
    if let Some(named) = &module.file {
        // Outside of inline modules the path starts at the file's folder, whatever the file.
        let from = if module.folder.is_empty() {
            folder.to_owned()
        } else {
            own.join(&module.folder)
        };
        return vec![(path, normalized(&from.join(named)), Home::Folder)];
    }
    let own = normalized(&own.join(&module.folder));
    let name = module.name();
    vec![
        (path.clone(), own.join(format!("{name}.rs")), Home::Beside),
        (path, own.join(name).join("mod.rs"), Home::Folder),
    ]
}
