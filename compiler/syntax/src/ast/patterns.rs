//! Patterns.

use super::node::{ast_enum, ast_nodes, child, children, token};
use super::{Literal, Name, NameRef, PrefixExpr, StringLiteral};
use crate::{SyntaxKind, SyntaxToken};

ast_nodes! {
    /// `_`
    WildcardPattern,
    /// A name, where it binds.
    BindingPattern,
    /// `42`, `-1`, `"gold"`, `null`
    LiteralPattern,
    /// `Created`, `Created { id }`, `Created e`, `Event.Created`, `201 new`
    TagPattern,
    /// `{ a, b: x, ...rest }`
    RecordPattern,
    /// One field of a record pattern.
    PatternField,
    /// `[first, ...rest]`
    ListPattern,
    /// `...rest`, `...`
    RestPattern,
    /// `A | B`
    AlternativePattern,
}

ast_enum! {
    /// A pattern. A bare name is a [`TagPattern`] at the top of a `match` arm, and a [`BindingPattern`]
    /// in `let`, `for` and inside other patterns.
    Pattern {
        WildcardPattern,
        BindingPattern,
        LiteralPattern,
        TagPattern,
        RecordPattern,
        ListPattern,
        RestPattern,
        AlternativePattern,
    }
}

ast_enum! {
    /// What stands in a record pattern.
    RecordPart {
        PatternField,
        RestPattern,
    }
}

impl BindingPattern {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }
}

impl LiteralPattern {
    /// The literal, where it is a string.
    pub fn string(&self) -> Option<StringLiteral> {
        child(&self.0)
    }

    /// The literal, where it is neither a string nor negative.
    pub fn literal(&self) -> Option<Literal> {
        child(&self.0)
    }

    /// The literal, where it is a negative number.
    pub fn negative(&self) -> Option<PrefixExpr> {
        child(&self.0)
    }
}

impl TagPattern {
    /// The tag, or the parts of a dotted one.
    pub fn path(&self) -> impl Iterator<Item = NameRef> {
        children(&self.0)
    }

    /// The last part of the tag.
    pub fn tag(&self) -> Option<NameRef> {
        self.path().last()
    }

    /// The status, where it is a pattern over the statuses of a response.
    pub fn status(&self) -> Option<SyntaxToken> {
        token(&self.0, |kind| matches!(kind, SyntaxKind::Int | SyntaxKind::StatusClass))
    }

    /// The pattern of the fields.
    pub fn record(&self) -> Option<RecordPattern> {
        child(&self.0)
    }

    /// The name that the value is bound to.
    pub fn binding(&self) -> Option<Name> {
        child(&self.0)
    }
}

impl RecordPattern {
    /// The fields, and `...rest`, in the order of the text.
    pub fn parts(&self) -> impl Iterator<Item = RecordPart> {
        children(&self.0)
    }
}

impl PatternField {
    /// The field. Without a pattern after it the name is bound too.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The pattern after `:`.
    pub fn pattern(&self) -> Option<Pattern> {
        child(&self.0)
    }
}

impl ListPattern {
    /// The elements, a [`RestPattern`] among them.
    pub fn elements(&self) -> impl Iterator<Item = Pattern> {
        children(&self.0)
    }
}

impl RestPattern {
    /// The name that the rest is bound to.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }
}

impl AlternativePattern {
    /// The alternatives.
    pub fn alternatives(&self) -> impl Iterator<Item = Pattern> {
        children(&self.0)
    }
}
