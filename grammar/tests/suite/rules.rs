//! The grammar as data, as pest's own parser reads it.

use std::collections::BTreeMap;

use pest_meta::ast::Expr;
use pest_meta::parser::{self, Rule};

/// The rules by name.
pub(crate) fn rules() -> BTreeMap<String, Expr> {
    let pairs = parser::parse(Rule::grammar_rules, flow_grammar::GRAMMAR).unwrap();
    parser::consume_rules(pairs).unwrap().into_iter().map(|rule| (rule.name, rule.expr)).collect()
}

/// What an expression consists of, one level down.
pub(crate) fn parts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Seq(left, right) | Expr::Choice(left, right) => vec![left, right],
        Expr::PosPred(inner)
        | Expr::NegPred(inner)
        | Expr::Opt(inner)
        | Expr::Rep(inner)
        | Expr::RepOnce(inner)
        | Expr::RepExact(inner, _)
        | Expr::RepMin(inner, _)
        | Expr::RepMax(inner, _)
        | Expr::RepMinMax(inner, _, _)
        | Expr::Push(inner)
        | Expr::NodeTag(inner, _) => vec![inner],
        Expr::Str(_)
        | Expr::Insens(_)
        | Expr::Range(_, _)
        | Expr::Ident(_)
        | Expr::PeekSlice(_, _)
        | Expr::Skip(_)
        | Expr::PushLiteral(_) => Vec::new(),
    }
}

/// The names of rules that an expression refers to.
pub(crate) fn references(expr: &Expr) -> Vec<&str> {
    match expr {
        Expr::Ident(name) => vec![name],
        expr => parts(expr).into_iter().flat_map(references).collect(),
    }
}
