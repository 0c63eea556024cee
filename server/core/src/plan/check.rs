//! Whether a plan is sound, and what can be done when.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Asked, Dependencies, Plan, PlanFault, Task, TaskId, Wish};

/// How many ids a fault suggests.
const SUGGESTIONS: usize = 3;

/// How many faults suggest anything.
const EXPLAINED: usize = 100;

/// How long an id may be to be compared with others letter by letter, in bytes.
const COMPARED: usize = 200;

/// A plan that [`Plan::check`] found nothing wrong with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundPlan {
    plan: Plan,
    order: Vec<usize>,
}

impl SoundPlan {
    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// All tasks, each after those that it depends on, otherwise in the order of the plan.
    pub fn order(&self) -> impl Iterator<Item = &Task> {
        self.order
            .iter()
            .filter_map(|index| self.plan.tasks.get(*index))
    }

    /// The tasks that can be begun when these are done, in the order of the plan: those that are
    /// not done themselves and whose dependencies all are. No two of them write the same file, nor
    /// does one of them and a task that was ready before and is not done yet.
    #[must_use]
    pub fn ready(&self, done: &BTreeSet<TaskId>) -> Vec<&Task> {
        let is_ready = |task: &&Task| {
            !done.contains(&task.id) && task.depends_on.iter().all(|before| done.contains(before))
        };
        self.plan.tasks.iter().filter(is_ready).collect()
    }
}

impl Plan {
    /// Holds the plan against what its spec asks for.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn check(self, wishes: &[Wish]) -> Result<SoundPlan, Vec<PlanFault>> {
        let faults = self.faults(wishes);
        if !faults.is_empty() {
            return Err(faults);
        }
        let order = self.dependencies().order();
        Ok(SoundPlan { plan: self, order })
    }

    /// What is wrong with the plan, held against what its spec asks for.
    #[must_use]
    pub fn faults(&self, wishes: &[Wish]) -> Vec<PlanFault> {
        if self.tasks.is_empty() {
            return vec![PlanFault::Empty];
        }
        let mut faults = self.faults_of_ids();
        faults.extend(self.faults_of_order());
        faults.extend(self.faults_of_coverage(wishes));
        faults
    }

    /// Which task, by its place in the plan, waits for which. Ids of no task are left out.
    #[must_use]
    pub fn dependencies(&self) -> Dependencies {
        let places = self.places();
        let mut dependencies = Dependencies::none(self.tasks.len());
        for (later, task) in self.tasks.iter().enumerate() {
            for earlier in task.depends_on.iter().filter_map(|id| places.get(id)) {
                dependencies.add(later, *earlier);
            }
        }
        dependencies
    }

    /// Where in the plan each id is for the first time.
    fn places(&self) -> HashMap<&TaskId, usize> {
        let tasks = self.tasks.iter().enumerate().rev();
        tasks.map(|(place, task)| (&task.id, place)).collect()
    }

    fn faults_of_ids(&self) -> Vec<PlanFault> {
        let places = self.places();
        let mut faults = Vec::new();
        for (place, task) in self.tasks.iter().enumerate() {
            if places.get(&task.id) != Some(&place) {
                let id = task.id.clone();
                faults.push(PlanFault::SameId { id });
            }
            for dependency in &task.depends_on {
                if places.contains_key(dependency) {
                    continue;
                }
                // Who has so many faults has no use for all the names that come near.
                let nearest = match faults.len() < EXPLAINED {
                    true => self.nearest(dependency),
                    false => Vec::new(),
                };
                faults.push(PlanFault::UnknownDependency {
                    task: task.id.clone(),
                    dependency: dependency.clone(),
                    nearest,
                });
            }
        }
        faults
    }

    fn nearest(&self, wanted: &TaskId) -> Vec<TaskId> {
        let mut ranked: Vec<(f64, &TaskId)> = self
            .tasks
            .iter()
            .map(|task| &task.id)
            .filter(|id| id.as_str().len() <= COMPARED && wanted.as_str().len() <= COMPARED)
            .map(|id| {
                (
                    strsim::normalized_damerau_levenshtein(wanted.as_str(), id.as_str()),
                    id,
                )
            })
            .filter(|(likeness, _)| *likeness >= 0.6)
            .collect();
        ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let best = ranked.into_iter().take(SUGGESTIONS);
        best.map(|(_, id)| id.clone()).collect()
    }

    fn faults_of_order(&self) -> Vec<PlanFault> {
        let dependencies = self.dependencies();
        let id = |place: &usize| self.tasks[*place].id.clone();
        let circles = dependencies.circles();
        let mut faults: Vec<PlanFault> = circles
            .iter()
            .map(|circle| PlanFault::Circle {
                tasks: circle.iter().map(id).collect(),
            })
            .collect();
        // Without an order there is nothing to say about who could run beside whom.
        if !faults.is_empty() {
            return faults;
        }
        let waits: Vec<Vec<bool>> = (0..self.tasks.len())
            .map(|place| dependencies.waits_for(place))
            .collect();
        for (at, second) in self.tasks.iter().enumerate() {
            let mut beside = (0..at).filter(|&before| !waits[at][before] && !waits[before][at]);
            // One is enough: whoever puts these two in an order looks again.
            let other = beside.find(|before| self.tasks[*before].shares_a_file_with(second));
            if let Some(first) = other.map(|before| &self.tasks[before]) {
                let shared = first
                    .writes()
                    .find(|file| second.writes().any(|its| its == *file));
                faults.push(PlanFault::SharedFile {
                    first: first.id.clone(),
                    second: second.id.clone(),
                    file: shared.map(camino::Utf8Path::to_path_buf),
                });
            }
        }
        faults
    }

    fn faults_of_coverage(&self, wishes: &[Wish]) -> Vec<PlanFault> {
        let mut open: BTreeMap<&str, BTreeMap<Asked, Coverage>> = BTreeMap::new();
        for wish in wishes {
            let asked = open.entry(&wish.requirement).or_default();
            for what in asked_of(&wish.criteria, &wish.examples) {
                asked.entry(what).or_default().wanted += 1;
            }
        }
        let mut faults = Vec::new();
        for task in &self.tasks {
            if task.criteria.is_empty() && task.examples.is_empty() {
                let task = task.id.clone();
                faults.push(PlanFault::NothingToCheck { task });
                continue;
            }
            let Some(asked) = open.get_mut(task.requirement.as_str()) else {
                faults.push(PlanFault::UnknownRequirement {
                    task: task.id.clone(),
                    requirement: task.requirement.clone(),
                });
                continue;
            };
            for what in asked_of(&task.criteria, &task.examples) {
                let task = task.id.clone();
                match asked.get_mut(&what) {
                    None => faults.push(PlanFault::Invented { task, what }),
                    Some(coverage) if coverage.found == coverage.wanted => {
                        faults.push(PlanFault::Repeated { task, what });
                    }
                    Some(coverage) => coverage.found += 1,
                }
            }
        }
        for wish in wishes {
            for what in asked_of(&wish.criteria, &wish.examples) {
                let coverage = open
                    .get_mut(wish.requirement.as_str())
                    .and_then(|asked| asked.get_mut(&what));
                if let Some(coverage) = coverage.filter(|coverage| coverage.found < coverage.wanted)
                {
                    // Said once for each that is missing.
                    coverage.found += 1;
                    let requirement = wish.requirement.clone();
                    faults.push(PlanFault::LeftOut { requirement, what });
                }
            }
        }
        faults
    }
}

/// How often something is asked for, and how often it is in the plan.
#[derive(Debug, Default)]
struct Coverage {
    wanted: usize,
    found: usize,
}

fn asked_of<'a>(
    criteria: &'a [String],
    examples: &'a [super::Example],
) -> impl Iterator<Item = Asked> + 'a {
    let criteria = criteria.iter().cloned().map(Asked::Criterion);
    criteria.chain(examples.iter().cloned().map(Asked::Example))
}
