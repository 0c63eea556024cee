//! A temporary machine for one test: a home, a workspace, an environment of its own.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place where the test ground reads the environment that it was started in"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use crate::fixture;
use crate::process::{self, Deadline, Finished, LIMIT, Marked};
use crate::traffic::Collected;

/// Carried by every process of a world, so that one that is left behind can be found.
const MARKER: &str = "GREENWARD_TEST_WORLD";

/// How long processes may take to go once the daemon has ended.
const GONE: Duration = Duration::from_secs(10);

/// A variable of the environment that the tests were started in.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A number that the environment gives to a test: how often it does something, or a seed.
#[must_use]
pub fn number(name: &str, otherwise: u64) -> u64 {
    let given = variable(name).and_then(|text| text.parse().ok());
    given.unwrap_or(otherwise)
}

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Utf8Path {
    let tests = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ lies in the repository")
}

/// The Python that has pytest: `GREENWARD_TEST_PYTHON`, else the one that `tests/run` installs.
/// Nothing if there is none.
#[must_use]
pub fn venv_python() -> Option<Utf8PathBuf> {
    let python = variable("GREENWARD_TEST_PYTHON").map_or_else(
        || repository().join("tests/.tools/venv/bin/python"),
        Utf8PathBuf::from,
    );
    python.exists().then_some(python)
}

/// The Python that has what our own suites need: the one that `tests/run` installs for them, beside
/// that of the projects. Nothing if there is none.
#[must_use]
pub fn suites_python() -> Option<Utf8PathBuf> {
    let python = variable("GREENWARD_TEST_SUITES_PYTHON").map_or_else(
        || repository().join("tests/.tools/suites/bin/python"),
        Utf8PathBuf::from,
    );
    python.exists().then_some(python)
}

/// Says that a test was not run, and why. `tests/run` counts and shows these.
///
/// # Panics
///
/// If the file that `tests/run` named for it cannot be written.
#[expect(clippy::print_stdout, reason = "libtest captures and shows it")]
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    println!("skipped: {name}: {reason}");
    if let Some(path) = variable("GREENWARD_TEST_SKIPPED") {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .expect("the list of skipped tests can be opened");
        writeln!(file, "{name}: {reason}").expect("the list of skipped tests can be written");
    }
}

/// The binary under test: the one that `GREENWARD_TEST_BINARY` names, such as a packaged one; else
/// `greenward` beside the folder of the test's own executable, where `cargo build` of the same
/// profile puts it.
///
/// # Panics
///
/// If it is missing or older than a source that it was built from.
#[must_use]
pub fn binary() -> Utf8PathBuf {
    if let Some(named) = variable("GREENWARD_TEST_BINARY") {
        return Utf8PathBuf::from(named);
    }
    let own = std::env::current_exe().expect("a test knows its own executable");
    let own = Utf8PathBuf::from_path_buf(own).expect("its path is UTF-8");
    let folder = own
        .parent()
        .and_then(Utf8Path::parent)
        .expect("it lies in target/PROFILE/deps");
    let binary = folder.join("greenward");
    let modified = |path: &Utf8Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let Some(built) = modified(&binary) else {
        panic!("{binary} is missing: build it with `cargo build -p greenward`");
    };
    // Cargo writes beside a binary what it was made from: `binary: source source ...`.
    let sources = std::fs::read_to_string(folder.join("greenward.d")).unwrap_or_default();
    let newer = sources
        .split_whitespace()
        .skip(1)
        .map(Utf8Path::new)
        .find(|source| modified(source).is_some_and(|modified| modified > built));
    if let Some(source) = newer {
        panic!("{binary} is older than {source}: build it with `cargo build -p greenward`");
    }
    binary
}

/// A temporary machine for one test. When it is dropped, no process of it may be left.
#[derive(Debug)]
pub struct World {
    folder: TempDir,
    workspace: Utf8PathBuf,
    env: BTreeMap<String, String>,
}

impl World {
    /// A world whose workspace holds the files of a fixture: one string in which a line `//- path`
    /// opens a file.
    #[must_use]
    pub fn new(files: &str) -> Self {
        let world = Self::empty();
        for (path, text) in fixture::split(files) {
            world.write(&path, &text);
        }
        world
    }

    /// A world whose workspace is a copy of a folder.
    #[must_use]
    pub fn copy_of(folder: &Utf8Path) -> Self {
        let world = Self::empty();
        copy(folder, &world.workspace);
        world
    }

    fn empty() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("greenward-")
            .tempdir()
            .expect("a temporary folder can be made");
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned())
            .expect("the temporary folder is UTF-8")
            .canonicalize_utf8()
            .expect("the temporary folder is there");
        let workspace = root.join("workspace");
        let mut env = BTreeMap::new();
        for (name, path) in [
            ("HOME", "home"),
            ("TMPDIR", "tmp"),
            ("XDG_CACHE_HOME", "home/cache"),
            ("XDG_CONFIG_HOME", "home/config"),
            ("XDG_DATA_HOME", "home/data"),
            ("XDG_RUNTIME_DIR", "run"),
            ("XDG_STATE_HOME", "home/state"),
        ] {
            make_folder(&root.join(path));
            env.insert(name.to_owned(), root.join(path).into_string());
        }
        make_folder(&workspace);
        // Cargo's own folders are the user's: there lie the toolchain and what was fetched.
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            let home = || variable("HOME").map(|home| format!("{home}/{folder}"));
            if let Some(path) = variable(name).or_else(home) {
                env.insert(name.to_owned(), path);
            }
        }
        env.insert("PATH".to_owned(), variable("PATH").unwrap_or_default());
        for (name, value) in [
            ("CARGO_NET_OFFLINE", "true"),
            ("LANG", "C.UTF-8"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("TERM", "dumb"),
            ("TZ", "UTC"),
            (MARKER, root.as_str()),
        ] {
            env.insert(name.to_owned(), value.to_owned());
        }
        Self {
            folder,
            workspace,
            env,
        }
    }

    /// Sets a variable for everything in this world.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Activates the virtual environment that has pytest. Nothing, after saying so, if there is
    /// none: the test is then skipped.
    #[must_use]
    pub fn with_python(self) -> Option<Self> {
        let Some(bin) = venv_python().and_then(|python| Some(python.parent()?.to_owned())) else {
            skip("no Python with pytest: tests/run installs one");
            return None;
        };
        let venv = bin.parent().unwrap_or(&bin).to_owned();
        let path = format!("{bin}:{}", self.env["PATH"]);
        Some(self.env("PATH", &path).env("VIRTUAL_ENV", venv.as_str()))
    }

    /// The workspace folder, absolute and without symbolic links.
    #[must_use]
    pub fn workspace(&self) -> &Utf8Path {
        &self.workspace
    }

    /// A path in the workspace.
    #[must_use]
    pub fn path(&self, path: &str) -> Utf8PathBuf {
        self.workspace.join(path)
    }

    /// The URI of a path in the workspace. An empty path is the workspace itself.
    #[must_use]
    pub fn uri(&self, path: &str) -> String {
        let path = if path.is_empty() {
            self.workspace.clone()
        } else {
            self.path(path)
        };
        let mut uri = "file://".to_owned();
        for byte in path.as_str().bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                    uri.push(char::from(byte));
                }
                _ => uri.push_str(&format!("%{byte:02X}")),
            }
        }
        uri
    }

    /// Writes a file of the workspace, and its folders.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        make_folder(path.parent().unwrap_or(&self.workspace));
        std::fs::write(&path, text).expect("a file of the workspace can be written");
    }

    /// Reads a file of the workspace.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).expect("a file of the workspace can be read")
    }

    /// The processes of this world that are alive.
    #[must_use]
    pub fn processes(&self) -> Vec<String> {
        self.marked()
            .into_iter()
            .map(|process| format!("{}: {}", process.pid, process.command))
            .collect()
    }

    /// Runs `greenward` in the workspace to its end.
    ///
    /// # Panics
    ///
    /// If it does not end within [`LIMIT`].
    #[must_use]
    pub fn greenward(&self, args: &[&str]) -> Finished {
        process::finish(&mut self.command(args), LIMIT).expect("greenward can be started")
    }

    /// Runs another program in the workspace, in the world's environment, to its end.
    ///
    /// # Panics
    ///
    /// If it cannot be started or does not end within [`LIMIT`].
    #[must_use]
    pub fn tool(&self, program: &str, args: &[&str]) -> Finished {
        self.run_tool(program, args, LIMIT)
    }

    /// The same with another limit.
    pub(crate) fn run_tool(&self, program: &str, args: &[&str], limit: Duration) -> Finished {
        let mut command = process::command(program, &self.workspace);
        self.enter(command.args(args));
        process::finish(&mut command, limit).expect("the program can be started")
    }

    /// Starts `greenward` in the workspace and lets it run. Its stdin is a pipe.
    #[must_use]
    pub fn start(&self, args: &[&str]) -> Running {
        Running::start(&mut self.command(args))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = process::command(binary().as_str(), &self.workspace);
        self.enter(command.args(args));
        command
    }

    /// Gives a command the world's environment and nothing else.
    fn enter(&self, command: &mut Command) {
        command.env_clear().envs(&self.env);
    }

    fn marked(&self) -> Vec<Marked> {
        process::marked(MARKER, &self.env[MARKER])
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let deadline = Deadline::after(GONE);
        let mut left = self.marked();
        while !left.is_empty() && !deadline.has_passed() && !std::thread::panicking() {
            std::thread::sleep(Duration::from_millis(20));
            left = self.marked();
        }
        for process in &left {
            process::kill(process.pid);
        }
        if !std::thread::panicking() {
            assert!(left.is_empty(), "processes were left behind: {left:#?}");
            assert!(self.folder.path().exists(), "the world's folder is gone");
        }
    }
}

/// A `greenward` that runs. Killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    pub(crate) child: Child,
    stdout: Option<Collected>,
    stderr: Collected,
}

impl Running {
    /// Starts with all three streams piped, stdout left to be taken by the caller.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("greenward can be started");
        let stderr = child.stderr.take().expect("its stderr is a pipe");
        Self {
            child,
            stdout: None,
            stderr: Collected::start(stderr),
        }
    }

    /// What it has written to stdout so far.
    pub fn stdout(&mut self) -> String {
        if let Some(stream) = self.child.stdout.take() {
            self.stdout = Some(Collected::start(stream));
        }
        self.stdout
            .as_ref()
            .map(Collected::text)
            .unwrap_or_default()
    }

    /// What it has written to stderr so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Writes to its stdin. Does not mind if nobody reads any more.
    pub fn write(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &mut self.child.stdin {
            let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
        }
    }

    /// Closes its stdin.
    pub fn close_stdin(&mut self) {
        self.child.stdin = None;
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = i32::try_from(self.child.id()).expect("process ids are small");
        // It may have ended by itself meanwhile.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
    }

    /// Whether it has come to its end.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for its end: its exit code, or nothing if a signal ended it.
    ///
    /// # Panics
    ///
    /// If it does not end within [`LIMIT`].
    pub fn ended(&mut self) -> Option<i32> {
        let status = process::wait(&mut self.child, LIMIT).expect("a child can be waited for");
        let Some(status) = status else {
            panic!("greenward did not end within {LIMIT:?}\n{}", self.stderr());
        };
        status.code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn make_folder(path: &Utf8Path) {
    std::fs::create_dir_all(path).expect("a folder of the world can be made");
}

/// Copies what is in a folder into another, links as links.
pub(crate) fn copy(from: &Utf8Path, to: &Utf8Path) {
    make_folder(to);
    for entry in from.read_dir_utf8().expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() {
            copy(path, &target);
        } else if kind.is_symlink() {
            let link = path.read_link().expect("a link can be read");
            std::os::unix::fs::symlink(link, target).expect("a link can be made");
        } else {
            std::fs::copy(path, target).expect("a file can be copied");
        }
    }
}
