//! A view of the file system of its own, where what is written at some places is thrown away.
//!
//! A mount namespace, in which an overlay lies over each such place: it shows what was there and
//! takes what is written, in memory. Over what is hidden lies an empty folder or file. Places that
//! are to be kept or shown all the same are bound over both. All of it goes with the last process in
//! it, however that ends.
//!
//! Needs user namespaces or the rights of root; see `namespaces(7)` and
//! <https://docs.kernel.org/filesystems/overlayfs.html>.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use greenward_core::Access;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

use super::Places;

/// What came of it.
#[derive(Debug)]
pub(super) struct View {
    /// The places, by their tops, where what is written is thrown away.
    pub(super) covered: Vec<PathBuf>,
    /// Whether they are all that should be.
    pub(super) whole: bool,
}

/// Gives this process and all that it will start a view of their own, and no network unless it is
/// to have one. `temporary` is an empty folder. Nothing if the system does not let us.
pub(super) fn enter(temporary: &Path, places: &Places, network: bool) -> Option<View> {
    let mut spaces = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWIPC;
    if !network {
        spaces |= CloneFlags::CLONE_NEWNET;
    }
    let ours = own_namespaces(spaces).ok()?;
    // What is mounted here from now on is seen here only.
    let all = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, all, None::<&str>).ok()?;

    let mounts = fs::read("/proc/self/mountinfo").ok()?;
    let plan = plan(places, &mount_points(&mounts));
    // Looked up before anything is covered.
    let there: Vec<Option<File>> = plan.iter().map(|layer| open(&layer.path).ok()).collect();

    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    let staging = temporary.join("memory");
    fs::create_dir(&staging).ok()?;
    let mode = Some("mode=0700");
    mount(Some("tmpfs"), &staging, Some("tmpfs"), flags, mode).ok()?;
    let memory = open(&staging).ok()?;
    let mut view = View {
        covered: Vec::new(),
        whole: true,
    };
    for (number, (layer, there)) in plan.iter().zip(&there).enumerate() {
        let Some(there) = there else { continue };
        let done = mount_layer(layer, there, &memory, number, ours).is_ok();
        if done && layer.kind == Kind::Overlay {
            view.covered.push(layer.path.clone());
        }
        // What is mounted beneath a place and cannot be shown is only hidden.
        view.whole &= done || !layer.is_named;
    }
    // The overlays hold on to what they need of it. Where it cannot be taken away, the program sees
    // a folder too many.
    let _ = umount2(&by_number(&memory), MntFlags::MNT_DETACH);
    let _ = fs::remove_dir(&staging);
    Some(view)
}

/// Who this process is in its namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rights {
    /// Those of the system's root.
    Root,
    /// Those of a user, over nothing but the namespaces.
    User,
}

fn own_namespaces(spaces: CloneFlags) -> io::Result<Rights> {
    if unshare(spaces).is_ok() {
        return Ok(Rights::Root);
    }
    let (user, group) = (nix::unistd::getuid(), nix::unistd::getgid());
    unshare(spaces | CloneFlags::CLONE_NEWUSER)?;
    // Everybody stays who they are.
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
    Ok(Rights::User)
}

fn mount_layer(
    layer: &Layer,
    there: &File,
    memory: &File,
    number: usize,
    rights: Rights,
) -> io::Result<()> {
    let place = layer.path.as_path();
    if layer.is_in_hidden {
        make(place, there)?;
    }
    match layer.kind {
        Kind::Overlay => cover(place, there, memory, number, rights),
        Kind::Bind => Ok(bind(&by_number(there), place, MsFlags::MS_REC)?),
        Kind::Show => {
            bind(&by_number(there), place, MsFlags::empty())?;
            let flags = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
            let inherited = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
            Ok(bind(place, place, flags | inherited)?)
        }
        Kind::Hide => {
            let empty = by_number(memory).join(format!("hidden-{number}"));
            make(&empty, there)?;
            Ok(bind(&empty, place, MsFlags::empty())?)
        }
    }
}

/// Makes an empty folder, or a file, as something is one.
fn make(path: &Path, like: &File) -> io::Result<()> {
    if like.metadata()?.is_dir() {
        return fs::create_dir_all(path);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create(path).map(drop)
}

/// Lays an overlay over a folder that shows what is there and keeps what is written in `memory`.
fn cover(
    place: &Path,
    there: &File,
    memory: &File,
    number: usize,
    rights: Rights,
) -> io::Result<()> {
    let (upper, work) = (format!("upper-{number}"), format!("work-{number}"));
    let memory = by_number(memory);
    for folder in [&upper, &work] {
        fs::create_dir(memory.join(folder))?;
    }
    // The overlay's own top is the upper folder.
    let permissions = fs::metadata(by_number(there))?.permissions();
    fs::set_permissions(memory.join(&upper), permissions)?;
    let (there, memory) = (by_number(there), memory.display());
    let mut options = format!(
        "lowerdir={},upperdir={memory}/{upper},workdir={memory}/{work}",
        there.display()
    );
    if rights == Rights::User {
        options.push_str(",userxattr");
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    let options = Some(options.as_str());
    Ok(mount(
        Some("overlay"),
        place,
        Some("overlay"),
        flags,
        options,
    )?)
}

/// The path of an open file that holds whatever is mounted over the file's own, and that needs no
/// escapes in mount options.
fn by_number(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn bind(source: &Path, place: &Path, flags: MsFlags) -> nix::Result<()> {
    let none = None::<&str>;
    mount(Some(source), place, none, MsFlags::MS_BIND | flags, none)
}

/// One thing to mount.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layer {
    path: PathBuf,
    kind: Kind,
    /// Whether the order names it.
    is_named: bool,
    /// Whether it lies in an empty folder, where there is nothing to mount it on.
    is_in_hidden: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What is written there is thrown away.
    Overlay,
    /// It is as it was before what is above it was covered.
    Bind,
    /// The same, and nobody writes there, whatever may be written above.
    Show,
    /// Something empty lies over it.
    Hide,
}

/// What to mount, in order, so that every place is as it should be. An overlay does not show what
/// is mounted beneath its place, so that is covered by one of its own.
fn plan(places: &Places, mount_points: &[PathBuf]) -> Vec<Layer> {
    // What lies over the top would not be seen: everybody stands on what is beneath.
    let named = places.0.iter().filter(|(path, _)| path.parent().is_some());
    let mut all: Vec<(&Path, Option<Access>)> = named
        .map(|(path, access)| (path.as_path(), Some(*access)))
        .collect();
    for point in mount_points {
        if !all.iter().any(|(path, _)| path == point) {
            all.push((point, None));
        }
    }
    all.sort_by(|one, other| one.0.cmp(other.0));
    let mut layers: Vec<Layer> = Vec::new();
    for (path, access) in all {
        let above = layers
            .iter()
            .rev()
            .find(|layer| path.starts_with(&layer.path))
            .map(|layer| layer.kind);
        let is_mounted = mount_points.iter().any(|point| point == path);
        let Some(kind) = kind(access, above, is_mounted) else {
            continue;
        };
        layers.push(Layer {
            path: path.to_owned(),
            kind,
            is_named: access.is_some(),
            is_in_hidden: above == Some(Kind::Hide),
        });
    }
    layers
}

/// What is mounted at a place, by what lies over what is above it; nothing if it is as it should be.
fn kind(access: Option<Access>, above: Option<Kind>, is_mounted: bool) -> Option<Kind> {
    let is_covered = above == Some(Kind::Overlay);
    match access {
        // What is mounted there is not seen through what covers it.
        None => is_covered.then_some(Kind::Overlay),
        Some(Access::Passing | Access::Apparent) => {
            (!is_covered || is_mounted).then_some(Kind::Overlay)
        }
        Some(Access::Kept) => match above {
            Some(Kind::Overlay | Kind::Show | Kind::Hide) => Some(Kind::Bind),
            Some(Kind::Bind) | None => None,
        },
        Some(Access::Shown) => (above == Some(Kind::Hide)).then_some(Kind::Show),
        Some(Access::Hidden) => (above != Some(Kind::Hide)).then_some(Kind::Hide),
    }
}

/// The places where something is mounted, as `/proc/self/mountinfo` tells.
///
/// The fifth field of each line, in which some characters are written as octal numbers:
/// <https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html>.
fn mount_points(text: &[u8]) -> Vec<PathBuf> {
    let lines = text.split(|&byte| byte == b'\n');
    let fields = lines.filter_map(|line| line.split(|&byte| byte == b' ').nth(4));
    fields
        .map(|field| PathBuf::from(OsString::from_vec(unescaped(field))))
        .collect()
}

fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let number = match (byte, after) {
            (b'\\', [a, b, c, ..]) => std::str::from_utf8(&[*a, *b, *c])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 8).ok()),
            _ => None,
        };
        bytes.push(number.unwrap_or(byte));
        rest = if number.is_some() { &after[3..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What can be done there before each place.
    fn check(places: &[&str], mounts: &[&str], expected: &[&str]) {
        let places = places.iter().map(|place| {
            let (word, path) = place.split_once(' ').unwrap();
            let access = match word {
                "kept" => Access::Kept,
                "passing" => Access::Passing,
                "apparent" => Access::Apparent,
                "shown" => Access::Shown,
                "hidden" => Access::Hidden,
                word => panic!("{word}"),
            };
            (PathBuf::from(path), access)
        });
        let mounts: Vec<PathBuf> = mounts.iter().map(PathBuf::from).collect();
        let layers: Vec<String> = plan(&Places::sorted(places), &mounts)
            .iter()
            .map(|layer| format!("{:?} {}", layer.kind, layer.path.display()))
            .collect();
        assert_eq!(layers, expected);
    }

    #[test]
    fn overlays_cover_and_what_is_kept_lies_over_them() {
        check(
            &["apparent /home/u", "kept /home/u/lane", "kept /srv/lane"],
            &["/", "/proc"],
            &["Overlay /home/u", "Bind /home/u/lane"],
        );
    }

    #[test]
    fn one_overlay_covers_all_beneath() {
        check(
            &["apparent /tmp", "passing /tmp/a", "apparent /tmp/b/c"],
            &[],
            &["Overlay /tmp"],
        );
    }

    #[test]
    fn within_what_is_kept_there_can_be_overlays() {
        check(
            &[
                "apparent /a",
                "kept /a/b",
                "passing /a/b/c",
                "kept /a/b/c/d",
            ],
            &[],
            &["Overlay /a", "Bind /a/b", "Overlay /a/b/c", "Bind /a/b/c/d"],
        );
    }

    #[test]
    fn what_is_mounted_beneath_is_covered_by_itself() {
        check(
            &["apparent /home", "passing /home/a", "kept /home/b"],
            &["/", "/home", "/home/a", "/home/b", "/home/u/disk", "/mnt"],
            &[
                "Overlay /home",
                "Overlay /home/a",
                "Bind /home/b",
                "Overlay /home/u/disk",
            ],
        );
    }

    #[test]
    fn what_is_hidden_has_only_what_is_named_in_it() {
        check(
            &[
                "apparent /home",
                "hidden /home/project",
                "hidden /home/project/tests",
                "shown /home/project/.venv",
                "kept /home/project/lane",
                "apparent /home/project/build",
                "shown /home/tools",
                "hidden /srv/cache",
                "passing /srv/cache/1/tree",
            ],
            &["/", "/home/project/disk"],
            &[
                "Overlay /home",
                "Hide /home/project",
                "Show /home/project/.venv",
                "Overlay /home/project/build",
                "Bind /home/project/lane",
                "Hide /srv/cache",
                "Overlay /srv/cache/1/tree",
            ],
        );
    }

    #[test]
    fn the_top_is_left() {
        check(&["apparent /", "passing /tmp"], &["/"], &["Overlay /tmp"]);
    }

    #[test]
    fn mount_points_are_read() {
        let text = b"36 35 98:0 /mnt1 /a\\040b\\011 rw - ext3 /dev/root rw\n\
                     37 35 98:0 / /c\\04 rw\n\
                     short\n";
        let expected = ["/a b\t", "/c\\04"].map(PathBuf::from);
        assert_eq!(mount_points(text), expected);
    }
}
