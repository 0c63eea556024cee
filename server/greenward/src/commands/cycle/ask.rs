//! Asking the engine about cycles.

use camino::Utf8PathBuf;
use greenward_core::CycleId;
use greenward_engine::{Command, CycleCommand, CycleDiff, CycleRefusal, Hands, Resting, TrustWord};
use tokio::sync::oneshot;

use crate::edge::World;
use crate::exit::Trouble;
use crate::launch::{self, Session, refused};
use crate::{folder, trusting};

/// The answer to something that is asked about cycles.
///
/// # Errors
/// If the engine ends.
pub(in crate::commands) async fn ask<T>(
    session: &Session,
    command: impl FnOnce(oneshot::Sender<Result<T, CycleRefusal>>) -> CycleCommand,
) -> Result<Result<T, CycleRefusal>, Trouble> {
    let (reply, answer) = oneshot::channel();
    session.send(Command::Cycle(command(reply)));
    answer.await.map_err(|_| launch::ended())
}

/// What is said when something about a cycle is not done.
pub(super) fn trouble(refusal: CycleRefusal) -> Trouble {
    match refusal {
        CycleRefusal::Run(refusal) => refused(refusal),
        CycleRefusal::NoWorker | CycleRefusal::UnknownWorker { .. } => {
            Trouble::new(refusal.to_string())
                .hint("`greenward doctor` says where your settings are, and which workers can work")
        }
        refusal => Trouble::new(refusal.to_string()),
    }
}

/// An engine on the folder around the working directory, for its cycles.
pub(super) struct Cycles {
    pub(super) session: Session,
}

impl Cycles {
    /// Looks at the cycles of the folder. Nothing of it is run.
    ///
    /// # Errors
    /// If the working directory cannot be read, the folder has no cycles, or the engine ends.
    pub(super) async fn look(world: &World) -> Result<Self, Trouble> {
        Self::open(world, TrustWord::Editor(false)).await
    }

    /// Works with the cycles of the folder, if it is trusted.
    ///
    /// # Errors
    /// As [`look`](Self::look), and if it is not known whether the folder is trusted.
    pub(super) async fn work(
        world: &World,
        this_time: bool,
        may_ask: bool,
    ) -> Result<Self, Trouble> {
        let folder = folder_of(world)?;
        let trust = trusting::word(world, &folder, this_time, may_ask)?;
        Self::open(world, trust).await
    }

    async fn open(world: &World, trust: TrustWord) -> Result<Self, Trouble> {
        let folder = folder_of(world)?;
        // To look must not make a database.
        if !folder.join(".tdd/state.db").exists() {
            return Err(Trouble::new(format!("{folder} has no cycles yet"))
                .hint("`greenward green TEST` begins one"));
        }
        let session = Session::start(world, &folder, trust, false).await?;
        Ok(Self { session })
    }

    /// What a cycle has changed.
    ///
    /// # Errors
    /// If there is no such cycle, or the engine ends.
    pub(super) async fn diff(&self, cycle: CycleId) -> Result<CycleDiff, Trouble> {
        diff(&self.session, cycle).await
    }
}

/// What a cycle has changed.
///
/// # Errors
/// If there is no such cycle, or the engine ends.
pub(super) async fn diff(session: &Session, cycle: CycleId) -> Result<CycleDiff, Trouble> {
    ask(session, |reply| CycleCommand::Diff { cycle, reply })
        .await?
        .map_err(trouble)
}

/// The cycles that somebody is at, in any process.
///
/// # Errors
/// If it cannot be found out, or the engine ends.
pub(super) async fn going_on(session: &Session) -> Result<Vec<CycleId>, Trouble> {
    let all = ask(session, |reply| CycleCommand::List { reply }).await?;
    let all = all.map_err(trouble)?.into_iter();
    let going_on = all.filter(|cycle| cycle.hands != Hands::Nobodys);
    Ok(going_on.map(|cycle| cycle.summary.id).collect())
}

/// What has failed too often and is left alone for a while.
///
/// # Errors
/// If it cannot be found out, or the engine ends.
pub(super) async fn resting(session: &Session) -> Result<Vec<Resting>, Trouble> {
    let resting = ask(session, |reply| CycleCommand::Resting { reply });
    resting.await?.map_err(trouble)
}

/// The folder around the working directory.
pub(super) fn folder_of(world: &World) -> Result<Utf8PathBuf, Trouble> {
    let here = folder::canonical(&world.folder, &world.folder)
        .map_err(|error| Trouble::new(format!("{} cannot be read", world.folder)).from(error))?;
    Ok(folder::around(
        &here,
        |path| path.exists(),
        |path| path.is_dir(),
    ))
}
