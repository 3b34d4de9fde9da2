//! What runs beside each other: `parallel`, `race`, and a `for` with a branch for each element.

use std::sync::Arc;

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{Branch, ExprId, ExprKind, Pattern, UnaryOp};
use flow_source::Span;
use rustc_hash::FxHashMap;

use super::control::Join;
use super::record::plain_field;
use super::{Infer, Want};
use crate::types::{Case, Ty, TyKind, Union};

/// The most branches of a `parallel` or `race`, and the most elements that are seen to at one time.
const WIDTH_MAX: i64 = 1_000;

/// `parallel 8`, `race 2` in the head of a `for`.
#[derive(Clone, Copy)]
pub(super) struct Width {
    /// Whether it is `race`.
    pub(super) race: bool,
    /// How many.
    pub(super) count: ExprId,
    /// The keyword.
    pub(super) keyword: Span,
}

impl Infer<'_, '_> {
    /// `parallel { a: x, b: y }`, `parallel settled { a: x, b: y }`.
    pub(super) fn parallel(&mut self, span: Span, settled: bool, branches: &[Branch], want: Want<'_>) -> Ty {
        self.effect(span, "`parallel`");
        self.check_branches(branches);
        let hints = self.hint_kind(want).and_then(|(_, kind)| match &*kind {
            TyKind::Record(fields) if !settled => Some(fields.clone()),
            _ => None,
        });
        let mut fields = Vec::with_capacity(branches.len());
        let before = self.facts.clone();
        for branch in branches {
            let hint = hints.as_ref().and_then(|fields| {
                fields.iter().find(|field| field.name == branch.name.text).map(|field| field.ty)
            });
            self.facts = before.clone();
            let ty = self.in_branch("a branch of `parallel`", |infer| match hint {
                Some(hint) => {
                    infer.check(branch.body, hint, None);
                    infer.checker.typed.value_ty(branch.body)
                }
                None => infer.any(branch.body),
            });
            // A branch that always fails has no value; its field is never read.
            let ty = if ty == Ty::NEVER { Ty::NULL } else { ty };
            let ty = if settled { self.outcome(ty) } else { ty };
            fields.push(plain_field(&branch.name.text, ty));
        }
        self.facts = before;
        self.checker.typed.types.record(fields)
    }

    /// What comes of a settled branch: `Ok` with its value, or `Err` with its error.
    fn outcome(&self, value: Ty) -> Ty {
        let types = &self.checker.typed.types;
        let error = types.intern(TyKind::AnyError);
        let cases = [("Ok", value), ("Err", error)].map(|(name, record)| Case {
            name: Arc::from(name),
            wire: None,
            record,
        });
        self.held_union("outcome", cases.into())
    }

    fn held_union(&self, tag: &str, cases: Vec<Case>) -> Ty {
        let union = Union { tag: Some(Arc::from(tag)), cases, open: false, held: true };
        self.checker.typed.types.intern(TyKind::Union(Arc::new(union)))
    }

    /// `race { a: x, b: y }`, `race 2 { a: x, b: y }`.
    pub(super) fn race(
        &mut self,
        keyword: Span,
        count: Option<ExprId>,
        branches: &[Branch],
        want: Want<'_>,
    ) -> Ty {
        self.effect(keyword, "`race`");
        self.check_branches(branches);
        if let Some(count) = count {
            return self.quorum(count, branches, want);
        }
        let mut cases: Vec<Case> = Vec::with_capacity(branches.len());
        let before = self.facts.clone();
        for branch in branches {
            self.facts = before.clone();
            let record = self.in_branch("a branch of `race`", |infer| infer.any(branch.body));
            // A branch that never succeeds never wins: no pattern is due for it.
            if record != Ty::NEVER && cases.iter().all(|case| case.name != branch.name.text) {
                cases.push(Case { name: Arc::clone(&branch.name.text), wire: None, record });
            }
        }
        self.facts = before;
        if cases.is_empty() { Ty::NEVER } else { self.held_union("branch", cases) }
    }

    /// `race 2 { a: x, b: y }`: the list of the first values, of one type.
    fn quorum(&mut self, count: ExprId, branches: &[Branch], want: Want<'_>) -> Ty {
        if let Some(due) = self.count_of(count, "the number of successes of a `race`", i64::MAX)
            && due > i64::try_from(branches.len()).unwrap_or(i64::MAX)
            && !branches.is_empty()
        {
            let span = self.checker.span(count);
            self.checker.report(
                Diagnostic::new(
                    &codes::F0407,
                    span,
                    format!("{due} of {} branches cannot succeed", branches.len()),
                )
                .help("ask for fewer successes, or add branches"),
            );
        }
        let hint = self.item_hint(want);
        let want = match (want, hint) {
            (Want::Nothing, _) => Want::Nothing,
            (_, Some(item)) => Want::Type(item, None),
            _ => Want::Any,
        };
        let mut join = Join::new(want);
        let before = self.facts.clone();
        for branch in branches {
            self.facts = before.clone();
            self.in_branch("a branch of `race`", |infer| infer.branch_value(branch.body, &mut join));
        }
        self.facts = before;
        let item = self.joined(join);
        if item == Ty::NEVER { Ty::NEVER } else { self.checker.typed.types.list(item) }
    }

    /// `for x in xs parallel 8 { … }`, `for x in xs race 2 { … }`: the list of the blocks' values.
    pub(super) fn for_branches(
        &mut self,
        pattern: &Pattern,
        iterable: ExprId,
        how: Width,
        body: ExprId,
        want: Want<'_>,
    ) -> Ty {
        let (what, branch) = if how.race {
            ("`for … race`", "an element of `for … race`")
        } else {
            ("`for … parallel`", "an element of `for … parallel`")
        };
        self.effect(how.keyword, what);
        let element = self.element_of(iterable);
        if how.race {
            self.count_of(how.count, "the number of successes of a `race`", i64::MAX);
        } else {
            self.count_of(how.count, "the width of a `for … parallel`", WIDTH_MAX);
        }
        let hint = self.item_hint(want);
        let before = self.facts.clone();
        let item = self.in_branch(branch, |infer| {
            infer.let_pattern(pattern, element);
            match (want, hint) {
                (Want::Nothing, _) => infer.expr(body, Want::Nothing),
                (_, Some(item)) => {
                    infer.check(body, item, None);
                    let never = how.race && infer.checker.typed.ty(body) == Ty::NEVER;
                    if never { Ty::NEVER } else { item }
                }
                _ => infer.any(body),
            }
        });
        self.facts = before;
        if matches!(want, Want::Nothing) {
            return Ty::NULL;
        }
        match item {
            // At least one must succeed; a list without elements gives an empty one.
            Ty::NEVER if how.race => Ty::NEVER,
            Ty::NEVER => self.checker.typed.types.list(Ty::NULL),
            item => self.checker.typed.types.list(item),
        }
    }

    /// The type of the items of a list that is wanted.
    fn item_hint(&self, want: Want<'_>) -> Option<Ty> {
        self.hint_kind(want).and_then(|(_, kind)| match *kind {
            TyKind::List(item) => Some(item),
            _ => None,
        })
    }

    /// An int from 1 on; the number itself where it is written there.
    fn count_of(&mut self, count: ExprId, what: &str, max: i64) -> Option<i64> {
        self.check(count, Ty::INT, None);
        let program = self.checker.program;
        let written = match program.exprs[count].kind {
            ExprKind::Int(number) => number,
            ExprKind::Unary { op: UnaryOp::Negate, operand } => match program.exprs[operand].kind {
                ExprKind::Int(number) => number.checked_neg()?,
                _ => return None,
            },
            _ => return None,
        };
        if (1..=max).contains(&written) {
            return Some(written);
        }
        let (message, help) = match max {
            i64::MAX => (format!("{what} is 1 or more"), "write how many must succeed".to_owned()),
            _ => (format!("{what} is 1 to 1,000"), "write how many may run at one time".to_owned()),
        };
        let span = self.checker.span(count);
        let nearest = written.clamp(1, max).to_string();
        self.checker.report(
            Diagnostic::new(&codes::F0407, span, message)
                .help(help)
                .mend([Edit::guess(format!("write {nearest}"), vec![Change::replace(span, nearest)])]),
        );
        None
    }

    /// Names that stand twice.
    fn check_branches(&mut self, branches: &[Branch]) {
        let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
        for branch in branches {
            if let Some(first) = seen.insert(&branch.name.text, branch.name.span) {
                let free = (2..=branches.len() + 1).map(|number| format!("{}{number}", branch.name.text));
                let is_free = |name: &String| branches.iter().all(|other| *other.name.text != **name);
                let edit = { free }.find(is_free).map(|name| {
                    let title = format!("name it `{name}`");
                    Edit::guess(title, vec![Change::replace(branch.name.span, name)])
                });
                self.checker.report(
                    Diagnostic::new(
                        &codes::F0210,
                        branch.name.span,
                        format!("two branches are named `{}`", branch.name.text),
                    )
                    .also(first, "the first one")
                    .help("each has a name of its own")
                    .mend(edit),
                );
            }
        }
    }

    /// Runs something as a branch: no assignment to outer variables, no leaving.
    pub(super) fn in_branch<T>(&mut self, what: &'static str, work: impl FnOnce(&mut Self) -> T) -> T {
        let loops = std::mem::take(&mut self.loops);
        self.branches.push(what);
        let seen = self.visible.len();
        let value = work(self);
        self.visible.truncate(seen);
        self.branches.pop();
        self.loops = loops;
        value
    }
}
