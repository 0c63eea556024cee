//! Our Python files on disk, in a folder that is named by what is in it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_frameworks::pytest::FILES;

/// Puts the Python files into a folder of their own below `cache` and gives that folder. A folder
/// that is there already is complete: it gets its name when everything is in it.
pub(super) fn install(cache: &Utf8Path) -> io::Result<Utf8PathBuf> {
    let mut hasher = DefaultHasher::new();
    FILES.hash(&mut hasher);
    let folder = cache.join(format!("pytest-{:016x}", hasher.finish()));
    if FILES.iter().all(|(name, _)| folder.join(name).is_file()) {
        return Ok(folder);
    }
    std::fs::create_dir_all(cache)?;
    let fresh = tempfile::Builder::new()
        .prefix("pytest-new-")
        .tempdir_in(cache)?;
    for (name, text) in FILES {
        std::fs::write(fresh.path().join(name), text)?;
    }
    match std::fs::rename(fresh.path(), &folder) {
        Ok(()) => {
            // It is no longer where it was, so there is nothing to remove.
            let _ = fresh.keep();
            Ok(folder)
        }
        // Another daemon was quicker.
        Err(_) if FILES.iter().all(|(name, _)| folder.join(name).is_file()) => Ok(folder),
        Err(_) => {
            // Something has taken files away: put them back one by one.
            for (name, text) in FILES {
                std::fs::write(folder.join(name), text)?;
            }
            Ok(folder)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_there_once_and_again() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Utf8Path::from_path(temporary.path()).unwrap().join("cache");
        let folder = install(&cache).unwrap();
        for (name, text) in FILES {
            assert_eq!(std::fs::read_to_string(folder.join(name)).unwrap(), text);
        }
        std::fs::remove_file(folder.join(FILES[0].0)).unwrap();
        assert_eq!(install(&cache).unwrap(), folder);
        assert!(folder.join(FILES[0].0).is_file());
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    }
}
