//! Confining a process and all below it: what it may change, and whether it has a network.
//!
//! - [`Confinement`]: what is to hold. [`Isolation`]: how much of that the system could do.
//! - `spaces`: namespaces of its own, with a network in which nobody else is (`loopback`).
//! - `view`: a view of the file system of its own, where what is written is thrown away (overlays,
//!   in the order of `layers`) and nothing else can be changed (`seal`).
//! - `rules`: what may be written at all (Landlock).
//! - `calls`: what the kernel is not asked to do (seccomp).
//! - `root`: what root may not do either.
//!
//! Each part is done as far as the system has it. The view is the supervisor's too; the rest holds
//! from the program on, so that it cannot reach the supervisor, and nobody can take it back.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod layers;
#[cfg(target_os = "linux")]
mod loopback;
#[cfg(target_os = "linux")]
mod root;
#[cfg(target_os = "linux")]
mod rules;
#[cfg(target_os = "linux")]
mod seal;
#[cfg(target_os = "linux")]
mod spaces;
#[cfg(target_os = "linux")]
mod view;

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use camino::Utf8PathBuf;
use greenward_core::Access;

/// What a process and all below it may change, and whether it has a network.
///
/// It can write where this says so and in a temporary folder of its own, which its `TMPDIR` names,
/// and read what is not hidden. It cannot signal processes outside of its tree, nor look into them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// Places, absolute, and what can be done there. An invocation can name more, and say otherwise
    /// of a place that stands here. Places that do not exist count for nothing.
    pub access: Vec<(Utf8PathBuf, Access)>,
    /// Whom it reaches.
    pub network: Network,
}

/// The network of a process and all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// This machine's.
    Shared,
    /// One of its own, in which nobody else is: its servers are at this machine's own addresses,
    /// and nothing of it is there when it has ended. Where there are no namespaces for that, it is
    /// this machine's.
    Own,
    /// None: not even this machine's own addresses are reached, except where only Landlock is
    /// there: that knows of TCP alone.
    None,
}

/// How much of a confinement the system could do. The less is the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// Nothing: the process can write wherever its user can.
    None,
    /// It can write in its own places only.
    Refusing,
    /// It can write in its own places only, and what it writes elsewhere seems to succeed and is
    /// thrown away. What is hidden is. But something of it can stay: in attributes of files, or in
    /// a network that was to be its own.
    Porous,
    /// The same, and nothing stays.
    Private,
}

impl Isolation {
    const ALL: [Isolation; 4] = [
        Isolation::None,
        Isolation::Refusing,
        Isolation::Porous,
        Isolation::Private,
    ];

    /// As one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Isolation::None => "none",
            Isolation::Refusing => "refusing",
            Isolation::Porous => "porous",
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
    pub(crate) access: Vec<(PathBuf, Access)>,
    pub(crate) network: Network,
}

const TEMPORARY: &str = "--temporary";
const KEPT: &str = "--kept";
const PASSING: &str = "--passing";
const APPARENT: &str = "--apparent";
const SHOWN: &str = "--shown";
const HIDDEN: &str = "--hidden";
const OWN_NETWORK: &str = "--own-network";
const NO_NETWORK: &str = "--no-network";

impl Order {
    pub(crate) fn args(&self) -> Vec<OsString> {
        let mut args = vec![TEMPORARY.into(), self.temporary.clone().into()];
        for (path, access) in &self.access {
            let word = match access {
                Access::Kept => KEPT,
                Access::Passing => PASSING,
                Access::Apparent => APPARENT,
                Access::Shown => SHOWN,
                Access::Hidden => HIDDEN,
            };
            args.extend([word.into(), path.clone().into()]);
        }
        match self.network {
            Network::Shared => {}
            Network::Own => args.push(OWN_NETWORK.into()),
            Network::None => args.push(NO_NETWORK.into()),
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
                    access: Vec::new(),
                    network: Network::Shared,
                });
                continue;
            }
            let order = order.as_mut().ok_or(NotAnOrder)?;
            if arg == OWN_NETWORK || arg == NO_NETWORK {
                order.network = match () {
                    () if arg == OWN_NETWORK => Network::Own,
                    () => Network::None,
                };
                continue;
            }
            let access = match () {
                () if arg == KEPT => Access::Kept,
                () if arg == PASSING => Access::Passing,
                () if arg == APPARENT => Access::Apparent,
                () if arg == SHOWN => Access::Shown,
                () if arg == HIDDEN => Access::Hidden,
                () => return Err(NotAnOrder),
            };
            order.access.push((path()?, access));
        }
    }

    /// Gives this process and all that it will start a view of their own, as far as the system can,
    /// and says what else the program is to be confined by. This process itself stays out of the
    /// program's reach.
    pub(crate) fn prepare(&self) -> Prepared {
        prepare(self)
    }
}

/// Arguments that say nothing of a confinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAnOrder;

/// What is left to be done in the program's process, before the program is.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// How far it all goes.
    pub(crate) isolation: Isolation,
    #[cfg(target_os = "linux")]
    rules: Option<rules::Rules>,
    #[cfg(target_os = "linux")]
    calls: Option<calls::Filter>,
}

impl Prepared {
    /// Confines this process, and all that it will start, for good.
    ///
    /// # Errors
    /// If the system does not do what it said it could.
    pub(crate) fn enforce(&mut self) -> std::io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            if let Some(rules) = self.rules.take() {
                rules.enforce()?;
            }
            if let Some(calls) = &self.calls {
                calls.enforce()?;
            }
            root::give_up()?;
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn prepare(order: &Order) -> Prepared {
    let places = Places::of(order);
    let spaces = spaces::enter(order.network);
    let view = spaces.and_then(|spaces| view::lay(&order.temporary, &places, spaces.rights));
    let own_network = spaces.is_some_and(|spaces| spaces.network);
    let writable = places.writable(view.as_ref().map_or(&[], |view| &view.covered));
    let rules = rules::Rules::new(&writable, order.network != Network::None);
    let isolation = match (&rules, view) {
        // Without rules a view is no wall: its own places can be mounted away.
        (None, _) => Isolation::None,
        (Some(_), Some(view)) if view.whole && view.is_sealed && own_network => Isolation::Private,
        (Some(_), Some(view)) if view.whole => Isolation::Porous,
        (Some(_), _) => Isolation::Refusing,
    };
    Prepared {
        isolation,
        rules,
        calls: calls::Filter::new(),
    }
}

#[cfg(not(target_os = "linux"))]
fn prepare(_order: &Order) -> Prepared {
    Prepared {
        isolation: Isolation::None,
    }
}

/// The places of an order, without links on the way, parents before what is beneath them.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "nothing is confined")
)]
struct Places(Vec<(PathBuf, Access)>);

#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "nothing is confined")
)]
impl Places {
    fn of(order: &Order) -> Self {
        let temporary = (&order.temporary, Access::Passing);
        let places = order.access.iter().map(|(path, access)| (path, *access));
        Self::sorted(places.chain([temporary]).filter_map(|(path, access)| {
            let path = std::fs::canonicalize(path).ok()?;
            Some((path, access))
        }))
    }

    /// What is said last of a place counts.
    fn sorted(places: impl Iterator<Item = (PathBuf, Access)>) -> Self {
        let map: std::collections::BTreeMap<PathBuf, Access> = places.collect();
        Self(map.into_iter().collect())
    }

    /// Whether the top of everything can be written, so that nothing is to be sealed.
    fn keep_the_top(&self) -> bool {
        let mut tops = self.0.iter().filter(|(path, _)| path.parent().is_none());
        tops.any(|(_, access)| matches!(access, Access::Kept | Access::Passing))
    }

    /// What may be written, where these are covered by overlays.
    fn writable(&self, covered: &[PathBuf]) -> Vec<&Path> {
        let places = self.0.iter().filter(|(path, access)| match access {
            Access::Kept | Access::Passing => true,
            Access::Apparent => covered.iter().any(|one| path.starts_with(one)),
            Access::Shown | Access::Hidden => false,
        });
        places.map(|(path, _)| path.as_path()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(network: Network) -> Order {
        Order {
            temporary: "/tmp/x".into(),
            access: vec![
                ("/lane".into(), Access::Kept),
                ("/home".into(), Access::Apparent),
                ("/dev/shm".into(), Access::Passing),
                ("/work".into(), Access::Hidden),
                ("/project/.venv".into(), Access::Shown),
            ],
            network,
        }
    }

    #[test]
    fn an_order_survives_the_way() {
        for network in [Network::Shared, Network::Own, Network::None] {
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
            &["--own-network"],
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
            ("/b".into(), Access::Kept),
            ("/a".into(), Access::Apparent),
            ("/b".into(), Access::Passing),
        ];
        let places = Places::sorted(places.into_iter());
        let expected = vec![
            ("/a".into(), Access::Apparent),
            ("/b".into(), Access::Passing),
        ];
        assert_eq!(places, Places(expected));
    }

    #[test]
    fn only_what_is_covered_can_be_written_in_appearance() {
        let places = Places(vec![
            ("/a".into(), Access::Apparent),
            ("/a/b".into(), Access::Apparent),
            ("/c".into(), Access::Apparent),
            ("/d".into(), Access::Kept),
            ("/e".into(), Access::Passing),
            ("/f".into(), Access::Hidden),
            ("/f/g".into(), Access::Shown),
        ]);
        let none = ["/d", "/e"].map(Path::new);
        assert_eq!(places.writable(&[]), none);
        let some = ["/a", "/a/b", "/d", "/e"].map(Path::new);
        assert_eq!(places.writable(&["/a".into()]), some);
    }

    #[test]
    fn isolation_has_an_order_and_words() {
        assert!(Isolation::ALL.is_sorted());
        for level in Isolation::ALL {
            assert_eq!(Isolation::parse(level.as_str()), Some(level));
        }
        assert_eq!(Isolation::parse("some"), None);
    }
}
