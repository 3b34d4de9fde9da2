//! Edits that make a value fit its place: what people mostly mean where types differ.

use flow_diagnostics::{Change, Edit};
use flow_hir::{BinaryOp, ExprId, ExprKind};
use flow_source::Span;

use super::Infer;
use crate::coercion::coerce;
use crate::constant::unquoted;
use crate::mend::{give_unit, put_after, put_around, takes_postfix};
use crate::types::{Ty, TyKind};

/// How many fields of a record are offered in its place.
const FIELDS_MAX: usize = 4;

impl Infer<'_, '_> {
    /// The edits for a value of one type where another is wanted. As an operand it needs its parentheses.
    pub(super) fn conversions(&mut self, expr: ExprId, found: Ty, expected: Ty, operand: bool) -> Vec<Edit> {
        let program = self.checker.program;
        let types = &self.checker.typed.types;
        let (plain, wanted) = (types.without_null(found), types.without_null(expected));
        if plain != found && coerce(types, plain, expected).is_some() {
            return self.checker.give_for_null(expr, found, operand).into_iter().collect();
        }
        let span = program.exprs[expr].span;
        let mut edits = Vec::new();
        edits.extend(self.as_literal(expr, wanted));
        if let (ExprKind::Int(number), Ty::DURATION) = (&program.exprs[expr].kind, wanted) {
            edits.extend(give_unit(*number, span));
        }
        match &program.exprs[expr].kind {
            // `order.id` where the order is wanted.
            ExprKind::Field { base, .. } if self.fits(*base, expected) => {
                let from = program.whole_span(*base).end;
                let rest = Span::new(span.file, from, span.end);
                edits.push(Edit::guess("leave out the field", vec![Change::remove(rest)]));
            }
            ExprKind::Binary { op: BinaryOp::Divide, op_span, left, right }
                if wanted == Ty::INT && self.fits(*left, Ty::INT) && self.fits(*right, Ty::INT) =>
            {
                edits.push(Edit::guess("divide whole numbers", vec![Change::replace(*op_span, "div")]));
            }
            _ => {}
        }
        let postfix = takes_postfix(program, expr);
        let types = &self.checker.typed.types;
        match (&*types.structure(found), &*types.structure(wanted)) {
            (TyKind::Record(fields), _) if postfix => {
                let fitting =
                    fields.iter().filter(|field| coerce(types, field.read(types), expected).is_some());
                for field in fitting.take(FIELDS_MAX) {
                    let change = put_after(program, expr, &format!(".{}", field.name));
                    edits.push(Edit::guess(format!("use its field `{}`", field.name), vec![change]));
                }
            }
            (TyKind::Json, _) if postfix => {
                let ty = self.checker.words(wanted);
                let change = put_after(program, expr, &format!(" as {ty}"));
                edits.push(Edit::new(format!("take it as `{ty}`"), vec![change]));
            }
            (scalar, TyKind::String) if postfix && scalar.is_written_into_text() => {
                edits.push(Edit::new("write it into a text", put_around(program, expr, "\"{", "}\"")));
            }
            (_, TyKind::List(element)) if coerce(types, found, *element).is_some() => {
                edits.push(Edit::guess("put it into a list", put_around(program, expr, "[", "]")));
            }
            _ => {}
        }
        edits
    }

    /// Whether what an expression was found to be fits a type.
    fn fits(&self, expr: ExprId, expected: Ty) -> bool {
        let found = self.checker.typed.ty(expr);
        found != Ty::ERROR && coerce(&self.checker.typed.types, found, expected).is_some()
    }

    /// A literal of one type that is written as one of another.
    fn as_literal(&self, expr: ExprId, wanted: Ty) -> Option<Edit> {
        let found = &self.checker.program.exprs[expr];
        let kind = self.checker.typed.types.structure(wanted);
        match (&found.kind, &*kind) {
            (ExprKind::String(text), TyKind::Int | TyKind::Decimal | TyKind::Float | TyKind::Bool) => {
                let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.strip_prefix('-').unwrap_or(text);
                let fits = match (&*kind, number.split_once('.')) {
                    (TyKind::Bool, _) => matches!(&**text, "true" | "false"),
                    (TyKind::Int, _) => digits(number) && text.parse::<i64>().is_ok(),
                    (_, Some((whole, fraction))) => digits(whole) && digits(fraction),
                    (_, None) => digits(number) && text.parse::<i64>().is_ok(),
                };
                let change = Change::replace(found.span, text.to_string());
                fits.then(|| Edit::new("write it without quotes", vec![change]))
            }
            (ExprKind::String(text), TyKind::Duration | TyKind::Date | TyKind::Timestamp) => {
                let written = unquoted(text, self.checker.typed.types.resolve(wanted))?;
                let change = Change::replace(found.span, written.clone());
                Some(Edit::new(format!("write `{written}`"), vec![change]))
            }
            (ExprKind::Int(_) | ExprKind::Decimal(_) | ExprKind::Bool(_), TyKind::String) => {
                let quotes = put_around(self.checker.program, expr, "\"", "\"");
                Some(Edit::new("write it in quotes", quotes))
            }
            _ => None,
        }
    }
}
