//! Real projects, by name and version, from the package registries.
//!
//! They are fetched once, into the ignored folder `tests/.tools/real`, by the ordinary clients:
//! cargo and pip. Without a network, what was fetched before is used, and the rest is skipped.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::process::{command, finish};
use crate::world::{copy, repository, venv_python};
use crate::{Finished, World};

/// How long one fetch may take.
const FETCH: Duration = Duration::from_secs(180);

/// How many tests a plain run of the framework ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Skipped, ignored, or failed as expected.
    pub skipped: usize,
}

const fn passed(passed: usize) -> Expected {
    Expected {
        passed,
        failed: 0,
        skipped: 0,
    }
}

/// A crate that brings its tests.
#[derive(Debug)]
pub struct Crate {
    /// Its name in the registry.
    pub name: &'static str,
    /// Its exact version.
    pub version: &'static str,
    /// What makes it different from the others.
    pub layout: &'static str,
    /// What a plain `cargo test --no-fail-fast` says, doc tests included.
    pub expected: Expected,
}

/// Crates whose tests come out the same each time and need no network.
pub const CRATES: &[Crate] = &[
    Crate {
        name: "heck",
        version: "0.5.0",
        layout: "all unit tests made by macros; doc tests; no dependencies",
        expected: passed(127),
    },
    Crate {
        name: "strsim",
        version: "0.11.1",
        layout: "unit tests at the crate root, an integration test named `lib`, doc tests",
        expected: passed(107),
    },
    Crate {
        name: "fastrand",
        version: "2.5.0",
        layout: "integration tests only, development dependencies, doc tests",
        expected: passed(41),
    },
    Crate {
        name: "smallvec",
        version: "1.16.5",
        layout: "unit tests in a file of their own, doc tests, optional features",
        expected: passed(77),
    },
    Crate {
        name: "unicode-width",
        version: "0.2.3",
        layout: "a dash in the name; a test that fails, for it reads a file that is not published",
        expected: Expected {
            passed: 38,
            failed: 1,
            skipped: 0,
        },
    },
    Crate {
        name: "matches",
        version: "0.1.10",
        layout: "edition 2015, lib.rs beside Cargo.toml",
        expected: passed(9),
    },
    Crate {
        name: "either",
        version: "1.19.0",
        layout: "most tests are doc tests, many of them made by a macro",
        expected: passed(69),
    },
    Crate {
        name: "regex-syntax",
        version: "0.8.11",
        layout: "a deep tree of modules",
        expected: passed(195),
    },
];

/// A Python source distribution that brings its tests.
#[derive(Debug)]
pub struct Sdist {
    /// Its name in the registry, as it is written in the name of the archive.
    pub name: &'static str,
    /// Its exact version.
    pub version: &'static str,
    /// What makes it different from the others.
    pub layout: &'static str,
    /// `PYTEST_ADDOPTS`, for all who run it.
    pub options: &'static str,
    /// What a plain `pytest` says.
    pub expected: Expected,
}

/// Source distributions whose tests come out the same each time and need no network.
pub const SDISTS: &[Sdist] = &[
    Sdist {
        name: "itsdangerous",
        version: "2.2.0",
        layout: "src layout; test classes that inherit their tests and parameters",
        options: "",
        expected: passed(297),
    },
    Sdist {
        name: "jinja2",
        version: "3.1.6",
        layout: "src layout; a conftest with fixtures; resources in the package of tests",
        options: "",
        expected: passed(909),
    },
    Sdist {
        name: "h11",
        version: "0.16.0",
        layout: "tests inside the package",
        options: "",
        expected: passed(78),
    },
    Sdist {
        name: "toolz",
        version: "1.2.0",
        layout: "two packages with tests of their own",
        options: "",
        expected: Expected {
            passed: 192,
            failed: 0,
            skipped: 1,
        },
    },
    Sdist {
        name: "six",
        version: "1.17.0",
        layout: "one file of tests at the root",
        options: "",
        expected: Expected {
            passed: 198,
            failed: 0,
            skipped: 2,
        },
    },
    Sdist {
        name: "click",
        version: "8.1.8",
        layout: "parameters with control characters and names that are not ASCII",
        options: "-W ignore",
        expected: Expected {
            passed: 628,
            failed: 0,
            skipped: 22,
        },
    },
    Sdist {
        name: "python-dateutil",
        version: "2.9.0.post0",
        layout: "unittest classes, more than 2,000 tests, expected failures",
        options: "-W ignore --ignore=tests/property",
        expected: Expected {
            passed: 2_027,
            failed: 0,
            skipped: 64,
        },
    },
];

/// One fetch at a time: tests run in parallel.
static FETCHING: Mutex<()> = Mutex::new(());

impl Crate {
    /// A world with a copy of the crate as its workspace. Everything that its tests need is there:
    /// cargo needs no network any more.
    ///
    /// # Errors
    ///
    /// Why it could not be fetched.
    pub fn world(&self) -> Result<World, String> {
        let Self { name, version, .. } = self;
        let folder = fetched("crates", name, version, |scratch| {
            let manifest = format!(
                "[package]\nname = \"scratch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
                 [dependencies]\n{name} = \"={version}\"\n[workspace]\n"
            );
            std::fs::write(scratch.join("Cargo.toml"), manifest)?;
            std::fs::create_dir(scratch.join("src"))?;
            std::fs::write(scratch.join("src/lib.rs"), "")?;
            let cargo = |folder: &Utf8Path, args: &[&str]| {
                succeed(finish(command("cargo", folder).args(args), FETCH)?)
            };
            cargo(scratch, &["vendor", "--versioned-dirs", "vendor"])?;
            // Out of the scratch package, which is a workspace that the crate is no member of.
            let folder = scratch.join("fetched");
            copy(&scratch.join(format!("vendor/{name}-{version}")), &folder);
            std::fs::remove_file(folder.join(".cargo-checksum.json"))?;
            std::fs::remove_file(scratch.join("Cargo.toml"))?;
            // Writes the lock file where the crate brings none.
            cargo(&folder, &["fetch"])?;
            Ok(folder)
        })?;
        Ok(World::copy_of(&folder))
    }
}

impl Sdist {
    /// A world with a copy of the distribution as its workspace, and the Python of the tests. Only
    /// pytest itself is loaded, without the plugins that happen to be installed.
    ///
    /// # Errors
    ///
    /// Why it could not be fetched.
    pub fn world(&self) -> Result<World, String> {
        let Self { name, version, .. } = self;
        let python = venv_python().ok_or("no Python with pytest: tests/run installs one")?;
        let folder = fetched("sdists", name, version, |scratch| {
            let wanted = format!("{name}=={version}");
            let mut pip = command(python.as_str(), scratch);
            pip.args(["-m", "pip", "download", "--quiet", "--no-deps"]);
            pip.args(["--no-binary", ":all:", &wanted]);
            succeed(finish(&mut pip, FETCH)?)?;
            let archive = format!("{name}-{version}.tar.gz");
            succeed(finish(
                command("tar", scratch).args(["-xzf", &archive]),
                FETCH,
            )?)?;
            Ok(scratch.join(format!("{name}-{version}")))
        })?;
        let world = World::copy_of(&folder)
            .env("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            .env("PYTEST_ADDOPTS", self.options);
        let source = world.path("src");
        let world = world.env("PYTHONPATH", source.as_str());
        world
            .with_python()
            .ok_or_else(|| "no Python with pytest".to_owned())
    }
}

/// The folder of a fetched project; fetches it if it is not there. `fetch` works in an empty folder
/// and says where in it the project lies.
fn fetched(
    kind: &str,
    name: &str,
    version: &str,
    fetch: impl FnOnce(&Utf8Path) -> io::Result<Utf8PathBuf>,
) -> Result<Utf8PathBuf, String> {
    let _one_at_a_time = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    let home = repository().join("tests/.tools/real").join(kind);
    let target = home.join(format!("{name}-{version}"));
    if target.exists() {
        return Ok(target);
    }
    let failed = |error: io::Error| format!("{name} {version} could not be fetched: {error}");
    std::fs::create_dir_all(&home).map_err(failed)?;
    // Outside the repository: cargo looks for a workspace in the folders above.
    let scratch = tempfile::tempdir().map_err(failed)?;
    let folder = Utf8Path::from_path(scratch.path()).ok_or("the temporary folder is no UTF-8")?;
    let project = fetch(folder).map_err(failed)?;
    // Beside the target first, so that a half copied project is never taken for a whole one.
    let partial = home.join(format!(".{name}-{version}"));
    if partial.exists() {
        std::fs::remove_dir_all(&partial).map_err(failed)?;
    }
    copy(&project, &partial);
    std::fs::rename(&partial, &target).map_err(failed)?;
    Ok(target)
}

fn succeed(finished: Finished) -> io::Result<()> {
    if finished.code == Some(0) {
        Ok(())
    } else {
        Err(io::Error::other(finished.stderr))
    }
}
