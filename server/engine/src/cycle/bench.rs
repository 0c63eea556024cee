//! What is made ready for the steps of a cycle when one first needs it, and let go of at the end.

use std::time::SystemTime;

use greenward_workspace::lane::Lane;
use greenward_workspace::objects::CommitId as Version;

use super::clean_room::CleanRoom;
use super::composition::{Composition, Parts, compose};
use super::drive::{Drive, Trouble};
use super::environment::Environment;
use super::means::version;
use super::network;
use super::teller::Teller;
use super::turn::LeftOut;
use super::verify::Baseline;

/// What has been made ready for the steps of a cycle.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) environment: Option<Environment>,
    pub(super) room: Option<CleanRoom>,
    pub(super) baseline: Option<Baseline>,
    pub(super) lane: Option<Lane>,
    /// The base without what is held out, once that has been made.
    given: Option<Version>,
    /// What the worker goes on from.
    pub(super) kept: Option<Version>,
    pub(super) composition: Option<(Version, Composition)>,
    /// What of the last attempt came to nothing.
    pub(super) left: LeftOut,
    /// Whether it was told that tests want a network.
    told_of_network: bool,
}

impl Bench {
    /// Tells the user and the worker, once, that tests want a network that the clean room has not.
    pub(super) fn tell_of_network(&mut self, teller: &mut Teller, wants: bool) {
        if wants && !self.told_of_network {
            self.told_of_network = true;
            teller.stage(network::HINT);
            self.left.notes.push(network::HINT.to_owned());
        }
    }

    /// The clean room, taken when it is first needed.
    pub(super) async fn room(&mut self, drive: &Drive) -> Result<&mut CleanRoom, Trouble> {
        if self.room.is_none() {
            if self.environment.is_none() {
                let found = Environment::find(
                    &drive.project,
                    &drive.goal().folder,
                    &drive.settings,
                    &drive.means.tools,
                    &drive.stop.token,
                );
                self.environment = Some(found.await?);
            }
            if let Some(environment) = &self.environment {
                let name = format!("cycle-{}", drive.id());
                let entered = CleanRoom::enter(
                    &drive.means.objects,
                    &drive.means.lanes,
                    &name,
                    drive.goal(),
                    version(drive.cycle.base())?,
                    environment,
                    drive.means.clock,
                );
                self.room = Some(entered.await?);
            }
        }
        self.room
            .as_mut()
            .ok_or_else(|| "there is no clean room".into())
    }

    /// How the tests stand on the base. A cycle that was taken up again takes it anew.
    pub(super) async fn baseline(&mut self, drive: &Drive) -> Result<Baseline, Trouble> {
        if self.baseline.is_none() {
            let base = version(drive.cycle.base())?;
            let room = self.room(drive).await?;
            let taken = Baseline::take(room, drive.goal(), base, &drive.stop.token).await?;
            self.baseline = Some(taken);
        }
        self.baseline
            .clone()
            .ok_or_else(|| "there is no baseline".into())
    }

    /// What the worker is given: the base without what is held out.
    pub(super) async fn given(&mut self, drive: &Drive) -> Result<Version, Trouble> {
        let base = version(drive.cycle.base())?;
        let held_out = drive.goal().held_out.clone();
        if held_out.is_empty() {
            return Ok(base);
        }
        if let Some(given) = self.given {
            return Ok(given);
        }
        let room = self.room(drive).await?;
        room.stand(base).await?;
        let given = room.without(base, &held_out).await?;
        let (means, id) = (drive.means.clone(), drive.id());
        tokio::task::spawn_blocking(move || means.name(id, "given", given)).await??;
        self.given = Some(given);
        Ok(given)
    }

    /// What of a result is judged.
    pub(super) async fn composition(
        &mut self,
        drive: &Drive,
        result: Version,
    ) -> Result<Composition, Trouble> {
        if let Some((of, composition)) = &self.composition
            && *of == result
        {
            let composition = composition.clone();
            // It may have been made in an earlier attempt.
            keep(drive, composition.kept).await?;
            return Ok(composition);
        }
        let base = version(drive.cycle.base())?;
        let given = self.given(drive).await?;
        let room = self.room(drive).await?;
        room.stand(base).await?;
        let (project, top) = (room.project().clone(), room.top().to_owned());
        let means = drive.means.clone();
        let composed = tokio::task::spawn_blocking(move || {
            compose(&Parts {
                store: &means.objects,
                project: &project,
                top: &top,
                base,
                given,
                result,
                at: means.now(),
            })
        });
        let composition = composed.await??;
        keep(drive, composition.kept).await?;
        self.composition = Some((result, composition.clone()));
        self.kept = Some(composition.kept);
        Ok(composition)
    }

    /// Ends what runs, and lets go of the lanes.
    pub(super) async fn clear(self, at: SystemTime) {
        if let Some(room) = self.room {
            room.leave().await;
        }
        if let Some(lane) = self.lane {
            match tokio::task::spawn_blocking(move || lane.release(at)).await {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(name))) => {
                    tracing::info!(name = name.short(), "what a lane held is kept");
                }
                Ok(Err(error)) => tracing::warn!(%error, "a lane was not released"),
                Err(error) => tracing::warn!(%error, "a lane was not released"),
            }
        }
    }
}

/// Names what of the last attempt is judged, so that it can be shown and come to the user.
async fn keep(drive: &Drive, kept: Version) -> Result<(), Trouble> {
    let (means, id) = (drive.means.clone(), drive.id());
    let name = format!("kept-{}", drive.cycle.attempts());
    tokio::task::spawn_blocking(move || means.name(id, &name, kept)).await??;
    Ok(())
}
