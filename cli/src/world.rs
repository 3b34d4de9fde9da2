//! The compiler's files on disk, held inside one project.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flow_driver::{FILE_BYTES_MAX, ReadError, World};

/// The file that marks a project's root.
pub(crate) const PROJECT_FILE: &str = "flow.toml";

/// How many files of a folder are looked at for suggestions.
const LISTED_MAX: usize = 1_000;

/// A project on disk: everything under its root, and nothing outside.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
    prefix: String,
}

impl Project {
    /// The project of a file: the nearest folder upward that holds `flow.toml`, else the file's own folder;
    /// and the file's path in it.
    ///
    /// # Errors
    /// The reason, in words, where the file cannot be reached.
    pub(crate) fn of(file: &Path) -> Result<(Self, String), String> {
        let told = |error: std::io::Error| format!("cannot read {}: {}", file.display(), words(&error));
        let full = fs::canonicalize(file).map_err(told)?;
        if full.is_dir() {
            return Err(format!(
                "{} is a directory, not a file: name a file in it, such as {}",
                file.display(),
                file.join("main.flow").display()
            ));
        }
        if !full.is_file() {
            return Err(format!("{} is not a regular file: a pipe or a device is not read", file.display()));
        }
        let folder = full.parent().unwrap_or(Path::new("/"));
        let root = folder.ancestors().find(|above| above.join(PROJECT_FILE).is_file()).unwrap_or(folder);
        let inside = full.strip_prefix(root).unwrap_or(&full);
        let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
        let Some(parts) = parts else {
            return Err(format!("the path of {} is not valid Unicode: rename it", file.display()));
        };
        Ok((Self { root: root.to_owned(), prefix: prefix(root) }, parts.join("/")))
    }

    /// The project's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

/// What the system says, without its error number.
pub(crate) fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}

/// The way from the current folder to the root: `examples/order/`, or the whole path where the root is elsewhere.
fn prefix(root: &Path) -> String {
    let here = std::env::current_dir().and_then(fs::canonicalize).unwrap_or_default();
    let way =
        root.strip_prefix(&here).map(Path::to_owned).unwrap_or_else(|_| match here.strip_prefix(root) {
            Ok(deeper) => deeper.components().map(|_| "..").collect(),
            Err(_) => root.to_owned(),
        });
    if way.as_os_str().is_empty() { String::new() } else { format!("{}/", way.display()) }
}

impl World for Project {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let refused = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::NotFound,
            std::io::ErrorKind::IsADirectory => ReadError::Directory,
            _ => ReadError::Refused(words(&error)),
        };
        let full = fs::canonicalize(self.root.join(path)).map_err(refused)?;
        if !full.starts_with(&self.root) {
            return Err(ReadError::Outside);
        }
        // Looked at before it is opened: opening a pipe waits for somebody to write to it.
        let kind = fs::metadata(&full).map_err(refused)?;
        if kind.is_dir() {
            return Err(ReadError::Directory);
        }
        if !kind.is_file() {
            return Err(ReadError::Refused("it is not a regular file".to_owned()));
        }
        let file = fs::File::open(&full).map_err(refused)?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(refused)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(ReadError::TooLong);
        }
        Ok(bytes)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let Ok(full) = fs::canonicalize(self.root.join(folder)) else { return Vec::new() };
        if !full.starts_with(&self.root) {
            return Vec::new();
        }
        let entries = fs::read_dir(full).into_iter().flatten().flatten().take(LISTED_MAX);
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn prefix(&self) -> String {
        self.prefix.clone()
    }
}
