//! Which tests a request, or a change, is about, project by project.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use greenward_core::{Extent, ItemKind, ProjectId, Selection, TestId};
use greenward_frameworks::Affected;
use indexmap::IndexMap;

use super::State;
use super::documents::extent_of;
use crate::command::{Refusal, Which};

impl State {
    pub(super) fn select(
        &self,
        which: &Which,
    ) -> Result<IndexMap<ProjectId, (Selection, String)>, Refusal> {
        let selected = match which {
            Which::All => self
                .projects
                .keys()
                .map(|id| (id.clone(), (Selection::All, "all tests".to_owned())))
                .collect(),
            Which::Items(ids) => self.select_items(ids)?,
            Which::Paths(paths) => self.select_paths(paths)?,
            Which::Failed => self.select_items(&self.results.bad())?,
            Which::Changed(paths) => self.select_changed(paths),
        };
        if selected.is_empty() {
            return Err(Refusal::NothingToRun(self.why_nothing(which)));
        }
        Ok(selected)
    }

    fn why_nothing(&self, which: &Which) -> String {
        let folders: Vec<&str> = self.folders.keys().map(|folder| folder.as_str()).collect();
        match which {
            _ if self.folders.is_empty() => "no folder is open".to_owned(),
            _ if self.projects.is_empty() => format!(
                "found neither a Cargo package nor pytest tests in {}",
                folders.join(", ")
            ),
            Which::Failed => "none has failed".to_owned(),
            Which::Changed(_) => "the change affects none".to_owned(),
            Which::All | Which::Items(_) | Which::Paths(_) => "none is selected".to_owned(),
        }
    }

    fn select_items(
        &self,
        ids: &[TestId],
    ) -> Result<IndexMap<ProjectId, (Selection, String)>, Refusal> {
        let mut selected: IndexMap<ProjectId, (Selection, String)> = IndexMap::new();
        for id in ids {
            let item = self
                .tree
                .get(id)
                .ok_or_else(|| Refusal::UnknownTest(id.clone()))?;
            let selection = match item.kind {
                ItemKind::Project => Selection::All,
                _ => Selection::Items(vec![id.clone()]),
            };
            let why = format!("asked for {}", item.label);
            match selected.entry(item.project.clone()) {
                indexmap::map::Entry::Vacant(entry) => {
                    entry.insert((selection, why));
                }
                indexmap::map::Entry::Occupied(mut entry) => {
                    let (before, _) = entry.get().clone();
                    let label = "asked for, with others".to_owned();
                    entry.insert((before.and(selection), label));
                }
            }
        }
        Ok(selected)
    }

    /// The topmost items that stand in these files, and the projects in these folders.
    fn select_paths(
        &self,
        paths: &[Utf8PathBuf],
    ) -> Result<IndexMap<ProjectId, (Selection, String)>, Refusal> {
        let mut ids = Vec::new();
        for path in paths {
            let before = ids.len();
            for (id, state) in &self.projects {
                if state.project.root().starts_with(path) {
                    ids.push(TestId::of_project(id));
                }
            }
            for file in self.tree.files().filter(|file| file.starts_with(path)) {
                let in_file = self.tree.in_file(file);
                let known: BTreeSet<&TestId> = in_file.iter().map(|item| &item.id).collect();
                ids.extend(
                    in_file
                        .iter()
                        .filter(|item| item.parent.as_ref().is_none_or(|id| !known.contains(id)))
                        .filter(|item| item.kind != ItemKind::Project)
                        .map(|item| item.id.clone()),
                );
            }
            if ids.len() == before {
                return Err(Refusal::NothingToRun(format!("none is known in {path}")));
            }
        }
        self.select_items(&ids)
    }

    fn select_changed(&self, paths: &[Utf8PathBuf]) -> IndexMap<ProjectId, (Selection, String)> {
        self.projects
            .keys()
            .filter_map(|id| {
                let (selection, why) = self.affected_by(id, paths)?;
                Some((id.clone(), (selection, why)))
            })
            .collect()
    }

    /// What of a project these changed files affect, with the reason.
    pub(super) fn affected_by(
        &self,
        id: &ProjectId,
        paths: &[Utf8PathBuf],
    ) -> Option<(Selection, String)> {
        let state = self.projects.get(id)?;
        let mut extent = Extent::Nothing;
        let mut reasons = Vec::new();
        for path in paths {
            let affected = state.project.affected(path);
            match &affected {
                Affected::Nothing => continue,
                Affected::Units(_, why) | Affected::All(why) => {
                    let name = path.file_name().unwrap_or_default();
                    let shown = path
                        .strip_prefix(state.project.root())
                        .or_else(|_| path.strip_prefix(&state.folder))
                        .unwrap_or(path);
                    let reason = if why.contains(name) {
                        why.clone()
                    } else {
                        format!("{shown} changed: {why}")
                    };
                    // What affects everything explains the most.
                    let at = match &affected {
                        Affected::All(_) => 0,
                        _ => reasons.len(),
                    };
                    reasons.insert(at, reason);
                }
            }
            extent.add(extent_of(affected));
        }
        let selection = match extent {
            Extent::Nothing => return None,
            Extent::Units(units) if units.is_empty() => return None,
            Extent::Units(units) => Selection::Units(units.into_iter().collect()),
            Extent::All => Selection::All,
        };
        let more = reasons.len().saturating_sub(1);
        let mut why = reasons.into_iter().next().unwrap_or_default();
        if more > 0 {
            why.push_str(&format!(" (and {more} more)"));
        }
        Some((selection, why))
    }

    pub(super) fn selected_tests(&self, id: &ProjectId, selection: &Selection) -> Vec<TestId> {
        let below = |id: &TestId| {
            self.tree
                .tests_below(id)
                .into_iter()
                .map(|item| item.id.clone())
                .collect::<Vec<_>>()
        };
        match selection {
            Selection::All => below(&TestId::of_project(id)),
            Selection::Units(units) => self
                .tree
                .tests_below(&TestId::of_project(id))
                .into_iter()
                .filter(|item| item.unit.as_ref().is_some_and(|unit| units.contains(unit)))
                .map(|item| item.id.clone())
                .collect(),
            Selection::Items(items) => items.iter().flat_map(below).collect(),
        }
    }
}
