//! The runners of all projects, each in a task of its own, with one piece of work at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use greenward_core::{ProjectId, RunEvent, RunId, RunOutcome};
use greenward_frameworks::Project;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::effect::Work;
use crate::event::Event;
use crate::runner::{Job, Runner, Tools};

/// How long the runners' processes have to go when the engine ends. A process that ignores TERM is
/// killed well before.
const END: Duration = Duration::from_secs(15);

/// The runners of all projects.
pub(crate) struct Runners {
    tools: Tools,
    events: mpsc::UnboundedSender<Event>,
    projects: HashMap<ProjectId, Worker>,
    runs: HashMap<RunId, CancellationToken>,
    tasks: Vec<JoinHandle<()>>,
}

/// The task of one project.
struct Worker {
    orders: mpsc::UnboundedSender<Order>,
    /// Stops the listing that goes on.
    listing: CancellationToken,
    /// Stops whatever goes on.
    all: CancellationToken,
}

enum Order {
    Run(RunId, Job, mpsc::UnboundedReceiver<RunEvent>),
    List(Job, mpsc::UnboundedReceiver<RunEvent>),
}

impl Runners {
    pub(crate) fn new(tools: Tools, events: mpsc::UnboundedSender<Event>) -> Self {
        Self {
            tools,
            events,
            projects: HashMap::new(),
            runs: HashMap::new(),
            tasks: Vec::new(),
        }
    }

    pub(crate) fn run(&mut self, run: RunId, work: Work) {
        self.runs.retain(|_, token| !token.is_cancelled());
        let worker = self.worker(&work.project);
        worker.listing.cancel();
        let cancel = worker.all.child_token();
        let orders = worker.orders.clone();
        self.runs.insert(run, cancel.clone());
        let (job, said) = job(work, cancel);
        // A worker lives as long as it is in the map.
        let _ = orders.send(Order::Run(run, job, said));
    }

    pub(crate) fn list(&mut self, work: Work) {
        let worker = self.worker(&work.project);
        worker.listing.cancel();
        worker.listing = worker.all.child_token();
        let (job, said) = job(work, worker.listing.clone());
        // A worker lives as long as it is in the map.
        let _ = worker.orders.send(Order::List(job, said));
    }

    pub(crate) fn cancel(&mut self, run: RunId) {
        if let Some(token) = self.runs.remove(&run) {
            token.cancel();
        }
    }

    /// Stops what goes on for a project, and ends what is kept warm for it.
    pub(crate) fn close(&mut self, project: &ProjectId) {
        if let Some(worker) = self.projects.remove(project) {
            worker.all.cancel();
        }
    }

    /// Ends everything. When this returns, no process is left.
    pub(crate) async fn stop(mut self) {
        for (_, worker) in self.projects.drain() {
            worker.all.cancel();
        }
        for task in self.tasks {
            if tokio::time::timeout(END, task).await.is_err() {
                tracing::error!("a runner did not end in time");
            }
        }
    }

    fn worker(&mut self, project: &Arc<Project>) -> &mut Worker {
        let tasks = &mut self.tasks;
        self.projects
            .entry(project.id().clone())
            .or_insert_with(|| {
                let (orders, ordered) = mpsc::unbounded_channel();
                let runner = Runner::new(project, self.tools.clone());
                let id = project.id().clone();
                tasks.retain(|task| !task.is_finished());
                tasks.push(tokio::spawn(serve(
                    id,
                    runner,
                    ordered,
                    self.events.clone(),
                )));
                let all = CancellationToken::new();
                Worker {
                    orders,
                    listing: all.child_token(),
                    all,
                }
            })
    }
}

fn job(work: Work, cancel: CancellationToken) -> (Job, mpsc::UnboundedReceiver<RunEvent>) {
    let (events, said) = mpsc::unbounded_channel();
    let job = Job {
        project: work.project,
        selection: work.selection,
        settings: work.settings,
        inputs: work.inputs,
        asked: work.asked,
        cancel,
        events,
    };
    (job, said)
}

/// Does the work of one project, piece by piece, until nobody can give it any more.
async fn serve(
    project: ProjectId,
    mut runner: Runner,
    mut ordered: mpsc::UnboundedReceiver<Order>,
    events: mpsc::UnboundedSender<Event>,
) {
    while let Some(order) = ordered.recv().await {
        match order {
            Order::Run(run, job, mut said) => {
                let cancelled = job.cancel.clone();
                let forward = async {
                    while let Some(event) = said.recv().await {
                        let event = Event::Run {
                            project: project.clone(),
                            run,
                            event,
                        };
                        // The loop ends after the runners.
                        let _ = events.send(event);
                    }
                };
                let running = async {
                    if job.cancel.is_cancelled() {
                        return RunOutcome::Cancelled;
                    }
                    runner.run(job).await
                };
                // The job holds the sender, so forwarding ends when the run does.
                let (outcome, ()) = tokio::join!(running, forward);
                let outcome = match outcome {
                    RunOutcome::Passed | RunOutcome::Failed => outcome,
                    _ if cancelled.is_cancelled() => RunOutcome::Cancelled,
                    _ => outcome,
                };
                // The loop ends after the runners.
                let _ = events.send(Event::RunEnded {
                    project: project.clone(),
                    run,
                    outcome,
                });
            }
            Order::List(job, mut said) => {
                let forward = async {
                    while let Some(event) = said.recv().await {
                        if let RunEvent::Found(items) = event {
                            let project = project.clone();
                            // The loop ends after the runners.
                            let _ = events.send(Event::Listed { project, items });
                        }
                    }
                };
                let listing = async {
                    if job.cancel.is_cancelled() {
                        return RunOutcome::Cancelled;
                    }
                    runner.list(job).await
                };
                let (outcome, ()) = tokio::join!(listing, forward);
                tracing::debug!(%project, outcome = outcome.name(), "listed");
            }
        }
    }
    runner.close().await;
}
