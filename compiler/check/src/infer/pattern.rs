//! Patterns, and whether a `match` covers every case.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{ExprId, LiteralKind, MatchArm, Pattern, PatternKind, RecordPattern};
use flow_source::Span;

use super::coverage::{Coverage, Shape};
use super::{Infer, Place, Reason, Want, facts};
use crate::display;
use crate::types::{Ty, TyKind};

/// How many arms are added at once.
const ARMS_MAX: usize = 16;

impl Infer<'_, '_> {
    /// The pattern of a `let`, which must always match.
    pub(crate) fn let_pattern(&mut self, pattern: &Pattern, ty: Ty) {
        if may_not_match(pattern) {
            self.checker.report(
                Diagnostic::new(&codes::F0301, pattern.span, "this pattern may not match")
                    .help("use `match`, which says what happens otherwise"),
            );
        }
        self.pattern(pattern, ty);
    }

    /// Binds what a pattern binds, against the type of the value.
    pub(super) fn pattern(&mut self, pattern: &Pattern, ty: Ty) {
        match &pattern.kind {
            PatternKind::Missing | PatternKind::Wildcard => {}
            PatternKind::Bind(local) => self.bind(*local, ty),
            PatternKind::Literal(literal) => self.literal_pattern(&literal.kind, literal.span, ty),
            PatternKind::Record(fields) => self.record_pattern(pattern.span, fields, ty),
            PatternKind::List { items, rest } => {
                let element = match *self.checker.typed.types.structure(ty) {
                    TyKind::List(element) => element,
                    TyKind::Error | TyKind::Never => Ty::ERROR,
                    _ => {
                        self.wrong_pattern(pattern.span, "a list", ty);
                        Ty::ERROR
                    }
                };
                for item in items {
                    self.pattern(item, element);
                }
                if let Some(Some(local)) = rest {
                    let list = self.checker.typed.types.list(element);
                    self.bind(*local, list);
                }
            }
            PatternKind::Case { union, name, fields, binding } => {
                self.case_pattern(pattern.span, *union, name, fields, *binding, ty);
            }
            PatternKind::Or(alternatives) => {
                for alternative in alternatives {
                    self.pattern(alternative, ty);
                }
            }
        }
    }

    pub(super) fn record_pattern(&mut self, span: Span, pattern: &RecordPattern, ty: Ty) {
        let patterns = &pattern.fields;
        let kind = self.checker.typed.types.structure(ty);
        let TyKind::Record(fields) = &*kind else {
            if !matches!(&*kind, TyKind::Error | TyKind::Never) {
                self.wrong_pattern(span, "a record", ty);
            }
            self.mistaken_fields(pattern);
            return;
        };
        for field in patterns {
            match fields.iter().find(|known| known.name == field.field.text) {
                Some(known) => {
                    let read = known.read(&self.checker.typed.types);
                    self.pattern(&field.pattern, read);
                }
                None => {
                    self.unknown_field(&field.field, ty, fields);
                    self.pattern(&field.pattern, Ty::ERROR);
                }
            }
        }
        if let Some(local) = pattern.rest {
            let is_named = |name: &str| patterns.iter().any(|pattern| *pattern.field.text == *name);
            let rest = fields.iter().filter(|field| !is_named(&field.name)).cloned().collect();
            let rest = self.checker.typed.types.record(rest);
            self.bind(local, rest);
        }
    }

    /// Binds the names of a pattern over what has been reported.
    pub(super) fn mistaken_fields(&mut self, pattern: &RecordPattern) {
        for field in &pattern.fields {
            self.pattern(&field.pattern, Ty::ERROR);
        }
        if let Some(local) = pattern.rest {
            self.bind(local, Ty::ERROR);
        }
    }

    fn wrong_pattern(&mut self, span: Span, what: &str, ty: Ty) {
        let words = self.checker.words(ty);
        let mut diagnostic =
            Diagnostic::new(&codes::F0301, span, format!("this pattern takes {what} apart, found `{words}`"));
        if let TyKind::Optional(_) = *self.checker.typed.types.structure(ty) {
            diagnostic = diagnostic.help("it may be null: test it first");
        }
        self.checker.report(diagnostic);
    }

    fn literal_pattern(&mut self, literal: &LiteralKind, span: Span, ty: Ty) {
        let types = &self.checker.typed.types;
        let nullable = types.is_nullable(ty);
        let plain = types.without_null(ty);
        let kind = types.structure(plain);
        let fits = match (literal, &*kind) {
            (_, TyKind::Error | TyKind::Never) => true,
            (LiteralKind::Null, _) => nullable,
            (LiteralKind::Bool(_), TyKind::Bool)
            | (LiteralKind::Int(_), TyKind::Int | TyKind::Decimal)
            | (LiteralKind::Decimal(_), TyKind::Decimal)
            | (LiteralKind::String(_), TyKind::String) => true,
            (literal, TyKind::Literals(literals)) => {
                let kind = std::mem::discriminant(literal);
                let is_of_kind = literals.members.iter().any(|member| std::mem::discriminant(member) == kind);
                if is_of_kind && !literals.open && !literals.members.contains(literal) {
                    let members = self.checker.members(&literals.members);
                    let written = display::literal(literal);
                    let mut diagnostic = Diagnostic::new(
                        &codes::F0315,
                        span,
                        format!(
                            "`{written}` is not one of {}",
                            display::names(members.iter().map(String::as_str))
                        ),
                    );
                    if let Some(near) = self.checker.nearest(&written, members.iter().map(String::as_str)) {
                        diagnostic = diagnostic.did_you_mean(span, near);
                    }
                    self.checker.report(diagnostic);
                }
                is_of_kind
            }
            (LiteralKind::Int(status), TyKind::Union(union)) => union.case(&status.to_string()).is_some(),
            _ => false,
        };
        if !fits && matches!(&*self.checker.typed.types.structure(ty), TyKind::Secret(_)) {
            self.checker.report(
                Diagnostic::new(&codes::F0701, span, "a secret cannot be taken apart").help(
                    "compare it: `if token == other { … }`; whether two secrets are equal is no secret",
                ),
            );
        } else if !fits {
            let words = self.checker.words(ty);
            self.checker.report(Diagnostic::new(
                &codes::F0301,
                span,
                format!("`{}` is never a value of `{words}`", display::literal(literal)),
            ));
        }
    }

    /// `match value { … }`.
    pub(super) fn match_value(
        &mut self,
        value: ExprId,
        arms: &[MatchArm],
        keyword: Span,
        want: Want<'_>,
    ) -> Ty {
        let ty = self.any(value);
        let spot = facts::Spot::of(self.checker.program, value);
        let before = self.facts.clone();
        let mut null_taken = false;
        let mut join = super::control::Join::new(want);
        let mut after: Option<facts::Facts> = None;
        for arm in arms {
            self.facts = before.clone();
            let mut seen = ty;
            if null_taken {
                seen = self.checker.typed.types.without_null(ty);
                self.facts.learn(spot.clone());
            }
            let visible = self.visible.len();
            self.pattern(&arm.pattern, seen);
            if let Some(guard) = arm.guard {
                self.at(Place::Pure("a guard"), |infer| infer.check(guard, Ty::BOOL, None));
                self.facts.learn(facts::learned(self.checker.program, guard, true));
            }
            let body = self.branch_value(arm.body, &mut join);
            if body != Ty::NEVER {
                after = Some(after.map_or_else(|| self.facts.clone(), |after| after.meet(&self.facts)));
            }
            self.visible.truncate(visible);
            null_taken |= arm.guard.is_none() && takes_null(&arm.pattern);
        }
        self.facts = after.unwrap_or(before);
        let ty_of_arms = self.joined(join);
        self.check_covered(ty, arms, keyword, ty_of_arms);
        ty_of_arms
    }

    /// Whether the arms cover every value of a type, and whether each arm takes one that is left.
    fn check_covered(&mut self, ty: Ty, arms: &[MatchArm], keyword: Span, value: Ty) {
        if matches!(*self.checker.typed.types.structure(ty), TyKind::Error | TyKind::Never) {
            return;
        }
        let mut rows: Vec<Shape> = Vec::new();
        let mut idle = Vec::new();
        let types = &self.checker.typed.types;
        let mut coverage = Coverage::new(types);
        // Where a pattern has a mistake, nobody knows what it would take.
        let sure = !arms.iter().any(|arm| has_mistake(&arm.pattern));
        for arm in arms {
            let shape = Shape::of(&arm.pattern);
            if sure && !coverage.takes_more(&rows, &shape, ty) {
                let taker = arms.iter().find(|arm| arm.guard.is_none() && takes_all(&arm.pattern));
                let before = taker.filter(|taker| taker.pattern.span.start < arm.pattern.span.start);
                idle.push((arm.pattern.span, before.map(|taker| taker.pattern.span)));
            }
            if arm.guard.is_none() {
                rows.push(shape);
            }
        }
        let mut search = Coverage::new(types);
        let missing = search.missing(&rows, ty);
        let untold = missing.is_empty() && search.gave_up();
        for (span, taker) in idle {
            let mut diagnostic = Diagnostic::new(&codes::F1004, span, "this arm is never reached");
            diagnostic = match taker {
                Some(taker) => diagnostic.also(taker, "this takes everything"),
                None => diagnostic.label("the arms before take all of it"),
            };
            self.checker.report(diagnostic);
        }
        if untold {
            self.checker.report(
                Diagnostic::new(
                    &codes::F0311,
                    keyword,
                    "whether this `match` covers every case cannot be told: there are too many",
                )
                .help("end it with an arm for the rest: `_ => …`")
                .mend(self.add_arms(arms, &["_".to_owned()], value)),
            );
            return;
        }
        // An arm of a case that is not there was probably meant for what is missing.
        let union = self.checker.typed.types.union(ty);
        let misnamed =
            arms.iter().flat_map(|arm| alternatives(&arm.pattern)).any(|pattern| match &pattern.kind {
                PatternKind::Case { name, .. } => {
                    union.as_ref().is_none_or(|union| union.case(&name.text).is_none())
                }
                _ => false,
            });
        let Some(first) = missing.first().filter(|_| !misnamed) else { return };
        let names = display::names(missing.iter().map(String::as_str));
        self.checker.report(
            Diagnostic::new(&codes::F0311, keyword, format!("this `match` misses {names}"))
                .help(format!("add an arm: `{first} => …`"))
                .mend(self.add_arms(arms, &missing, value)),
        );
    }

    /// The edit that adds arms for what is missing, with values to fill in.
    fn add_arms(&self, arms: &[MatchArm], missing: &[String], value: Ty) -> Option<Edit> {
        let value = match value {
            Ty::NEVER => None,
            // Where the value is dropped, an arm does nothing.
            Ty::NULL => Some("{ }"),
            value => self.checker.placeholder(value),
        }?;
        let last = arms.last()?;
        let arms = missing.iter().take(ARMS_MAX).map(|pattern| format!(",\n{pattern} => {value}"));
        let change = Change::insert_lines(last.span.file, last.span.end, arms.collect::<String>());
        Some(Edit::guess("add the missing arms", vec![change]))
    }

    /// The reason of an arm or branch that sets the type of the others.
    pub(super) fn reason_of(&self, expr: ExprId, what: &str, ty: Ty) -> Reason {
        Reason { span: self.checker.span(expr), text: format!("{what} is `{}`", self.checker.words(ty)) }
    }
}

/// A pattern's alternatives, or itself.
fn alternatives(pattern: &Pattern) -> Vec<&Pattern> {
    match &pattern.kind {
        PatternKind::Or(alternatives) => alternatives.iter().collect(),
        _ => vec![pattern],
    }
}

fn takes_null(pattern: &Pattern) -> bool {
    alternatives(pattern).iter().any(
        |pattern| matches!(&pattern.kind, PatternKind::Literal(literal) if literal.kind == LiteralKind::Null),
    )
}

/// Whether a pattern matches every value, null too.
fn takes_all(pattern: &Pattern) -> bool {
    alternatives(pattern).iter().any(|pattern| {
        matches!(pattern.kind, PatternKind::Wildcard | PatternKind::Bind(_) | PatternKind::Missing)
    })
}

/// Whether a pattern of a `let` may not match. The length of a list is looked at when it runs.
fn may_not_match(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Literal(_) | PatternKind::Or(_) | PatternKind::Case { .. } => true,
        PatternKind::Record(record) => record.fields.iter().any(|field| may_not_match(&field.pattern)),
        PatternKind::List { items, .. } => items.iter().any(may_not_match),
        PatternKind::Missing | PatternKind::Wildcard | PatternKind::Bind(_) => false,
    }
}

/// Whether a pattern has a mistake in it that has been reported.
fn has_mistake(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Missing => true,
        PatternKind::Record(fields) | PatternKind::Case { fields, .. } => {
            fields.fields.iter().any(|field| has_mistake(&field.pattern))
        }
        PatternKind::List { items, .. } | PatternKind::Or(items) => items.iter().any(has_mistake),
        PatternKind::Wildcard | PatternKind::Bind(_) | PatternKind::Literal(_) => false,
    }
}
