//! Patterns.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast::{self};

use super::Lowerer;
use crate::{FieldPattern, Literal, LiteralKind, LocalKind, Pattern, PatternKind, RecordPattern};

impl Lowerer {
    /// A pattern that binds names of a kind.
    pub(super) fn lower_pattern(
        &mut self,
        pattern: Option<ast::Pattern>,
        owner: Span,
        kind: LocalKind,
    ) -> Pattern {
        let Some(pattern) = pattern else { return Pattern { kind: PatternKind::Missing, span: owner } };
        let span = self.span(&pattern);
        let kind = match pattern {
            ast::Pattern::WildcardPattern(_) => PatternKind::Wildcard,
            ast::Pattern::BindingPattern(binding) => {
                let name = self.name(binding.name(), span);
                PatternKind::Bind(self.bind(name, kind))
            }
            ast::Pattern::LiteralPattern(literal) => match self.lower_literal_pattern(&literal, span) {
                Some(literal) => PatternKind::Literal(literal),
                None => PatternKind::Missing,
            },
            ast::Pattern::RecordPattern(record) => {
                PatternKind::Record(self.lower_record_pattern(&record, span, kind))
            }
            ast::Pattern::ListPattern(list) => self.lower_list_pattern(&list, span, kind),
            ast::Pattern::RestPattern(_) => {
                self.wrong(&codes::F0404, span, "`...` stands at the end of a list pattern".into());
                PatternKind::Missing
            }
            ast::Pattern::AlternativePattern(alternatives) => {
                let before = self.program.locals.len();
                let lowered: Vec<Pattern> = alternatives
                    .alternatives()
                    .map(|alternative| self.lower_pattern(Some(alternative), span, kind))
                    .collect();
                if self.program.locals.len() > before {
                    self.report(
                        Diagnostic::new(&codes::F0404, span, "alternatives of a pattern bind no names")
                            .help("use `_`, or an arm for each"),
                    );
                }
                PatternKind::Or(lowered)
            }
            ast::Pattern::TagPattern(tag) => self.lower_case_pattern(&tag, span, kind),
        };
        Pattern { kind, span }
    }

    fn lower_literal_pattern(&mut self, literal: &ast::LiteralPattern, span: Span) -> Option<Literal> {
        if let Some(string) = literal.string() {
            let Some(text) = string.plain_text() else {
                self.wrong(&codes::F0404, span, "a pattern has no interpolation".into());
                return None;
            };
            return Some(Literal { kind: LiteralKind::String(Arc::from(text)), span });
        }
        let (value, negative) = match literal.negative() {
            Some(negative) => (Self::literal(&negative.value()?)?, true),
            None => (literal.literal()?.value()?, false),
        };
        let kind = match (value, negative) {
            (ast::LiteralValue::Int(value), false) => LiteralKind::Int(self.lower_int(value, span)?),
            (ast::LiteralValue::Int(value), true) => LiteralKind::Int(0i64.checked_sub_unsigned(value)?),
            (ast::LiteralValue::Decimal(digits), false) => LiteralKind::Decimal(Arc::from(digits)),
            (ast::LiteralValue::Decimal(digits), true) => {
                LiteralKind::Decimal(Arc::from(format!("-{digits}")))
            }
            (ast::LiteralValue::Bool(value), false) => LiteralKind::Bool(value),
            (ast::LiteralValue::Null, false) => LiteralKind::Null,
            _ => {
                self.report(Diagnostic::new(&codes::F0404, span, "this literal is not a pattern").help(
                    "patterns are texts, numbers, `true`, `false` and `null`; use a guard: `x if x > 5s`",
                ));
                return None;
            }
        };
        Some(Literal { kind, span })
    }

    pub(super) fn lower_record_pattern(
        &mut self,
        record: &ast::RecordPattern,
        span: Span,
        kind: LocalKind,
    ) -> RecordPattern {
        let mut lowered = RecordPattern::default();
        // That `...` stands once, and at the end, is a rule of the syntax.
        for part in record.parts() {
            match part {
                ast::RecordPart::PatternField(field) => {
                    let Some(name) = field.name() else { continue };
                    let name = self.name(Some(name), span);
                    let pattern = match field.pattern() {
                        Some(pattern) => self.lower_pattern(Some(pattern), name.span, kind),
                        None => {
                            let local = self.bind(name.clone(), kind);
                            Pattern { kind: PatternKind::Bind(local), span: name.span }
                        }
                    };
                    lowered.fields.push(FieldPattern { field: name, pattern });
                }
                ast::RecordPart::RestPattern(found) => {
                    let at = self.span(&found);
                    lowered.rest = found.name().map(|name| {
                        let name = self.name(Some(name), at);
                        self.bind(name, kind)
                    });
                }
            }
        }
        lowered
    }

    fn lower_list_pattern(&mut self, list: &ast::ListPattern, span: Span, kind: LocalKind) -> PatternKind {
        let mut items = Vec::new();
        let mut rest = None;
        for element in list.elements() {
            match element {
                ast::Pattern::RestPattern(found) => {
                    let at = self.span(&found);
                    if rest.is_some() {
                        self.wrong(&codes::F0404, at, "`...` stands once in a list pattern".into());
                        continue;
                    }
                    rest = Some(found.name().map(|name| {
                        let name = self.name(Some(name), at);
                        self.bind(name, kind)
                    }));
                }
                element if rest.is_some() => {
                    let at = self.span(&element);
                    self.wrong(&codes::F0404, at, "`...` stands at the end of a list pattern".into());
                }
                element => items.push(self.lower_pattern(Some(element), span, kind)),
            }
        }
        PatternKind::List { items, rest }
    }
}
