//! Names, versions, and names on the wire.

use super::rule::{Rule, alternatives, any_of, if_ahead, need, node, problem, seq, token, token_where};
use super::{Problem, SyntaxKind as Kind};

/// Whether a word can name something that is declared: it is not reserved.
pub(super) fn is_name(kind: Kind) -> bool {
    kind.is_word() && !kind.is_reserved()
}

/// A name that is declared. A reserved word in its place is reported as such.
pub(super) fn name<'t>(what: &'static str) -> Rule<'t> {
    let reserved = seq([problem(Problem::Reserved(what)), token_where(Kind::is_reserved)]);
    let word = alternatives([token_where(is_name), reserved]);
    need(node(Kind::Name, word), what)
}

/// A name that is declared, without a problem where there is none.
pub(super) fn plain_name<'t>() -> Rule<'t> {
    node(Kind::Name, token_where(is_name))
}

/// Any word as the name of a field, property, parameter, operation, branch.
pub(super) fn any_name<'t>() -> Rule<'t> {
    node(Kind::Name, token_where(Kind::is_word))
}

/// A name that is used.
pub(super) fn name_ref<'t>() -> Rule<'t> {
    node(Kind::NameRef, token_where(is_name))
}

/// Any word as a name that is used: after a dot.
pub(super) fn any_name_ref<'t>() -> Rule<'t> {
    node(Kind::NameRef, token_where(Kind::is_word))
}

/// A name, or several with dots between.
pub(super) fn path<'t>() -> Rule<'t> {
    let more = seq([token(Kind::Dot), need(any_name_ref(), "a name")]);
    seq([name_ref(), super::rule::many(more)])
}

/// `v1` in a declaration.
pub(super) fn version<'t>() -> Rule<'t> {
    node(Kind::Version, token(Kind::VersionWord))
}

/// `@v1` in a use.
pub(super) fn version_use<'t>() -> Rule<'t> {
    node(Kind::Version, seq([token(Kind::At), need(token(Kind::VersionWord), "a version such as `v1`")]))
}

/// `as "name"`, `as 200`, `as true`.
pub(super) fn wire_name<'t>(rules: &super::Rules<'t>) -> Rule<'t> {
    let literal = node(Kind::Literal, any_of(&[Kind::Int, Kind::TrueKeyword, Kind::FalseKeyword]));
    let value = alternatives([rules.string.clone(), literal]);
    node(
        Kind::WireName,
        seq([token(Kind::AsKeyword), need(value, "the name on the wire, such as `\"order-id\"`")]),
    )
}

/// `name:` ahead.
pub(super) fn before_colon<'t>(rule: Rule<'t>) -> Rule<'t> {
    if_ahead(|ahead| ahead.nth(0).is_word() && ahead.nth(1) == Kind::Colon, rule)
}

/// A `:`; an `=` in its place is reported and taken.
pub(super) fn colon<'t>(what: &'static str) -> Rule<'t> {
    need(mark(Kind::Colon, ":", &[Kind::Equal]), what)
}

/// A mark, or one of those that other languages have in its place, which is reported and taken.
pub(super) fn mark<'t>(due: Kind, ours: &'static str, foreign: &'static [Kind]) -> Rule<'t> {
    let wrong = token_where_any(foreign, seq([problem(Problem::Mark(ours)), any_of(foreign)]));
    alternatives([token(due), wrong])
}

/// The rule, if one of the kinds is ahead.
fn token_where_any<'t>(kinds: &'static [Kind], rule: Rule<'t>) -> Rule<'t> {
    super::rule::by_hand(move |input| {
        if kinds.contains(&super::rule::Ahead::of(input).nth(0)) {
            input.parse(&rule)
        } else {
            Err(chumsky::error::EmptyErr::default())
        }
    })
}

/// `->`
pub(super) fn arrow<'t>() -> Rule<'t> {
    mark(Kind::Arrow, "->", &[Kind::FatArrow, Kind::Colon])
}
