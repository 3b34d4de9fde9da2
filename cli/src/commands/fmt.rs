//! `flow fmt`: one way to write a thing.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use flow_driver::{FILE_BYTES_MAX, Sources};
use flow_format::Formatted;
use similar::TextDiff;

use crate::exit::Exit;
use crate::output::{Output, Style};
use crate::program;
use crate::world::words;

/// Formats files in place: one way to write a thing, and no options.
///
/// What the syntax of a file forbids is shown and kept as it stands; the rest of
/// the file is formatted all the same, and the exit code is 3.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  flow fmt                 format every file in this folder\n  \
                        flow fmt --check         name the files that are not formatted\n  \
                        flow fmt - < order.flow  read from stdin, write to stdout\n\n\
                        Exit codes: 0 ok, 1 --check or --diff found a difference,\n\
                        3 a file has syntax errors, 4 a file could not be read or written.")]
pub(crate) struct Fmt {
    /// Files, folders with all `.flow` files in them, or `-` for stdin; the current folder if none is named
    paths: Vec<PathBuf>,

    /// Write nothing; name the files that would change, and exit with 1 if there are any
    #[arg(long)]
    check: bool,

    /// Write nothing; show what would change, and exit with 1 if anything would
    #[arg(long)]
    diff: bool,
}

/// What stands for stdin in messages.
const STDIN: &str = "<stdin>";

/// Lines around a difference.
const CONTEXT_LINES: usize = 3;

/// What came of the files so far.
#[derive(Debug, Default)]
struct Tally {
    files: usize,
    changed: usize,
    broken: usize,
    failed: usize,
}

impl Fmt {
    /// Formats.
    ///
    /// # Errors
    /// Where a folder cannot be walked or stdout cannot be written. A file that cannot be read or written is
    /// reported, and the others are formatted.
    pub(crate) fn run(&self, output: &Output) -> anyhow::Result<Exit> {
        let mut tally = Tally::default();
        if self.paths.iter().any(|path| path.as_os_str() == "-") {
            if self.paths.len() > 1 {
                output.error("`-` is stdin, and stands alone: format files in a run of their own");
                return Ok(Exit::Usage);
            }
            let text = read(io::stdin().lock()).with_context(|| format!("cannot read {STDIN}"))?;
            self.stdin(&text, &mut tally, output)?;
        } else {
            let mut seen = HashSet::new();
            for path in program::files(&self.paths)? {
                // A link is followed, so that what it points to is written, and a file named twice is formatted once.
                let full = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
                if seen.insert(full.clone()) {
                    self.file(&path, &full, &mut tally, output)?;
                }
            }
        }
        self.summarise(&tally, output);
        Ok(match tally {
            Tally { failed: 1.., .. } => Exit::Unable,
            Tally { broken: 1.., .. } => Exit::Source,
            Tally { changed: 1.., .. } if self.is_dry() => Exit::Failed,
            _ => Exit::Ok,
        })
    }

    /// Whether nothing is written.
    fn is_dry(&self) -> bool {
        self.check || self.diff
    }

    fn stdin(&self, text: &str, tally: &mut Tally, output: &Output) -> anyhow::Result<()> {
        let formatted = format(STDIN, text, tally, output);
        if self.is_dry() {
            self.compare(STDIN, text, &formatted, tally, output)
        } else {
            Ok(output.result(&formatted)?)
        }
    }

    fn file(&self, path: &Path, full: &Path, tally: &mut Tally, output: &Output) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let text = match fs::File::open(full).map_err(|error| anyhow::anyhow!(words(&error))).and_then(read) {
            Ok(text) => text,
            Err(error) => {
                tally.failed += 1;
                output.error(&format!("cannot read {name}: {error:#}"));
                return Ok(());
            }
        };
        let formatted = format(&name, &text, tally, output);
        if self.is_dry() {
            return self.compare(&name, &text, &formatted, tally, output);
        }
        if formatted != text {
            match replace(full, &formatted) {
                Ok(()) => tally.changed += 1,
                Err(error) => {
                    tally.failed += 1;
                    output.error(&format!("cannot write {name}: {error:#}"));
                }
            }
        }
        Ok(())
    }

    /// Names a file that would change, or shows how.
    fn compare(
        &self,
        name: &str,
        text: &str,
        formatted: &str,
        tally: &mut Tally,
        output: &Output,
    ) -> anyhow::Result<()> {
        if text == formatted {
            return Ok(());
        }
        tally.changed += 1;
        if self.diff {
            output.result(&difference(name, text, formatted, output.stdout_color()))?;
        } else {
            output.result(&format!("{name}\n"))?;
        }
        Ok(())
    }

    fn summarise(&self, tally: &Tally, output: &Output) {
        let Tally { files, changed, broken, .. } = *tally;
        if files == 0 {
            return;
        }
        let broken = match broken {
            0 => String::new(),
            broken => format!("; {} with syntax errors, kept around them", number(broken)),
        };
        if self.is_dry() {
            output.say(&format!("{changed} of {} would change{broken}\n", number(files)));
        } else if self.paths.iter().all(|path| path.as_os_str() != "-") {
            output.say(&format!(
                "{} formatted, {} as they should be{broken}\n",
                number(changed),
                files - changed
            ));
        }
    }
}

/// Formats a text, and shows what is wrong with it.
fn format(name: &str, text: &str, tally: &mut Tally, output: &Output) -> String {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    let Formatted { text, diagnostics } = flow_format::format(file, text);
    tally.files += 1;
    tally.broken += usize::from(diagnostics.iter().any(flow_diagnostics::Diagnostic::is_error));
    output.diagnostics(&diagnostics, &sources);
    text
}

fn number(files: usize) -> String {
    format!("{files} file{}", if files == 1 { "" } else { "s" })
}

/// Reads a text that is not larger than the compiler reads.
fn read(from: impl io::Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    from.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| anyhow::anyhow!(words(&error)))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("it is larger than the limit of {FILE_BYTES_MAX} bytes");
    }
    let text = String::from_utf8(bytes);
    text.map_err(|error| anyhow::anyhow!("it is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
}

/// Replaces the content of a file at once: a reader sees the old text or the new one, and so does a crash.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let told = |error: io::Error| anyhow::anyhow!(words(&error));
    let permissions = fs::metadata(path).map_err(told)?.permissions();
    if permissions.readonly() {
        bail!("it may not be written");
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(permissions)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|error| {
        // Nothing is left behind; what cannot be removed was not created.
        let _ = fs::remove_file(&beside);
        told(error)
    })
}

/// What would change, as a unified diff.
fn difference(name: &str, text: &str, formatted: &str, color: bool) -> String {
    let diff = TextDiff::from_lines(text, formatted);
    let diff = diff.unified_diff().context_radius(CONTEXT_LINES).header(name, name).to_string();
    if !color {
        return diff;
    }
    diff.split_inclusive('\n')
        .map(|line| match (line.strip_suffix('\n').unwrap_or(line), line.chars().next()) {
            (line, Some('+')) => format!("{}\n", Style::Good.around(line)),
            (line, Some('-')) => format!("{}\n", Style::Bad.around(line)),
            (line, Some('@')) => format!("{}\n", Style::Dim.around(line)),
            _ => line.to_owned(),
        })
        .collect()
}
