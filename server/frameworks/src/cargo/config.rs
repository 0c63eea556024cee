//! `.cargo/config.toml`, as far as it matters to a test binary that is run without cargo.
//!
//! The format: <https://doc.rust-lang.org/cargo/reference/config.html>.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

/// What the configuration files of a folder and those above say together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Variables for the tests, from `[env]`.
    env: BTreeMap<String, Variable>,
    /// Programs to run binaries with, by target triple or `cfg(...)`.
    runners: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    value: String,
    force: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Text {
    env: BTreeMap<String, Entry>,
    target: BTreeMap<String, Target>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Plain(String),
    Table {
        value: String,
        #[serde(default)]
        force: bool,
        #[serde(default)]
        relative: bool,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Target {
    runner: Option<Runner>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Runner {
    Words(String),
    List(Vec<String>),
}

impl Config {
    /// Where configuration can lie for a process in `folder`, nearest first: in each folder above,
    /// and in cargo's own.
    #[must_use]
    pub fn candidates(folder: &Utf8Path, cargo_home: Option<&Utf8Path>) -> Vec<Utf8PathBuf> {
        let homes = folder
            .ancestors()
            .map(|above| above.join(".cargo"))
            .chain(cargo_home.map(Utf8Path::to_owned));
        let mut files = Vec::new();
        for home in homes {
            // Where both are there, cargo takes the one without the extension.
            for name in ["config", "config.toml"] {
                let file = home.join(name);
                if !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        files
    }

    /// Where a file says that cargo leaves what it builds: `build.target-dir`. A relative path begins
    /// where the folder `.cargo` is.
    #[must_use]
    pub fn target_folder(file: &Utf8Path, text: &str) -> Option<Utf8PathBuf> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Target {
            build: Build,
        }
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "kebab-case")]
        struct Build {
            target_dir: Option<Utf8PathBuf>,
        }
        let target: Target = toml::from_str(text).ok()?;
        Some(file.parent()?.parent()?.join(target.build.target_dir?))
    }

    /// Adds a file that lies farther away than those before it: what they say stays. A file that
    /// cannot be read says nothing; cargo itself complains of it.
    pub fn add(&mut self, file: &Utf8Path, text: &str) {
        let Ok(text) = toml::from_str::<Text>(text) else {
            return;
        };
        // Relative paths start at the folder that holds `.cargo`.
        let base = file.parent().and_then(Utf8Path::parent);
        for (name, entry) in text.env {
            let variable = match entry {
                Entry::Plain(value) => Variable {
                    value,
                    force: false,
                },
                Entry::Table {
                    value,
                    force,
                    relative,
                } => Variable {
                    value: match base {
                        Some(base) if relative => base.join(value).into_string(),
                        _ => value,
                    },
                    force,
                },
            };
            self.env.entry(name).or_insert(variable);
        }
        for (platform, target) in text.target {
            let Some(runner) = target.runner else {
                continue;
            };
            let mut words = match runner {
                Runner::Words(words) => words.split_whitespace().map(str::to_owned).collect(),
                Runner::List(list) => list,
            };
            // A program with a `/` in it is a path.
            if let (Some(program), Some(base)) = (words.first_mut(), base)
                && program.contains('/')
            {
                *program = base.join(&*program).into_string();
            }
            self.runners.entry(platform).or_insert(words);
        }
    }

    /// The variables to set in an environment: one that is there stays, unless forced.
    pub fn variables<'a>(
        &'a self,
        environment: &'a BTreeMap<String, String>,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.env
            .iter()
            .filter(|(name, variable)| variable.force || !environment.contains_key(*name))
            .map(|(name, variable)| (name.as_str(), variable.value.as_str()))
    }

    /// The program, with arguments, that a binary for a platform is to be run with: what the
    /// environment says, what is said of its triple, what is said of a `cfg` that holds.
    #[must_use]
    pub fn runner(
        &self,
        host: &str,
        cfg: &str,
        environment: &BTreeMap<String, String>,
    ) -> Option<Vec<String>> {
        let triple = host.to_uppercase().replace(['-', '.'], "_");
        if let Some(words) = environment.get(&format!("CARGO_TARGET_{triple}_RUNNER")) {
            return Some(words.split_whitespace().map(str::to_owned).collect());
        }
        self.runners.get(host).cloned().or_else(|| {
            self.runners.iter().find_map(|(platform, words)| {
                let inside = platform.strip_prefix("cfg(")?.strip_suffix(')')?;
                holds(inside, cfg).then(|| words.clone())
            })
        })
    }
}

/// Whether an expression as in `cfg(...)` holds where the compiler's `--print cfg` says `cfg`.
fn holds(expression: &str, cfg: &str) -> bool {
    let expression = expression.trim();
    let inside = |name: &str| -> Option<Vec<&str>> {
        let rest = expression.strip_prefix(name)?.trim_start();
        Some(arguments(rest.strip_prefix('(')?.strip_suffix(')')?))
    };
    if let Some(parts) = inside("all") {
        return parts.iter().all(|part| holds(part, cfg));
    }
    if let Some(parts) = inside("any") {
        return parts.iter().any(|part| holds(part, cfg));
    }
    if let Some(parts) = inside("not") {
        return !parts.iter().any(|part| holds(part, cfg));
    }
    let plain: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    cfg.lines().any(|line| line.trim() == plain)
}

/// The parts between commas that stand in no parentheses.
fn arguments(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(files: &[(&str, &str)]) -> Config {
        let mut config = Config::default();
        for (file, text) in files {
            config.add(Utf8Path::new(file), text);
        }
        config
    }

    #[test]
    fn the_nearest_file_counts_and_what_is_set_stays() {
        let config = config(&[
            (
                "/w/a/.cargo/config.toml",
                "[env]\nA='near'\nB={value='b',force=true}\nC={value='c',relative=true}\nD='d'",
            ),
            ("/w/broken/.cargo/config.toml", "[env"),
            ("/w/.cargo/config.toml", "[env]\nA='far'\nE='e'"),
        ]);
        let environment = ["B", "D"]
            .map(|name| (name.to_owned(), "own".to_owned()))
            .into();
        let set: Vec<_> = config.variables(&environment).collect();
        assert_eq!(
            set,
            [("A", "near"), ("B", "b"), ("C", "/w/a/c"), ("E", "e")]
        );
    }

    #[test]
    fn a_target_folder_begins_where_the_configuration_is() {
        for (text, expected) in [
            ("[build]\ntarget-dir = 'out'", Some("/w/out")),
            ("[build]\ntarget-dir = '/out'\njobs = 2", Some("/out")),
            ("[build]\njobs = 2", None),
            ("[net]\noffline = true", None),
            ("[build", None),
        ] {
            let folder = Config::target_folder("/w/.cargo/config.toml".into(), text);
            assert_eq!(folder.as_deref().map(Utf8Path::as_str), expected, "{text}");
        }
    }

    #[test]
    fn the_runner_of_a_platform() {
        const HOST: &str = "x86_64-unknown-linux-gnu";
        const CFG: &str = "unix\ntarget_os=\"linux\"\n";
        for (text, expected) in [
            (
                "[target.x86_64-unknown-linux-gnu]\nrunner='bin/run -v'",
                Some(vec!["bin/run", "-v"]),
            ),
            (
                "[target.'cfg(unix)']\nrunner=['qemu', 'a b']",
                Some(vec!["qemu", "a b"]),
            ),
            (
                "[target.'cfg(all(unix, not(windows), any(target_os = \"linux\", foo)))']\nrunner='x'",
                Some(vec!["x"]),
            ),
            ("[target.'cfg(windows)']\nrunner='x'", None),
            ("[target.aarch64-unknown-linux-gnu]\nrunner='x'", None),
        ] {
            let found =
                config(&[("/w/.cargo/config.toml", text)]).runner(HOST, CFG, &BTreeMap::new());
            let expected = expected.map(|words| {
                words
                    .into_iter()
                    .map(|word| word.replace("bin/", "/w/bin/"))
                    .collect::<Vec<_>>()
            });
            assert_eq!(found, expected, "{text}");
        }
        let environment = [(
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER".to_owned(),
            "env runner".to_owned(),
        )]
        .into();
        let found = config(&[]).runner(HOST, CFG, &environment);
        assert_eq!(found, Some(vec!["env".to_owned(), "runner".to_owned()]));
    }
}
