//! The file and its declarations, APIs apart.

use super::expressions::{braces_due, property_clause, within_clause};
use super::list::{List, Separator};
use super::names::{any_name, name, name_ref, version};
use super::rule::{
    Ahead, Input, Rule, alternatives, by_hand, dispatch, finish, if_ahead, many, need, node, optional,
    position, problem, report, seq, skip_until, take, token,
};
use super::{Problem, Rules, SyntaxKind as Kind, apis, types};
use crate::brackets::starts_declaration;

/// A whole file: it takes every token.
pub(super) fn file<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let declaration = declaration(rules);
    let block = rules.block.clone();
    by_hand(move |input| {
        while !Ahead::of(input).is_at_end() {
            if !take(input, Kind::Newline) {
                line(input, &declaration, &block);
            }
        }
        Ok(())
    })
}

/// One declaration, and what follows it and belongs to nothing.
fn line<'t>(input: &mut Input<'t, '_>, declaration: &Rule<'t>, block: &Rule<'t>) {
    let start = position(input);
    if !starts_declaration(Ahead::of(input).nth(0)) || input.parse(declaration).is_err() {
        report(input, Problem::Expected("a declaration"));
        // What braces hold here is not known.
        skip_until(input, None, |ahead| {
            ahead.previous() == Kind::Newline && starts_declaration(ahead.nth(0))
        });
    } else if !matches!(Ahead::of(input).nth(0), Kind::Newline) {
        report(input, Problem::Expected("the end of the line"));
        skip_until(input, Some(block), |ahead| ahead.nth(0) == Kind::Newline);
    }
    if position(input) == start {
        // Only a closer can stand here, and brackets are balanced: this is for safety.
        input.skip();
        finish(input, Kind::Error, start);
    }
}

fn declaration<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let api_import = if_ahead(|ahead| ahead.nth(1) == Kind::ApiKeyword, import_api(rules));
    dispatch(vec![
        (&[Kind::ImportKeyword], alternatives([api_import, import(rules)])),
        (&[Kind::ConfigKeyword], config(rules)),
        (&[Kind::ErrorKeyword], error(rules)),
        (&[Kind::RetryKeyword], retry(rules)),
        (&[Kind::TypeKeyword], type_decl(rules)),
        (&[Kind::ApiKeyword], apis::api(rules)),
        (&[Kind::WorkflowKeyword], workflow(rules)),
        (&[Kind::FnKeyword], function(rules)),
        (&[Kind::PublishKeyword], apis::publish(rules)),
        (&[Kind::ScheduleKeyword], schedule(rules)),
        (&[Kind::ObjectiveKeyword], objective(rules)),
        (&[Kind::TestKeyword], test(rules)),
    ])
}

/// `from "./types.flow"`
fn from<'t>(rules: &Rules<'t>, what: &'static str) -> Rule<'t> {
    seq([need(token(Kind::FromKeyword), "`from`"), need(rules.string.clone(), what)])
}

fn import<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let names = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element: name_ref(),
        what: "a name",
        between: "names",
        separator: Separator::Comma,
    };
    let rule = seq([
        token(Kind::ImportKeyword),
        need(names.rule(), "the imported names in braces"),
        from(rules, "a file such as `\"./types.flow\"`"),
    ]);
    node(Kind::Import, rule)
}

fn import_api<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([
        token(Kind::ImportKeyword),
        token(Kind::ApiKeyword),
        name("a name for the API"),
        optional(version()),
        from(rules, "a document such as `\"./petstore.yaml\"`"),
        optional(apis::block(rules)),
    ]);
    node(Kind::ImportApi, rule)
}

fn config<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let default = seq([token(Kind::Equal), need(rules.expr.clone(), "a value")]);
    let entry = seq([
        any_name(),
        types::type_after_colon(rules),
        optional(types::where_clause(rules)),
        optional(default),
    ]);
    let list = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element: node(Kind::ConfigEntry, entry),
        what: "an entry such as `name: type = value`",
        between: "entries",
        separator: Separator::CommaOrNewline,
    };
    node(Kind::ConfigDecl, seq([token(Kind::ConfigKeyword), braces_due(list.rule(), "`{`")]))
}

fn error<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([
        token(Kind::ErrorKeyword),
        name("a name for the error"),
        braces_due(rules.record_type.clone(), "the fields of the error in braces"),
    ]);
    node(Kind::ErrorDecl, rule)
}

fn retry<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([
        token(Kind::RetryKeyword),
        name("a name for the policy"),
        braces_due(apis::properties(rules), "`{`"),
    ]);
    node(Kind::RetryDecl, rule)
}

fn type_decl<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let alias = seq([token(Kind::Equal), need(types::declared(rules), "a type")]);
    let rule = seq([
        token(Kind::TypeKeyword),
        name("a name for the type"),
        optional(types::parameters()),
        braces_due(alternatives([rules.record_type.clone(), alias]), "`{` and fields, or `=` and a type"),
        optional(types::where_clause(rules)),
    ]);
    node(Kind::TypeDecl, rule)
}

/// `-> T`
fn result<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let ty = if_ahead(|ahead| !opens_statements(ahead), rules.ty.clone());
    seq([super::names::arrow(), need(ty, "a type")])
}

/// Whether a `{` holds what no record type begins with, and nothing follows its `}`: it opens the block, and the type
/// before it is missing.
fn opens_statements(ahead: Ahead<'_>) -> bool {
    let first = if ahead.nth(1) == Kind::Newline { 2 } else { 1 };
    let is_field = ahead.nth(first) == Kind::RightBrace
        || matches!(ahead.nth(first + 1), Kind::Colon | Kind::QuestionColon | Kind::AsKeyword);
    ahead.nth(0) == Kind::LeftBrace && !is_field && ahead.after_brackets() == Kind::Newline
}

fn workflow<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([
        token(Kind::WorkflowKeyword),
        name("a name for the workflow"),
        optional(version()),
        apis::parameters_due(rules),
        optional(result(rules)),
        many(alternatives([clause(rules), late_clause(rules)])),
        rules.block_due.clone(),
    ]);
    node(Kind::WorkflowDecl, rule)
}

/// A clause on the line after the head: reported and read.
fn late_clause<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([problem(Problem::ClauseOnNextLine), token(Kind::Newline), clause(rules)]);
    if_ahead(
        |ahead| {
            ahead.nth(0) == Kind::Newline
                && match ahead.nth(1) {
                    Kind::WithinKeyword | Kind::KeyKeyword => true,
                    Kind::OneKeyword => ahead.nth(2) == Kind::PerKeyword,
                    Kind::UndoKeyword => ahead.nth(2) == Kind::Colon,
                    _ => false,
                }
        },
        rule,
    )
}

fn clause<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let key = seq([
        token(Kind::KeyKeyword),
        need(rules.head.clone(), "what the key is made of"),
        need(token(Kind::ForKeyword), "`for`"),
        need(rules.head.clone(), "a duration"),
        optional(if_ahead(|ahead| ahead.nth(0) == Kind::Ident, property_clause(rules))),
    ]);
    let one_per = seq([
        token(Kind::OneKeyword),
        need(token(Kind::PerKeyword), "`per`"),
        need(rules.head.clone(), "what executions queue up by"),
    ]);
    let undo = seq([
        token(Kind::UndoKeyword),
        super::names::colon("`:` and a call"),
        need(rules.head.clone(), "a call"),
    ]);
    dispatch(vec![
        (&[Kind::WithinKeyword], within_clause(rules)),
        (&[Kind::KeyKeyword], node(Kind::KeyClause, key)),
        (&[Kind::OneKeyword], node(Kind::OnePerClause, one_per)),
        (&[Kind::UndoKeyword], node(Kind::UndoClause, undo)),
    ])
}

fn function<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([
        token(Kind::FnKeyword),
        name("a name for the function"),
        apis::parameters_due(rules),
        need(result(rules), "`->` and a type"),
        alternatives([
            if_ahead(opens_block, seq([problem(Problem::FunctionBlock), rules.block.clone()])),
            seq([need(token(Kind::Equal), "`=`"), need(rules.expr.clone(), "an expression")]),
        ]),
    ]);
    node(Kind::FnDecl, rule)
}

/// Whether `{` follows, and no record.
fn opens_block(ahead: Ahead<'_>) -> bool {
    let first = if ahead.nth(1) == Kind::Newline { 2 } else { 1 };
    let names = ahead.nth(first).is_word() || ahead.nth(first) == Kind::StringWhole;
    let is_entry = matches!(ahead.nth(first + 1), Kind::Colon | Kind::QuestionColon | Kind::Comma);
    ahead.nth(0) == Kind::LeftBrace && !(names && is_entry) && ahead.nth(first) != Kind::DotDotDot
}

fn schedule<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let zone =
        seq([token(Kind::ZoneKeyword), need(rules.string.clone(), "a zone such as `\"Europe/Berlin\"`")]);
    let rule = seq([
        token(Kind::ScheduleKeyword),
        name("a name for the schedule"),
        need(token(Kind::CronKeyword), "`cron`"),
        need(rules.string.clone(), "a time such as `\"0 2 * * *\"`"),
        optional(node(Kind::ZoneClause, zone)),
        rules.block_due.clone(),
    ]);
    node(Kind::ScheduleDecl, rule)
}

fn objective<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([
        token(Kind::ObjectiveKeyword),
        need(name_ref(), "a workflow"),
        braces_due(apis::objectives(rules), "`{`"),
    ]);
    node(Kind::ObjectiveDecl, rule)
}

fn test<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let every = seq([token(Kind::EveryKeyword), need(token(Kind::FailureKeyword), "`failure`")]);
    let rule = seq([
        token(Kind::TestKeyword),
        need(rules.string.clone(), "a description in quotes"),
        optional(every),
        rules.block_due.clone(),
    ]);
    node(Kind::TestDecl, rule)
}
