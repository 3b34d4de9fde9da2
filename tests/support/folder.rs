//! Folders that tests write into, and that go with them.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// A folder that is removed with the test that it belongs to.
pub struct Folder(PathBuf);

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A folder of its own with the files that are given.
pub fn folder(name: &str, files: &[(&str, &str)]) -> Folder {
    let folder = std::env::temp_dir().join(format!("flow-cli-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Folder(folder)
}
