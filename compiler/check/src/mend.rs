//! Edits that more than one rule offers.

use flow_diagnostics::{Change, Edit};
use flow_hir::{
    BinaryOp, Block, ExprId, ExprKind, LocalId, LocalKind, Operation, PatternKind, Program, Statement,
};
use flow_source::Span;

use crate::checker::Checker;
use crate::types::{Ty, TyKind};

/// How many edits that need a search of the whole program one check makes: a text with more mistakes than that is
/// none that somebody mends one by one.
const SEARCHES_MAX: u32 = 64;

/// Moments that people write where a length of time is to be enough, in seconds.
const ROUND_SECONDS: [u64; 18] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400];

/// An edit that adds a property to an operation: first in its block, with a comma, which holds on one line and on
/// many; without a block one is added.
pub(crate) fn add_property(operation: &Operation, title: &str, property: &str) -> Edit {
    let (file, end) = (operation.span.file, operation.span.end);
    let has_block = operation.head.end < end;
    let change = match has_block {
        true => Change::insert(file, operation.head.end + 1, format!(" {property},")),
        false => Change::insert_lines(file, end, format!(" {{\n  {property}\n}}")),
    };
    Edit::new(title, vec![change])
}

/// An edit that lets the server tell a repeated request from a new one: a guess, for it must know such keys.
pub(crate) fn add_key(operation: &Operation) -> Edit {
    let property = "idempotency: header(\"Idempotency-Key\")";
    Edit { guess: true, ..add_property(operation, "add an idempotency key", property) }
}

/// A number that is to be a duration, with the units that may be meant, the likeliest first.
pub(crate) fn with_units(number: i64) -> Vec<String> {
    let units: &[&str] = match number {
        i64::MIN..=0 => &[],
        1..MILLISECONDS_MIN => &["s", "m", "h", "d"],
        _ => &["ms", "s"],
    };
    units.iter().map(|unit| format!("{number}{unit}")).collect()
}

/// The edits that give a number a unit: guesses, as nobody says which one is meant.
pub(crate) fn give_unit(number: i64, span: Span) -> impl Iterator<Item = Edit> {
    with_units(number)
        .into_iter()
        .map(move |written| Edit::guess(format!("write `{written}`"), vec![Change::replace(span, written)]))
}

/// An edit that puts something behind an expression, its parentheses included.
pub(crate) fn put_after(program: &Program, expr: ExprId, text: &str) -> Change {
    let span = program.whole_span(expr);
    Change::insert(span.file, span.end, text)
}

/// The changes that put something around an expression.
pub(crate) fn put_around(program: &Program, expr: ExprId, before: &str, after: &str) -> Vec<Change> {
    let span = program.whole_span(expr);
    vec![Change::insert(span.file, span.start, before), Change::insert(span.file, span.end, after)]
}

/// Whether `.field`, `?` and the like may follow an expression as it is written.
pub(crate) fn takes_postfix(program: &Program, expr: ExprId) -> bool {
    program.parentheses.contains_key(&expr)
        || matches!(
            program.exprs[expr].kind,
            ExprKind::Local(_)
                | ExprKind::Config(_)
                | ExprKind::Field { .. }
                | ExprKind::Index { .. }
                | ExprKind::CallMethod { .. }
                | ExprKind::CallFunction { .. }
        )
}

/// A length of time that is at least as long, as people write one.
pub(crate) fn round_up(micros: u64) -> String {
    let seconds = micros.div_ceil(1_000_000);
    match ROUND_SECONDS.into_iter().find(|round| *round >= seconds) {
        Some(seconds) => crate::rules::duration_words(seconds * 1_000_000),
        None => format!("{}d", seconds.div_ceil(86_400)),
    }
}

/// From here on a number without a unit is likelier to count milliseconds than seconds.
const MILLISECONDS_MIN: i64 = 100;

impl Checker<'_> {
    /// Whether the program may be searched for one more edit.
    fn may_search(&mut self) -> bool {
        self.searches += 1;
        self.searches <= SEARCHES_MAX
    }

    /// The `let` or `var` that binds one plain name, with its value.
    pub(crate) fn binding(&mut self, local: LocalId) -> Option<(Span, Option<Span>, ExprId)> {
        if !matches!(self.program.locals[local].kind, LocalKind::Let | LocalKind::Var) || !self.may_search() {
            return None;
        }
        self.blocks().flat_map(|(_, block)| &block.statements).find_map(|statement| match statement {
            Statement::Let { pattern, ty, value, span } if matches!(pattern.kind, PatternKind::Bind(bound) if bound == local) => {
                Some((*span, ty.as_ref().map(|ty| ty.span), *value))
            }
            _ => None,
        })
    }

    /// All blocks of the program.
    fn blocks(&self) -> impl Iterator<Item = (ExprId, &Block)> + use<'_> {
        self.program.exprs.iter().filter_map(|(id, expr)| match &expr.kind {
            ExprKind::Block(block) => Some((id, block)),
            _ => None,
        })
    }

    /// The edit that makes a variable of a `let`.
    pub(crate) fn declare_variable(&mut self, local: LocalId) -> Option<Edit> {
        let (span, ..) = self.binding(local)?;
        let keyword = Span::new(span.file, span.start, span.start + 3);
        Some(Edit::new("declare it with `var`", vec![Change::replace(keyword, "var")]))
    }

    /// The edit that puts a value in the place of null: where a name is bound to it, or where it stands.
    pub(crate) fn give_for_null(&mut self, expr: ExprId, ty: Ty, is_operand: bool) -> Option<Edit> {
        let plain = self.typed.types.without_null(ty);
        let value = self.plain_value(plain)?;
        let title = format!("give `{value}` for null");
        let bound = match self.program.exprs[expr].kind {
            ExprKind::Local(local) if self.program.locals[local].kind == LocalKind::Let => {
                self.binding(local)
            }
            _ => None,
        };
        let change = match bound {
            Some((_, None, value_of)) if takes_postfix(self.program, value_of) => {
                vec![put_after(self.program, value_of, &format!(" ?? {value}"))]
            }
            _ if is_operand && !self.program.parentheses.contains_key(&expr) => {
                put_around(self.program, expr, "(", &format!(" ?? {value})"))
            }
            _ => vec![put_after(self.program, expr, &format!(" ?? {value}"))],
        };
        Some(Edit::guess(title, change))
    }

    /// A value of a type that stands for nothing in particular, where there is an evident one.
    pub(crate) fn plain_value(&self, ty: Ty) -> Option<&'static str> {
        Some(match &*self.typed.types.structure(ty) {
            TyKind::Int | TyKind::Decimal | TyKind::Float => "0",
            TyKind::String => "\"\"",
            TyKind::Bool => "false",
            TyKind::List(_) => "[]",
            TyKind::Duration => "0s",
            _ => return None,
        })
    }

    /// A value of a type for somebody to fill in: amounts of money have two places.
    pub(crate) fn placeholder(&self, ty: Ty) -> Option<&'static str> {
        match &*self.typed.types.structure(ty) {
            TyKind::Decimal => Some("0.00"),
            TyKind::Null | TyKind::Optional(_) => Some("null"),
            _ => self.plain_value(ty),
        }
    }

    /// The edit that makes one text of texts that are added, and the other values of the sum.
    pub(crate) fn interpolate(&mut self, sum: (ExprId, ExprId)) -> Option<Edit> {
        let program = self.program;
        let (mut left, mut right) = sum;
        if !self.may_search() {
            return None;
        }
        let mut operands = vec![right];
        // Sums lean to the left: what stands deeper comes first.
        while let ExprKind::Binary { op: BinaryOp::Add, left: inner, right: next, .. } =
            program.exprs[left].kind
            && !program.parentheses.contains_key(&left)
        {
            operands.push(next);
            left = inner;
        }
        operands.push(left);
        operands.reverse();
        let mut whole = program.exprs.iter().find_map(|(id, expr)| match expr.kind {
            ExprKind::Binary { op: BinaryOp::Add, left: l, right: r, .. } if (l, r) == sum => Some(id),
            _ => None,
        })?;
        while let Some((id, next)) = program.exprs.iter().find_map(|(id, expr)| match expr.kind {
            ExprKind::Binary { op: BinaryOp::Add, left, right, .. } if left == whole => Some((id, right)),
            _ => None,
        }) {
            if program.parentheses.contains_key(&whole) || operands.len() > 16 {
                break;
            }
            operands.push(next);
            (whole, right) = (id, next);
        }
        let mut changes = Vec::new();
        let mut at: Option<u32> = None;
        for operand in &operands {
            let span = program.whole_span(*operand);
            let plain = match &program.exprs[*operand].kind {
                ExprKind::String(text) => {
                    !text.contains(['"', '\\', '{', '\n', '\t'])
                        && span.end - span.start == text.len() as u32 + 2
                }
                _ => false,
            };
            let (open, close) = if plain { ("", "") } else { ("{", "}") };
            let (start, end) = if plain { (span.start + 1, span.end - 1) } else { (span.start, span.end) };
            match at {
                None => changes
                    .push(Change::replace(Span::new(span.file, span.start, start), format!("\"{open}"))),
                Some(before) => {
                    let last = changes.pop().map_or_else(String::new, |change: Change| change.text);
                    changes
                        .push(Change::replace(Span::new(span.file, before, start), format!("{last}{open}")));
                }
            }
            changes.push(Change::insert(span.file, end, close));
            at = Some(end);
        }
        let last = program.whole_span(right);
        let close = changes.pop().map_or_else(String::new, |change| change.text);
        changes.push(Change::replace(Span::new(last.file, at?, last.end), format!("{close}\"")));
        Some(Edit::new("join them by interpolation", changes))
    }

    /// The edit that leaves the name of a caught error out.
    pub(crate) fn leave_out_binding(&mut self, local: LocalId) -> Option<Edit> {
        const CATCH: u32 = "catch".len() as u32;
        if !self.may_search() {
            return None;
        }
        let name = self.program.locals[local].name.span;
        let catches = self.program.exprs.iter().find_map(|(_, expr)| match &expr.kind {
            ExprKind::Try { catches, .. } => catches.iter().find(|catch| catch.binding == Some(local)),
            _ => None,
        })?;
        let start = catches.selectors.last().map_or(catches.head.start + CATCH, |last| last.span().end);
        let clause = Span::new(name.file, start.min(name.end), name.end);
        Some(Edit::new("leave out its name", vec![Change::remove(clause)]))
    }

    /// The edit that makes one list of two that are added.
    pub(crate) fn join_lists(&self, left: ExprId, right: ExprId) -> Edit {
        let (first, second) = (self.program.whole_span(left), self.program.whole_span(right));
        let changes = vec![
            Change::insert(first.file, first.start, "[..."),
            Change::replace(Span::new(first.file, first.end, second.start), ", ..."),
            Change::insert(second.file, second.end, "]"),
        ];
        Edit::new("join the lists", changes)
    }

    /// Whether an expression does nothing but compute, so that it can be left out.
    pub(crate) fn only_computes(&self, expr: ExprId) -> bool {
        let mut pure = true;
        self.program.for_each_inside(expr, &mut |inside| {
            pure &= matches!(
                self.program.exprs[inside].kind,
                ExprKind::Null
                    | ExprKind::Absent
                    | ExprKind::Bool(_)
                    | ExprKind::Int(_)
                    | ExprKind::Decimal(_)
                    | ExprKind::Float(_)
                    | ExprKind::Duration(_)
                    | ExprKind::Timestamp(_)
                    | ExprKind::Date(_)
                    | ExprKind::String(_)
                    | ExprKind::Template(_)
                    | ExprKind::List(_)
                    | ExprKind::Record(_)
                    | ExprKind::Map(_)
                    | ExprKind::Local(_)
                    | ExprKind::Config(_)
                    | ExprKind::Field { .. }
                    | ExprKind::Unary { .. }
                    | ExprKind::Binary { .. }
                    | ExprKind::CallMethod { .. }
                    | ExprKind::CallFunction { .. }
                    | ExprKind::Lambda { .. }
                    | ExprKind::Execution { .. }
            );
        });
        pure
    }

    /// The edit that makes a loop with branches of a `map` whose lambda does more than compute. Only where its value
    /// is bound or returned: there a loop may stand as it is.
    pub(crate) fn loop_for_map(&mut self, inside: Span) -> Option<Edit> {
        let program = self.program;
        if !self.may_search() {
            return None;
        }
        let is_inside =
            |span: Span| span.file == inside.file && span.start <= inside.start && inside.end <= span.end;
        let bound =
            self.blocks().flat_map(|(_, block)| &block.statements).filter_map(|statement| match statement {
                Statement::Let { value, .. } => Some(*value),
                Statement::Expr(expr) => match program.exprs[*expr].kind {
                    ExprKind::Return { value } => value,
                    _ => None,
                },
                Statement::Assign { .. } => None,
            });
        let (whole, receiver, param, body) = bound.into_iter().find_map(|whole| {
            let ExprKind::CallMethod { receiver, method, arguments, optional: false, .. } =
                &program.exprs[whole].kind
            else {
                return None;
            };
            let [argument] = &**arguments else { return None };
            let ExprKind::Lambda { params, body } = &program.exprs[argument.value].kind else { return None };
            let [param] = &**params else { return None };
            let fits = &*method.text == "map" && is_inside(program.whole_span(*body));
            fits.then_some((whole, *receiver, *param, *body))
        })?;
        let [whole, receiver, body] = [whole, receiver, body].map(|expr| program.whole_span(expr));
        let name = &program.locals[param].name.text;
        let between = |start, end| Span::new(whole.file, start, end);
        let changes = vec![
            Change::insert(whole.file, receiver.start, format!("for {name} in ")),
            Change::replace(between(receiver.end, body.start), " parallel 8 { "),
            Change::replace(between(body.end, whole.end), " }"),
        ];
        Some(Edit::guess("do it for each element, 8 at one time", changes))
    }

    /// Whether a `return` is the last thing of a branch.
    pub(crate) fn ends_branch(&mut self, returned: Span) -> bool {
        if !self.may_search() {
            return false;
        }
        let ends = |body: ExprId| self.program.tail_span(body) == returned;
        self.program.exprs.iter().any(|(_, expr)| match &expr.kind {
            ExprKind::Parallel { branches, .. } | ExprKind::Race { branches, .. } => {
                branches.iter().any(|branch| ends(branch.body))
            }
            ExprKind::ForBranches { body, .. } => ends(*body),
            _ => false,
        })
    }
}
