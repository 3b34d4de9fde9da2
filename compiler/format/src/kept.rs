//! Which parts of a broken file are kept as they stand.
//!
//! What is wrong lies in a unit: a statement, an entry of a section, an operation, a declaration. The innermost unit
//! around it is kept byte for byte; all others are laid out. Where brackets do not match, the tree around them is a
//! guess, so that the whole declaration is kept.

use std::collections::HashSet;
use std::ops::Range;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::{Parse, SyntaxKind, SyntaxNode, SyntaxToken, tokens};

use crate::parts::{Part, first, last};

/// How much is kept around a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The innermost statement, entry, operation or declaration.
    Unit,
    /// The whole declaration.
    Declaration,
    /// All from the first broken declaration to the last.
    Region,
}

/// The units that are kept, by the offset of their first byte and the kind of their node.
#[derive(Debug, Default)]
pub(crate) struct Kept(HashSet<(u32, SyntaxKind)>);

impl Kept {
    /// Finds what is kept of a file.
    pub(crate) fn of(parse: &Parse, scope: Scope) -> Self {
        let mut kept = Self::default();
        if parse.has_errors() {
            let seen: Vec<&SyntaxToken> =
                tokens(&parse.root).filter(|token| !token.kind().is_trivia()).collect();
            for diagnostic in parse.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()) {
                kept.add(diagnostic, scope, &seen);
            }
        }
        kept
    }

    /// Whether a node is kept.
    pub(crate) fn holds(&self, node: &SyntaxNode) -> bool {
        !self.0.is_empty() && first(Part::Node(node)).is_some_and(|token| self.0.contains(&id(token, node)))
    }

    fn add(&mut self, diagnostic: &Diagnostic, scope: Scope, seen: &[&SyntaxToken]) {
        let places = std::iter::once(diagnostic.primary.span)
            .chain(diagnostic.secondary.iter().map(|label| label.span));
        for span in places {
            for token in touched(span, seen) {
                let is_bracket = is_bracket(token.kind());
                let whole = scope != Scope::Unit || (is_bracket && diagnostic.code == codes::F0102.id);
                // What stands between units is kept with its line.
                let is_stray = holds_units(token.parent().kind()) && !is_bracket;
                if let Some(unit) = unit(token, whole).filter(|_| whole || !is_stray)
                    && let Some(token) = first(Part::Node(unit))
                {
                    self.0.insert(id(token, unit));
                }
            }
        }
    }
}

fn id(token: &SyntaxToken, node: &SyntaxNode) -> (u32, SyntaxKind) {
    (token.text_range().start().into(), node.kind())
}

/// The units of a file with all between the first and the last kept one kept too.
pub(crate) fn region<'t>(units: Vec<Unit<'t>>) -> Vec<Unit<'t>> {
    let is_kept = |unit: &Unit<'t>| matches!(unit, Unit::Kept { .. });
    let (Some(start), Some(end)) = (units.iter().position(is_kept), units.iter().rposition(is_kept)) else {
        return units;
    };
    let (Some(Unit::Kept { first, range }), Some(Unit::Kept { range: last, .. })) =
        (units.get(start), units.get(end))
    else {
        return units;
    };
    let whole = Unit::Kept { first, range: range.start..last.end };
    let mut units = units;
    units.splice(start..=end, [whole]);
    units
}

/// The first and the last token of a place; of an empty place, the token before it.
fn touched<'t>(span: Span, seen: &[&'t SyntaxToken]) -> impl Iterator<Item = &'t SyntaxToken> {
    let starts_before =
        |offset: u32| seen.partition_point(|token| u32::from(token.text_range().start()) < offset);
    let last = starts_before(span.end.max(1)).checked_sub(1);
    let first = if span.is_empty() { last } else { Some(starts_before(span.start + 1).saturating_sub(1)) };
    let tokens = [first, last.filter(|last| Some(*last) != first)];
    tokens.into_iter().flatten().filter_map(|index| seen.get(index).copied())
}

/// The innermost unit around a token, or the declaration.
fn unit(token: &SyntaxToken, whole: bool) -> Option<&SyntaxNode> {
    token.ancestors().find(|node| {
        node.parent()
            .is_some_and(|parent| parent.kind() == SyntaxKind::Root || (!whole && holds_units(parent.kind())))
    })
}

/// Whether the children of a node are units.
pub(crate) fn holds_units(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::Root | SyntaxKind::Block | SyntaxKind::PropertyBlock | SyntaxKind::ConfigDecl)
}

fn is_bracket(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::LeftParen
            | SyntaxKind::RightParen
            | SyntaxKind::LeftBracket
            | SyntaxKind::RightBracket
            | SyntaxKind::LeftBrace
            | SyntaxKind::RightBrace
    )
}

/// One unit, or a run of source that is kept.
#[derive(Clone, Debug)]
pub(crate) enum Unit<'t> {
    /// A unit that is laid out.
    Laid(&'t SyntaxNode),
    /// What stands from a token on, up to another's end.
    Kept {
        /// Its first token.
        first: &'t SyntaxToken,
        /// Its bytes.
        range: Range<usize>,
    },
}

/// Groups the children of a node into units. What shares a line with something broken is kept with it.
pub(crate) fn units<'t>(parts: &[Part<'t>], kept: &Kept, text: &str) -> Vec<Unit<'t>> {
    let is_broken = |part: &Part<'_>| match part {
        Part::Node(node) => node.kind() == SyntaxKind::Error || kept.holds(node),
        Part::Token(_) => true,
    };
    let mut units = Vec::new();
    let mut index = 0;
    while let Some(part) = parts.get(index) {
        let line = line_of(parts.get(index..).unwrap_or(&[]), text);
        let is_comma = |part: &Part<'_>| part.kind() == SyntaxKind::Comma;
        if line.iter().any(|part| !is_comma(part) && is_broken(part)) {
            if let (Some(start), Some(end)) = (first(*part), line.last().and_then(|part| last(*part))) {
                let range = start.text_range().start().into()..end.text_range().end().into();
                units.push(Unit::Kept { first: start, range });
            }
        } else {
            units.extend(line.iter().filter_map(|part| part.into_node()).map(Unit::Laid));
        }
        index += line.len().max(1);
    }
    units
}

/// The parts from the first on that no line end stands between.
fn line_of<'p, 't>(parts: &'p [Part<'t>], text: &str) -> &'p [Part<'t>] {
    let on_one_line = |pair: &&[Part<'t>]| match pair {
        [left, right] => {
            let (left, right) = (last(*left), first(*right));
            let (Some(left), Some(right)) = (left, right) else { return true };
            let gap = usize::from(left.text_range().end())..usize::from(right.text_range().start());
            !text.get(gap).is_some_and(|gap| gap.contains('\n'))
        }
        _ => false,
    };
    let more = parts.windows(2).take_while(on_one_line).count();
    parts.get(..=more).unwrap_or(parts)
}
