//! Moves closers that were put in to where the grammar says that their brackets end.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::{FileId, Span};

use super::{Inserted, closer, is_closer};
use crate::SyntaxKind;
use crate::grammar::{Event, Problem};
use crate::lexer::Token;
use crate::stream::Stream;

/// Moves each closer whose brackets held something that does not belong into them. Says whether any was moved.
pub(crate) fn move_closers(
    file: FileId,
    tokens: &[Token],
    stream: &Stream,
    events: &[Event],
    inserted: &mut [Inserted],
    diagnostics: &mut [Diagnostic],
) -> bool {
    if inserted.is_empty() {
        return false;
    }
    let mut moved = false;
    for event in events {
        let Event::Problem { problem: Problem::ExpectedEnd(_), at } = event else { continue };
        let at = *at as usize;
        let Some(closer) = closer_around(stream, at) else { continue };
        let kind = stream.kinds.get(closer).copied();
        let Some((old, end)) = stream.ranges.get(closer).copied() else { continue };
        let Some((new, _)) = stream.ranges.get(at).copied() else { continue };
        // A text that has its quotes goes on up to them.
        let between = stream.kinds.get(at..closer).unwrap_or(&[]);
        if kind == Some(SyntaxKind::StringEnd) && between.contains(&SyntaxKind::ErrorToken) {
            continue;
        }
        let slot = inserted.iter_mut().find(|slot| slot.before == old as usize && Some(slot.kind) == kind);
        let Some(slot) = slot.filter(|_| old == end && new < old) else { continue };
        let place = |before: u32| {
            let mut seen = tokens.get(..before as usize).unwrap_or(&[]).iter().rev();
            seen.find(|token| !token.kind.is_trivia()).map_or(0, |token| token.end)
        };
        let (old_place, new_place) = (Span::at(file, place(old)), Span::at(file, place(new)));
        for diagnostic in diagnostics.iter_mut().filter(|diagnostic| diagnostic.code == codes::F0102.id) {
            for label in diagnostic.secondary.iter_mut().filter(|label| label.span == old_place) {
                label.span = new_place;
            }
            let changes = diagnostic.edits.iter_mut().flat_map(|edit| &mut edit.changes);
            for change in changes.filter(|change| change.span == old_place) {
                change.span = new_place;
            }
        }
        slot.before = new as usize;
        moved = true;
    }
    if moved {
        inserted.sort_by_key(|inserted| (inserted.before, !is_closer(inserted.kind)));
    }
    moved
}

/// Whether the brackets that a token stands in lack their closer.
pub(crate) fn is_unclosed_around(stream: &Stream, at: usize) -> bool {
    let range = closer_around(stream, at).and_then(|closer| stream.ranges.get(closer));
    range.is_some_and(|(first, end)| first == end)
}

/// The closer of the brackets that a token stands in.
fn closer_around(stream: &Stream, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, kind) in stream.kinds.get(at..)?.iter().enumerate() {
        if closer(*kind).is_some() {
            depth += 1;
        } else if is_closer(*kind) {
            if depth == 0 {
                return Some(at + offset);
            }
            depth -= 1;
        }
    }
    None
}
