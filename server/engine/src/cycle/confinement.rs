//! What may be written by code that the user has not written.
//!
//! Decision 11 says why. Two kinds of such code run: tests over a worker's change, in a clean room,
//! and agent programs, in their lane.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Access;
use greenward_exec::{Confinement, Network};
use greenward_workspace::lane::Lane;
use greenward_workspace::objects::{ObjectStore, StoreError};

/// Folders of the system that programs write in, or that hold the sockets of those that would act
/// for them: through an overlay, nobody answers.
const SHARED: [&str; 4] = ["/tmp", "/var", "/run", "/home"];

/// Where memory that processes share has names. There is no doing without it: locks of Python's
/// `multiprocessing` are made there.
const MEMORY: &str = "/dev/shm";

/// Variables that name folders of the user's.
const OWN: [&str; 8] = [
    "HOME",
    "TMPDIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];

/// What nobody may read who writes in a cycle, and no code that they wrote: the user's work, for the
/// tests stand in it, among them those that are held out; earlier versions and other copies of it;
/// and what was compiled from it.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    hidden: Vec<Utf8PathBuf>,
    /// What is needed of it all the same: interpreters and what is installed for them.
    shown: Vec<Utf8PathBuf>,
}

impl Secrets {
    /// Of a cycle with a `lane` whose tests stand in these `files`, given as they lie there.
    /// `compiled` is where compilers leave what they make of the user's work, `shown` what programs
    /// cannot do without. `env` is what they begin with.
    ///
    /// # Errors
    /// If the user's repository cannot be read.
    pub(super) fn of(
        lane: &Lane,
        store: &ObjectStore,
        files: impl IntoIterator<Item = Utf8PathBuf>,
        compiled: &[Utf8PathBuf],
        shown: &[Utf8PathBuf],
        env: &BTreeMap<String, String>,
    ) -> Result<Self, StoreError> {
        let home = env.get("HOME").map(Utf8Path::new);
        // Without their home, programs miss more than the work in it.
        let can_be_hidden = |place: &Utf8PathBuf| home.is_none_or(|home| !home.starts_with(place));
        let mut hidden = store.places()?;
        hidden.extend(compiled.iter().cloned());
        hidden.retain(can_be_hidden);
        let inside = files
            .into_iter()
            .filter_map(|file| Some(store.top().join(file.strip_prefix(lane.top()).ok()?)));
        hidden.extend(inside);
        // Outputs of tests are kept there, and whole copies of the user's work here.
        hidden.push(store.top().join(store.prefix()).join(".tdd"));
        hidden.push(lane.all().to_owned());
        hidden.sort();
        hidden.dedup();
        Ok(Self {
            hidden,
            shown: shown.to_vec(),
        })
    }

    fn access(&self) -> impl Iterator<Item = (Utf8PathBuf, Access)> {
        let hidden = self.hidden.iter().cloned();
        let shown = self.shown.iter().cloned();
        hidden
            .map(|place| (place, Access::Hidden))
            .chain(shown.map(|place| (place, Access::Shown)))
    }
}

/// For the runs of a clean room with its files at `top` and what compilers leave in `build`.
/// `folder` is the user's, `network` whom they reach, `env` what processes begin with.
///
/// Nothing that a run writes is there in the next, so none can tell another what it has seen; what
/// a compiler leaves is for the compiler alone to write, or a run could change what the next runs.
pub(super) fn of_clean_room(
    top: &Utf8Path,
    build: &Utf8Path,
    folder: &Utf8Path,
    secrets: &Secrets,
    network: Network,
    env: &BTreeMap<String, String>,
) -> Confinement {
    let mut access = apparent(folder, env);
    access.extend(secrets.access());
    access.extend([
        (top.to_owned(), Access::Passing),
        (build.to_owned(), Access::Apparent),
    ]);
    Confinement { access, network }
}

/// Where an agent program may write that works in the lane with its files at `top`.
pub(super) fn of_lane(
    top: &Utf8Path,
    folder: &Utf8Path,
    secrets: &Secrets,
    env: &BTreeMap<String, String>,
) -> Vec<(Utf8PathBuf, Access)> {
    let mut access = apparent(folder, env);
    access.extend(secrets.access());
    access.push((top.to_owned(), Access::Kept));
    access
}

/// What a program finds as the user has it, and cannot change.
fn apparent(folder: &Utf8Path, env: &BTreeMap<String, String>) -> Vec<(Utf8PathBuf, Access)> {
    let own = OWN.iter().filter_map(|name| env.get(*name));
    let own = own.map(Utf8PathBuf::from).filter(|path| path.is_absolute());
    let shared = SHARED.map(Utf8PathBuf::from);
    own.chain(shared)
        .chain([folder.to_owned()])
        .map(|path| (path, Access::Apparent))
        .chain([(Utf8PathBuf::from(MEMORY), Access::Passing)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_room_keeps_nothing() {
        let env = [
            ("HOME", "/home/u"),
            ("TMPDIR", "tmp"),
            ("CARGO_HOME", "/opt/cargo"),
            ("PATH", "/usr/bin"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let confinement = of_clean_room(
            "/home/u/.cache/greenward/lanes/1/tree".into(),
            "/home/u/.cache/greenward/lanes/1/build".into(),
            "/srv/project".into(),
            &Secrets {
                hidden: vec!["/srv/project".into()],
                shown: vec!["/srv/project/.venv".into()],
            },
            Network::Own,
            &env.into(),
        );
        let words: Vec<String> = confinement
            .access
            .iter()
            .map(|(path, access)| format!("{access:?} {path}"))
            .collect();
        assert_eq!(
            words,
            [
                "Apparent /home/u",
                "Apparent /opt/cargo",
                "Apparent /tmp",
                "Apparent /var",
                "Apparent /run",
                "Apparent /home",
                "Apparent /srv/project",
                "Passing /dev/shm",
                "Hidden /srv/project",
                "Shown /srv/project/.venv",
                "Passing /home/u/.cache/greenward/lanes/1/tree",
                "Apparent /home/u/.cache/greenward/lanes/1/build",
            ]
        );
    }
}
