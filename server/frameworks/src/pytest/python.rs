//! The Python files that Greenward hands to an interpreter.

/// The name by which pytest is given our plugin: `-p greenward_pytest`.
pub const PLUGIN: &str = "greenward_pytest";

/// The fork-server's file name.
pub const FORKSERVER: &str = "greenward_forkserver.py";

/// All files by name, each with its text. They belong into one folder.
pub const FILES: [(&str, &str); 2] = [
    (
        "greenward_pytest.py",
        include_str!("python/greenward_pytest.py"),
    ),
    (FORKSERVER, include_str!("python/greenward_forkserver.py")),
];
