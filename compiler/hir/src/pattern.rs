//! Patterns of `let` and `match`.

use flow_source::Span;

use crate::{Literal, LocalId, Name, TypeDeclId};

/// A pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What is written.
    pub kind: PatternKind,
    /// Where.
    pub span: Span,
}

/// The forms of patterns.
#[derive(Clone, Debug)]
pub enum PatternKind {
    /// A mistake that has been reported.
    Missing,
    /// `_`.
    Wildcard,
    /// A name: it binds the value.
    Bind(LocalId),
    /// A literal: it matches equal values.
    Literal(Literal),
    /// `{ a, b: pattern, ...rest }`.
    Record(RecordPattern),
    /// `[x, y, ...rest]`.
    List {
        /// The patterns of the first elements.
        items: Vec<Pattern>,
        /// `...` with the name that it binds, where it has one; without it the length must fit.
        rest: Option<Option<LocalId>>,
    },
    /// `Created`, `Created { id }`, `Created e`, `Event.Created`: a case of a union of records.
    Case {
        /// The union, where it is named.
        union: Option<(TypeDeclId, Span)>,
        /// The case's name.
        name: Name,
        /// Patterns of its fields.
        fields: RecordPattern,
        /// The name that is bound to the record of the case's fields.
        binding: Option<LocalId>,
    },
    /// `a | b`: any of them; they bind no names.
    Or(Vec<Pattern>),
}

/// `{ a, b: pattern, ...rest }`.
#[derive(Clone, Debug, Default)]
pub struct RecordPattern {
    /// The fields.
    pub fields: Vec<FieldPattern>,
    /// The name that is bound to a record of all other fields.
    pub rest: Option<LocalId>,
}

impl RecordPattern {
    /// Whether it looks at nothing.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.rest.is_none()
    }

    fn for_each_local(&self, each: &mut dyn FnMut(LocalId)) {
        self.fields.iter().for_each(|field| field.pattern.for_each_local(each));
        self.rest.iter().for_each(|local| each(*local));
    }
}

/// `a` or `a: pattern` in a record pattern. The short form binds a local of the field's name.
#[derive(Clone, Debug)]
pub struct FieldPattern {
    /// The field.
    pub field: Name,
    /// The pattern of its value.
    pub pattern: Pattern,
}

impl Pattern {
    /// The names that it binds, in the order in which they stand.
    pub fn locals(&self) -> Vec<LocalId> {
        let mut found = Vec::new();
        self.for_each_local(&mut |local| found.push(local));
        found
    }

    /// Hands out the names that it binds.
    pub fn for_each_local(&self, each: &mut dyn FnMut(LocalId)) {
        match &self.kind {
            PatternKind::Missing | PatternKind::Wildcard | PatternKind::Literal(_) => {}
            PatternKind::Bind(local) => each(*local),
            PatternKind::Record(record) => record.for_each_local(each),
            PatternKind::List { items, rest } => {
                items.iter().for_each(|item| item.for_each_local(each));
                rest.iter().flatten().for_each(|local| each(*local));
            }
            PatternKind::Case { fields, binding, .. } => {
                binding.iter().for_each(|local| each(*local));
                fields.for_each_local(each);
            }
            PatternKind::Or(patterns) => patterns.iter().for_each(|pattern| pattern.for_each_local(each)),
        }
    }
}
