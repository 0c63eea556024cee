//! Where the user's own files lie: by the XDG variables on every system
//! (<https://specifications.freedesktop.org/basedir-spec/>), so that whoever starts Greenward can
//! give it a world of its own; by the system's own variables on Windows.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

/// The folders of Greenward in the user's home. They need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirs {
    config: Utf8PathBuf,
    state: Utf8PathBuf,
    cache: Utf8PathBuf,
}

impl Dirs {
    /// Finds them by the variables of an environment.
    ///
    /// # Errors
    /// [`NoHome`] if the environment names neither the folders nor a home.
    pub fn from_env(env: &BTreeMap<String, String>) -> Result<Self, NoHome> {
        let folder = |xdg: &'static str, in_home: &str, windows: &str| {
            // The specification wants relative paths to be left out of account.
            let absolute = |name: &str| {
                env.get(name)
                    .map(Utf8PathBuf::from)
                    .filter(|path| path.is_absolute())
            };
            absolute(xdg)
                .or_else(|| absolute("HOME").map(|home| home.join(in_home)))
                .or_else(|| absolute(windows))
                .map(|base| base.join("greenward"))
                .ok_or(NoHome { variable: xdg })
        };
        Ok(Self {
            config: folder("XDG_CONFIG_HOME", ".config", "APPDATA")?,
            state: folder("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA")?,
            cache: folder("XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")?,
        })
    }

    /// The user's settings: written by the user.
    #[must_use]
    pub fn settings_file(&self) -> Utf8PathBuf {
        self.config.join("config.toml")
    }

    /// What is recorded about the trust in folders. Alone in its folder, so that this can be
    /// watched.
    #[must_use]
    pub fn trust_file(&self) -> Utf8PathBuf {
        self.state.join("trust").join("folders.toml")
    }

    /// For what must be kept, and concerns this machine only.
    #[must_use]
    pub fn state(&self) -> &Utf8Path {
        &self.state
    }

    /// For what can be made again.
    #[must_use]
    pub fn cache(&self) -> &Utf8Path {
        &self.cache
    }
}

/// The environment does not say where the user's files lie.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither HOME nor {variable} is set to an absolute path")]
pub struct NoHome {
    /// The variable that would have named the folder itself.
    pub variable: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(env: &[(&str, &str)], expected: Result<[&str; 3], &'static str>) {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let found = Dirs::from_env(&env);
        let found = found
            .as_ref()
            .map(|dirs| [&dirs.config, &dirs.state, &dirs.cache].map(|path| path.as_str()))
            .map_err(|error| error.variable);
        assert_eq!(found, expected);
    }

    #[test]
    fn the_variables_come_before_the_home() {
        check(
            &[("HOME", "/h")],
            Ok([
                "/h/.config/greenward",
                "/h/.local/state/greenward",
                "/h/.cache/greenward",
            ]),
        );
        check(
            &[
                ("HOME", "/h"),
                ("XDG_STATE_HOME", "/s"),
                ("XDG_CACHE_HOME", ""),
            ],
            Ok([
                "/h/.config/greenward",
                "/s/greenward",
                "/h/.cache/greenward",
            ]),
        );
        check(
            &[
                ("XDG_CONFIG_HOME", "/c"),
                ("XDG_STATE_HOME", "/s"),
                ("XDG_CACHE_HOME", "/k"),
            ],
            Ok(["/c/greenward", "/s/greenward", "/k/greenward"]),
        );
    }

    #[test]
    fn without_a_home_there_is_no_guess() {
        check(&[("HOME", "relative")], Err("XDG_CONFIG_HOME"));
        check(&[("XDG_CONFIG_HOME", "/c")], Err("XDG_STATE_HOME"));
    }
}
