//! The grammar, in chumsky. This folder alone knows chumsky's types.
//!
//! Rules have no output. A rule that matches records an [`Event`]: a node over a range of tokens, children
//! before parents. The list of events is the parser's state and shrinks by itself when the parser goes back.
//!
//! Errors are events too, not chumsky's. A construct is recognised by its first token or two; from there on its
//! rule never fails: what is missing is recorded as a [`Problem`] where it is missing, and the rule goes on.
//! So one mistake costs one message, and everything around it is read. Brackets are balanced and nesting is
//! bounded before the grammar runs: see `brackets.rs` and `depth.rs`.

mod apis;
mod declarations;
mod expressions;
mod list;
mod names;
mod patterns;
mod rule;
mod statements;
mod tests;
mod types;

use std::cell::OnceCell;
use std::rc::{Rc, Weak};

use chumsky::error::EmptyErr;
use chumsky::inspector::TruncateState;
use chumsky::prelude::*;
use chumsky::recursive::recursive;

use crate::SyntaxKind;
use rule::Rule;

/// What the parser found, in the order in which it was complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A node over the tokens `start..end`.
    Node {
        /// What it is.
        kind: SyntaxKind,
        /// Its first token.
        start: u32,
        /// The token after its last.
        end: u32,
    },
    /// Something is wrong at a token.
    Problem {
        /// What.
        problem: Problem,
        /// The token.
        at: u32,
    },
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Something else is expected here: the phrase says what.
    Expected(&'static str),
    /// The brackets around end here, or go on with a comma: the phrase says how.
    ExpectedEnd(&'static str),
    /// A comma is missing before this token; the phrase says between what.
    MissingComma(&'static str),
    /// `{` stands on the line after its head.
    BraceOnNextLine,
    /// A clause of a workflow stands on the line after its head.
    ClauseOnNextLine,
    /// A constructor in a head, where its `{` looks like the block's.
    ConstructorInHead,
    /// The body of a function is a block.
    FunctionBlock,
    /// Another mark stands where this one is due.
    Mark(&'static str),
    /// `catch (e)`, where `catch as e` is due.
    CatchInParentheses,
    /// A reserved word stands where something is named; the phrase says what.
    Reserved(&'static str),
}

/// Reads tokens; gives the events.
pub(crate) fn parse(tokens: &[SyntaxKind]) -> Vec<Event> {
    let mut state = TruncateState(Vec::with_capacity(tokens.len()));
    let slots = Slots::new();
    if let Some(file) = slots.file.get() {
        // The file rule takes whatever tokens there are, so that there is no error to look at.
        let _ = file.parse_with_state(tokens, &mut state);
    }
    state.0
}

/// The rules that others refer to before they exist.
#[derive(Default)]
struct Slots<'t> {
    file: OnceCell<Rule<'t>>,
    expr: OnceCell<Rule<'t>>,
    head: OnceCell<Rule<'t>>,
    ty: OnceCell<Rule<'t>>,
    primary_type: OnceCell<Rule<'t>>,
    pattern: OnceCell<Rule<'t>>,
    top_pattern: OnceCell<Rule<'t>>,
    binding: OnceCell<Rule<'t>>,
    block: OnceCell<Rule<'t>>,
    block_due: OnceCell<Rule<'t>>,
    answer: OnceCell<Rule<'t>>,
    string: OnceCell<Rule<'t>>,
    record: OnceCell<Rule<'t>>,
    record_type: OnceCell<Rule<'t>>,
}

/// References to the rules of the slots. They hold them weakly, so that a grammar is freed with its parse.
struct Rules<'t> {
    /// An expression.
    expr: Rule<'t>,
    /// An expression in a head, where `{` opens the block.
    head: Rule<'t>,
    /// A type.
    ty: Rule<'t>,
    /// A type without `|` and without anything after it.
    primary_type: Rule<'t>,
    /// A pattern inside another.
    pattern: Rule<'t>,
    /// A pattern at the top of an arm.
    top_pattern: Rule<'t>,
    /// A pattern in `let` and `for`.
    binding: Rule<'t>,
    /// `{ statements }`
    block: Rule<'t>,
    /// The block after a head.
    block_due: Rule<'t>,
    /// What a mock answers.
    answer: Rule<'t>,
    /// A string, with whatever stands in its braces.
    string: Rule<'t>,
    /// A record expression.
    record: Rule<'t>,
    /// A record type.
    record_type: Rule<'t>,
}

impl<'t> Slots<'t> {
    fn new() -> Rc<Self> {
        let slots: Rc<Self> = Rc::default();
        let weak = Rc::downgrade(&slots);
        let rules = Rules {
            expr: late(&weak, |slots| &slots.expr),
            head: late(&weak, |slots| &slots.head),
            ty: late(&weak, |slots| &slots.ty),
            primary_type: late(&weak, |slots| &slots.primary_type),
            pattern: late(&weak, |slots| &slots.pattern),
            top_pattern: late(&weak, |slots| &slots.top_pattern),
            binding: late(&weak, |slots| &slots.binding),
            block: late(&weak, |slots| &slots.block),
            block_due: late(&weak, |slots| &slots.block_due),
            answer: late(&weak, |slots| &slots.answer),
            string: late(&weak, |slots| &slots.string),
            record: late(&weak, |slots| &slots.record),
            record_type: late(&weak, |slots| &slots.record_type),
        };
        let define = |slot: &OnceCell<Rule<'t>>, rule: Rule<'t>| slot.get_or_init(|| rule).clone();
        define(&slots.string, expressions::string(&rules));
        define(&slots.record, expressions::record(&rules));
        define(&slots.record_type, types::record(&rules));
        define(&slots.expr, expressions::expr(&rules, expressions::Place::Free));
        define(&slots.head, expressions::expr(&rules, expressions::Place::Head));
        define(&slots.ty, types::ty(&rules));
        define(&slots.primary_type, types::primary(&rules));
        define(&slots.pattern, patterns::pattern(&rules, patterns::Place::Inner));
        define(&slots.top_pattern, patterns::pattern(&rules, patterns::Place::Top));
        define(&slots.binding, patterns::pattern(&rules, patterns::Place::Binding));
        define(&slots.block, statements::block(&rules));
        define(&slots.block_due, expressions::block_due(&rules));
        define(&slots.answer, tests::answer(&rules));
        define(&slots.file, declarations::file(&rules));
        slots
    }
}

/// The rule of a slot, looked up when it is used. `recursive` grows the stack where it is short.
fn late<'t>(slots: &Weak<Slots<'t>>, slot: for<'a> fn(&'a Slots<'t>) -> &'a OnceCell<Rule<'t>>) -> Rule<'t> {
    let slots = slots.clone();
    let rule = custom(move |input: &mut rule::Input<'t, '_>| {
        let slots = slots.upgrade();
        match slots.as_deref().and_then(|slots| slot(slots).get()) {
            Some(rule) => input.parse(rule),
            None => Err(EmptyErr::default()),
        }
    });
    recursive(|_| rule.boxed()).boxed()
}
