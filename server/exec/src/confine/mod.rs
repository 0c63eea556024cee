//! Confining a process and all below it: what it may change, and whether it has a network.
//!
//! - [`Confinement`]: what is to hold. [`Isolation`]: how much of that the system could do.
//! - `view`: a view of the file system of its own, where what is written is thrown away (Linux
//!   namespaces and overlays).
//! - `rules`: what may be written at all (Landlock).
//!
//! Each part is done as far as the system has it. The supervisor confines itself before it starts
//! the program, so nothing below it can take that back.

#[cfg(target_os = "linux")]
mod rules;
#[cfg(target_os = "linux")]
mod view;

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use camino::Utf8PathBuf;
use greenward_core::Writes;

/// What a process and all below it may change, and whether it has a network.
///
/// It can write at these places and in a temporary folder of its own, which its `TMPDIR` names,
/// and read everything. It cannot reach processes outside of its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// Places, absolute, and what becomes of what is written there. An invocation can name more,
    /// and say otherwise of a place that stands here. Places that do not exist count for nothing.
    pub writes: Vec<(Utf8PathBuf, Writes)>,
    /// Whether it has a network. Without, not even this machine's own addresses are reached,
    /// except where only Landlock is there: that knows of TCP alone.
    pub network: bool,
}

/// How much of a confinement the system could do. The less is the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// Nothing: the process can write wherever its user can.
    None,
    /// It can write in its own places only.
    Refusing,
    /// It can write in its own places only, and what it writes elsewhere seems to succeed and is
    /// thrown away.
    Private,
}

impl Isolation {
    const ALL: [Isolation; 3] = [Isolation::None, Isolation::Refusing, Isolation::Private];

    /// As one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Isolation::None => "none",
            Isolation::Refusing => "refusing",
            Isolation::Private => "private",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A confinement as the supervisor is told of it, in its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// Empty at first. `TMPDIR` names it.
    pub(crate) temporary: PathBuf,
    pub(crate) writes: Vec<(PathBuf, Writes)>,
    pub(crate) network: bool,
}

const TEMPORARY: &str = "--temporary";
const KEPT: &str = "--kept";
const PASSING: &str = "--passing";
const APPARENT: &str = "--apparent";
const NO_NETWORK: &str = "--no-network";

impl Order {
    pub(crate) fn args(&self) -> Vec<OsString> {
        let mut args = vec![TEMPORARY.into(), self.temporary.clone().into()];
        for (path, writes) in &self.writes {
            let word = match writes {
                Writes::Kept => KEPT,
                Writes::Passing => PASSING,
                Writes::Apparent => APPARENT,
            };
            args.extend([word.into(), path.clone().into()]);
        }
        if !self.network {
            args.push(NO_NETWORK.into());
        }
        args
    }

    /// Takes an order from the beginning of arguments; nothing if there is none. Gives the first
    /// argument that is not part of it too.
    ///
    /// # Errors
    /// If what is there is no order.
    pub(crate) fn parse(
        args: &mut impl Iterator<Item = OsString>,
    ) -> Result<(Option<Self>, Option<OsString>), NotAnOrder> {
        let mut order = None;
        loop {
            let Some(arg) = args.next() else {
                return Ok((order, None));
            };
            // All that follows an order begins with an absolute path.
            if !arg.as_bytes().starts_with(b"--") {
                return Ok((order, Some(arg)));
            }
            let mut path = || args.next().map(PathBuf::from).ok_or(NotAnOrder);
            if arg == TEMPORARY {
                order = Some(Order {
                    temporary: path()?,
                    writes: Vec::new(),
                    network: true,
                });
                continue;
            }
            let order = order.as_mut().ok_or(NotAnOrder)?;
            if arg == NO_NETWORK {
                order.network = false;
                continue;
            }
            let writes = match () {
                () if arg == KEPT => Writes::Kept,
                () if arg == PASSING => Writes::Passing,
                () if arg == APPARENT => Writes::Apparent,
                () => return Err(NotAnOrder),
            };
            order.writes.push((path()?, writes));
        }
    }

    /// Confines this process and all that it will start, as far as the system can.
    pub(crate) fn carry_out(&self) -> Isolation {
        carry_out(self)
    }
}

/// Arguments that say nothing of a confinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAnOrder;

#[cfg(target_os = "linux")]
fn carry_out(order: &Order) -> Isolation {
    let places = Places::of(order);
    let view = view::enter(&order.temporary, &places, order.network);
    let writable = places.writable(view.as_ref().map_or(&[], |view| &view.covered));
    let ruled = rules::restrict(&writable, order.network);
    match (ruled, view) {
        // Without rules a view is no wall: its own places can be mounted away.
        (false, _) => Isolation::None,
        (true, Some(view)) if view.whole => Isolation::Private,
        (true, _) => Isolation::Refusing,
    }
}

#[cfg(not(target_os = "linux"))]
fn carry_out(_order: &Order) -> Isolation {
    Isolation::None
}

/// The places of an order, without links on the way, parents before what is beneath them.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "nothing is confined")
)]
struct Places(Vec<(PathBuf, Writes)>);

#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "nothing is confined")
)]
impl Places {
    fn of(order: &Order) -> Self {
        let temporary = (&order.temporary, Writes::Passing);
        let places = order.writes.iter().map(|(path, writes)| (path, *writes));
        Self::sorted(places.chain([temporary]).filter_map(|(path, writes)| {
            let path = std::fs::canonicalize(path).ok()?;
            Some((path, writes))
        }))
    }

    /// What is said last of a place counts.
    fn sorted(places: impl Iterator<Item = (PathBuf, Writes)>) -> Self {
        let map: std::collections::BTreeMap<PathBuf, Writes> = places.collect();
        Self(map.into_iter().collect())
    }

    /// What may be written, where these are covered by overlays.
    fn writable(&self, covered: &[PathBuf]) -> Vec<&Path> {
        let places = self.0.iter().filter(|(path, writes)| {
            *writes != Writes::Apparent || covered.iter().any(|one| path.starts_with(one))
        });
        places.map(|(path, _)| path.as_path()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(network: bool) -> Order {
        Order {
            temporary: "/tmp/x".into(),
            writes: vec![
                ("/lane".into(), Writes::Kept),
                ("/home".into(), Writes::Apparent),
                ("/dev/shm".into(), Writes::Passing),
            ],
            network,
        }
    }

    #[test]
    fn an_order_survives_the_way() {
        for network in [true, false] {
            let order = order(network);
            let mut args = order.args();
            args.extend(["/folder".into(), "A=--kept".into(), "--".into()]);
            let mut args = args.into_iter();
            let parsed = Order::parse(&mut args);
            assert_eq!(parsed, Ok((Some(order), Some("/folder".into()))));
            assert_eq!(args.next(), Some("A=--kept".into()));
        }
    }

    #[test]
    fn what_is_no_order() {
        let parse = |args: &[&str]| {
            let mut args = args.iter().map(OsString::from);
            Order::parse(&mut args)
        };
        assert_eq!(parse(&["/folder"]), Ok((None, Some("/folder".into()))));
        assert_eq!(parse(&[]), Ok((None, None)));
        for args in [
            &["--kept", "/a"][..],
            &["--no-network"],
            &["--temporary"],
            &["--temporary", "/a", "--kept"],
            &["--temporary", "/a", "--other", "/b"],
        ] {
            assert_eq!(parse(args), Err(NotAnOrder), "{args:?}");
        }
    }

    #[test]
    fn what_stands_later_counts() {
        let places = [
            ("/b".into(), Writes::Kept),
            ("/a".into(), Writes::Apparent),
            ("/b".into(), Writes::Passing),
        ];
        let places = Places::sorted(places.into_iter());
        let expected = vec![
            ("/a".into(), Writes::Apparent),
            ("/b".into(), Writes::Passing),
        ];
        assert_eq!(places, Places(expected));
    }

    #[test]
    fn only_what_is_covered_can_be_written_in_appearance() {
        let places = Places(vec![
            ("/a".into(), Writes::Apparent),
            ("/a/b".into(), Writes::Apparent),
            ("/c".into(), Writes::Apparent),
            ("/d".into(), Writes::Kept),
            ("/e".into(), Writes::Passing),
        ]);
        let none = ["/d", "/e"].map(Path::new);
        assert_eq!(places.writable(&[]), none);
        let some = ["/a", "/a/b", "/d", "/e"].map(Path::new);
        assert_eq!(places.writable(&["/a".into()]), some);
    }

    #[test]
    fn isolation_has_an_order_and_words() {
        assert!(Isolation::None < Isolation::Refusing && Isolation::Refusing < Isolation::Private);
        for level in Isolation::ALL {
            assert_eq!(Isolation::parse(level.as_str()), Some(level));
        }
        assert_eq!(Isolation::parse("some"), None);
    }
}
