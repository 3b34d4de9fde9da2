//! Types of expressions, in both directions: a place that knows what it wants says so, an expression that
//! knows what it is says that, and where both speak they must agree.

mod absent;
mod access;
mod assign;
mod branches;
mod call;
mod case;
mod cast;
mod control;
mod conversion;
mod coverage;
mod error;
mod facts;
mod literal;
mod method;
mod mismatch;
mod never;
mod operator;
mod pattern;
mod range;
mod record;
mod undo;
mod waiting;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, ExprKind, LocalId, Param, Pattern, PatternKind, TypeRef, WorkflowId};
use flow_source::Span;
use rustc_hash::FxHashMap;

use crate::checker::Checker;
use crate::coercion::{Coercion, coerce, coerce_revealing};
use crate::mend;
use crate::typed::Coerced;
use crate::types::Ty;

pub(crate) use facts::Facts;
pub(crate) use mismatch::holds_secret;
pub(crate) use record::plain_field;

/// Why a type is expected: the place that says so, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    /// The place.
    pub(crate) span: Span,
    /// A phrase for it.
    pub(crate) text: String,
}

/// What the place of an expression wants.
#[derive(Clone, Copy)]
pub(crate) enum Want<'w> {
    /// Nothing: the value is dropped.
    Nothing,
    /// A value of whatever type it has.
    Any,
    /// A value of this type, for this reason.
    Type(Ty, Option<&'w Reason>),
}

impl Want<'_> {
    /// The wanted type, for expressions that take their shape from it.
    fn hint(self) -> Option<Ty> {
        match self {
            Self::Type(ty, _) if ty != Ty::ERROR => Some(ty),
            _ => None,
        }
    }
}

/// What may happen where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Everything: the body of a workflow, or an undo.
    Flow,
    /// Only computing; the words say where: "an interpolation", "a lambda".
    Pure(&'static str),
    /// What an execution is started with: computing, and what is recorded, such as the day.
    Start,
}

/// The inference of one body.
pub(crate) struct Infer<'c, 'a> {
    pub(crate) checker: &'c mut Checker<'a>,
    /// What may happen here.
    pub(crate) place: Place,
    /// The type that `return` gives, and why; none where `return` may not stand.
    pub(crate) result: Option<(Ty, Reason)>,
    /// Whether secrets may go where plain types are declared: in `auth`, headers and bodies of requests.
    reveal: bool,
    /// Places that are known not to be null.
    facts: Facts,
    /// How many loops are open since the innermost branch began.
    loops: u32,
    /// How many branches are open, and what the innermost is: "a branch of `parallel`".
    branches: Vec<&'static str>,
    /// In how many branches each variable was declared.
    declared_in: FxHashMap<LocalId, usize>,
    /// The names that can be used here, those bound last at the end.
    visible: Vec<LocalId>,
    /// What each `absent` is that stands as the value of a field.
    left_out: FxHashMap<ExprId, Ty>,
    /// The workflow whose body this is.
    pub(crate) workflow: Option<WorkflowId>,
}

impl<'c, 'a> Infer<'c, 'a> {
    /// Inference of a body at a place.
    pub(crate) fn new(checker: &'c mut Checker<'a>, place: Place) -> Self {
        Self {
            checker,
            place,
            result: None,
            reveal: false,
            facts: Facts::default(),
            loops: 0,
            branches: Vec::new(),
            declared_in: FxHashMap::default(),
            visible: Vec::new(),
            left_out: FxHashMap::default(),
            workflow: None,
        }
    }

    /// With parameters that its code sees.
    pub(crate) fn seeing(mut self, params: &[Param]) -> Self {
        self.visible.extend(params.iter().map(|param| param.local));
        self
    }

    /// Whether a name can be used here for a value of a type.
    fn sees(&self, name: &str, ty: Ty) -> bool {
        let locals = &self.checker.program.locals;
        let found = self.visible.iter().rev().find(|local| &*locals[**local].name.text == name);
        let known = found.map(|local| self.checker.typed.local(*local)).filter(|ty| *ty != Ty::ERROR);
        known.is_some_and(|known| coerce(&self.checker.typed.types, known, ty).is_some())
    }

    /// Infers an expression whose place wants any value.
    pub(crate) fn any(&mut self, expr: ExprId) -> Ty {
        self.expr(expr, Want::Any)
    }

    /// Checks an expression against a type.
    pub(crate) fn check(&mut self, expr: ExprId, expected: Ty, reason: Option<&Reason>) {
        let found = self.expr(expr, Want::Type(expected, reason));
        self.fit(expr, found, expected, reason);
    }

    /// Checks an expression that may be a secret where a plain type is declared.
    pub(crate) fn check_revealing(&mut self, expr: ExprId, expected: Ty, reason: Option<&Reason>) {
        let before = std::mem::replace(&mut self.reveal, true);
        self.check(expr, expected, reason);
        self.reveal = before;
    }

    /// Notes the conversion of an expression's value to the wanted type, or says that there is none.
    pub(crate) fn fit(&mut self, expr: ExprId, found: Ty, expected: Ty, reason: Option<&Reason>) {
        let types = &self.checker.typed.types;
        let how = if self.reveal {
            coerce_revealing(types, found, expected)
        } else {
            coerce(types, found, expected)
        };
        match how {
            Some(Coercion::Same) => {}
            Some(how) => {
                self.checker.typed.coercions.insert(expr, Coerced { to: expected, how });
            }
            None => self.mismatch(expr, found, expected, reason),
        }
    }

    /// Infers an expression and notes its type.
    pub(crate) fn expr(&mut self, expr: ExprId, want: Want<'_>) -> Ty {
        // What a record or a list holds goes where it goes; what a condition, an argument or a statement inside
        // does with a secret is another matter.
        let holds = matches!(
            self.checker.program.exprs[expr].kind,
            ExprKind::Record(_) | ExprKind::List(_) | ExprKind::Map(_)
        );
        let reveal = self.reveal;
        self.reveal &= holds;
        let seen = self.visible.len();
        let mut ty = flow_hir::deeper(|| self.form(expr, want));
        if ty == Ty::ERROR && self.needs_what_never_comes(expr) {
            ty = Ty::NEVER;
        }
        self.visible.truncate(seen);
        self.reveal = reveal;
        self.checker.typed.exprs.insert(expr, ty);
        ty
    }

    /// What each form of expression is.
    fn form(&mut self, expr: ExprId, want: Want<'_>) -> Ty {
        let program = self.checker.program;
        let span = program.exprs[expr].span;
        match &program.exprs[expr].kind {
            ExprKind::Missing => Ty::ERROR,
            ExprKind::Null => Ty::NULL,
            ExprKind::Absent => self.absent(expr, span),
            ExprKind::Bool(value) => self.bool_literal(*value, span, want),
            ExprKind::Int(value) => self.int_literal(*value, span, want),
            ExprKind::Decimal(digits) => self.decimal_literal(digits, span, want),
            ExprKind::Float(_) => Ty::FLOAT,
            ExprKind::Duration(_) => Ty::DURATION,
            ExprKind::Timestamp(_) => Ty::TIMESTAMP,
            ExprKind::Date(_) => Ty::DATE,
            ExprKind::String(text) => self.string_literal(text, span, want),
            ExprKind::Template(parts) => self.template(parts),
            ExprKind::List(items) => self.list(items, span, want),
            ExprKind::Record(items) => self.record(items, span, want),
            ExprKind::Map(entries) => self.map(entries, span, want),
            ExprKind::Error { error, name, fields } => self.error_value(*error, *name, *fields),
            ExprKind::Case { name, unions, fields } => self.case_value(name, unions, *fields, want),
            ExprKind::Local(local) => self.local(expr, *local),
            ExprKind::Config(entry) => self.config(*entry),
            ExprKind::Field { base, name, optional } => self.field(expr, *base, name, *optional, want),
            ExprKind::Index { base, index } => self.index(*base, *index),
            ExprKind::Execution { field } => self.execution(field),
            ExprKind::Unary { op, operand } => self.unary(*op, *operand, want),
            ExprKind::Binary { op, op_span, left, right } => {
                self.binary(expr, *op, *op_span, *left, *right, want)
            }
            ExprKind::As { value, ty } => self.cast(*value, ty),
            ExprKind::If { condition, then, otherwise } => {
                self.if_else(expr, *condition, *then, *otherwise, want)
            }
            ExprKind::Match { value, arms, keyword } => self.match_value(*value, arms, *keyword, want),
            ExprKind::Block(block) => self.block(block, want),
            ExprKind::Parallel { settled, branches, .. } => self.parallel(span, *settled, branches, want),
            ExprKind::Race { count, branches, keyword } => self.race(*keyword, *count, branches, want),
            ExprKind::ForBranches { pattern, iterable, race, count, body, keyword } => {
                let how = branches::Width { race: *race, count: *count, keyword: *keyword };
                self.for_branches(pattern, *iterable, how, *body, want)
            }
            ExprKind::CallOperation { operation, callee, arguments, options, compensation } => self
                .call_operation(
                    expr,
                    *operation,
                    *callee,
                    arguments,
                    options.as_ref(),
                    compensation.as_ref(),
                ),
            ExprKind::CallWorkflow { workflow, callee, arguments, compensation, detached } => {
                self.call_workflow(expr, *workflow, *callee, arguments, compensation.as_ref(), *detached)
            }
            ExprKind::CallFunction { function, callee, arguments } => {
                self.call_function(expr, *function, *callee, arguments)
            }
            ExprKind::CallMethod { receiver, method, optional, arguments } => {
                self.call_method(expr, *receiver, method, *optional, arguments, want)
            }
            ExprKind::Recorded { what, arguments } => self.recorded(span, *what, arguments),
            ExprKind::Lambda { .. } => self.stray_lambda(span),
            ExprKind::Fail { error, because } => self.fail(span, *error, *because),
            ExprKind::Return { value } => self.return_value(span, *value),
            ExprKind::Break => self.leave_loop(span, "break"),
            ExprKind::Continue => self.leave_loop(span, "continue"),
            ExprKind::For { pattern, iterable, pages, body, .. } => {
                self.for_each(pattern, *iterable, *pages, *body)
            }
            ExprKind::While { condition, body, .. } => self.while_true(*condition, *body),
            ExprKind::Saga { body, keyword } => self.saga(*body, *keyword, want),
            ExprKind::Commit => self.commit(span),
            ExprKind::Undo { cause, body, keyword } => self.undo_statement(*cause, *body, *keyword),
            ExprKind::Try { body, catches, finally, keyword } => {
                self.try_catch(*body, catches, *finally, *keyword, want)
            }
            ExprKind::Within { duration, body, keyword } => self.within(*duration, *body, *keyword, want),
            ExprKind::Sleep { duration, until } => self.sleep(span, *duration, *until),
            ExprKind::Log { message } => self.log(span, *message),
            ExprKind::Report { value } => self.report_value(span, *value),
            ExprKind::Receive { source, name, it, guard, within } => {
                self.receive(span, *source, *name, *it, *guard, *within)
            }
            ExprKind::Callback { ty } => self.callback(span, ty),
            ExprKind::Poll { every, within, body, it, until, keyword } => {
                self.poll(*every, *within, *body, *it, *until, *keyword)
            }
        }
    }

    /// Says that an effect stands where only computing may, and whether it may stand here.
    fn effect(&mut self, span: Span, what: &str) -> bool {
        let place = match self.place {
            Place::Flow => return true,
            Place::Pure(place) => place,
            Place::Start => {
                self.checker.report(
                    Diagnostic::new(&codes::F0502, span, format!("{what} cannot stand in a schedule"))
                        .label("only values, and `now()`, `today()`, `uuid()` and `random()`, stand here")
                        .help("do it in the workflow that is started"),
                );
                return false;
            }
        };
        let mut diagnostic = Diagnostic::new(&codes::F0502, span, format!("{what} cannot stand in {place}"))
            .label(format!("only pure expressions stand in {place}"));
        diagnostic = match place {
            "a lambda" => diagnostic
                .help("use a loop: `for x in xs parallel 8 { … }`")
                .mend(self.checker.loop_for_map(span)),
            // Nothing stands before a head.
            "a key" => diagnostic.help("make the key of the workflow's parameters"),
            _ => diagnostic.help("do it before, and use its value here: `let value = …`"),
        };
        self.checker.report(diagnostic);
        false
    }

    /// Infers something at another place.
    fn at<T>(&mut self, place: Place, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.place, place);
        let value = work(self);
        self.place = before;
        value
    }

    /// Notes the type of a name.
    pub(crate) fn bind(&mut self, local: LocalId, ty: Ty) {
        self.checker.typed.locals.insert(local, ty);
        self.declared_in.insert(local, self.branches.len());
        self.visible.push(local);
    }

    /// Resolves a type that stands in a body.
    fn type_of(&mut self, ty: &TypeRef) -> Ty {
        self.checker.check_type_constraints(ty);
        self.checker.lower_type(ty)
    }

    /// Whether a pattern is one plain name.
    fn plain_name(pattern: &Pattern) -> Option<LocalId> {
        match pattern.kind {
            PatternKind::Bind(local) => Some(local),
            _ => None,
        }
    }
}
