//! Snapshots beside the source, in the form that `cargo insta review` reads.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flow_diagnostics::Diagnostic;
use flow_source::Span;

/// How many lines are shown of a text that nothing is kept of, and of each side of a difference.
const SHOWN_MAX: usize = 20;

/// The snapshots of one file's tests.
pub(super) struct Snapshots {
    folder: PathBuf,
    stem: String,
    source: String,
    update: bool,
    /// Tests whose names give the same file name.
    alike: HashSet<String>,
    /// How many each test has taken so far.
    taken: HashMap<String, usize>,
}

impl Snapshots {
    /// The snapshots of a file with the tests of these names; with `update`, what is found is kept.
    pub(super) fn new<'a>(file: &Path, names: impl Iterator<Item = &'a str>, update: bool) -> Self {
        let mut slugs: HashMap<String, Vec<&str>> = HashMap::new();
        names.for_each(|name| slugs.entry(slug(name)).or_default().push(name));
        let alike = slugs.into_values().filter(|names| names.len() > 1).flatten().map(str::to_owned);
        let alike = alike.collect();
        let name = |part: Option<&std::ffi::OsStr>| part.map(|name| name.to_string_lossy().into_owned());
        Self {
            folder: file.parent().unwrap_or(Path::new("")).join("snapshots"),
            stem: name(file.file_stem()).unwrap_or_default(),
            source: name(file.file_name()).unwrap_or_default(),
            update,
            alike,
            taken: HashMap::new(),
        }
    }

    /// Compares a text with what is kept. A text that is new or other is written beside it, to be reviewed.
    ///
    /// # Errors
    /// Where a file cannot be read or written.
    pub(super) fn compare(
        &mut self,
        test: &str,
        expression: &str,
        text: &str,
        span: Span,
    ) -> anyhow::Result<Option<Diagnostic>> {
        let count = self.taken.entry(test.to_owned()).or_default();
        *count += 1;
        let number = if *count == 1 { String::new() } else { format!("-{count}") };
        let sum = if self.alike.contains(test) { format!("--{:08x}", sum(test)) } else { String::new() };
        let path = self.folder.join(format!("{}__{}{sum}{number}.snap", self.stem, slug(test)));
        let pending = path.with_extension("snap.new");
        let kept = fs::read_to_string(&path).ok().map(|file| contents(&file).to_owned());
        if kept.as_deref() == Some(text.trim_end()) {
            let _ = fs::remove_file(&pending);
            return Ok(None);
        }
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        let target = if self.update { &path } else { &pending };
        let file =
            format!("---\nsource: {}\nexpression: {expression}\n---\n{}\n", self.source, text.trim_end());
        fs::write(target, file).with_context(|| format!("cannot write {}", target.display()))?;
        if self.update {
            let _ = fs::remove_file(&pending);
            return Ok(None);
        }
        let message = match &kept {
            Some(_) => "the snapshot differs from what is kept",
            None => "there is no snapshot yet",
        };
        let mut diagnostic = Diagnostic::failure("snapshot", span, message);
        if let Some(kept) = kept {
            diagnostic =
                diagnostic.note(format!("kept (-) and found (+):\n{}", difference(&kept, text.trim_end())));
        } else {
            let lines: Vec<&str> = text.trim_end().lines().collect();
            let shown = lines.get(..SHOWN_MAX.min(lines.len())).unwrap_or_default().join("\n");
            let rest = match lines.len().saturating_sub(SHOWN_MAX) {
                0 => String::new(),
                more => format!("\nand {more} more lines, which stand in {}", pending.display()),
            };
            diagnostic = diagnostic.note(format!("found:\n{shown}{rest}"));
        }
        Ok(Some(diagnostic.help("keep it with `flow test --update`")))
    }
}

/// What follows the header.
fn contents(file: &str) -> &str {
    let body =
        file.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(file, |(_, body)| body);
    body.trim_end()
}

/// A test's name as a file's: letters and digits, with `_` between words.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("_").to_lowercase();
    slug.chars().take(80).collect()
}

/// Tells names with the same slug apart: FNV-1a of 32 bits.
fn sum(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The lines that differ, with what they have in common at both ends left out.
fn difference(kept: &str, found: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (kept.lines().collect(), found.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let part = |lines: &[&str], sign: char| -> String {
        let changed = lines.get(start..lines.len() - end).unwrap_or_default();
        let shown: String = changed.iter().take(SHOWN_MAX).map(|line| format!("{sign} {line}\n")).collect();
        match changed.len().saturating_sub(SHOWN_MAX) {
            0 => shown,
            more => format!("{shown}{sign} and {more} more lines\n"),
        }
    };
    format!("{}{}", part(&old, '-'), part(&new, '+')).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use flow_source::{FileId, Span};

    use super::{Snapshots, difference, slug, sum};

    #[test]
    fn names_that_differ_in_punctuation_alone_have_files_of_their_own() {
        let folder = std::env::temp_dir().join(format!("flow-snapshots-{}", std::process::id()));
        let names = ["a, b", "a b", "c"];
        let mut snapshots = Snapshots::new(&folder.join("x.flow"), names.into_iter(), true);
        for name in names {
            let found = snapshots.compare(name, "value", name, Span::at(FileId(0), 0)).unwrap();
            assert!(found.is_none());
        }
        let mut again = Snapshots::new(&folder.join("x.flow"), names.into_iter(), false);
        for name in names {
            let found = again.compare(name, "value", name, Span::at(FileId(0), 0)).unwrap();
            assert!(found.is_none(), "{name:?} is not what was kept");
        }
        assert!(Path::new(&folder).join("snapshots/x__c.snap").exists(), "one alone has its name alone");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_sum_is_what_it_was() {
        // Written down: another sum would lose the snapshots that people keep.
        assert_eq!(format!("{:08x}", sum("a")), "e40c292c");
    }

    #[test]
    fn a_difference_shows_changed_lines_alone() {
        assert_eq!(difference("a\nb\nc", "a\nx\ny\nc"), "- b\n+ x\n+ y");
        assert_eq!(difference("a\na", "a"), "- a");
        assert_eq!(slug("A declined card: stock & all"), "a_declined_card_stock_all");
    }
}
