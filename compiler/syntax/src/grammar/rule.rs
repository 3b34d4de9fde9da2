//! The building blocks of rules.
//!
//! chumsky does not run closures in its check mode: whatever stands under `ignored`, `to`, `then_ignore` and
//! the like records no events. The rules are built from these functions alone, which keep to emit mode.

use chumsky::error::EmptyErr;
use chumsky::input::{InputRef, MapExtra};
use chumsky::inspector::TruncateState;
use chumsky::prelude::*;

use super::{Event, Problem};
use crate::SyntaxKind;
use crate::brackets::{closer, is_closer};

/// What rules read and what they keep.
pub(super) type Extra = extra::Full<EmptyErr, TruncateState<Event>, ()>;

/// A rule. Boxed everywhere, which keeps the time to compile the grammar low.
pub(super) type Rule<'t, O = ()> = Boxed<'t, 't, &'t [SyntaxKind], O, Extra>;

/// The input of a hand-written rule.
pub(super) type Input<'t, 'p> = InputRef<'t, 'p, &'t [SyntaxKind], Extra>;

/// What is known where a rule has matched.
pub(super) type Matched<'t, 'p> = MapExtra<'t, 'p, &'t [SyntaxKind], Extra>;

/// What a hand-written rule gives.
pub(super) type Outcome<O = ()> = Result<O, EmptyErr>;

/// A hand-written rule.
pub(super) fn by_hand<'t, O: 't>(rule: impl Fn(&mut Input<'t, '_>) -> Outcome<O> + 't) -> Rule<'t, O> {
    custom(rule).boxed()
}

/// One token of a kind.
pub(super) fn token<'t>(kind: SyntaxKind) -> Rule<'t> {
    just(kind).map(|_| ()).boxed()
}

/// One token of any of the kinds.
pub(super) fn any_of<'t>(kinds: &'static [SyntaxKind]) -> Rule<'t> {
    one_of(kinds).map(|_| ()).boxed()
}

/// One token that a condition holds for.
pub(super) fn token_where<'t>(condition: fn(SyntaxKind) -> bool) -> Rule<'t> {
    any().filter(move |kind: &SyntaxKind| condition(*kind)).map(|_| ()).boxed()
}

/// All of the rules, one after the other.
pub(super) fn seq<'t, const N: usize>(rules: [Rule<'t>; N]) -> Rule<'t> {
    group(rules).map(|_| ()).boxed()
}

/// The first rule that matches.
pub(super) fn alternatives<'t, const N: usize>(rules: [Rule<'t>; N]) -> Rule<'t> {
    choice(rules).boxed()
}

/// The rule, or nothing.
pub(super) fn optional<'t>(rule: Rule<'t>) -> Rule<'t> {
    rule.or_not().map(|_| ()).boxed()
}

/// The rule as often as it matches.
pub(super) fn many<'t>(rule: Rule<'t>) -> Rule<'t> {
    rule.repeated().collect::<Vec<()>>().map(|_| ()).boxed()
}

/// The rule's tokens as a node.
pub(super) fn node<'t>(kind: SyntaxKind, rule: Rule<'t>) -> Rule<'t> {
    rule.map_with(move |(), extra: &mut Matched<'t, '_>| {
        record_node(extra, kind);
    })
    .boxed()
}

/// Nothing, and a problem at the next token.
pub(super) fn problem<'t>(problem: Problem) -> Rule<'t> {
    empty()
        .map_with(move |(), extra: &mut Matched<'t, '_>| {
            let span: SimpleSpan = extra.span();
            extra.state().0.push(Event::Problem { problem, at: span.start as u32 });
        })
        .boxed()
}

/// The rule; where it does not match, the problem that the phrase names is expected.
pub(super) fn need<'t>(rule: Rule<'t>, what: &'static str) -> Rule<'t> {
    alternatives([rule, problem(Problem::Expected(what))])
}

/// The rule, if the tokens ahead satisfy a condition: the next one, and those after it.
pub(super) fn if_ahead<'t>(condition: fn(Ahead<'_>) -> bool, rule: Rule<'t>) -> Rule<'t> {
    by_hand(
        move |input| {
            if condition(Ahead::of(input)) { input.parse(&rule) } else { Err(EmptyErr::default()) }
        },
    )
}

/// The rule that the next token chooses.
pub(super) fn dispatch<'t>(table: Vec<(&'static [SyntaxKind], Rule<'t>)>) -> Rule<'t> {
    // For each kind the number of its rule, from 1.
    let mut numbers = vec![0_u8; SyntaxKind::ALL.len()];
    let mut rules = Vec::with_capacity(table.len());
    for (kinds, rule) in table {
        rules.push(rule);
        for kind in kinds {
            if let Some(slot) = numbers.get_mut(*kind as usize) {
                *slot = rules.len() as u8;
            }
        }
    }
    by_hand(move |input| {
        let number = input.peek().and_then(|kind| numbers.get(kind as usize)).copied().unwrap_or(0);
        match usize::from(number).checked_sub(1).and_then(|index| rules.get(index)) {
            Some(rule) => input.parse(rule),
            None => Err(EmptyErr::default()),
        }
    })
}

/// The tokens from here on.
#[derive(Clone, Copy)]
pub(super) struct Ahead<'t> {
    tokens: &'t [SyntaxKind],
    at: usize,
}

impl<'t> Ahead<'t> {
    /// The tokens ahead of an input.
    pub(super) fn of(input: &mut Input<'t, '_>) -> Self {
        let at = *input.cursor().inner();
        Self { tokens: input.full_slice(), at }
    }

    /// The token after as many others; a line end past the last.
    pub(super) fn nth(self, skipped: usize) -> SyntaxKind {
        self.tokens.get(self.at + skipped).copied().unwrap_or(SyntaxKind::Newline)
    }

    /// The token before this one; a line end before the first.
    pub(super) fn previous(self) -> SyntaxKind {
        let index = self.at.checked_sub(1);
        index.and_then(|index| self.tokens.get(index)).copied().unwrap_or(SyntaxKind::Newline)
    }

    /// Whether there is no token left.
    pub(super) fn is_at_end(self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The token after the brackets that open here; a line end past the last.
    pub(super) fn after_brackets(self) -> SyntaxKind {
        let mut depth = 0_usize;
        let mut rest = self.tokens.get(self.at..).unwrap_or(&[]).iter();
        for kind in rest.by_ref() {
            if closer(*kind).is_some() {
                depth += 1;
            } else if is_closer(*kind) {
                depth = depth.saturating_sub(1);
            }
            if depth == 0 {
                break;
            }
        }
        rest.next().copied().unwrap_or(SyntaxKind::Newline)
    }

    /// Whether a line end stands inside the braces that open here.
    pub(super) fn opens_lines(self) -> bool {
        let mut depth = 0_usize;
        for kind in self.tokens.get(self.at..).unwrap_or(&[]) {
            if closer(*kind).is_some() {
                depth += 1;
            } else if is_closer(*kind) {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return false;
                }
            } else if *kind == SyntaxKind::Newline && depth == 1 {
                return true;
            }
        }
        false
    }
}

/// Where an input stands.
pub(super) fn position(input: &mut Input<'_, '_>) -> usize {
    *input.cursor().inner()
}

/// Records a node from a position to where the input stands.
pub(super) fn finish(input: &mut Input<'_, '_>, kind: SyntaxKind, start: usize) {
    let end = position(input);
    push_node(&mut input.state().0, kind, start, end);
}

/// Records a problem where the input stands.
pub(super) fn report(input: &mut Input<'_, '_>, problem: Problem) {
    let at = position(input) as u32;
    input.state().0.push(Event::Problem { problem, at });
}

/// Takes the next token if it is of a kind.
pub(super) fn take(input: &mut Input<'_, '_>, kind: SyntaxKind) -> bool {
    let found = input.peek() == Some(kind);
    if found {
        input.skip();
    }
    found
}

/// Records a node over all that has matched.
pub(super) fn record_node(matched: &mut Matched<'_, '_>, kind: SyntaxKind) {
    let span: SimpleSpan = matched.span();
    push_node(&mut matched.state().0, kind, span.start, span.end);
}

/// Records a node. One without tokens is left out: it could stand before or after its neighbours.
pub(super) fn push_node(events: &mut Vec<Event>, kind: SyntaxKind, start: usize, end: usize) {
    if start < end {
        events.push(Event::Node { kind, start: start as u32, end: end as u32 });
    }
}

/// Skips tokens, whole brackets at a time, up to one that a condition holds for or the closer of the brackets
/// around. What is skipped becomes an error node; a block among it is read as a block.
pub(super) fn skip_until<'t>(
    input: &mut Input<'t, '_>,
    block: Option<&Rule<'t>>,
    stop: impl Fn(Ahead<'t>) -> bool,
) {
    let start = position(input);
    loop {
        let ahead = Ahead::of(input);
        if ahead.is_at_end() || is_closer(ahead.nth(0)) || stop(ahead) {
            break;
        }
        if ahead.nth(0) == SyntaxKind::LeftBrace
            && let Some(block) = block
            && ahead.opens_lines()
        {
            if input.parse(block).is_err() {
                skip_token(input);
            }
        } else {
            skip_token(input);
        }
    }
    finish(input, SyntaxKind::Error, start);
}

/// The closing bracket; what stands before it and belongs to nothing is reported and skipped.
pub(super) fn closing<'t>(close: SyntaxKind, what: &'static str) -> Rule<'t> {
    by_hand(move |input| {
        end_brackets(input, close, what);
        Ok(())
    })
}

/// Takes the closing bracket, and reports and skips what stands before it.
pub(super) fn end_brackets(input: &mut Input<'_, '_>, close: SyntaxKind, what: &'static str) {
    if !take(input, close) {
        report(input, Problem::ExpectedEnd(what));
        skip_until(input, None, |_| false);
        take(input, close);
    }
}

/// Skips one token, or all tokens up to the closer of an opener.
fn skip_token(input: &mut Input<'_, '_>) {
    let mut depth = 0_usize;
    while let Some(kind) = input.next() {
        if closer(kind).is_some() {
            depth += 1;
        } else if is_closer(kind) {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            break;
        }
    }
}
