//! Operators.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{BinaryOp, ExprId, ExprKind, LiteralKind, UnaryOp};
use flow_source::Span;

use super::{Infer, Reason, Want, facts};
use crate::coercion::coerce;
use crate::display;
use crate::types::{Ty, TyKind};

impl Infer<'_, '_> {
    /// `!x`, `-x`.
    pub(super) fn unary(&mut self, op: UnaryOp, operand: ExprId, want: Want<'_>) -> Ty {
        match op {
            UnaryOp::Not => {
                self.check(operand, Ty::BOOL, None);
                Ty::BOOL
            }
            UnaryOp::Negate => {
                let ty = self.expr(operand, want.hint().map_or(Want::Any, |hint| Want::Type(hint, None)));
                match self.number(ty) {
                    Some(base) => base,
                    None => {
                        self.not_a_number(operand, ty, "-", None);
                        Ty::ERROR
                    }
                }
            }
        }
    }

    /// The base type of a number or duration.
    fn number(&self, ty: Ty) -> Option<Ty> {
        match &*self.checker.typed.types.structure(ty) {
            TyKind::Int => Some(Ty::INT),
            TyKind::Decimal => Some(Ty::DECIMAL),
            TyKind::Float => Some(Ty::FLOAT),
            TyKind::Duration => Some(Ty::DURATION),
            TyKind::Error | TyKind::Never => Some(Ty::ERROR),
            TyKind::Literals(literals) if literals.base == Ty::INT || literals.base == Ty::DECIMAL => {
                Some(literals.base)
            }
            _ => None,
        }
    }

    fn not_a_number(&mut self, operand: ExprId, ty: Ty, symbol: &str, sum: Option<(ExprId, ExprId)>) {
        let words = self.checker.words(ty);
        let span = self.checker.span(operand);
        let mut diagnostic =
            Diagnostic::new(&codes::F0307, span, format!("`{symbol}` is for numbers, found `{words}`"));
        diagnostic = match &*self.checker.typed.types.structure(ty) {
            TyKind::String | TyKind::Url | TyKind::Literals(_) if symbol == "+" => diagnostic
                .help("texts join by interpolation: `\"{a}{b}\"`")
                .mend(sum.and_then(|sum| self.checker.interpolate(sum))),
            TyKind::List(_) if symbol == "+" => diagnostic
                .help("lists join by `[...xs, ...ys]`")
                .mend(sum.map(|(left, right)| self.checker.join_lists(left, right))),
            TyKind::Optional(_) => diagnostic
                .help("it may be null: give a value with `?? 0`, or test it first")
                .mend(self.checker.give_for_null(operand, ty, true)),
            TyKind::Secret(_) => diagnostic.help(self.uses_of_secret(ty)),
            TyKind::Json => diagnostic.help("say what it is: `value as int`"),
            TyKind::Timestamp => diagnostic.help("times have methods: `t.plus(5m)`, `t.minus(5m)`"),
            _ => diagnostic,
        };
        self.checker.report(diagnostic);
    }

    /// Any infix operator.
    pub(super) fn binary(
        &mut self,
        expr: ExprId,
        op: BinaryOp,
        op_span: Span,
        left: ExprId,
        right: ExprId,
        want: Want<'_>,
    ) -> Ty {
        match op {
            BinaryOp::And | BinaryOp::Or => self.logical(op, left, right),
            BinaryOp::Coalesce => self.coalesce(expr, left, right, op_span, want),
            BinaryOp::Equal | BinaryOp::NotEqual => self.equality(left, right, op, op_span),
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                self.order(left, right, op, op_span)
            }
            BinaryOp::In => self.membership(left, right),
            BinaryOp::Range => self.stray_range(expr, left, right, want),
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Remainder
            | BinaryOp::WholeDivide => self.arithmetic(op, op_span, left, right, want),
        }
    }

    /// `&&` and `||`: the right side sees what the left side has shown.
    fn logical(&mut self, op: BinaryOp, left: ExprId, right: ExprId) -> Ty {
        self.check(left, Ty::BOOL, None);
        let before = self.facts.clone();
        self.facts.learn(facts::learned(self.checker.program, left, op == BinaryOp::And));
        self.check(right, Ty::BOOL, None);
        self.facts = before;
        Ty::BOOL
    }

    /// `left ?? right`.
    fn coalesce(&mut self, _expr: ExprId, left: ExprId, right: ExprId, op_span: Span, want: Want<'_>) -> Ty {
        let hint = want.hint().map(|hint| self.checker.typed.types.optional(hint));
        let left_ty = self.expr(left, hint.map_or(Want::Any, |hint| Want::Type(hint, None)));
        let types = &self.checker.typed.types;
        if left_ty == Ty::ERROR {
            self.any(right);
            return Ty::ERROR;
        }
        if !types.is_nullable(left_ty) {
            let words = self.checker.words(left_ty);
            let span = self.checker.span(left);
            let program = self.checker.program;
            let from = program.whole_span(left).end;
            let unneeded = Span::new(span.file, from, program.whole_span(right).end);
            self.checker.report(
                Diagnostic::new(&codes::F0307, op_span, "`??` stands after something that is never null")
                    .also(span, format!("`{words}`"))
                    .help("leave out `??` and what follows")
                    .edit("leave it out", unneeded, ""),
            );
            self.any(right);
            return left_ty;
        }
        let inner = types.without_null(left_ty);
        let text = format!("the value before `??` is `{}`", self.checker.words(inner));
        let reason = Reason { span: self.checker.span(left), text };
        match &*self.checker.typed.types.structure(left_ty) {
            TyKind::Null => return self.expr(right, want),
            TyKind::Json => {
                self.check(right, Ty::JSON, Some(&reason));
                return Ty::JSON;
            }
            _ => {}
        }
        let right_ty = self.expr(right, Want::Type(inner, Some(&reason)));
        let types = &self.checker.typed.types;
        if right_ty == Ty::NEVER {
            return inner;
        }
        // `a ?? b` where both may be null may be null.
        if types.is_nullable(right_ty) {
            let optional = types.optional(inner);
            self.fit(right, right_ty, optional, Some(&reason));
            return optional;
        }
        self.fit(right, right_ty, inner, Some(&reason));
        inner
    }

    /// `==` and `!=` compare values of one type, an int with a decimal, and anything with null.
    fn equality(&mut self, left: ExprId, right: ExprId, op: BinaryOp, op_span: Span) -> Ty {
        let (left_ty, right_ty) = self.pair(left, right);
        let types = &self.checker.typed.types;
        let null_side = [(left, left_ty, right_ty), (right, right_ty, left_ty)]
            .into_iter()
            .find(|(side, _, _)| matches!(self.checker.program.exprs[*side].kind, ExprKind::Null));
        if let Some((_, _, other)) = null_side {
            if !types.is_nullable(other) && !matches!(other, Ty::ERROR | Ty::NEVER) {
                let words = self.checker.words(other);
                let outcome = if op == BinaryOp::Equal { "false" } else { "true" };
                self.checker.report(
                    Diagnostic::new(&codes::F0323, op_span, format!("this is always {outcome}"))
                        .label(format!("`{words}` is never null")),
                );
            }
            return Ty::BOOL;
        }
        if let Some((message, literal, near)) = self.never_equal(left, left_ty, right, right_ty) {
            let mut diagnostic = Diagnostic::new(&codes::F0323, op_span, message);
            if let Some(near) = near {
                diagnostic = diagnostic.did_you_mean(self.checker.span(literal), &near);
            }
            self.checker.report(diagnostic);
            return Ty::BOOL;
        }
        self.unify(left, left_ty, right, right_ty, op.symbol(), op_span);
        Ty::BOOL
    }

    /// A union of literals against a literal that is no member of it.
    fn never_equal(
        &self,
        left: ExprId,
        left_ty: Ty,
        right: ExprId,
        right_ty: Ty,
    ) -> Option<(String, ExprId, Option<String>)> {
        for (union, literal) in [(left_ty, right), (right_ty, left)] {
            let types = &self.checker.typed.types;
            let kind = types.structure(types.without_null(union));
            let TyKind::Literals(literals) = &*kind else { continue };
            let value = match &self.checker.program.exprs[literal].kind {
                ExprKind::String(text) => LiteralKind::String(text.clone()),
                ExprKind::Int(value) => LiteralKind::Int(*value),
                _ => continue,
            };
            if !literals.open && !literals.members.contains(&value) {
                let members = self.checker.members(&literals.members);
                let written = display::literal(&value);
                let near =
                    self.checker.nearest(&written, members.iter().map(String::as_str)).map(str::to_owned);
                let members = display::names(members.iter().map(String::as_str));
                let message = format!("these are never equal: `{written}` is not one of {members}");
                return Some((message, literal, near));
            }
        }
        None
    }

    /// Infers two operands; a literal takes its type from the other side.
    fn pair(&mut self, left: ExprId, right: ExprId) -> (Ty, Ty) {
        let is_literal = |expr: ExprId| {
            matches!(
                self.checker.program.exprs[expr].kind,
                ExprKind::Decimal(_)
                    | ExprKind::List(_)
                    | ExprKind::Map(_)
                    | ExprKind::Record(_)
                    | ExprKind::Case { .. }
            )
        };
        if is_literal(left) && !is_literal(right) {
            let right_ty = self.any(right);
            return (self.expr(left, Want::Type(right_ty, None)), right_ty);
        }
        let left_ty = self.any(left);
        let want = if is_literal(right) { Want::Type(left_ty, None) } else { Want::Any };
        (left_ty, self.expr(right, want))
    }

    /// Converts one operand to the type of the other, or says that they do not go together.
    fn unify(
        &mut self,
        left: ExprId,
        left_ty: Ty,
        right: ExprId,
        right_ty: Ty,
        symbol: &str,
        op_span: Span,
    ) -> Ty {
        let types = &self.checker.typed.types;
        // Literals of a union are compared as values of its base type.
        let base = |ty: Ty| match &*types.structure(ty) {
            TyKind::Literals(literals) => literals.base,
            TyKind::Optional(inner) => match &*types.structure(*inner) {
                TyKind::Literals(literals) => types.optional(literals.base),
                _ => ty,
            },
            _ => ty,
        };
        let (mut left_to, mut right_to) = (left_ty, right_ty);
        if !types.same(left_to, right_to) {
            (left_to, right_to) = (base(left_ty), base(right_ty));
        }
        let common = if types.same(left_to, right_to) {
            Some(left_to)
        } else if coerce(types, left_to, right_to).is_some() {
            Some(right_to)
        } else if coerce(types, right_to, left_to).is_some() {
            Some(left_to)
        } else {
            // `int?` with `decimal`.
            let (left_plain, right_plain) = (types.without_null(left_to), types.without_null(right_to));
            let optional = types.optional(if coerce(types, left_plain, right_plain).is_some() {
                right_plain
            } else {
                left_plain
            });
            (coerce(types, left_to, optional).is_some() && coerce(types, right_to, optional).is_some())
                .then_some(optional)
        };
        match common {
            Some(common) => {
                self.fit(left, left_ty, common, None);
                self.fit(right, right_ty, common, None);
                common
            }
            None => {
                let (left_words, right_words) = (self.checker.words(left_ty), self.checker.words(right_ty));
                let (left_span, right_span) = (self.checker.span(left), self.checker.span(right));
                self.checker.report(
                    Diagnostic::new(
                        &codes::F0307,
                        op_span,
                        format!("`{symbol}` does not go with `{left_words}` and `{right_words}`"),
                    )
                    .also(left_span, format!("`{left_words}`"))
                    .also(right_span, format!("`{right_words}`")),
                );
                Ty::ERROR
            }
        }
    }

    /// `<` and its neighbours: numbers, texts, times.
    fn order(&mut self, left: ExprId, right: ExprId, op: BinaryOp, op_span: Span) -> Ty {
        let (left_ty, right_ty) = self.pair(left, right);
        for (operand, ty) in [(left, left_ty), (right, right_ty)] {
            if !self.is_ordered(ty) {
                let words = self.checker.words(ty);
                let span = self.checker.span(operand);
                let mut diagnostic = Diagnostic::new(
                    &codes::F0307,
                    span,
                    format!("`{}` compares numbers, texts and times, found `{words}`", op.symbol()),
                );
                diagnostic = match &*self.checker.typed.types.structure(ty) {
                    TyKind::Optional(_) => diagnostic
                        .help("it may be null: give a value with `?? …`, or test it first")
                        .mend(self.checker.give_for_null(operand, ty, true)),
                    TyKind::Json => diagnostic.help("say what it is: `value as int`"),
                    TyKind::Secret(_) => diagnostic.help(self.uses_of_secret(ty)),
                    _ => diagnostic,
                };
                self.checker.report(diagnostic);
                return Ty::BOOL;
            }
        }
        self.unify(left, left_ty, right, right_ty, op.symbol(), op_span);
        Ty::BOOL
    }

    /// Whether values of a type have an order.
    pub(super) fn is_ordered(&self, ty: Ty) -> bool {
        match &*self.checker.typed.types.structure(ty) {
            TyKind::Int
            | TyKind::Decimal
            | TyKind::Float
            | TyKind::String
            | TyKind::Url
            | TyKind::Duration
            | TyKind::Timestamp
            | TyKind::Date
            | TyKind::Error
            | TyKind::Never => true,
            TyKind::Literals(literals) => literals.base != Ty::BOOL,
            _ => false,
        }
    }

    /// `x in xs`, `x in 1..10`.
    fn membership(&mut self, left: ExprId, right: ExprId) -> Ty {
        let right_ty = self.range_or_value(right);
        let kind = self.checker.typed.types.structure(right_ty);
        match &*kind {
            TyKind::List(element) => {
                let reason = Reason {
                    span: self.checker.span(right),
                    text: format!("its elements are `{}`", self.checker.words(*element)),
                };
                // A union of literals is looked for among its base type.
                let found = self.expr(left, Want::Type(*element, Some(&reason)));
                self.fit(left, found, *element, Some(&reason));
            }
            TyKind::Range => self.check(left, Ty::INT, None),
            TyKind::Map(_) => self.check(left, Ty::STRING, None),
            TyKind::Error | TyKind::Never => {
                self.any(left);
            }
            _ => {
                self.any(left);
                let words = self.checker.words(right_ty);
                let span = self.checker.span(right);
                let mut diagnostic = Diagnostic::new(
                    &codes::F0307,
                    span,
                    format!("`in` looks into lists, maps and ranges, found `{words}`"),
                );
                if matches!(&*kind, TyKind::String) {
                    diagnostic = diagnostic.help("texts have a method: `text.contains(\"…\")`");
                }
                self.checker.report(diagnostic);
            }
        }
        Ty::BOOL
    }

    /// `+ - * / % div`.
    fn arithmetic(&mut self, op: BinaryOp, op_span: Span, left: ExprId, right: ExprId, want: Want<'_>) -> Ty {
        let symbol = op.symbol();
        // A float is wanted: literals with a fraction are floats.
        let float = self.hint_kind(want).is_some_and(|(_, kind)| *kind == TyKind::Float);
        let (left_ty, right_ty) = if float {
            let want = Want::Type(Ty::FLOAT, None);
            (self.expr(left, want), self.expr(right, want))
        } else {
            self.pair(left, right)
        };
        let (left_base, right_base) = (self.number(left_ty), self.number(right_ty));
        let (Some(left_base), Some(right_base)) = (left_base, right_base) else {
            for (operand, ty, base) in [(left, left_ty, left_base), (right, right_ty, right_base)] {
                if base.is_none() {
                    self.not_a_number(operand, ty, symbol, Some((left, right)));
                    break;
                }
            }
            return Ty::ERROR;
        };
        if left_base == Ty::ERROR || right_base == Ty::ERROR {
            return Ty::ERROR;
        }
        if left_base == Ty::DURATION || right_base == Ty::DURATION {
            let both = left_base == right_base;
            if both && matches!(op, BinaryOp::Add | BinaryOp::Subtract) {
                return Ty::DURATION;
            }
            let (left_words, right_words) = (self.checker.words(left_ty), self.checker.words(right_ty));
            self.checker.report(
                Diagnostic::new(
                    &codes::F0307,
                    op_span,
                    format!("`{symbol}` does not go with `{left_words}` and `{right_words}`"),
                )
                .help("durations are added and subtracted alone"),
            );
            return Ty::ERROR;
        }
        let common = self.unify(left, left_ty, right, right_ty, symbol, op_span);
        match (op, common) {
            // Division of ints gives a decimal.
            (BinaryOp::Divide, Ty::INT) => {
                self.fit(left, left_ty, Ty::DECIMAL, None);
                self.fit(right, right_ty, Ty::DECIMAL, None);
                Ty::DECIMAL
            }
            (BinaryOp::WholeDivide | BinaryOp::Remainder, Ty::DECIMAL | Ty::FLOAT) => {
                let words = self.checker.words(common);
                self.checker.report(Diagnostic::new(
                    &codes::F0307,
                    op_span,
                    format!("`{symbol}` is whole-number, found `{words}`"),
                ));
                Ty::ERROR
            }
            _ => {
                let base = self.number(common).unwrap_or(Ty::ERROR);
                if base != common {
                    self.fit(left, left_ty, base, None);
                    self.fit(right, right_ty, base, None);
                }
                base
            }
        }
    }
}
