use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

/// A folder with these files; a name that ends with `/` is a folder.
struct World {
    _folder: tempfile::TempDir,
    root: Utf8PathBuf,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
        let world = World {
            _folder: folder,
            root,
        };
        for (path, content) in files {
            world.write(path, content);
        }
        world
    }

    fn write(&self, path: &str, content: &str) {
        let full = self.root.join(path);
        if path.ends_with('/') {
            fs::create_dir_all(full).unwrap();
        } else {
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, content).unwrap();
        }
    }

    fn listed(&self, folder: &str) -> Vec<String> {
        let folder = self.root.join(folder);
        let folder = Utf8Path::new(folder.as_str().trim_end_matches('/'));
        list(&Arc::new(Ignore::new(folder)))
            .iter()
            .map(|path| path.strip_prefix(folder).unwrap().to_string())
            .collect()
    }
}

#[track_caller]
fn check(files: &[(&str, &str)], folder: &str, listed: &[&str]) {
    assert_eq!(World::new(files).listed(folder), listed);
}

#[test]
fn files_are_listed_sorted_and_hidden_folders_are_not() {
    check(
        &[
            ("b/c.rs", ""),
            ("a.rs", ""),
            (".hidden/a.rs", ""),
            (".coveragerc", ""),
            (".cargo/config.toml", ""),
            (".tdd/config.toml", ""),
            (".tdd/state.db", ""),
            (".tdd/state.db-wal", ""),
            ("empty/", ""),
        ],
        "",
        &[
            ".cargo/config.toml",
            ".coveragerc",
            ".tdd/config.toml",
            "a.rs",
            "b/c.rs",
        ],
    );
}

#[test]
fn what_tools_make_does_not_count_even_without_git() {
    check(
        &[
            ("Cargo.toml", ""),
            ("target/debug/a.rs", ""),
            ("src/target/mod.rs", ""),
            ("web/node_modules/a/index.js", ""),
            ("src/__pycache__/a.pyc", ""),
            (".venv/lib/a.py", ""),
            ("env/pyvenv.cfg", ""),
            ("env/lib/a.py", ""),
            ("out/CACHEDIR.TAG", ""),
            ("out/debug/a.rs", ""),
        ],
        "",
        &["Cargo.toml", "src/target/mod.rs"],
    );
}

#[test]
fn nested_rules_refine_those_above() {
    check(
        &[
            (".gitignore", "*.log\n/build/\n!keep.log\n"),
            ("a.log", ""),
            ("keep.log", ""),
            ("build/keep.log", ""),
            ("sub/build/a", ""),
            ("sub/.gitignore", "!a.log\nsecret\n"),
            ("sub/a.log", ""),
            ("sub/b.log", ""),
            ("sub/secret/x", ""),
            ("sub/build/b.log", ""),
        ],
        "",
        &[
            ".gitignore",
            "keep.log",
            "sub/.gitignore",
            "sub/a.log",
            "sub/build/a",
        ],
    );
}

#[test]
fn rules_above_the_workspace_folder_count_up_to_the_repository() {
    let world = World::new(&[
        (".gitignore", "*.outer\n"),
        ("repo/.gitignore", "*.log\n"),
        ("repo/sub/a.log", ""),
        ("repo/sub/a.rs", ""),
        ("repo/sub/a.outer", ""),
        ("repo/sub/a.excluded", ""),
    ]);
    let repository = git2::Repository::init(world.root.join("repo")).unwrap();
    fs::create_dir_all(repository.path().join("info")).unwrap();
    fs::write(repository.path().join("info/exclude"), "*.excluded\n").unwrap();
    assert_eq!(world.listed("repo/sub"), ["a.outer", "a.rs"]);
}

#[test]
fn a_workspace_folder_counts_whatever_its_name() {
    check(&[(".hidden/a.rs", "")], ".hidden", &["a.rs"]);
    check(&[("node_modules/a/a.js", "")], "node_modules/a", &["a.js"]);
}

#[test]
fn links_are_not_followed() {
    let world = World::new(&[("a/b.rs", "")]);
    symlink(&world.root, world.root.join("a/loop")).unwrap();
    symlink(world.root.join("a/b.rs"), world.root.join("link.rs")).unwrap();
    symlink(world.root.join("a"), world.root.join("link")).unwrap();
    assert_eq!(world.listed(""), ["a/b.rs"]);
    assert_eq!(world.listed("link"), ["b.rs"]);
}

#[test]
fn what_cannot_be_listed_is_left_out() {
    let world = World::new(&[("a.rs", ""), ("closed/b.rs", "")]);
    let odd = std::ffi::OsStr::from_bytes(b"odd\xff.rs");
    fs::write(world.root.as_std_path().join(odd), "").unwrap();
    let closed = world.root.join("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let reads_anything = fs::read_dir(&closed).is_ok();
    let listed = world.listed("");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    if reads_anything {
        assert_eq!(listed, ["a.rs", "closed/b.rs"]);
    } else {
        assert_eq!(listed, ["a.rs"]);
    }
    assert_eq!(world.listed("no/such/folder"), [""; 0]);
}

#[test]
fn rules_are_kept_until_they_are_reloaded() {
    let world = World::new(&[("a.log", "")]);
    let ignore = Ignore::new(&world.root);
    let file = world.root.join("a.log");
    assert!(!ignore.is_ignored(&file, false));
    world.write(".gitignore", "*.log");
    assert!(!ignore.is_ignored(&file, false));
    ignore.reload();
    assert!(ignore.is_ignored(&file, false));
    assert!(Ignore::is_rule(&world.root.join("x/.gitignore")));
    assert!(!Ignore::is_rule(&file));
}

#[test]
fn what_is_elsewhere_does_not_count() {
    let ignore = Ignore::new("/some/folder".into());
    assert!(ignore.is_ignored("/some/folder2/a".into(), false));
    assert!(ignore.is_ignored("/".into(), true));
    assert!(!ignore.is_ignored("/some/folder".into(), true));
    assert!(!ignore.is_ignored("/some/folder/gone/a".into(), false));
}

/// Held against another implementation: libgit2 answers the same question, for random rules and
/// paths. Where it differs from git it is no measure: no file takes back what another says or what
/// is said of all in a folder. And as it lets a rule take back what lies in an ignored folder, which git never does,
/// every folder above is asked for as well.
#[test]
fn libgit2_agrees() {
    use proptest::prelude::*;

    let name = || prop::sample::select(vec!["a", "b", "a.log", "b.log", "build"]);
    let path = move || prop::collection::vec(name(), 1..4).prop_map(|names| names.join("/"));
    let plain = [
        "*.log", "/a", "a/", "b", "build/", "a/b", "**/b/a", "# b", "\\!b", "a?log", "[ab]", "",
    ];
    let ignoring = [&plain[..], &["a/**", "/b/*"]].concat();
    let any = [&plain[..], &["!a.log", "!b", "!/b/a"]].concat();
    let rules = |lines: Vec<&'static str>| {
        prop::collection::vec(prop::sample::select(lines), 0..4).prop_map(|lines| lines.join("\n"))
    };
    let case = (rules(any), rules(ignoring.clone()), rules(ignoring), path());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(150)
    });
    runner
        .run(&case, |(top, in_a, in_b, path)| {
            let world = World::new(&[
                (".gitignore", &top),
                ("a/.gitignore", &in_a),
                ("b/.gitignore", &in_b),
            ]);
            let repository = git2::Repository::init(&world.root).unwrap();
            let above: Vec<&str> = path
                .match_indices('/')
                .map(|(end, _)| &path[..end])
                .collect();
            if let Some(folder) = above.last() {
                fs::create_dir_all(world.root.join(folder)).unwrap();
            }
            let git = above
                .into_iter()
                .chain([path.as_str()])
                .any(|path| repository.is_path_ignored(path).unwrap());
            let path = world.root.join(path);
            let ours = Ignore::new(&world.root).is_ignored(&path, path.is_dir());
            prop_assert_eq!(ours, git);
            Ok(())
        })
        .unwrap();
}

#[track_caller]
fn check_read(content: &[u8], expected: Result<&str, &str>) {
    let world = World::new(&[]);
    let path = world.root.join("file");
    fs::write(&path, content).unwrap();
    let read = read_text(&path).map_err(|error| error.to_string().replace(path.as_str(), "file"));
    assert_eq!(read.as_deref().map_err(String::as_str), expected);
}

#[test]
fn text_is_read_whole_or_refused() {
    check_read(b"", Ok(""));
    check_read("é\r\n".as_bytes(), Ok("é\r\n"));
    check_read(b"\xef\xbb\xbfa", Ok("a"));
    check_read(
        b"a\xffb",
        Err("file is no UTF-8: the byte at offset 1 does not fit"),
    );
    let size = usize::try_from(MAX_TEXT_BYTES).unwrap();
    check_read(&vec![b'a'; size], Ok(&"a".repeat(size)));
    check_read(&vec![b'a'; size + 1], Err("file is larger than 4 MiB"));
}

#[test]
fn only_regular_files_are_read() {
    let world = World::new(&[("file", "")]);
    let socket = world.root.join("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for (path, expected) in [
        (world.root.clone(), "is no regular file"),
        (socket, "is no regular file"),
        (world.root.join("none"), "does not exist"),
        (world.root.join("file/none"), "does not exist"),
    ] {
        assert_eq!(
            read_text(&path).unwrap_err().to_string(),
            format!("{path} {expected}")
        );
    }
}
