//! Two daemons record trust at the same time.

use std::io;
use std::process::{Child, Command};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_protocol::settings::Layer;
use greenward_workspace::trust::{SettingsHash, TrustFile, Word};

const FOLDERS: usize = 40;

/// Names the world in which [`record_as_told`] is to work, and as whom.
const ROOT: &str = "GREENWARD_TEST_ROOT";
const WHO: &str = "GREENWARD_TEST_WHO";

fn folder(root: &Utf8Path, who: &str, number: usize) -> Utf8PathBuf {
    root.join(format!("{who}{number}"))
}

fn trust_file(root: &Utf8Path) -> TrustFile {
    TrustFile::new(root.join("trust.toml"))
}

fn word() -> Word {
    Word::Trusted(SettingsHash::of(&Layer::default()))
}

#[test]
fn no_record_is_lost() {
    let temporary = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(temporary.path()).unwrap();
    let mut processes: Vec<Child> = ["a", "b"].map(|who| start(root, who).unwrap()).into();
    for process in &mut processes {
        assert!(process.wait().unwrap().success());
    }
    for who in ["a", "b"] {
        for number in 0..FOLDERS {
            let folder = folder(root, who, number);
            assert_eq!(trust_file(root).word_on(&folder).unwrap(), Some(word()));
        }
    }
}

/// Starts this test program again, for nothing but [`record_as_told`].
#[expect(
    clippy::disallowed_methods,
    reason = "a lock between processes is tested with processes"
)]
fn start(root: &Utf8Path, who: &str) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["--exact", "record_as_told", "--include-ignored"])
        .env(ROOT, root)
        .env(WHO, who)
        .spawn()
}

#[test]
#[ignore = "is run by the other test, in processes of its own"]
#[expect(
    clippy::disallowed_methods,
    reason = "it is how the other test speaks to it"
)]
fn record_as_told() {
    let root = Utf8PathBuf::from(std::env::var(ROOT).unwrap());
    let who = std::env::var(WHO).unwrap();
    for number in 0..FOLDERS {
        let folder = folder(&root, &who, number);
        std::fs::create_dir(&folder).unwrap();
        trust_file(&root).record(&folder, word()).unwrap();
    }
}
