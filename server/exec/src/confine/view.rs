//! A view of the file system of its own, where what is written at some places is thrown away.
//!
//! In a mount namespace, an overlay lies over each such place: it shows what was there and takes
//! what is written, in memory. Over what is hidden lies an empty folder or file. Places that are to
//! be kept or shown all the same are bound over both. All else is sealed. All of it goes with the
//! last process in it, however that ends.
//!
//! <https://docs.kernel.org/filesystems/overlayfs.html>.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::layers::{Kind, Layer, plan};
use super::spaces::Rights;
use super::{Places, seal};

/// What came of it.
#[derive(Debug)]
pub(super) struct View {
    /// The places, by their tops, where what is written is thrown away.
    pub(super) covered: Vec<PathBuf>,
    /// Whether they are all that should be.
    pub(super) whole: bool,
    /// Whether nothing else can be changed, attributes included.
    pub(super) is_sealed: bool,
}

/// Gives this process a view of its own, and all that it will start, in namespaces that are theirs.
/// `temporary` is an empty folder. Nothing if the system does not let us.
pub(super) fn lay(temporary: &Path, places: &Places, rights: Rights) -> Option<View> {
    // What is mounted here from now on is seen here only.
    let all = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, all, None::<&str>).ok()?;

    let mounts = fs::read("/proc/self/mountinfo").ok()?;
    let plan = plan(places, &mount_points(&mounts));
    // Looked up before anything is covered.
    let there: Vec<Option<Beneath>> = plan.iter().map(Beneath::find).collect();
    let staging = temporary.join("memory");
    fs::create_dir(&staging).ok()?;
    let is_sealed = places.keep_the_top() || seal::all().is_ok();

    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    let mode = Some("mode=0700");
    mount(Some("tmpfs"), &staging, Some("tmpfs"), flags, mode).ok()?;
    let memory = open(&staging).ok()?;
    let mut view = View {
        covered: Vec::new(),
        whole: true,
        is_sealed,
    };
    for (number, (layer, there)) in plan.iter().zip(&there).enumerate() {
        let Some(there) = there else { continue };
        let done = mount_layer(layer, there, &memory, number, rights).is_ok();
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

/// What lies at a place before anything is mounted there.
#[derive(Debug)]
struct Beneath {
    /// The file or the folder.
    file: File,
    /// The same with all that is mounted beneath, to be mounted again. For what is kept: a copy
    /// that is made later would be sealed.
    tree: Option<OwnedFd>,
}

impl Beneath {
    /// Nothing if there is nothing.
    fn find(layer: &Layer) -> Option<Self> {
        let copy = || {
            let flags = OpenTreeFlags::OPEN_TREE_CLONE
                | OpenTreeFlags::OPEN_TREE_CLOEXEC
                | OpenTreeFlags::AT_RECURSIVE;
            open_tree(CWD, &layer.path, flags).ok()
        };
        Some(Self {
            file: open(&layer.path).ok()?,
            tree: (layer.kind == Kind::Bind).then(copy).flatten(),
        })
    }
}

fn mount_layer(
    layer: &Layer,
    there: &Beneath,
    memory: &File,
    number: usize,
    rights: Rights,
) -> io::Result<()> {
    let place = layer.path.as_path();
    let Beneath { file, tree } = there;
    if layer.is_in_hidden {
        make(place, file)?;
    }
    match layer.kind {
        Kind::Overlay => cover(place, file, memory, number, rights),
        Kind::Bind => {
            let tree = tree.as_ref().ok_or(io::ErrorKind::Unsupported)?;
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            Ok(move_mount(tree, "", CWD, place, flags)?)
        }
        Kind::Show => {
            bind(&by_number(file), place, MsFlags::empty())?;
            let flags = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
            let inherited = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
            Ok(bind(place, place, flags | inherited)?)
        }
        Kind::Hide => {
            let empty = by_number(memory).join(format!("hidden-{number}"));
            make(&empty, file)?;
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

    #[test]
    fn mount_points_are_read() {
        let text = b"36 35 98:0 /mnt1 /a\\040b\\011 rw - ext3 /dev/root rw\n\
                     37 35 98:0 / /c\\04 rw\n\
                     short\n";
        let expected = ["/a b\t", "/c\\04"].map(PathBuf::from);
        assert_eq!(mount_points(text), expected);
    }
}
