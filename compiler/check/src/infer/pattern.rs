//! Patterns, and whether a `match` covers every case.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, FieldPattern, LiteralKind, MatchArm, Pattern, PatternKind};
use flow_source::Span;

use super::{Infer, Place, Reason, Want, facts};
use crate::display;
use crate::types::{Ty, TyKind};

impl Infer<'_, '_> {
    /// The pattern of a `let`, which must always match.
    pub(super) fn let_pattern(&mut self, pattern: &Pattern, ty: Ty) {
        if let PatternKind::Literal(_) | PatternKind::Or(_) | PatternKind::Tag { .. } = pattern.kind {
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
            PatternKind::Tag { fields, binding, .. } => {
                for field in fields {
                    self.pattern(&field.pattern, Ty::ERROR);
                }
                if let Some(local) = binding {
                    self.bind(*local, Ty::ERROR);
                }
            }
            PatternKind::Or(alternatives) => {
                for alternative in alternatives {
                    self.pattern(alternative, ty);
                }
            }
        }
    }

    fn record_pattern(&mut self, span: Span, patterns: &[FieldPattern], ty: Ty) {
        let kind = self.checker.typed.types.structure(ty);
        let TyKind::Record(fields) = &*kind else {
            if !matches!(&*kind, TyKind::Error | TyKind::Never) {
                self.wrong_pattern(span, "a record", ty);
            }
            for field in patterns {
                self.pattern(&field.pattern, Ty::ERROR);
            }
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
                if !literals.open && !literals.members.contains(literal) {
                    let members: Vec<String> = literals.members.iter().map(display::literal).collect();
                    let written = display::literal(literal);
                    let mut diagnostic = Diagnostic::new(
                        &codes::F0315,
                        span,
                        format!(
                            "`{written}` is not one of {}",
                            display::names(members.iter().map(String::as_str))
                        ),
                    );
                    if let Some(near) =
                        flow_diagnostics::nearest(&written, members.iter().map(String::as_str))
                    {
                        diagnostic = diagnostic.help(format!("did you mean `{near}`?")).edit(
                            format!("change to `{near}`"),
                            span,
                            near,
                        );
                    }
                    self.checker.report(diagnostic);
                }
                true
            }
            _ => false,
        };
        if !fits {
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
            self.pattern(&arm.pattern, seen);
            if let Some(guard) = arm.guard {
                self.at(Place::Pure("a guard"), |infer| infer.check(guard, Ty::BOOL, None));
                self.facts.learn(facts::learned(self.checker.program, guard, true));
            }
            let body = self.branch_value(arm.body, &mut join);
            if body != Ty::NEVER {
                after = Some(after.map_or_else(|| self.facts.clone(), |after| after.meet(&self.facts)));
            }
            null_taken |= arm.guard.is_none() && takes_null(&arm.pattern);
        }
        self.facts = after.unwrap_or(before);
        self.check_covered(ty, arms, keyword);
        self.joined(join)
    }

    /// Whether the arms cover every value of a type; and whether an arm stands after one that takes all.
    fn check_covered(&mut self, ty: Ty, arms: &[MatchArm], keyword: Span) {
        let unguarded: Vec<&Pattern> = arms
            .iter()
            .filter(|arm| arm.guard.is_none())
            .flat_map(|arm| alternatives(&arm.pattern))
            .collect();
        let all = arms.iter().position(|arm| arm.guard.is_none() && takes_all(&arm.pattern));
        if let Some(all) = all {
            if let (Some(arm), Some(taker)) = (arms.get(all + 1), arms.get(all)) {
                self.checker.report(
                    Diagnostic::new(&codes::F1004, arm.pattern.span, "this arm is never reached")
                        .also(taker.pattern.span, "this takes everything"),
                );
            }
            return;
        }
        let types = &self.checker.typed.types;
        let has = |literal: &LiteralKind| {
            unguarded
                .iter()
                .any(|pattern| matches!(&pattern.kind, PatternKind::Literal(found) if found.kind == *literal))
        };
        let mut missing: Vec<String> = Vec::new();
        if types.is_nullable(ty) && !has(&LiteralKind::Null) {
            missing.push("null".into());
        }
        match &*types.structure(types.without_null(ty)) {
            TyKind::Error | TyKind::Never | TyKind::Null => {}
            TyKind::Bool => {
                for value in [true, false] {
                    if !has(&LiteralKind::Bool(value)) {
                        missing.push(value.to_string());
                    }
                }
            }
            TyKind::Literals(literals) => {
                for member in &literals.members {
                    if !has(member) {
                        missing.push(display::literal(member));
                    }
                }
                if literals.open {
                    missing.push("_".into());
                }
            }
            _ if unguarded.iter().any(|pattern| always_matches(pattern)) => {}
            _ => missing.push("_".into()),
        }
        if missing.is_empty() {
            return;
        }
        let names = display::names(missing.iter().map(String::as_str));
        self.checker.report(
            Diagnostic::new(&codes::F0311, keyword, format!("this `match` misses {names}"))
                .help(format!("add an arm: `{} => …`", missing.first().map_or("_", String::as_str))),
        );
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

/// Whether a pattern matches every value that is not null.
fn always_matches(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Record(fields) => fields.iter().all(|field| takes_all(&field.pattern)),
        PatternKind::List { items, rest } => items.is_empty() && rest.is_some(),
        _ => takes_all(pattern),
    }
}
