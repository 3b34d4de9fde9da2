//! APIs, operations, parameters and properties.

use cstree::traversal::Direction;

use super::declarations::{operations, overrides, properties};
use super::names::{is_optional, keyword};
use super::node::{ast_nodes, child, children, token_kinds};
use super::{
    AstNode, Expr, ImportApi, Name, NameRef, StringLiteral, StringPart, TypeExpr, Version, WhereClause,
    WireName,
};
use crate::{SyntaxKind, SyntaxNode};

ast_nodes! {
    /// `api orders v1 { … }`
    ApiDecl,
    /// The `{ … }` of an api, an operation, a policy, a publication.
    PropertyBlock,
    /// `timeout: 2s`
    Property,
    /// `post charge "/payments" (…) -> T { … }`
    Operation,
    /// `createPet { … }` in the block of an `import api`.
    OperationOverride,
    /// `(order: Order, limit: int = 20)`
    ParameterList,
    /// One parameter.
    Parameter,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpMethod {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// HEAD
    Head,
    /// OPTIONS
    Options,
}

impl HttpMethod {
    const WORDS: &'static [(SyntaxKind, Self)] = &[
        (SyntaxKind::GetKeyword, Self::Get),
        (SyntaxKind::PostKeyword, Self::Post),
        (SyntaxKind::PutKeyword, Self::Put),
        (SyntaxKind::PatchKeyword, Self::Patch),
        (SyntaxKind::DeleteKeyword, Self::Delete),
        (SyntaxKind::HeadKeyword, Self::Head),
        (SyntaxKind::OptionsKeyword, Self::Options),
    ];

    /// The method whose word stands directly under a node.
    pub(super) fn of(node: &SyntaxNode) -> Option<Self> {
        token_kinds(node)
            .find_map(|token| Self::WORDS.iter().find(|(kind, _)| *kind == token))
            .map(|(_, method)| *method)
    }

    /// As it stands in a request: `GET`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
        }
    }
}

/// Where a parameter goes that does not stand in the path template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterPlace {
    /// `body x: T`
    Body,
    /// `header x: T`
    Header,
}

/// A part of a path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPart {
    /// Text as it stands.
    Text(String),
    /// `{name}`, or `{+name}`, which takes an absolute link.
    Parameter {
        /// The name of the parameter; any word.
        name: String,
        /// Whether a `+` stands before the name.
        is_link: bool,
    },
}

impl StringLiteral {
    /// The parts of a path template, in order.
    pub fn template(&self) -> Vec<PathPart> {
        let parts = self.parts().into_iter().map(|part| match part {
            StringPart::Text(text) => PathPart::Text(text),
            StringPart::Expr(expr) => {
                let mut before = expr.syntax().siblings_with_tokens(Direction::Prev).skip(1);
                let is_link = before
                    .find_map(|element| element.into_token())
                    .is_some_and(|token| token.kind() == SyntaxKind::Plus);
                let name = match &expr {
                    Expr::NameExpr(name) => name.text().to_owned(),
                    _ => String::new(),
                };
                PathPart::Parameter { name, is_link }
            }
        });
        parts.collect()
    }
}

impl ApiDecl {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The version.
    pub fn version(&self) -> Option<Version> {
        child(&self.0)
    }

    /// The block.
    pub fn block(&self) -> Option<PropertyBlock> {
        child(&self.0)
    }

    /// The properties of the block.
    pub fn properties(&self) -> impl Iterator<Item = Property> {
        properties(self.block())
    }

    /// The operations of the block.
    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        operations(self.block())
    }
}

impl ImportApi {
    /// The properties of the block.
    pub fn properties(&self) -> impl Iterator<Item = Property> {
        properties(self.block())
    }

    /// What the block adds to single operations.
    pub fn overrides(&self) -> impl Iterator<Item = OperationOverride> {
        overrides(self.block())
    }
}

impl PropertyBlock {
    /// The properties.
    pub fn properties(&self) -> impl Iterator<Item = Property> {
        children(&self.0)
    }

    /// The operations.
    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        children(&self.0)
    }

    /// What is added to single operations of an imported API.
    pub fn overrides(&self) -> impl Iterator<Item = OperationOverride> {
        children(&self.0)
    }
}

impl Property {
    /// The name; any word.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The value. Names such as `none`, `transient` or `timeout` are [`Expr::NameExpr`], forms such as
    /// `exponential { … }` are [`Expr::ConstructorExpr`], `50 per 1s` is [`Expr::RateExpr`].
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl Operation {
    /// The method.
    pub fn method(&self) -> Option<HttpMethod> {
        HttpMethod::of(&self.0)
    }

    /// The name; any word.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The path template.
    pub fn path(&self) -> Option<StringLiteral> {
        child(&self.0)
    }

    /// The parameters.
    pub fn parameters(&self) -> Option<ParameterList> {
        child(&self.0)
    }

    /// The type after `->`; without it the body is ignored.
    pub fn response(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The block.
    pub fn block(&self) -> Option<PropertyBlock> {
        child(&self.0)
    }

    /// The properties of the block.
    pub fn properties(&self) -> impl Iterator<Item = Property> {
        properties(self.block())
    }
}

impl OperationOverride {
    /// The operation.
    pub fn operation(&self) -> Option<NameRef> {
        child(&self.0)
    }

    /// The block.
    pub fn block(&self) -> Option<PropertyBlock> {
        child(&self.0)
    }

    /// The properties of the block.
    pub fn properties(&self) -> impl Iterator<Item = Property> {
        properties(self.block())
    }
}

impl ParameterList {
    /// The parameters.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter> {
        children(&self.0)
    }
}

impl Parameter {
    /// `body` or `header`, where one stands.
    pub fn place(&self) -> Option<ParameterPlace> {
        match keyword(&self.0, &[SyntaxKind::BodyKeyword, SyntaxKind::HeaderKeyword])? {
            SyntaxKind::BodyKeyword => Some(ParameterPlace::Body),
            _ => Some(ParameterPlace::Header),
        }
    }

    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// `as "X-Name"`
    pub fn wire_name(&self) -> Option<WireName> {
        child(&self.0)
    }

    /// Whether it may be absent: `a?: T`.
    pub fn is_optional(&self) -> bool {
        is_optional(self.syntax())
    }

    /// The type.
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The constraint.
    pub fn where_clause(&self) -> Option<WhereClause> {
        child(&self.0)
    }

    /// The value after `=`.
    pub fn default(&self) -> Option<Expr> {
        child(&self.0)
    }
}
