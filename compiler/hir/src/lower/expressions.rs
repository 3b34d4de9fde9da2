//! Expressions.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};
use rustc_hash::FxHashMap;

use super::Lowerer;
use crate::limits;
use crate::scope::Symbol;
use crate::walk::deeper;
use crate::{
    BinaryOp, ErrorRef, ExprId, ExprKind, ListItem, LocalKind, MapEntry, Name, RecordItem, TemplatePart,
    UnaryOp,
};

/// How deep expressions may be nested, operator chains and `else if` included: each has its own limit, below this.
const DEPTH_MAX: u32 = 1_200;

impl Lowerer {
    /// An expression that may be missing because the parser has reported a mistake.
    pub(super) fn lower_optional_expr(&mut self, expr: Option<ast::Expr>, owner: Span) -> ExprId {
        match expr {
            Some(expr) => self.lower_expr(&expr),
            None => self.missing(owner),
        }
    }

    /// Any expression.
    pub(super) fn lower_expr(&mut self, expr: &ast::Expr) -> ExprId {
        if self.depth >= DEPTH_MAX {
            let span = self.span(expr);
            // One report for the whole chain: what is inside is not lowered.
            self.report(
                Diagnostic::new(
                    &codes::F0004,
                    span,
                    format!("an expression of more than {DEPTH_MAX} levels"),
                )
                .help("give parts of it names with `let`"),
            );
            return self.missing(span);
        }
        self.depth += 1;
        let lowered = deeper(|| self.lower_form(expr));
        self.depth -= 1;
        lowered
    }

    fn lower_form(&mut self, expr: &ast::Expr) -> ExprId {
        let span = self.span(expr);
        match expr {
            ast::Expr::Literal(literal) => self.lower_literal(literal, span),
            ast::Expr::StringLiteral(string) => self.lower_string(string, span),
            ast::Expr::NameExpr(name) => self.lower_name(name),
            ast::Expr::FieldExpr(field) => self.lower_field(field, span),
            ast::Expr::IndexExpr(index) => {
                let base = self.lower_optional_expr(index.base(), span);
                let index = self.lower_optional_expr(index.index(), span);
                self.push(ExprKind::Index { base, index }, span)
            }
            ast::Expr::CallExpr(call) => self.lower_call(call, span),
            ast::Expr::WithExpr(with) => self.lower_with(with, span),
            ast::Expr::CastExpr(cast) => {
                let value = self.lower_optional_expr(cast.value(), span);
                let ty = self.lower_type(cast.ty(), span);
                self.push(ExprKind::As { value, ty }, span)
            }
            ast::Expr::PrefixExpr(prefix) => self.lower_prefix(prefix, span),
            ast::Expr::BinaryExpr(binary) => self.lower_binary(binary, span),
            ast::Expr::RecordExpr(record) => self.lower_record(record, span),
            ast::Expr::ConstructorExpr(constructor) => self.lower_constructor(constructor, span),
            ast::Expr::ListExpr(list) => self.lower_list(list, span),
            ast::Expr::ParenExpr(paren) => {
                let inner = self.lower_optional_expr(paren.inner(), span);
                self.program.parentheses.insert(inner, span);
                inner
            }
            ast::Expr::LambdaExpr(lambda) => self.scoped(|lowerer| {
                let params = lambda
                    .parameters()
                    .map(|param| {
                        let name = lowerer.name(Some(param), span);
                        lowerer.bind(name, LocalKind::Lambda)
                    })
                    .collect();
                let body = lowerer.lower_optional_expr(lambda.body(), span);
                lowerer.push(ExprKind::Lambda { params, body }, span)
            }),
            ast::Expr::RateExpr(_) | ast::Expr::SpanExpr(_) | ast::Expr::PercentLiteral(_) => {
                self.wrong(&codes::F0404, span, "this stands in properties alone".into());
                self.missing(span)
            }
            ast::Expr::IfExpr(if_expr) => self.lower_if(if_expr, span),
            ast::Expr::MatchExpr(match_expr) => self.lower_match(match_expr, span),
            ast::Expr::ForExpr(for_expr) => self.lower_for(for_expr, span),
            ast::Expr::WhileExpr(while_expr) => {
                let keyword = self.keyword_span(while_expr.syntax());
                let condition = self.lower_optional_expr(while_expr.condition(), span);
                let body = self.lower_optional_block(while_expr.body(), span);
                self.push(ExprKind::While { condition, body, keyword }, span)
            }
            ast::Expr::BreakExpr(_) => self.push(ExprKind::Break, span),
            ast::Expr::ContinueExpr(_) => self.push(ExprKind::Continue, span),
            ast::Expr::ParallelExpr(parallel) => self.lower_parallel(parallel, span),
            ast::Expr::RaceExpr(race) => self.lower_race(race, span),
            ast::Expr::SagaExpr(saga) => {
                let keyword = self.keyword_span(saga.syntax());
                let body = self.lower_optional_block(saga.body(), span);
                self.push(ExprKind::Saga { body, keyword }, span)
            }
            ast::Expr::TryExpr(try_expr) => self.lower_try(try_expr, span),
            ast::Expr::FailExpr(fail) => {
                let error = self.lower_optional_expr(fail.error(), span);
                let because = fail.because().map(|because| self.lower_expr(&because));
                self.push(ExprKind::Fail { error, because }, span)
            }
            ast::Expr::ReturnExpr(return_expr) => {
                let value = return_expr.value().map(|value| self.lower_expr(&value));
                self.push(ExprKind::Return { value }, span)
            }
            ast::Expr::WithinExpr(within) => {
                let keyword = self.keyword_span(within.syntax());
                let duration = self.lower_optional_expr(within.duration(), span);
                let body = self.lower_optional_block(within.body(), span);
                self.push(ExprKind::Within { duration, body, keyword }, span)
            }
            ast::Expr::SleepExpr(sleep) => {
                let duration = self.lower_optional_expr(sleep.value(), span);
                self.push(ExprKind::Sleep { duration, until: sleep.is_until() }, span)
            }
            ast::Expr::ReportExpr(report) => {
                let value = match report.record() {
                    Some(record) => {
                        let at = self.span(&record);
                        self.lower_record(&record, at)
                    }
                    None => self.missing(span),
                };
                self.push(ExprKind::Report { value }, span)
            }
            ast::Expr::LogExpr(log) => {
                let message = self.lower_optional_expr(log.text(), span);
                self.push(ExprKind::Log { message }, span)
            }
            ast::Expr::Block(block) => self.lower_block(block),
            ast::Expr::PollExpr(poll) => self.lower_poll(poll, span),
            ast::Expr::ReceiveExpr(receive) => self.lower_receive(receive, span),
            ast::Expr::CallbackExpr(callback) => self.lower_callback(callback, span),
            ast::Expr::StartExpr(start) => self.lower_start(start, span),
        }
    }

    fn lower_literal(&mut self, literal: &ast::Literal, span: Span) -> ExprId {
        let kind = match literal.value() {
            // The lexer has reported what is malformed.
            None => ExprKind::Missing,
            Some(ast::LiteralValue::Int(value)) => {
                self.lower_int(value, span).map_or(ExprKind::Missing, ExprKind::Int)
            }
            Some(ast::LiteralValue::Decimal(digits)) => ExprKind::Decimal(Arc::from(digits)),
            Some(ast::LiteralValue::Float(value)) => ExprKind::Float(value),
            Some(ast::LiteralValue::Duration(micros)) => ExprKind::Duration(micros),
            Some(ast::LiteralValue::Size(bytes)) => ExprKind::Int(i64::try_from(bytes).unwrap_or(i64::MAX)),
            Some(ast::LiteralValue::Date(text)) => ExprKind::Date(Arc::from(text)),
            Some(ast::LiteralValue::Timestamp(text)) => ExprKind::Timestamp(Arc::from(text)),
            Some(ast::LiteralValue::Bool(value)) => ExprKind::Bool(value),
            Some(ast::LiteralValue::Null) => ExprKind::Null,
            Some(ast::LiteralValue::StatusClass(_)) => {
                self.wrong(
                    &codes::F0404,
                    span,
                    "a class of statuses stands in `on`, `raises` and `catch` alone".into(),
                );
                ExprKind::Missing
            }
            Some(ast::LiteralValue::Absent) => ExprKind::Absent,
        };
        self.push(kind, span)
    }

    /// An int without sign; the lexer lets the magnitude of the least int pass, which fits with a sign alone.
    pub(super) fn lower_int(&mut self, value: u64, span: Span) -> Option<i64> {
        let int = i64::try_from(value).ok();
        if int.is_none() {
            let message = format!("`{value}` does not fit an `int`, which has 64 bits");
            self.wrong(&codes::F0317, span, message);
        }
        int
    }

    fn lower_string(&mut self, string: &ast::StringLiteral, span: Span) -> ExprId {
        if let Some(text) = string.plain_text() {
            return self.push(ExprKind::String(Arc::from(text)), span);
        }
        let parts = string.parts();
        if self.is_over(&limits::ELEMENTS, parts.len(), span) {
            return self.missing(span);
        }
        let parts = parts
            .into_iter()
            .map(|part| match part {
                ast::StringPart::Text(text) => TemplatePart::Text(Arc::from(text)),
                ast::StringPart::Expr(expr) => TemplatePart::Expr(self.lower_expr(&expr)),
            })
            .collect();
        self.push(ExprKind::Template(parts), span)
    }

    /// `base.field`: a field, `config.name`, `execution.id`.
    fn lower_field(&mut self, field: &ast::FieldExpr, span: Span) -> ExprId {
        let Some(name) = field.field() else { return self.lower_optional_expr(field.base(), span) };
        let name = self.named(&name);
        if let Some(ast::Expr::NameExpr(base)) = field.base() {
            let text = base.text().to_owned();
            if self.find_local(&text).is_none() {
                if text == "config" {
                    return match self.find_config(&name) {
                        Some(entry) => self.push(ExprKind::Config(entry), span),
                        None => self.missing(span),
                    };
                }
                if text == "execution" {
                    return self.push(ExprKind::Execution { field: name }, span);
                }
                if let Some(Symbol::Type(_)) = self.declared(&text).first().map(|entry| entry.symbol) {
                    let union = Name { text: Arc::from(text.as_str()), span: self.span(&base) };
                    return match self.named_union(&union, &name) {
                        Some(_) => self.case_without_braces(&format!("{text}.{}", name.text), span),
                        None => self.missing(span),
                    };
                }
                if self.is_api(&text) {
                    self.report(
                        Diagnostic::new(
                            &codes::F0216,
                            span,
                            format!("`{text}.{}` is an operation, not a value", name.text),
                        )
                        .help(format!("call it: `{text}.{}(…)`", name.text)),
                    );
                    return self.missing(span);
                }
            }
        }
        let base = self.lower_optional_expr(field.base(), span);
        self.push(ExprKind::Field { base, name, optional: field.is_optional() }, span)
    }

    fn lower_prefix(&mut self, prefix: &ast::PrefixExpr, span: Span) -> ExprId {
        // A negative number is a literal, so that the least int can be written.
        if prefix.operator() == ast::PrefixOperator::Negate
            && let Some(ast::LiteralValue::Int(value)) = prefix.value().as_ref().and_then(Self::literal)
            && let Some(value) = 0i64.checked_sub_unsigned(value)
        {
            return self.push(ExprKind::Int(value), span);
        }
        if prefix.operator() == ast::PrefixOperator::Negate
            && let Some(ast::LiteralValue::Decimal(digits)) = prefix.value().as_ref().and_then(Self::literal)
        {
            return self.push(ExprKind::Decimal(Arc::from(format!("-{digits}"))), span);
        }
        let operand = self.lower_optional_expr(prefix.value(), span);
        let op = match prefix.operator() {
            ast::PrefixOperator::Not => UnaryOp::Not,
            ast::PrefixOperator::Negate => UnaryOp::Negate,
        };
        self.push(ExprKind::Unary { op, operand }, span)
    }

    fn lower_binary(&mut self, binary: &ast::BinaryExpr, span: Span) -> ExprId {
        let left = self.lower_optional_expr(binary.left(), span);
        let right = self.lower_optional_expr(binary.right(), span);
        let (Some(operator), Some(token)) = (binary.operator(), binary.operator_token()) else {
            return self.missing(span);
        };
        let op = match operator {
            ast::BinaryOperator::Or => BinaryOp::Or,
            ast::BinaryOperator::And => BinaryOp::And,
            ast::BinaryOperator::Equal => BinaryOp::Equal,
            ast::BinaryOperator::NotEqual => BinaryOp::NotEqual,
            ast::BinaryOperator::Less => BinaryOp::Less,
            ast::BinaryOperator::LessEqual => BinaryOp::LessEqual,
            ast::BinaryOperator::Greater => BinaryOp::Greater,
            ast::BinaryOperator::GreaterEqual => BinaryOp::GreaterEqual,
            ast::BinaryOperator::In => BinaryOp::In,
            ast::BinaryOperator::Coalesce => BinaryOp::Coalesce,
            ast::BinaryOperator::Range => BinaryOp::Range,
            ast::BinaryOperator::Add => BinaryOp::Add,
            ast::BinaryOperator::Subtract => BinaryOp::Subtract,
            ast::BinaryOperator::Multiply => BinaryOp::Multiply,
            ast::BinaryOperator::Divide => BinaryOp::Divide,
            ast::BinaryOperator::Remainder => BinaryOp::Remainder,
            ast::BinaryOperator::WholeDivide => BinaryOp::WholeDivide,
        };
        let chains = is_comparison(operator)
            && matches!(binary.left(), Some(ast::Expr::BinaryExpr(left)) if left.operator().is_some_and(is_comparison));
        if chains {
            // That comparisons do not chain has been said.
            return self.missing(span);
        }
        let op_span = flow_syntax::token_span(self.file, &token);
        self.push(ExprKind::Binary { op, op_span, left, right }, span)
    }

    /// A record, or a map where keys are texts.
    pub(super) fn lower_record(&mut self, record: &ast::RecordExpr, span: Span) -> ExprId {
        if self.is_over(&limits::ELEMENTS, record.entries().count(), span) {
            return self.missing(span);
        }
        let mut items = Vec::new();
        let mut entries = Vec::new();
        let mut keys: FxHashMap<String, Span> = FxHashMap::default();
        for entry in record.entries() {
            let field = match entry {
                ast::RecordEntry::Spread(spread) => {
                    let value = self.lower_optional_expr(spread.value(), span);
                    items.push(RecordItem::Spread(value));
                    continue;
                }
                ast::RecordEntry::RecordField(field) => field,
            };
            let Some(key) = field.key() else { continue };
            let key_span = self.span(&key);
            if let Some(string) = key.string() {
                if let Some(text) = string.plain_text()
                    && let Some(first) = keys.insert(text, key_span)
                {
                    self.report(
                        Diagnostic::new(&codes::F0210, key_span, "this key is given twice")
                            .also(first, "first given here"),
                    );
                }
                let key = self.lower_string(&string, key_span);
                let value = self.lower_optional_expr(field.value(), key_span);
                entries.push((MapEntry { key, value }, key_span));
                continue;
            }
            let Some(token) = key.name() else {
                self.wrong(&codes::F0404, key_span, "a status is not the name of a field".into());
                continue;
            };
            let name = Name { text: Arc::from(token.text()), span: key_span };
            let value = match field.value() {
                Some(value) => self.lower_expr(&value),
                None => self.lower_short_field(&name),
            };
            items.push(RecordItem::Field { name, value });
        }
        let Some((_, first)) = entries.first() else { return self.push(ExprKind::Record(items), span) };
        if !items.is_empty() {
            self.report(
                Diagnostic::new(&codes::F0404, *first, "a record has names, a map has texts; not both")
                    .help("write all keys as texts for a map, or all as names for a record"),
            );
        }
        let entries = entries.into_iter().map(|(entry, _)| entry).collect();
        self.push(ExprKind::Map(entries), span)
    }

    /// `{ amount }`: the field has the value of the name.
    fn lower_short_field(&mut self, name: &Name) -> ExprId {
        if let Some(local) = self.find_local(&name.text) {
            return self.push(ExprKind::Local(local), name.span);
        }
        let known: Vec<String> = self.local_names().into_iter().map(str::to_owned).collect();
        let otherwise = format!("`{{ {0} }}` takes the value of a name: write `{0}: value`", name.text);
        self.unknown(&codes::F0201, "name", &name.text, name.span, known, &otherwise);
        self.missing(name.span)
    }

    /// `Declined { reason: "…" }`, `Created { id }`.
    fn lower_constructor(&mut self, constructor: &ast::ConstructorExpr, span: Span) -> ExprId {
        let fields = match constructor.record() {
            Some(record) => {
                let at = self.span(&record);
                self.lower_record(&record, at)
            }
            None => self.push(ExprKind::Record(Vec::new()), span),
        };
        let Some(callee) = constructor.callee() else { return self.missing(span) };
        let name = self.span(&callee);
        let Some(word) = Self::word(&callee) else { return self.lower_dotted_case(&callee, fields, span) };
        let unions = self.unions_of(&word);
        let declared = self.declared(&word).first().map(|entry| entry.symbol);
        if !unions.is_empty() && !matches!(declared, Some(crate::scope::Symbol::Error(_))) {
            let name = Name { text: Arc::from(word), span: name };
            return self.push(ExprKind::Case { name, unions, fields }, span);
        }
        if let Some(entry) = self.declared(&word).first().copied()
            && let crate::scope::Symbol::Type(_) = entry.symbol
        {
            self.report(
                Diagnostic::new(
                    &codes::F0216,
                    name,
                    format!("`{word}` is a type: a record is written without its name"),
                )
                .also(entry.span, "declared here")
                .help("leave out the name; say the type with `let x: T = { … }`")
                .edit("leave out the name", name, ""),
            );
            return fields;
        }
        match self.find_error(&word, name) {
            Some(ErrorRef::Builtin(builtin)) if builtin != crate::BuiltinError::Http => {
                let error = ErrorRef::Builtin(builtin);
                self.push(ExprKind::Error { error, name, fields }, span)
            }
            Some(error) => self.push(ExprKind::Error { error, name, fields }, span),
            None => self.missing(span),
        }
    }

    fn lower_list(&mut self, list: &ast::ListExpr, span: Span) -> ExprId {
        if self.is_over(&limits::ELEMENTS, list.elements().count(), span) {
            return self.missing(span);
        }
        let items = list
            .elements()
            .map(|element| match element {
                ast::ListElement::Expr(expr) => ListItem::Item(self.lower_expr(&expr)),
                ast::ListElement::Spread(spread) => {
                    ListItem::Spread(self.lower_optional_expr(spread.value(), span))
                }
            })
            .collect();
        self.push(ExprKind::List(items), span)
    }
}

fn is_comparison(operator: ast::BinaryOperator) -> bool {
    matches!(
        operator,
        ast::BinaryOperator::Equal
            | ast::BinaryOperator::NotEqual
            | ast::BinaryOperator::Less
            | ast::BinaryOperator::LessEqual
            | ast::BinaryOperator::Greater
            | ast::BinaryOperator::GreaterEqual
            | ast::BinaryOperator::In
    )
}
