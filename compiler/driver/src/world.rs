//! The compiler's view of files: the one seam through which it reads.

/// Where source files come from. Paths are relative to the project's root, with `/` and without `.` or `..`.
pub trait World {
    /// The bytes of a file.
    ///
    /// # Errors
    /// Where there is no such file, or it may not be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;

    /// The names of the files in a folder, for suggestions; none where a world does not know.
    fn list(&self, _folder: &str) -> Vec<String> {
        Vec::new()
    }

    /// What people must put before a path of this world to find the file from where they are.
    fn prefix(&self) -> String {
        String::new()
    }
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// There is none.
    NotFound,
    /// It is a directory.
    Directory,
    /// It lies outside the project, by its path or through a symbolic link.
    Outside,
    /// Longer than [`FILE_BYTES_MAX`].
    TooLong,
    /// The system refused; its words.
    Refused(String),
}

/// The longest file that a world should hand over: the compiler refuses longer ones.
pub const FILE_BYTES_MAX: u64 = flow_syntax::FILE_BYTES_MAX as u64;

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such file"),
            Self::Directory => f.write_str("it is a directory"),
            Self::Outside => f.write_str("it lies outside the project"),
            Self::TooLong => f.write_str("it is longer than 8 MiB"),
            Self::Refused(words) => f.write_str(words),
        }
    }
}

/// A world in memory: for tests, and for editors whose buffers are not saved.
#[derive(Clone, Debug, Default)]
pub struct MemoryWorld {
    files: std::collections::BTreeMap<String, Vec<u8>>,
}

impl MemoryWorld {
    /// Adds a file, or replaces it.
    #[must_use]
    pub fn with(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), text.into());
        self
    }
}

impl World for MemoryWorld {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.files.get(path).cloned().ok_or(ReadError::NotFound)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside = self.files.keys().filter_map(|path| path.strip_prefix(&start));
        inside.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }
}

/// The path that an import names, seen from the file that it stands in; `None` where it leaves the project.
pub(crate) fn resolve(from: &str, import: &str) -> Option<String> {
    if import.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn imports_are_resolved_from_their_file_and_stay_inside() {
        assert_eq!(resolve("main.flow", "./types.flow").as_deref(), Some("types.flow"));
        assert_eq!(resolve("a/b.flow", "../c.flow").as_deref(), Some("c.flow"));
        assert_eq!(resolve("a/b.flow", "./x/./y.flow").as_deref(), Some("a/x/y.flow"));
        assert_eq!(resolve("main.flow", "../../etc/passwd"), None);
        assert_eq!(resolve("main.flow", "/etc/passwd"), None);
    }
}
