//! Renaming what is bound: the changes where it is bound, and wherever it is used.

use std::sync::Arc;

use flow_diagnostics::Change;
use flow_source::Span;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{ExprKind, LocalId, Pattern, PatternKind, Program, RecordItem, Statement};

impl Program {
    /// The changes that give bound names other names, for each of them.
    pub fn renamed(&self, names: &FxHashMap<LocalId, Arc<str>>) -> FxHashMap<LocalId, Vec<Change>> {
        let mut renaming = Renaming { program: self, names, changes: FxHashMap::default() };
        for local in names.keys() {
            renaming.change(*local, self.locals[*local].name.span, false);
        }
        // `{ name }` writes a field and its value, or its pattern, in one word.
        let mut short: FxHashSet<Span> = FxHashSet::default();
        for (_, expr) in self.exprs.iter() {
            match &expr.kind {
                ExprKind::Record(items) => {
                    for item in items {
                        if let RecordItem::Field { name, value } = item
                            && let ExprKind::Local(local) = self.exprs[*value].kind
                            && self.exprs[*value].span == name.span
                            && names.contains_key(&local)
                        {
                            short.insert(name.span);
                            renaming.change(local, name.span, true);
                        }
                    }
                }
                ExprKind::Block(block) => {
                    for statement in &block.statements {
                        match statement {
                            Statement::Let { pattern, .. } => renaming.pattern(pattern),
                            Statement::Assign { local, target, .. } => {
                                renaming.change(*local, *target, false)
                            }
                            Statement::Expr(_) => {}
                        }
                    }
                }
                ExprKind::For { pattern, .. } | ExprKind::ForBranches { pattern, .. } => {
                    renaming.pattern(pattern);
                }
                ExprKind::Match { arms, .. } => arms.iter().for_each(|arm| renaming.pattern(&arm.pattern)),
                _ => {}
            }
        }
        self.test_patterns().for_each(|pattern| renaming.pattern(pattern));
        for (_, expr) in self.exprs.iter() {
            if let ExprKind::Local(local) = expr.kind
                && names.contains_key(&local)
                && !short.contains(&expr.span)
            {
                renaming.change(local, expr.span, false);
            }
        }
        renaming.changes
    }
}

struct Renaming<'a> {
    program: &'a Program,
    names: &'a FxHashMap<LocalId, Arc<str>>,
    changes: FxHashMap<LocalId, Vec<Change>>,
}

impl Renaming<'_> {
    fn pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Record(fields) | PatternKind::Case { fields, .. } => {
                for field in &fields.fields {
                    if let PatternKind::Bind(local) = field.pattern.kind
                        && field.field.span == field.pattern.span
                    {
                        self.change(local, field.field.span, true);
                    } else {
                        self.pattern(&field.pattern);
                    }
                }
            }
            PatternKind::List { items, .. } | PatternKind::Or(items) => {
                items.iter().for_each(|item| self.pattern(item));
            }
            PatternKind::Missing | PatternKind::Wildcard | PatternKind::Bind(_) | PatternKind::Literal(_) => {
            }
        }
    }

    /// A word that stands for a name; for a field too, where it is short for `name: name`.
    fn change(&mut self, local: LocalId, span: Span, short: bool) {
        let Some(new) = self.names.get(&local) else { return };
        let text = match short {
            true => format!("{}: {new}", self.program.locals[local].name.text),
            false => new.to_string(),
        };
        let changes = self.changes.entry(local).or_default();
        changes.retain(|change| change.span != span);
        changes.push(Change::replace(span, text));
    }
}
