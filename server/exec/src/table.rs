//! The system's table of processes, as far as it tells.

use rustix::process::Pid;

/// A process, which may be a zombie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) pid: Pid,
    /// `None` where it is outside of our PID namespace, as a container's first process' is.
    pub(crate) parent: Option<Pid>,
    /// The first process of its session; `None` where it is outside of our PID namespace.
    pub(crate) session: Option<Pid>,
}

/// The processes that `root` names and all below them, parents before children. Nothing if the
/// system does not tell.
pub(crate) fn tree(root: impl Fn(&Entry) -> bool) -> Option<Vec<Pid>> {
    let entries = entries()?;
    let mut found: Vec<Pid> = entries
        .iter()
        .filter(|entry| root(entry))
        .map(|entry| entry.pid)
        .collect();
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        for entry in &entries {
            // Numbers that were used again while we looked could make a circle.
            if entry.parent == Some(parent) && !found.contains(&entry.pid) {
                found.push(entry.pid);
            }
        }
        next += 1;
    }
    Some(found)
}

#[cfg(target_os = "linux")]
fn entries() -> Option<Vec<Entry>> {
    let entries = std::fs::read_dir("/proc").ok()?.flatten();
    Some(
        entries
            .filter_map(|entry| {
                let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
                let stat = std::fs::read(entry.path().join("stat")).ok()?;
                parse(pid, &stat)
            })
            .collect(),
    )
}

#[cfg(not(target_os = "linux"))]
fn entries() -> Option<Vec<Entry>> {
    None
}

/// What `PID (NAME) STATE PARENT GROUP SESSION ...` says, where the name may be anything, `)`
/// included. One that says it is a zombie may have threads that go on.
///
/// From `/proc/PID/stat`: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
#[cfg(target_os = "linux")]
fn parse(pid: Pid, stat: &[u8]) -> Option<Entry> {
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let parent = process(fields.nth(1)?)?;
    let session = process(fields.nth(1)?)?;
    Some(Entry {
        pid,
        parent,
        session,
    })
}

/// The process that a field names; nothing if it says 0, or -1 as for one that is just ending.
#[cfg(target_os = "linux")]
fn process(field: &str) -> Option<Option<Pid>> {
    let number: i32 = field.parse().ok()?;
    Some(if number > 0 {
        Pid::from_raw(number)
    } else {
        None
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn reads_an_entry_whatever_the_name() {
        for (stat, expected) in [
            (&b"12 (sh) S 7 12 11 0"[..], Some((7, 11))),
            (b"12 (a b) c) R 99 1 3", Some((99, 3))),
            (b"12 (\xff\n) T 5 1 2", Some((5, 2))),
            (b"12 (sh) Z 7 12 11 0", Some((7, 11))),
            (b"1 (init) S 0 1 1", Some((0, 1))),
            (b"12 (sh) S 1 0 0", Some((1, 0))),
            (b"12 (sh) X 0 -1 -1", Some((0, 0))),
            (b"12 (sh) S x 0 0", None),
            (b"12 (sh", None),
            (b"", None),
        ] {
            let entry = parse(Pid::INIT, stat);
            let found = entry.map(|e| (Pid::as_raw(e.parent), Pid::as_raw(e.session)));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn finds_this_process_below_its_parent() {
        let own = rustix::process::getpid();
        let parent = rustix::process::getppid().expect("a parent");
        let found = tree(|entry| entry.pid == parent).expect("a table");
        assert_eq!(found.first(), Some(&parent));
        assert!(found.contains(&own));
    }
}
