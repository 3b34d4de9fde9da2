//! Control: conditions, loops, branches, scopes.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{BuiltinError, Catch, CatchSelector, ErrorRef, ExprId, Pattern};
use flow_source::Span;

use super::{Infer, Reason, Want, facts};
use crate::types::{Ty, TyKind};

/// How the values of several branches become one type.
pub(super) struct Join<'w> {
    want: Want<'w>,
    /// The type so far, with the branch that it comes from.
    found: Option<(Ty, Reason)>,
    /// Branches that have given a value of that type, for a later conversion to `T?`.
    values: Vec<(ExprId, Ty)>,
    /// Whether a branch gave null.
    null: bool,
    /// Whether every branch so far leaves.
    never: bool,
}

impl<'w> Join<'w> {
    pub(super) fn new(want: Want<'w>) -> Self {
        Self { want, found: None, values: Vec::new(), null: false, never: true }
    }
}

impl Infer<'_, '_> {
    /// Infers one branch of several and joins its value with the others'.
    pub(super) fn branch_value(&mut self, body: ExprId, join: &mut Join<'_>) -> Ty {
        let ty = match join.want {
            Want::Nothing => self.expr(body, Want::Nothing),
            Want::Type(expected, reason) => {
                let found = self.expr(body, join.want);
                self.fit(body, found, expected, reason);
                found
            }
            Want::Any => {
                let hint = join.found.as_ref().map(|(ty, reason)| (*ty, reason.clone()));
                let found = match &hint {
                    // A literal takes the type of the branches before; other expressions keep theirs.
                    Some((ty, _)) if self.takes_shape(body) => self.expr(body, Want::Type(*ty, None)),
                    _ => self.any(body),
                };
                self.join_any(body, found, join);
                found
            }
        };
        join.never &= ty == Ty::NEVER;
        ty
    }

    /// Whether an expression is a literal that takes its shape from what is wanted.
    fn takes_shape(&self, expr: ExprId) -> bool {
        use flow_hir::ExprKind;
        match &self.checker.program.exprs[expr].kind {
            ExprKind::List(_)
            | ExprKind::Record(_)
            | ExprKind::Map(_)
            | ExprKind::Decimal(_)
            | ExprKind::Case { .. } => true,
            ExprKind::Block(block) => block.value.is_some_and(|value| self.takes_shape(value)),
            _ => false,
        }
    }

    fn join_any(&mut self, body: ExprId, found: Ty, join: &mut Join<'_>) {
        if found == Ty::NEVER || found == Ty::ERROR {
            return;
        }
        join.values.push((body, found));
        if found == Ty::NULL {
            join.null = true;
            return;
        }
        let types = &self.checker.typed.types;
        let nullable = matches!(*types.structure(found), TyKind::Optional(_));
        join.null |= nullable;
        let plain = types.without_null(found);
        match &join.found {
            None => {
                let reason = self.reason_of(body, "this", plain);
                join.found = Some((plain, reason));
            }
            Some((first, _)) if types.same(*first, plain) => {}
            // What may be a secret is one.
            Some((first, reason)) if types.same(types.secret(*first), types.secret(plain)) => {
                join.found = Some((types.secret(plain), reason.clone()));
            }
            Some((first, reason)) => {
                let (first_words, words) = (self.checker.words(*first), self.checker.words(plain));
                let span = self.checker.program.tail_span(body);
                let also = reason.span;
                self.checker.report(
                    Diagnostic::new(
                        &codes::F0310,
                        span,
                        format!("the branches have different types: `{first_words}` and `{words}`"),
                    )
                    .also(also, format!("`{first_words}`"))
                    .help("only `T` and null join; say what is meant: `let x: T = …`"),
                );
                join.values.pop();
            }
        }
    }

    /// The type of all branches together.
    pub(super) fn joined(&mut self, join: Join<'_>) -> Ty {
        if join.never {
            return Ty::NEVER;
        }
        match join.want {
            Want::Nothing => Ty::NULL,
            Want::Type(expected, _) => expected,
            Want::Any => {
                let Some((plain, _)) = join.found else {
                    return if join.null { Ty::NULL } else { Ty::ERROR };
                };
                let types = &self.checker.typed.types;
                let ty = if join.null { types.optional(plain) } else { plain };
                for (body, found) in join.values {
                    self.fit(body, found, ty, None);
                }
                ty
            }
        }
    }

    /// `if`.
    pub(super) fn if_else(
        &mut self,
        expr: ExprId,
        condition: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
        want: Want<'_>,
    ) -> Ty {
        self.check(condition, Ty::BOOL, None);
        let before = self.facts.clone();
        let program = self.checker.program;
        let mut join = Join::new(want);
        self.facts.learn(facts::learned(program, condition, true));
        let then_ty = self.branch_value(then, &mut join);
        let then_facts = std::mem::replace(&mut self.facts, before.clone());
        self.facts.learn(facts::learned(program, condition, false));
        let else_ty = match otherwise {
            Some(otherwise) => self.branch_value(otherwise, &mut join),
            None => {
                join.never = false;
                join.null = true;
                if let Want::Type(expected, reason) = want
                    && !self.checker.typed.types.is_nullable(expected)
                    && expected != Ty::ERROR
                    && expected != Ty::NEVER
                {
                    let words = self.checker.words(expected);
                    let span = self.checker.span(expr);
                    let mut diagnostic = Diagnostic::new(
                        &codes::F0301,
                        span,
                        format!("expected `{words}`, but without `else` this may be null"),
                    )
                    .help("add `else { … }`");
                    if let Some(reason) = reason {
                        diagnostic = diagnostic.also(reason.span, reason.text.clone());
                    }
                    let edit = self.checker.plain_value(expected).map(|value| {
                        let add = super::mend::put_after(program, then, &format!(" else {{ {value} }}"));
                        Edit::guess("add `else`", vec![add])
                    });
                    self.checker.report(diagnostic.mend(edit));
                }
                Ty::NULL
            }
        };
        self.facts = match (then_ty == Ty::NEVER, else_ty == Ty::NEVER) {
            (true, false) => std::mem::take(&mut self.facts),
            (false, true) => then_facts,
            _ => then_facts.meet(&self.facts),
        };
        self.joined(join)
    }

    /// Runs something whose facts do not hold afterwards, because it may not have run, or run often.
    fn apart<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.facts.clone();
        let value = work(self);
        self.facts = before.meet(&self.facts);
        value
    }

    /// Forgets what is known of variables that a loop's body assigns.
    pub(super) fn forget_assigned(&mut self, body: ExprId) {
        for local in self.checker.program.assigned_in(body) {
            self.facts.forget(local);
        }
    }

    /// What a `for` goes over: the type of the elements.
    pub(super) fn element_of(&mut self, iterable: ExprId) -> Ty {
        let ty = self.range_or_value(iterable);
        match &*self.checker.typed.types.structure(ty) {
            TyKind::List(element) => *element,
            TyKind::Range => Ty::INT,
            TyKind::Error | TyKind::Never => Ty::ERROR,
            kind => {
                let words = self.checker.words(ty);
                let span = self.checker.span(iterable);
                let mut diagnostic = Diagnostic::new(
                    &codes::F0312,
                    span,
                    format!("`for` goes over lists and ranges, found `{words}`"),
                );
                diagnostic = match kind {
                    TyKind::Map(_) => diagnostic.help("go over its entries: `for e in m.entries() { … }`"),
                    TyKind::Optional(_) => diagnostic.help("it may be null: `xs ?? []`"),
                    TyKind::Json => diagnostic.help("say what it is: `value as [T]`"),
                    _ => diagnostic,
                };
                self.checker.report(diagnostic);
                Ty::ERROR
            }
        }
    }

    /// `for x in xs { }`, `for x in api.operation.all(…) { }`.
    pub(super) fn for_each(
        &mut self,
        pattern: &Pattern,
        iterable: ExprId,
        pages: Option<Span>,
        body: ExprId,
    ) -> Ty {
        let element = match pages {
            Some(all) => self.element_of_pages(iterable, all),
            None => self.element_of(iterable),
        };
        self.forget_assigned(body);
        self.apart(|infer| {
            infer.let_pattern(pattern, element);
            infer.loops += 1;
            infer.expr(body, Want::Nothing);
            infer.loops -= 1;
        });
        Ty::NULL
    }

    /// `while c { }`.
    pub(super) fn while_true(&mut self, condition: ExprId, body: ExprId) -> Ty {
        self.forget_assigned(body);
        self.check(condition, Ty::BOOL, None);
        let program = self.checker.program;
        self.apart(|infer| {
            infer.facts.learn(facts::learned(program, condition, true));
            infer.loops += 1;
            infer.expr(body, Want::Nothing);
            infer.loops -= 1;
        });
        Ty::NULL
    }

    /// `break`, `continue`.
    pub(super) fn leave_loop(&mut self, span: Span, word: &str) -> Ty {
        if self.loops == 0 {
            let diagnostic = match self.branches.last() {
                Some(branch) => {
                    Diagnostic::new(&codes::F0608, span, format!("`{word}` cannot leave {branch}"))
                }
                None => Diagnostic::new(&codes::F0608, span, format!("`{word}` stands outside of a loop")),
            };
            self.checker.report(diagnostic);
        }
        Ty::NEVER
    }

    /// `return value`.
    pub(super) fn return_value(&mut self, span: Span, value: Option<ExprId>) -> Ty {
        if let Some(branch) = self.branches.last() {
            let kept = value.map(|value| self.checker.program.whole_span(value));
            let edit = kept.filter(|_| self.checker.ends_branch(span)).map(|kept| {
                let word = Span::new(span.file, span.start, kept.start);
                Edit::new("give it as the branch's value", vec![Change::remove(word)])
            });
            let help = match *branch {
                "a `finally`" | "an undo" => "it only cleans up: return before it, or behind it",
                _ => "give the value as the branch's value, and return after the branches have joined",
            };
            self.checker.report(
                Diagnostic::new(&codes::F0608, span, format!("`return` cannot leave {branch}"))
                    .help(help)
                    .mend(edit),
            );
            value.map(|value| self.any(value));
            return Ty::NEVER;
        }
        let Some((expected, reason)) = self.result.clone() else {
            self.checker.report(
                Diagnostic::new(&codes::F0608, span, "`return` stands in workflows alone")
                    .help("the value of the last expression is the value here"),
            );
            value.map(|value| self.any(value));
            return Ty::NEVER;
        };
        match value {
            Some(value) => self.check(value, expected, Some(&reason)),
            None => {
                let types = &self.checker.typed.types;
                if !types.is_nullable(expected) && expected != Ty::ERROR {
                    let words = self.checker.words(expected);
                    self.checker.report(
                        Diagnostic::new(
                            &codes::F0301,
                            span,
                            format!("`return` gives no value, expected `{words}`"),
                        )
                        .also(reason.span, reason.text),
                    );
                }
            }
        }
        Ty::NEVER
    }

    /// `saga { }`.
    pub(super) fn saga(&mut self, body: ExprId, keyword: Span, want: Want<'_>) -> Ty {
        self.effect(keyword, "`saga`");
        self.scoped(body, want)
    }

    /// A block whose value is the construct's.
    fn scoped(&mut self, body: ExprId, want: Want<'_>) -> Ty {
        let mut join = Join::new(want);
        self.branch_value(body, &mut join);
        self.joined(join)
    }

    /// `within 30s { }`.
    pub(super) fn within(&mut self, duration: ExprId, body: ExprId, keyword: Span, want: Want<'_>) -> Ty {
        self.effect(keyword, "`within`");
        self.check(duration, Ty::DURATION, None);
        self.scoped(body, want)
    }

    /// `commit`.
    pub(super) fn commit(&mut self, span: Span) -> Ty {
        if self.effect(span, "`commit`")
            && let Some(branch) = self.branches.last()
        {
            self.checker.report(
                Diagnostic::new(&codes::F0608, span, format!("`commit` cannot stand in {branch}"))
                    .help("commit after the branches have joined"),
            );
        }
        Ty::NULL
    }

    /// `try { } catch … { } finally { }`.
    pub(super) fn try_catch(
        &mut self,
        body: ExprId,
        catches: &[Catch],
        finally: Option<ExprId>,
        keyword: Span,
        want: Want<'_>,
    ) -> Ty {
        self.effect(keyword, "`try`");
        let mut join = Join::new(want);
        let before = self.facts.clone();
        self.branch_value(body, &mut join);
        let mut after = self.facts.clone();
        for catch in catches {
            // Anything in the body may have run or not.
            self.facts = before.clone();
            self.forget_assigned(body);
            let seen = self.visible.len();
            if let Some(local) = catch.binding {
                let ty = self.caught(&catch.selectors);
                self.bind(local, ty);
            }
            if self.branch_value(catch.body, &mut join) != Ty::NEVER {
                after = after.meet(&self.facts);
            }
            self.visible.truncate(seen);
        }
        if let Some(finally) = finally {
            // It runs whatever was done before, and what it learns holds for itself alone.
            self.facts = before;
            self.forget_assigned(body);
            catches.iter().for_each(|catch| self.forget_assigned(catch.body));
            self.in_branch("a `finally`", |infer| infer.expr(finally, Want::Nothing));
        }
        self.facts = after;
        self.joined(join)
    }

    /// The type of a caught error: the error itself where only one is named.
    fn caught(&self, selectors: &[CatchSelector]) -> Ty {
        let types = &self.checker.typed.types;
        if selectors.iter().any(|selector| selector.error().is_none()) {
            return Ty::ERROR;
        }
        match selectors {
            [one] => match one.error() {
                None => Ty::ERROR,
                Some(ErrorRef::Builtin(BuiltinError::Timeout | BuiltinError::Connection)) => {
                    types.intern(TyKind::AnyError)
                }
                Some(error) => types.intern(TyKind::ErrorValue(error)),
            },
            _ => types.intern(TyKind::AnyError),
        }
    }
}
