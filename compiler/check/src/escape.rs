//! Which errors can leave each call and each workflow, and which catches catch nothing.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{
    BinaryOp, Branch, BuiltinError, Catch, CatchSelector, ErrorRef, ExprId, ExprKind, FunctionId, LocalId,
    LocalKind, Recorded, UnaryOp, WorkflowId,
};
use flow_source::Span;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::checker::Checker;
use crate::display;
use crate::methods::Method;
use crate::typed::EscapingError;
use crate::types::TyKind;

/// Errors with the expression that each comes from first, in the order of the text.
type Escapes = Vec<EscapingError>;

impl Checker<'_> {
    /// Finds the errors that leave each workflow.
    pub(crate) fn find_escapes(&mut self) {
        let mut finder = Finder {
            checker: self,
            caught: FxHashMap::default(),
            open: FxHashSet::default(),
            done: FxHashSet::default(),
            kept: Vec::new(),
            is_first_look: false,
            functions: FxHashMap::default(),
        };
        for workflow in finder.checker.program.workflows.indices() {
            finder.workflow(workflow);
        }
    }
}

struct Finder<'c, 'a> {
    checker: &'c mut Checker<'a>,
    /// What a caught error may be, by its name.
    caught: FxHashMap<LocalId, Vec<ErrorRef>>,
    /// Functions that are being walked; a circle has been reported.
    open: FxHashSet<FunctionId>,
    done: FxHashSet<WorkflowId>,
    /// What the workflow may keep as a value and raise later: what its settled branches fail with, and what its catches
    /// bind.
    kept: Escapes,
    /// Whether a workflow is walked to see what it keeps: nothing is reported, and nothing is noted.
    is_first_look: bool,
    /// What leaves each function: found once, however often it is called.
    functions: FxHashMap<FunctionId, Vec<ErrorRef>>,
}

impl Finder<'_, '_> {
    fn workflow(&mut self, id: WorkflowId) {
        if !self.done.insert(id) {
            return;
        }
        let program = self.checker.program;
        let workflow = &program.workflows[id];
        let kept = std::mem::take(&mut self.kept);
        if self.raises_what_is_kept(workflow.body) {
            // A loop raises at its top what it keeps further down.
            let before = std::mem::replace(&mut self.is_first_look, true);
            self.escapes(workflow.body);
            self.is_first_look = before;
        }
        let mut errors = self.escapes(workflow.body);
        self.kept = kept;
        if workflow.within.is_some() {
            add(&mut errors, BuiltinError::Deadline, workflow.body);
        }
        if let Some(checked) = self.checker.typed.workflows.get_mut(id) {
            checked.errors = errors;
        }
    }

    /// Whether an error is raised that is not the one at hand in a `catch`.
    fn raises_what_is_kept(&self, body: ExprId) -> bool {
        let program = self.checker.program;
        let mut found = false;
        program.for_each_inside(body, &mut |expr| {
            let ExprKind::Fail { error, .. } = program.exprs[expr].kind else { return };
            let at_hand = match program.exprs[error].kind {
                ExprKind::Local(local) => program.locals[local].kind == LocalKind::Catch,
                _ => false,
            };
            found |= !at_hand && self.is_any_error(error);
        });
        found
    }

    fn is_any_error(&self, error: ExprId) -> bool {
        *self.checker.typed.types.structure(self.checker.typed.ty(error)) == TyKind::AnyError
    }

    fn function(&mut self, id: FunctionId) -> Vec<ErrorRef> {
        if let Some(known) = self.functions.get(&id) {
            return known.clone();
        }
        if !self.open.insert(id) {
            return Vec::new();
        }
        let body = self.checker.program.functions[id].body;
        let errors: Vec<ErrorRef> =
            flow_hir::deeper(|| self.escapes(body)).into_iter().map(|escaping| escaping.error).collect();
        self.open.remove(&id);
        self.functions.insert(id, errors.clone());
        errors
    }

    /// The errors that leave an expression.
    fn escapes(&mut self, expr: ExprId) -> Escapes {
        let mut found = Vec::new();
        self.walk(expr, &mut found);
        found
    }

    fn children(&mut self, expr: ExprId, found: &mut Escapes) {
        let program = self.checker.program;
        let mut children = Vec::new();
        program.for_each_child(expr, |child| children.push(child));
        for child in children {
            flow_hir::deeper(|| self.walk(child, found));
        }
    }

    fn walk(&mut self, expr: ExprId, found: &mut Escapes) {
        let program = self.checker.program;
        match &program.exprs[expr].kind {
            ExprKind::Try { body, catches, finally, .. } => {
                self.try_catch(*body, catches, *finally, found);
            }
            // What undo code does, it does apart from the workflow.
            ExprKind::Undo { .. } => {}
            ExprKind::CallOperation { arguments, .. } => {
                for argument in arguments {
                    self.walk(argument.value, found);
                }
                let errors = self.checker.typed.call_errors.get(expr).cloned().unwrap_or_default();
                for error in errors {
                    add_ref(found, error, expr);
                }
            }
            ExprKind::CallWorkflow { workflow, arguments, detached, .. } => {
                // What `compensate` runs fails apart from the workflow.
                for argument in arguments {
                    self.walk(argument.value, found);
                }
                // An argument may break a `where` of the workflow's, or its key may belong to an execution with another
                // input: then it is not started.
                let declared = &program.workflows[*workflow];
                let told_apart = declared.key.is_some() || declared.one_per.is_some();
                if told_apart || self.checker.input_is_constrained(*workflow) {
                    add(found, BuiltinError::Cast, expr);
                }
                // The execution that has its key may have been cancelled by the caller that began it.
                if declared.key.is_some() && !*detached {
                    add(found, BuiltinError::Refused, expr);
                }
                // What is started goes its own way.
                if *detached {
                    return;
                }
                self.workflow(*workflow);
                let errors: Vec<ErrorRef> = self
                    .checker
                    .typed
                    .workflows
                    .get(*workflow)
                    .map(|checked| checked.errors.iter().map(|escaping| escaping.error).collect())
                    .unwrap_or_default();
                for error in &errors {
                    add_ref(found, *error, expr);
                }
                self.checker.typed.call_errors.insert(expr, errors);
            }
            ExprKind::CallFunction { function, .. } => {
                self.children(expr, found);
                for error in self.function(*function) {
                    add_ref(found, error, expr);
                }
            }
            ExprKind::Fail { error, because } => {
                self.walk(*error, found);
                because.iter().for_each(|because| self.walk(*because, found));
                for error in self.failing(*error) {
                    add_ref(found, error, expr);
                }
            }
            ExprKind::Within { .. }
            | ExprKind::Receive { within: Some(_), .. }
            | ExprKind::Poll { within: Some(_), .. } => {
                self.children(expr, found);
                add(found, BuiltinError::Deadline, expr);
            }
            ExprKind::Parallel { settled: true, branches, .. } => {
                for branch in branches {
                    for escaping in self.escapes(branch.body) {
                        add_ref(&mut self.kept, escaping.error, branch.body);
                    }
                }
            }
            ExprKind::Race { count, branches, .. } => self.race(expr, *count, branches, found),
            ExprKind::ForBranches { iterable, race, count, body, .. } => {
                self.walk(*iterable, found);
                self.walk(*count, found);
                if *race {
                    self.branch(*body);
                    // There may be fewer elements than successes that are due.
                    add(found, BuiltinError::Quorum, expr);
                } else {
                    self.walk(*body, found);
                }
                if self.constant(*count).is_none() {
                    add(found, BuiltinError::Range, expr);
                }
            }
            _ => {
                self.children(expr, found);
                if let Some(error) = self.computing(expr) {
                    add(found, error, expr);
                }
            }
        }
    }

    /// The errors of one branch of a race.
    fn branch(&mut self, body: ExprId) -> Escapes {
        let errors = self.escapes(body);
        if errors.is_empty() && !self.is_first_look {
            self.checker.typed.unfailing.insert(body, ());
        }
        errors
    }

    /// A race fails where all branches do, or too many.
    fn race(&mut self, expr: ExprId, count: Option<ExprId>, branches: &[Branch], found: &mut Escapes) {
        let mut errors: Escapes = Vec::new();
        let mut sure = 0;
        for branch in branches {
            let own = self.branch(branch.body);
            sure += i64::from(own.is_empty());
            errors.extend(own);
        }
        let Some(count) = count else {
            if sure == 0 {
                errors.into_iter().for_each(|escaping| add_ref(found, escaping.error, escaping.origin));
            }
            return;
        };
        self.walk(count, found);
        let due = self.constant(count);
        if due.is_none_or(|due| due > sure) {
            add(found, BuiltinError::Quorum, expr);
        }
        if due.is_none() {
            add(found, BuiltinError::Range, expr);
        }
    }

    fn constant(&self, expr: ExprId) -> Option<i64> {
        match self.checker.program.exprs[expr].kind {
            ExprKind::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The error that computing an expression itself may raise.
    fn computing(&self, expr: ExprId) -> Option<BuiltinError> {
        let typed = &self.checker.typed;
        match &self.checker.program.exprs[expr].kind {
            ExprKind::Binary {
                op:
                    BinaryOp::Add
                    | BinaryOp::Subtract
                    | BinaryOp::Multiply
                    | BinaryOp::Divide
                    | BinaryOp::Remainder
                    | BinaryOp::WholeDivide,
                ..
            }
            | ExprKind::Unary { op: UnaryOp::Negate, .. } => Some(BuiltinError::Arithmetic),
            ExprKind::Index { base, .. } => {
                matches!(*typed.types.structure(typed.ty(*base)), TyKind::List(_))
                    .then_some(BuiltinError::Range)
            }
            ExprKind::As { .. } => Some(BuiltinError::Cast),
            ExprKind::Recorded { what: Recorded::Today, arguments } if !arguments.is_empty() => {
                Some(BuiltinError::Range)
            }
            ExprKind::CallMethod { .. } => match typed.methods.get(expr)?.method {
                Method::ListSum | Method::IntAbs | Method::TimestampPlus | Method::TimestampMinus => {
                    Some(BuiltinError::Arithmetic)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The errors that `fail` raises.
    fn failing(&self, error: ExprId) -> Vec<ErrorRef> {
        if let ExprKind::Local(local) = self.checker.program.exprs[error].kind
            && let Some(caught) = self.caught.get(&local)
        {
            return caught.clone();
        }
        match *self.checker.typed.types.structure(self.checker.typed.ty(error)) {
            TyKind::ErrorValue(error) => vec![error],
            // One that was kept: which one is not followed.
            TyKind::AnyError => self.kept.iter().map(|escaping| escaping.error).collect(),
            _ => Vec::new(),
        }
    }

    fn try_catch(&mut self, body: ExprId, catches: &[Catch], finally: Option<ExprId>, found: &mut Escapes) {
        let mut left = self.escapes(body);
        let mut after: Escapes = Vec::new();
        for (index, catch) in catches.iter().enumerate() {
            let mut caught: Vec<ErrorRef> = Vec::new();
            for selector in &catch.selectors {
                let matching: Vec<ErrorRef> = left
                    .iter()
                    .map(|escaping| escaping.error)
                    .filter(|error| takes(*selector, *error))
                    .collect();
                if matching.is_empty() {
                    let next = catches.get(index + 1).map(|next| next.head.start);
                    let alone = catch.selectors.len() == 1 && (catches.len() > 1 || finally.is_some());
                    let before = index.checked_sub(1).and_then(|index| catches.get(index));
                    let before = self.checker.span(before.map_or(body, |before| before.body));
                    let end = self.checker.span(catch.body).end;
                    // With the blank before what follows, or before itself.
                    let whole = match next {
                        Some(next) => Span::new(catch.head.file, catch.head.start, next),
                        None => Span::new(catch.head.file, before.end, end),
                    };
                    self.dead(*selector, &left, alone.then_some(whole));
                }
                for error in matching {
                    if !caught.contains(&error) {
                        caught.push(error);
                    }
                }
            }
            if catch.selectors.is_empty() {
                caught.extend(left.iter().map(|escaping| escaping.error));
            }
            if let Some(binding) = catch.binding {
                caught.iter().for_each(|error| add_ref(&mut self.kept, *error, catch.body));
                self.caught.insert(binding, caught);
            }
            if catch.selectors.is_empty() {
                left.clear();
            }
            left.retain(|escaping| {
                !catch.selectors.iter().any(|selector| takes_all(*selector, escaping.error))
            });
            after.extend(self.escapes(catch.body));
        }
        for escaping in left.into_iter().chain(after) {
            add_ref(found, escaping.error, escaping.origin);
        }
        // Its error goes on where none is on the way; else it is attached, and never replaces.
        for escaping in finally.map(|finally| self.escapes(finally)).unwrap_or_default() {
            add_ref(found, escaping.error, escaping.origin);
        }
    }

    /// A catch for an error that cannot come.
    fn dead(&mut self, selector: CatchSelector, left: &Escapes, clause: Option<Span>) {
        let Some(error) = selector.error().filter(|_| !self.is_first_look) else { return };
        // A pure computation that is too long is not seen by walking.
        if matches!(error, ErrorRef::Builtin(BuiltinError::Limit)) {
            return;
        }
        let name = self.checker.error_name(error);
        if error == ErrorRef::Builtin(BuiltinError::Cancelled) {
            let message = format!("nothing catches `{name}`");
            let help = "put what must happen in any case into `finally { … }`";
            self.checker.report(Diagnostic::new(&codes::F0611, selector.span(), message).help(help));
            return;
        }
        let names: Vec<String> =
            left.iter().map(|escaping| self.checker.error_name(escaping.error)).collect();
        let mut diagnostic = Diagnostic::new(
            &codes::F0606,
            selector.span(),
            format!("`{name}` cannot come here: this catch catches nothing"),
        );
        diagnostic = if names.is_empty() {
            diagnostic.help("leave it out: nothing in this `try` fails, or all is caught before")
        } else {
            diagnostic.help(format!("what can come is {}", display::names(names.iter().map(String::as_str))))
        };
        let edit = clause.map(|clause| Edit::new("leave it out", vec![Change::remove(clause)]));
        self.checker.report(diagnostic.mend(edit));
    }
}

/// Whether a selector catches some errors of a kind.
fn takes(selector: CatchSelector, error: ErrorRef) -> bool {
    let unsure = [BuiltinError::Refused, BuiltinError::Unknown].map(ErrorRef::Builtin);
    match selector.error() {
        Some(ErrorRef::Builtin(BuiltinError::Timeout | BuiltinError::Connection)) => unsure.contains(&error),
        selected => selected == Some(error),
    }
}

/// Whether a selector catches every error of a kind.
fn takes_all(selector: CatchSelector, error: ErrorRef) -> bool {
    match selector {
        CatchSelector::Http(..)
        | CatchSelector::Missing(_)
        | CatchSelector::Error(ErrorRef::Builtin(BuiltinError::Timeout | BuiltinError::Connection), _) => {
            false
        }
        CatchSelector::Error(selected, _) => selected == error,
    }
}

fn add(found: &mut Escapes, error: BuiltinError, origin: ExprId) {
    add_ref(found, ErrorRef::Builtin(error), origin);
}

fn add_ref(found: &mut Escapes, error: ErrorRef, origin: ExprId) {
    if !found.iter().any(|escaping| escaping.error == error) {
        found.push(EscapingError { error, origin });
    }
}
