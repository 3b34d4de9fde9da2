//! What the grammar lets pass and the language does not.
//!
//! The rules look at finished nodes. They run while the tree is built, which knows for each token the nodes
//! around it, so that nothing has to be walked twice.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_source::{FileId, Span};

use crate::ast::BinaryOperator;
use crate::lexer::Token;
use crate::stream::{ADJACENT_LESS, Stream};
use crate::{SyntaxKind, brackets};

/// Names of the properties whose values are lists of statuses.
const STATUS_PROPERTIES: &[&str] = &["on", "done", "absent", "unknown_on"];

/// A node around the present token.
struct Open {
    kind: SyntaxKind,
    /// Its first token.
    start: usize,
    /// What it is, where it is a comparison.
    comparison: Option<Comparison>,
    /// What the child that ended last is, if no operator has followed it.
    left: Option<Comparison>,
}

/// A comparison, or several that chain.
#[derive(Clone, Copy)]
struct Comparison {
    /// Its first token.
    start: usize,
    /// Its operator.
    operator: usize,
    /// Whether it chains: that is said once.
    chains: bool,
}

/// Collects what is wrong while the tree is built.
pub(crate) struct Validator<'t, 'd> {
    file: FileId,
    text: &'t str,
    tokens: &'t [Token],
    stream: &'t Stream,
    open: Vec<Open>,
    /// The last token.
    last: usize,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'t, 'd> Validator<'t, 'd> {
    pub(crate) fn new(
        file: FileId,
        text: &'t str,
        tokens: &'t [Token],
        stream: &'t Stream,
        diagnostics: &'d mut Vec<Diagnostic>,
    ) -> Self {
        Self { file, text, tokens, stream, open: Vec::new(), last: 0, diagnostics }
    }

    /// A node begins with the token of this index.
    pub(crate) fn open(&mut self, kind: SyntaxKind, start: usize) {
        self.node(kind, start);
        self.open.push(Open { kind, start, comparison: None, left: None });
    }

    /// The innermost node ends.
    pub(crate) fn close(&mut self) {
        let Some(node) = self.open.pop() else { return };
        if node.kind == SyntaxKind::ReturnExpr && self.last == node.start {
            self.lonely_return(node.start);
        }
        if let Some(parent) = self.open.last_mut() {
            parent.left = node.comparison;
        }
    }

    /// A token stands in the nodes that are open.
    pub(crate) fn token(&mut self, index: usize, kind: SyntaxKind) {
        self.last = index;
        match kind {
            SyntaxKind::StringStart => self.fixed_text(index),
            SyntaxKind::StatusClass => self.status_class(index),
            SyntaxKind::DotDotDot => self.rest(index),
            SyntaxKind::Int => self.wire_name(index),
            kind => {
                if kind.is_reserved() {
                    self.wire_name(index);
                    self.shorthand(index);
                }
                self.comparison(index, kind);
            }
        }
    }

    fn around(&self, skipped: usize) -> Option<SyntaxKind> {
        self.open.iter().rev().nth(skipped).map(|open| open.kind)
    }

    fn kind(&self, index: usize) -> SyntaxKind {
        self.stream.kinds.get(index).copied().unwrap_or(SyntaxKind::Newline)
    }

    fn lexed(&self, index: usize) -> Option<&Token> {
        let (first, _) = self.stream.ranges.get(index)?;
        self.tokens.get(*first as usize)
    }

    fn token_text(&self, index: usize) -> &'t str {
        self.lexed(index).and_then(|token| self.text.get(token.range())).unwrap_or("")
    }

    fn span(&self, index: usize) -> Span {
        let end = self.text.len() as u32;
        self.lexed(index)
            .map_or(Span::at(self.file, end), |token| Span::new(self.file, token.start, token.end))
    }

    /// `a < b < c`
    fn comparison(&mut self, index: usize, kind: SyntaxKind) {
        let kind = if kind == ADJACENT_LESS { SyntaxKind::Less } else { kind };
        if !BinaryOperator::of(kind).is_some_and(is_comparison) {
            return;
        }
        let Some(node) = self.open.last_mut().filter(|node| node.kind == SyntaxKind::BinaryExpr) else {
            return;
        };
        let left = node.left.take();
        node.comparison = Some(Comparison { start: node.start, operator: index, chains: left.is_some() });
        if let Some(left) = left.filter(|left| !left.chains) {
            let before = self.span(left.start).to(self.span(index.saturating_sub(1)));
            let middle = self.span(left.operator + 1).to(self.span(index.saturating_sub(1)));
            let written = self.text.get(middle.range()).unwrap_or("");
            // What is called twice may happen twice.
            let is_plain =
                !self.stream.kinds.get(left.operator..index).unwrap_or(&[]).contains(&SyntaxKind::LeftParen);
            let again = Change::insert(self.file, middle.end, format!(" && {written}"));
            let edit = Edit::new(format!("compare `{written}` with both"), vec![again]);
            self.diagnostics.push(
                Diagnostic::new(&codes::F0101, self.span(index), "comparisons do not chain")
                    .also(before, "this is a comparison already")
                    .help("compare each pair, and join them with `&&`")
                    .mend(is_plain.then_some(edit)),
            );
        }
    }

    /// `5xx` outside the properties that list statuses.
    fn status_class(&mut self, index: usize) {
        if self.around(0) != Some(SyntaxKind::Literal) {
            return;
        }
        let is_listed =
            self.around(1) == Some(SyntaxKind::ListExpr) && self.around(2) == Some(SyntaxKind::Property);
        let property = self.open.iter().rev().nth(2);
        if is_listed && property.is_some_and(|open| STATUS_PROPERTIES.contains(&self.token_text(open.start)))
        {
            return;
        }
        let message = format!("`{}` is no value", self.token_text(index));
        self.diagnostics.push(
            Diagnostic::new(&codes::F0107, self.span(index), message)
                .help("classes of statuses stand in the lists of `on`, `done`, `absent` and `unknown_on`, before `:` and after `catch http`"),
        );
    }

    /// `...rest` stands at the end of a list or record pattern.
    fn rest(&mut self, index: usize) {
        if self.around(0) != Some(SyntaxKind::RestPattern) {
            return;
        }
        let mut next = index + 1;
        if self.kind(next).is_word() {
            next += 1;
        }
        if self.kind(next) == SyntaxKind::Comma {
            next += 1;
        }
        let in_brackets = matches!(self.around(1), Some(SyntaxKind::ListPattern | SyntaxKind::RecordPattern));
        let diagnostic = if !in_brackets {
            Diagnostic::new(&codes::F0107, self.span(index), "`...` is no pattern by itself")
                .help("it takes the rest in `[first, ...rest]` or `{ a, ...rest }`")
        } else if !brackets::is_closer(self.kind(next)) {
            Diagnostic::new(&codes::F0107, self.span(index), "`...` stands at the end")
        } else {
            return;
        };
        self.diagnostics.push(diagnostic);
    }

    fn refuse(&mut self, index: usize, message: &str, help: &str) {
        self.diagnostics.push(Diagnostic::new(&codes::F0107, self.span(index), message).help(help));
    }

    /// A node begins where the open ones stand.
    fn node(&mut self, kind: SyntaxKind, start: usize) {
        let parent = self.around(0);
        match (kind, parent) {
            (SyntaxKind::OperationOverride, _) if self.around(1) == Some(SyntaxKind::ApiDecl) => self.refuse(
                start,
                "an operation has a method and a path",
                "write `get name \"/path\" (…) -> T { … }`; braces alone add to an operation that is imported",
            ),
            (SyntaxKind::Operation, _) if self.around(1) == Some(SyntaxKind::ImportApi) => self.refuse(
                start,
                "the operations of an imported API are those of its document",
                "declare it in an `api` of your own, or add properties: `name { … }`",
            ),
            (SyntaxKind::Property, Some(SyntaxKind::KeyClause)) => self.option(start, "again"),
            (SyntaxKind::Property, Some(SyntaxKind::SignalDecl)) => self.option(start, "early"),
            _ => {}
        }
    }

    /// `key … again: failed`, `signal … early: drop`
    fn option(&mut self, start: usize, expected: &str) {
        let found = self.token_text(start);
        if found != expected {
            let message = format!("expected `{expected}`, found `{found}`");
            self.diagnostics.push(Diagnostic::new(&codes::F0101, self.span(start), message).edit(
                format!("write `{expected}`"),
                self.span(start),
                expected,
            ));
        }
    }

    /// `as 200` is the tag of a case; a field has a text for its name.
    fn wire_name(&mut self, index: usize) {
        let in_name =
            self.around(0) == Some(SyntaxKind::Literal) && self.around(1) == Some(SyntaxKind::WireName);
        if in_name && matches!(self.around(2), Some(SyntaxKind::Field | SyntaxKind::Parameter)) {
            let message =
                format!("expected a text as the name on the wire, found `{}`", self.token_text(index));
            let text = format!("\"{}\"", self.token_text(index));
            self.diagnostics.push(Diagnostic::new(&codes::F0107, self.span(index), message).edit(
                "put it in quotes",
                self.span(index),
                text,
            ));
        }
    }

    /// `return` without a value ends what it stands in.
    fn lonely_return(&mut self, index: usize) {
        let next = self.kind(index + 1);
        if !brackets::is_closer(next) && !matches!(next, SyntaxKind::Comma | SyntaxKind::Newline) {
            self.refuse(
                index,
                "`return` is no side of an operator and no head",
                "write it as a statement of its own",
            );
        }
    }

    /// `{ type }`: a reserved word names a field only before a colon.
    fn shorthand(&mut self, index: usize) {
        let is_key = self.around(0) == Some(SyntaxKind::RecordKey);
        let ends = matches!(self.kind(index + 1), SyntaxKind::Comma | SyntaxKind::RightBrace);
        if is_key && ends {
            let word = self.token_text(index);
            let message = format!("`{word}` is a reserved word, never a name");
            self.diagnostics.push(
                Diagnostic::new(&codes::F0101, self.span(index), message)
                    .help(format!("give the field a value: `{word}: value`")),
            );
        }
    }

    /// Texts that are fixed: nothing can be put into them.
    fn fixed_text(&mut self, index: usize) {
        let is_fixed = matches!(
            self.around(1),
            Some(
                SyntaxKind::Import
                    | SyntaxKind::ImportApi
                    | SyntaxKind::ScheduleDecl
                    | SyntaxKind::ZoneClause
                    | SyntaxKind::TestDecl
                    | SyntaxKind::WireName
                    | SyntaxKind::UnionType
                    | SyntaxKind::LiteralType
                    | SyntaxKind::LiteralPattern
                    | SyntaxKind::RecordKey
            )
        );
        if is_fixed {
            self.diagnostics.push(
                Diagnostic::new(
                    &codes::F0107,
                    self.span(index),
                    "this text is fixed: nothing can be put into it",
                )
                .help("write `\\{` for a brace"),
            );
        }
    }
}

fn is_comparison(operator: BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Equal
            | BinaryOperator::NotEqual
            | BinaryOperator::Less
            | BinaryOperator::LessEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterEqual
            | BinaryOperator::In
    )
}
