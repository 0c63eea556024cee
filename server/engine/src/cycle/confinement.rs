//! What may be written by code that the user has not written.
//!
//! Decision 11 says why. Two kinds of such code run: tests over a worker's change, in a clean room,
//! and agent programs, in their lane.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Access;
use greenward_exec::Confinement;

/// Folders of the system that every program may expect to be able to write in.
const SHARED: [&str; 2] = ["/tmp", "/var/tmp"];

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

/// For the runs of a clean room with its files at `top` and what compilers leave in `build`.
/// `folder` is the user's, `env` what processes begin with.
///
/// Nothing that a run writes is there in the next, so none can tell another what it has seen; what
/// a compiler leaves is for the compiler alone to write, or a run could change what the next runs.
pub(super) fn of_clean_room(
    top: &Utf8Path,
    build: &Utf8Path,
    folder: &Utf8Path,
    env: &BTreeMap<String, String>,
) -> Confinement {
    let mut writes = apparent(folder, env);
    writes.extend([
        (top.to_owned(), Access::Passing),
        (build.to_owned(), Access::Apparent),
    ]);
    Confinement {
        writes,
        // Tests start servers of their own, and some need one that the user has started.
        network: true,
    }
}

/// Where an agent program may write that works in the lane with its files at `top`.
pub(super) fn of_lane(
    top: &Utf8Path,
    folder: &Utf8Path,
    env: &BTreeMap<String, String>,
) -> Vec<(Utf8PathBuf, Access)> {
    let mut writes = apparent(folder, env);
    writes.push((top.to_owned(), Access::Kept));
    writes
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
            &env.into(),
        );
        let words: Vec<String> = confinement
            .access
            .iter()
            .map(|(path, writes)| format!("{writes:?} {path}"))
            .collect();
        assert_eq!(
            words,
            [
                "Apparent /home/u",
                "Apparent /opt/cargo",
                "Apparent /tmp",
                "Apparent /var/tmp",
                "Apparent /srv/project",
                "Passing /dev/shm",
                "Passing /home/u/.cache/greenward/lanes/1/tree",
                "Apparent /home/u/.cache/greenward/lanes/1/build",
            ]
        );
    }
}
