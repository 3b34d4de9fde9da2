//! What all passes share: the program, the tables that grow, and the findings.

use std::sync::Arc;

use flow_diagnostics::Diagnostic;
use flow_hir::{
    ErrorRef, ExprId, ExprKind, Findings, LiteralKind, LocalId, Program, SideTable, Spanned, TypeDeclId,
};
use flow_source::Span;

use crate::display;
use crate::typed::Typed;
use crate::types::{Ty, TyKind};

/// The state of a check.
pub(crate) struct Checker<'a> {
    /// What is checked.
    pub(crate) program: &'a Program,
    /// What is known so far.
    pub(crate) typed: Typed,
    /// What was found.
    pub(crate) findings: Findings,
    /// Declared types that are being resolved, for which others stand in.
    pub(crate) declaring: Vec<TypeDeclId>,
    /// How many declared types stand inside of each other in each of them, itself included.
    pub(crate) type_depths: SideTable<TypeDeclId, usize>,
    /// The type parameters of the declaration that is looked at.
    pub(crate) parameters: Arc<[Ty]>,
    /// Errors that tests expect of executions, compared when it is known which errors escape.
    pub(crate) expected_errors: Vec<(LocalId, Spanned<ErrorRef>)>,
    /// How often the whole program was searched for an edit.
    pub(crate) searches: u32,
    /// The fields that the reports of the present workflow have, with what they are and where they first stand.
    pub(crate) reported: Vec<(Arc<str>, Ty, Span)>,
}

impl<'a> Checker<'a> {
    /// An empty state.
    pub(crate) fn new(program: &'a Program) -> Self {
        Self {
            program,
            typed: Typed::default(),
            findings: Findings::default(),
            declaring: Vec::new(),
            type_depths: SideTable::default(),
            parameters: Arc::default(),
            expected_errors: Vec::new(),
            searches: 0,
            reported: Vec::new(),
        }
    }

    /// Notes a finding.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.findings.push(diagnostic);
    }

    /// Whether another finding is only counted: what takes long to say need not be found out for it.
    pub(crate) fn is_full(&self) -> bool {
        self.findings.is_full()
    }

    /// Members of a union in words, for a finding; none where it is only counted.
    pub(crate) fn members(&self, members: &[LiteralKind]) -> Vec<String> {
        if self.is_full() { Vec::new() } else { members.iter().map(display::literal).collect() }
    }

    /// The nearest of the names that would do; none where another finding is only counted.
    pub(crate) fn nearest<'n>(
        &self,
        name: &str,
        candidates: impl IntoIterator<Item = &'n str>,
    ) -> Option<&'n str> {
        if self.findings.is_full() { None } else { flow_diagnostics::nearest(name, candidates) }
    }

    /// A type in the user's words.
    pub(crate) fn words(&self, ty: Ty) -> String {
        display::words(self.program, &self.typed.types, ty)
    }

    /// Whether a mistake that has been reported hides in a type: then nothing more is said about it.
    pub(crate) fn is_unknown(&self, ty: Ty) -> bool {
        self.typed.types.any_inside(ty, |kind| matches!(kind, TyKind::Error))
    }

    /// The name of an error.
    pub(crate) fn error_name(&self, error: ErrorRef) -> String {
        display::error_name(self.program, error)
    }

    /// The place of an expression.
    pub(crate) fn span(&self, expr: ExprId) -> Span {
        self.program.exprs[expr].span
    }

    /// What an expression is.
    pub(crate) fn kind(&self, expr: ExprId) -> &'a ExprKind {
        &self.program.exprs[expr].kind
    }
}
