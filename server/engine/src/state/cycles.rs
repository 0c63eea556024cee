//! Cycles: what is asked about them, with what the state knows; and those that a person works on.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{CycleId, Freshness, Goal, ItemKind, Outcome, Phase, ProjectId, TestId};

use super::{ProjectState, State};
use crate::command::Refusal;
use crate::cycle::{
    Context, CycleCommand, CycleNotice, CycleRefusal, CycleRequest, CycleWhat, CycleWork,
    Documents, HUMAN, KnownFolder,
};
use crate::effect::Effect;
use crate::notice::Notice;

/// A cycle that a person works on.
#[derive(Debug)]
pub(super) struct ByHand {
    cycle: CycleId,
    targets: Vec<TestId>,
}

impl State {
    pub(super) fn cycle_command(&mut self, command: CycleCommand) {
        let folders = || self.folders.keys().cloned().collect::<Vec<Utf8PathBuf>>();
        let work = match command {
            CycleCommand::Start { request, reply } => match self.cycle(&request) {
                Ok((goal, worker, context)) => CycleWork::Start {
                    goal,
                    worker,
                    context,
                    folders: folders(),
                    reply,
                },
                Err(refusal) => {
                    if let CycleRefusal::Run(refusal) = &refusal {
                        self.explain(refusal);
                    }
                    // Nobody may be waiting any more.
                    let _ = reply.send(Err(refusal));
                    return;
                }
            },
            CycleCommand::Resume { cycle, reply } => {
                let checked = || self.projects.keys().map(|id| (id, self.check_trust(id)));
                let trusted: Vec<ProjectId> = checked()
                    .filter_map(|(id, trust)| trust.is_ok().then(|| id.clone()))
                    .collect();
                if trusted.is_empty()
                    && let Some(refusal) = checked().find_map(|(_, trust)| trust.err())
                {
                    self.explain(&refusal);
                    // Nobody may be waiting any more.
                    let _ = reply.send(Err(refusal.into()));
                    return;
                }
                let contexts = trusted
                    .into_iter()
                    .filter_map(|id| Some((id.clone(), self.cycle_context(&id)?)))
                    .collect();
                CycleWork::Resume {
                    cycle,
                    contexts,
                    reply,
                }
            }
            CycleCommand::Cancel { cycle } => CycleWork::Cancel { cycle },
            CycleCommand::Apply { cycle, to, reply } => CycleWork::Apply {
                cycle,
                folders: folders(),
                documents: self.open_documents(),
                to,
                reply,
            },
            CycleCommand::Applied {
                cycle,
                files,
                reply,
            } => CycleWork::Applied {
                cycle,
                folders: folders(),
                files,
                reply,
            },
            CycleCommand::Discard { cycle, reply } => CycleWork::Discard {
                cycle,
                folders: folders(),
                reply,
            },
            CycleCommand::List { reply } => CycleWork::List {
                folders: folders(),
                reply,
            },
            CycleCommand::Undecided { path, reply } => CycleWork::Undecided {
                folder: self.known_folder(&path),
                reply,
            },
            CycleCommand::Workers { path, reply } => {
                let folder = self.folder_of(&path);
                let found = folder.and_then(|path| Some((path, self.folders.get(path)?)));
                let Some((path, folder)) = found else {
                    // Nobody may be waiting any more.
                    let _ = reply.send(BTreeMap::new());
                    return;
                };
                CycleWork::Workers {
                    folder: path.clone(),
                    settings: folder.settings.clone(),
                    reply,
                }
            }
            CycleCommand::Diff { cycle, reply } => CycleWork::Diff {
                cycle,
                folders: folders(),
                reply,
            },
            CycleCommand::Show { cycle, reply } => CycleWork::Show {
                cycle,
                folders: folders(),
                reply,
            },
            CycleCommand::Resting { reply } => CycleWork::Resting {
                folders: folders(),
                reply,
            },
            CycleCommand::HalfApplied { reply } => CycleWork::HalfApplied {
                folders: folders(),
                documents: self.open_documents(),
                reply,
            },
            CycleCommand::BackToGreen { file, reply } => {
                let Some((project, state)) = self.project_to_bring_back(file.as_deref()) else {
                    // Nobody may be waiting any more.
                    let _ = reply.send(Err(CycleRefusal::WhichProject));
                    return;
                };
                CycleWork::BackToGreen {
                    folder: state.folder.clone(),
                    project: project.clone(),
                    root: state.project.root().to_owned(),
                    documents: self.open_documents(),
                    reply,
                }
            }
            CycleCommand::ResetBreakers { reply } => CycleWork::ResetBreakers {
                folders: folders(),
                reply,
            },
        };
        self.effects.push(Effect::Cycle(work));
    }

    /// The folder that a file lies in.
    fn known_folder(&self, file: &Utf8Path) -> Option<KnownFolder> {
        let path = self.folder_of(file)?;
        Some(KnownFolder {
            path: path.clone(),
            name: self.folders.get(path)?.name.clone(),
            projects: self.projects_of(path),
        })
    }

    /// What a wished-for cycle is to reach, by whom, and with what.
    fn cycle(&self, request: &CycleRequest) -> Result<(Goal, String, Context), CycleRefusal> {
        let targets = self.tests_of(&request.targets)?;
        let held_out = self.tests_of(&request.held_out)?;
        let mut projects: Vec<ProjectId> = Vec::new();
        for id in targets.iter().chain(&held_out) {
            if let Some(item) = self.tree.get(id)
                && !projects.contains(&item.project)
            {
                projects.push(item.project.clone());
            }
        }
        let project = match projects.as_slice() {
            [project] => project.clone(),
            [] => return Err(Refusal::NothingToRun("no test is named".to_owned()).into()),
            _ => return Err(CycleRefusal::SeveralProjects(projects)),
        };
        self.check_trust(&project)?;
        let context = self
            .cycle_context(&project)
            .ok_or_else(|| Refusal::NothingToRun(format!("there is no project {project}")))?;
        let targets: Vec<TestId> = targets
            .into_iter()
            .filter(|target| !held_out.contains(target))
            .collect();
        if targets.is_empty() {
            return Err(CycleRefusal::AllHeldOut);
        }
        if held_out.is_empty() && targets.iter().all(|target| self.passes(target)) {
            return Err(CycleRefusal::AlreadyGreen(targets));
        }
        let worker = worker(request, &context)?;
        let goal = Goal {
            framework: context.project.framework(),
            folder: context.folder.clone(),
            root: context.project.root().to_owned(),
            targets,
            held_out,
            project,
        };
        Ok((goal, worker, context))
    }

    /// The tests that ids stand for: of a group, all below it; of a parameter case, its test.
    fn tests_of(&self, ids: &[TestId]) -> Result<Vec<TestId>, Refusal> {
        let mut tests: Vec<TestId> = Vec::new();
        for id in ids {
            // A case that has not run yet is not known; its test is.
            let test = || {
                self.tree
                    .get(&TestId::parse(id.as_str().split_once('[')?.0))
            };
            let item = self
                .tree
                .get(id)
                .or_else(test)
                .ok_or_else(|| Refusal::UnknownTest(id.clone()))?;
            let mut found: Vec<TestId> = match item.kind {
                ItemKind::Test => vec![item.id.clone()],
                ItemKind::Case => vec![item.parent.clone().unwrap_or_else(|| id.clone())],
                _ => self
                    .tree
                    .tests_below(id)
                    .into_iter()
                    .map(|item| match (item.kind, &item.parent) {
                        (ItemKind::Case, Some(test)) => test.clone(),
                        _ => item.id.clone(),
                    })
                    .collect(),
            };
            found.retain(|test| !tests.contains(test));
            found.dedup();
            tests.extend(found);
        }
        Ok(tests)
    }

    fn cycle_context(&self, project: &ProjectId) -> Option<Context> {
        let state = self.projects.get(project)?;
        let folder = self.folders.get(&state.folder)?;
        Some(Context {
            folder: state.folder.clone(),
            project: state.project.clone(),
            settings: folder.settings.clone(),
            documents: self.open_documents(),
        })
    }

    fn open_documents(&self) -> Documents {
        self.documents
            .iter()
            .map(|(path, document)| (path.to_owned(), document.version(), document.text().clone()))
            .collect()
    }

    pub(super) fn cycle_notice(&mut self, notice: CycleNotice) {
        match &notice.what {
            CycleWhat::Began(summary) if summary.worker == HUMAN => {
                self.by_hand.push(ByHand {
                    cycle: notice.cycle,
                    targets: summary.targets.clone(),
                });
            }
            CycleWhat::Ended(_) => self.by_hand.retain(|by_hand| by_hand.cycle != notice.cycle),
            _ => {}
        }
        self.notify(Notice::Cycle(notice));
    }

    /// The innermost project that a file lies in; without a file, the only one.
    fn project_to_bring_back(
        &self,
        file: Option<&Utf8Path>,
    ) -> Option<(&ProjectId, &ProjectState)> {
        match file {
            Some(file) => self
                .projects
                .iter()
                .filter(|(_, state)| file.starts_with(state.project.root()))
                .max_by_key(|(_, state)| state.project.root().as_str().len()),
            None if self.projects.len() == 1 => self.projects.iter().next(),
            None => None,
        }
    }

    /// Keeps the user's work if all tests of a project pass on it.
    pub(super) fn keep_checkpoint(&mut self, project: &ProjectId) {
        if self.phase(project) != Some(Phase::Green) {
            return;
        }
        let inputs = self.results.inputs(project);
        let Some(state) = self.projects.get_mut(project) else {
            return;
        };
        if state.checkpoint.replace(inputs) == Some(inputs) {
            return;
        }
        let folder = state.folder.clone();
        self.effects.push(Effect::Cycle(CycleWork::Checkpoint {
            folder,
            project: project.clone(),
            documents: self.open_documents(),
        }));
    }

    /// Tells the cycles that a person works on when all their targets pass.
    pub(super) fn look_at_cycles_by_hand(&mut self) {
        let passing: Vec<CycleId> = self
            .by_hand
            .iter()
            .filter(|by_hand| by_hand.targets.iter().all(|target| self.passes(target)))
            .map(|by_hand| by_hand.cycle)
            .collect();
        for cycle in passing {
            let documents = self.open_documents();
            self.effects
                .push(Effect::Cycle(CycleWork::Passing { cycle, documents }));
        }
    }

    fn passes(&self, test: &TestId) -> bool {
        let below = self.tree.tests_below(test);
        !below.is_empty()
            && below.iter().all(|item| {
                self.results.freshness(&item.id) == Freshness::Current
                    && self
                        .results
                        .get(&item.id)
                        .is_some_and(|shown| shown.result.outcome == Outcome::Passed)
            })
    }
}

/// Who is to write: who was asked for, or who the settings say, or the only one there is.
fn worker(request: &CycleRequest, context: &Context) -> Result<String, CycleRefusal> {
    let known: Vec<String> = context.settings.workers.keys().cloned().collect();
    let named = request
        .worker
        .clone()
        .or_else(|| context.settings.cycle.worker.clone());
    match (named, known.as_slice()) {
        (Some(name), _) if name == HUMAN || known.contains(&name) => Ok(name),
        (Some(name), _) => Err(CycleRefusal::UnknownWorker { name, known }),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(CycleRefusal::NoWorker),
        (None, _) => Err(CycleRefusal::SeveralWorkers(known)),
    }
}
