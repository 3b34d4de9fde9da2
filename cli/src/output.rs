//! What people see: colours, quiet and verbose, diagnostics, and pipes that close early.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use flow_diagnostics::Diagnostic;
use flow_diagnostics::render::Terminal;
use flow_driver::Sources;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The output of one command: results on stdout, everything else on stderr.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    color: bool,
    stdout_color: bool,
    quiet: u8,
    verbose: u8,
}

impl Output {
    /// Decides from the flags and the environment.
    pub(crate) fn new(color: Color, quiet: u8, verbose: u8) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colored = |terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !set("NO_COLOR") && !dumb,
        };
        let stdout_color = colored(io::stdout().is_terminal());
        Self { color: colored(io::stderr().is_terminal()), stdout_color, quiet, verbose }
    }

    /// Whether stderr may be coloured.
    pub(crate) fn color(&self) -> bool {
        self.color
    }

    /// Whether stdout may be coloured.
    pub(crate) fn stdout_color(&self) -> bool {
        self.stdout_color
    }

    /// Whether only errors were asked for.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Whether details were asked for.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Writes a result to stdout. A reader that went away is no error.
    ///
    /// # Errors
    /// Where stdout cannot be written for another reason.
    #[expect(clippy::unused_self, reason = "results go through the same value as everything else")]
    pub(crate) fn result(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Says something on stderr, unless `-q`.
    pub(crate) fn say(&self, text: &str) {
        if self.quiet == 0 {
            write_stderr(text);
        }
    }

    /// Says an error on stderr, unless `-qq`.
    pub(crate) fn error(&self, text: &str) {
        if self.quiet < 2 {
            let (on, off) = if self.color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
            write_stderr(&format!("{on}error:{off} {text}\n"));
        }
    }

    /// Shows what went wrong, already written out, unless `-qq`.
    pub(crate) fn failure(&self, text: &str) {
        if self.quiet < 2 {
            write_stderr(text);
        }
    }

    /// Shows diagnostics: errors unless `-qq`, the rest unless `-q`.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        let mut terminal = terminal(sources, self.color);
        for diagnostic in diagnostics {
            let wanted = if diagnostic.is_error() { self.quiet < 2 } else { self.quiet == 0 };
            if wanted {
                write_stderr(&terminal.render(diagnostic));
            }
        }
    }

    /// Text in a colour, where there are colours.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if self.color { style.around(text) } else { text.to_owned() }
    }
}

/// How a word is set off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Went well.
    Good,
    /// Went wrong.
    Bad,
    /// Worth a look.
    Warn,
    /// Less important.
    Dim,
}

impl Style {
    /// The text in the style.
    pub(crate) fn around(self, text: &str) -> String {
        format!("{}{text}\u{1b}[0m", self.code())
    }

    fn code(self) -> &'static str {
        match self {
            Self::Good => "\u{1b}[32m",
            Self::Bad => "\u{1b}[31m",
            Self::Warn => "\u{1b}[33m",
            Self::Dim => "\u{1b}[2m",
        }
    }
}

/// What shows diagnostics as wide as the terminal is.
pub(crate) fn terminal(sources: &Sources, color: bool) -> Terminal<'_> {
    Terminal::new(sources, color).columns(columns()).cut_at(columns_seen())
}

/// Columns of the terminal: what `COLUMNS` says, else what the terminal says, else 80.
pub(crate) fn columns() -> usize {
    columns_seen().unwrap_or(80)
}

/// Columns of the terminal, where there is one or `COLUMNS` says so.
fn columns_seen() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = || {
        let (terminal_size::Width(columns), _) = terminal_size::terminal_size()?;
        Some(usize::from(columns))
    };
    said.or_else(seen).filter(|columns| *columns > 0)
}

/// JSON with the characters escaped that a terminal or an eye would take for something else: controls beyond ASCII, marks
/// that turn the direction of text, and those without width. Outside of texts JSON has none of them.
pub(crate) fn plain_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let hidden = matches!(
            c,
            '\u{7F}'..='\u{9F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{2069}'
                | '\u{FEFF}'
        );
        if hidden { out.push_str(&format!("\\u{:04x}", u32::from(c))) } else { out.push(c) }
    }
    out
}

/// A closed stderr leaves nobody to tell.
fn write_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
