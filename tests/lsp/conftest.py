"""What the client tests share: a small project, and the binary under test."""

import os
import pathlib

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

MANIFEST = """\
[package]
name = "double"
version = "0.1.0"
edition = "2021"
"""

SOURCE = """\
pub fn double(x: i32) -> i32 {
    x + 2
}

#[test]
fn doubles() {
    assert_eq!(double(3), 6);
}
"""


@pytest.fixture
def binary():
    """The daemon that the environment names, else the one that `cargo build` has made."""
    if named := os.environ.get("GREENWARD_TEST_BINARY"):
        return pathlib.Path(named)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    path = target / "debug" / "greenward"
    assert path.exists(), f"{path} is missing: build it with `cargo build -p greenward`"
    return path


@pytest.fixture
def project(tmp_path):
    """A package with one failing test, in a folder of its own."""
    folder = tmp_path / "double"
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(MANIFEST)
    (folder / "src" / "lib.rs").write_text(SOURCE)
    return folder


@pytest.fixture
def environment(tmp_path):
    """A world of its own for the daemon, with the user's toolchain."""
    home = pathlib.Path(os.environ["HOME"])
    env = {
        "PATH": os.environ["PATH"],
        "CARGO_HOME": os.environ.get("CARGO_HOME", str(home / ".cargo")),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(home / ".rustup")),
        "CARGO_NET_OFFLINE": "true",
        "HOME": str(tmp_path / "home"),
    }
    (tmp_path / "home").mkdir()
    for name in ["CACHE", "CONFIG", "DATA", "STATE"]:
        env[f"XDG_{name}_HOME"] = str(tmp_path / "home" / name.lower())
    return env
