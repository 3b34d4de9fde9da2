//! Literals as constants of a plan, and as JSON text for defaults.

use std::str::FromStr;

use flow_check::{Ty, TyKind};
use flow_hir::{Encoding, ExprId, ExprKind, ListItem, LiteralKind, RecordItem, UnaryOp};
use flow_plan::Constant;
use rust_decimal::Decimal;

use crate::context::Context;

/// A decimal in two slots: the 16 bytes of its serialised form, little endian.
pub(crate) fn decimal_slots(decimal: Decimal) -> [u64; 2] {
    let bytes = u128::from_le_bytes(decimal.serialize());
    [bytes as u64, (bytes >> 64) as u64]
}

/// A pattern's or a type's literal as a constant.
pub(crate) fn of_literal(kind: &LiteralKind) -> Option<Constant> {
    match kind {
        LiteralKind::Null => None,
        LiteralKind::Bool(truth) => Some(Constant::Slot(u64::from(*truth))),
        LiteralKind::Int(number) => Some(Constant::Slot(number.cast_unsigned())),
        LiteralKind::Decimal(text) => Decimal::from_str(text).ok().map(decimal_slots).map(Constant::Wide),
        LiteralKind::String(text) => Some(Constant::Text(text.to_string())),
    }
}

impl Context<'_> {
    /// The constant that a literal expression writes, for a value of the type; `None` where it is no literal.
    pub(crate) fn literal(&self, expr: ExprId, ty: Ty) -> Option<Constant> {
        let (kind, negative) = match &self.program.exprs[expr].kind {
            ExprKind::Unary { op: UnaryOp::Negate, operand } => (&self.program.exprs[*operand].kind, true),
            kind => (kind, false),
        };
        let wanted = self.typed.types.structure(ty);
        let decimal = |text: &str| {
            let decimal = Decimal::from_str(text).ok()?;
            Some(Constant::Wide(decimal_slots(if negative { -decimal } else { decimal })))
        };
        let float = |number: f64| Some(Constant::Slot((if negative { -number } else { number }).to_bits()));
        match (kind, &*wanted) {
            (ExprKind::Int(number), TyKind::Decimal) => decimal(&number.to_string()),
            (ExprKind::Int(number), TyKind::Float) => float(*number as f64),
            (ExprKind::Decimal(text), TyKind::Float) => float(text.parse().ok()?),
            (ExprKind::Decimal(text), _) => decimal(text),
            (ExprKind::Float(number), _) => float(*number),
            (ExprKind::Int(number) | ExprKind::Duration(number), _) => {
                let number = if negative { number.checked_neg()? } else { *number };
                Some(Constant::Slot(number.cast_unsigned()))
            }
            (ExprKind::Bool(truth), _) if !negative => Some(Constant::Slot(u64::from(*truth))),
            (ExprKind::String(text), _) if !negative => Some(Constant::Text(text.to_string())),
            (ExprKind::Timestamp(text), _) if !negative => {
                let moment: jiff::Timestamp = text.parse().ok()?;
                Some(Constant::Slot(moment.as_microsecond().cast_unsigned()))
            }
            (ExprKind::Date(text), _) if !negative => {
                let date: jiff::civil::Date = text.parse().ok()?;
                let epoch = jiff::civil::Date::constant(1970, 1, 1);
                Some(Constant::Slot(i64::from(date.since(epoch).ok()?.get_days()).cast_unsigned()))
            }
            _ => None,
        }
    }

    /// A constant expression as JSON text, in the form that the type has on the wire; `None` where it is not constant.
    pub(crate) fn json(&self, expr: ExprId, ty: Ty) -> Option<String> {
        let written = self.plain_json(expr, ty)?;
        Some(match self.typed.types.encoding(ty) {
            _ if written == "null" => written,
            None => written,
            Some(Encoding::String) => format!("\"{written}\""),
            Some(Encoding::Seconds) => number(self.micros(expr)?, 6),
            Some(Encoding::Millis) => number(self.micros(expr)?, 3),
        })
    }

    /// A constant duration in microseconds.
    fn micros(&self, expr: ExprId) -> Option<i64> {
        match &self.program.exprs[expr].kind {
            ExprKind::Duration(micros) => Some(*micros),
            ExprKind::Unary { op: UnaryOp::Negate, operand } => self.micros(*operand)?.checked_neg(),
            ExprKind::Block(block) if block.statements.is_empty() => self.micros(block.value?),
            _ => None,
        }
    }

    /// The same without a form of its own on the whole.
    fn plain_json(&self, expr: ExprId, ty: Ty) -> Option<String> {
        let texts = |items: Vec<String>, open, close| format!("{open}{}{close}", items.join(","));
        let types = &self.typed.types;
        let structure = types.structure(types.without_null(ty));
        match &self.program.exprs[expr].kind {
            ExprKind::Null => Some("null".to_owned()),
            ExprKind::Bool(truth) => Some(truth.to_string()),
            ExprKind::Int(number) => Some(number.to_string()),
            ExprKind::Decimal(text) => Some(text.to_string()),
            ExprKind::Float(number) => serde_json::to_string(number).ok(),
            ExprKind::String(text) | ExprKind::Timestamp(text) | ExprKind::Date(text) => {
                serde_json::to_string(&**text).ok()
            }
            ExprKind::Duration(micros) => {
                let duration = jiff::SignedDuration::from_micros(*micros);
                serde_json::to_string(&duration.to_string()).ok()
            }
            ExprKind::Unary { op: UnaryOp::Negate, operand } => {
                Some(format!("-{}", self.plain_json(*operand, ty)?))
            }
            ExprKind::List(items) => {
                let element = if let TyKind::List(element) = *structure { element } else { ty };
                let each = |item: &ListItem| match item {
                    ListItem::Item(expr) => self.json(*expr, element),
                    ListItem::Spread(_) => None,
                };
                Some(texts(items.iter().map(each).collect::<Option<_>>()?, '[', ']'))
            }
            ExprKind::Record(items) => {
                let each = |item: &RecordItem| match item {
                    RecordItem::Field { name, value } => {
                        let declared = types.field(types.without_null(ty), &name.text);
                        let own = types.field(self.typed.ty(expr), &name.text);
                        let of = declared.as_ref().map_or(ty, |(_, field)| field.ty);
                        let wire = declared.or(own).and_then(|(_, field)| field.wire);
                        let wire = wire.unwrap_or_else(|| name.text.clone());
                        Some(format!("{}:{}", serde_json::to_string(&*wire).ok()?, self.json(*value, of)?))
                    }
                    RecordItem::Spread(_) => None,
                };
                Some(texts(items.iter().map(each).collect::<Option<_>>()?, '{', '}'))
            }
            ExprKind::Map(entries) => {
                let of = if let TyKind::Map(of) = *structure { of } else { ty };
                let each = |entry: &flow_hir::MapEntry| {
                    Some(format!("{}:{}", self.json(entry.key, Ty::STRING)?, self.json(entry.value, of)?))
                };
                Some(texts(entries.iter().map(each).collect::<Option<_>>()?, '{', '}'))
            }
            ExprKind::Case { name, fields, .. } => {
                let union = types.union(self.typed.ty(expr))?;
                let (_, case) = union.case(&name.text)?;
                let fields = self.json(*fields, case.record)?;
                let Some(tag) = &union.tag else { return Some(fields) };
                let wire = match &case.wire {
                    None => serde_json::to_string(&*case.name).ok()?,
                    Some(LiteralKind::String(text)) => serde_json::to_string(&**text).ok()?,
                    Some(LiteralKind::Int(number)) => number.to_string(),
                    Some(LiteralKind::Bool(truth)) => truth.to_string(),
                    Some(LiteralKind::Null | LiteralKind::Decimal(_)) => return None,
                };
                let rest = fields.strip_prefix('{')?;
                let comma = if rest == "}" { "" } else { "," };
                Some(format!("{{{}:{wire}{comma}{rest}", serde_json::to_string(&**tag).ok()?))
            }
            ExprKind::Block(block) if block.statements.is_empty() => self.plain_json(block.value?, ty),
            _ => None,
        }
    }
}

/// Microseconds as a number of a unit of 10 to the scale of them, without zeros at the end.
fn number(micros: i64, scale: u32) -> String {
    Decimal::new(micros, scale).normalize().to_string()
}
