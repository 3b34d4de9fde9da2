//! The file and its declarations.

use super::node::{ast_enum, ast_nodes, child, children, has_token, nth_child};
use super::{
    ApiDecl, AstNode, Block, Expr, HttpMethod, Name, NameRef, Operation, OperationOverride, ParameterList,
    Property, PropertyBlock, RecordType, StringLiteral, TestDecl, TypeExpr, Version, WhereClause,
};
use crate::{SyntaxKind, SyntaxNode};

ast_nodes! {
    /// `import { A, B } from "./types.flow"`
    Import,
    /// `import api petstore from "./petstore.yaml" { … }`
    ImportApi,
    /// `config { … }`
    ConfigDecl,
    /// One entry of a `config`.
    ConfigEntry,
    /// `error Declined { … }`
    ErrorDecl,
    /// `retry transient { … }`
    RetryDecl,
    /// `type Page<T> { … }`, `type Tier = …`
    TypeDecl,
    /// `<T, U>` in a declaration.
    TypeParameters,
    /// `workflow name (…) -> T within 5m { … }`
    WorkflowDecl,
    /// `within 5m`: in the head of a workflow, a `poll` or a `receive`.
    WithinClause,
    /// `key order.id for 7d again: failed`
    KeyClause,
    /// `one per order.customer`
    OnePerClause,
    /// `undo: call(…)` in the head of a workflow.
    UndoClause,
    /// `fn total(items: [Item]) -> decimal = …`
    FnDecl,
    /// `signal approve { … } early: drop`
    SignalDecl,
    /// `publish process_order at post "/orders" { … }`
    PublishDecl,
    /// `schedule nightly cron "…" zone "…" { … }`
    ScheduleDecl,
    /// `zone "Europe/Berlin"`
    ZoneClause,
    /// `objective process_order { … }`
    ObjectiveDecl,
}

/// A whole file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct File(SyntaxNode);

impl AstNode for File {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SyntaxKind::Root
    }

    fn cast(node: &SyntaxNode) -> Option<Self> {
        (node.kind() == SyntaxKind::Root).then(|| Self(node.clone()))
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.0
    }
}

ast_enum! {
    /// A declaration at the top of a file.
    Item {
        Import,
        ImportApi,
        ConfigDecl,
        ErrorDecl,
        RetryDecl,
        TypeDecl,
        ApiDecl,
        WorkflowDecl,
        FnDecl,
        PublishDecl,
        ScheduleDecl,
        ObjectiveDecl,
        TestDecl,
    }
}

ast_enum! {
    /// A clause in the head of a workflow.
    WorkflowClause { WithinClause, KeyClause, OnePerClause, UndoClause, }
}

impl File {
    /// The file that a node is in.
    pub fn of(node: &SyntaxNode) -> Self {
        Self(node.ancestors().last().unwrap_or(node).clone())
    }

    /// The declarations, in order.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        children(&self.0)
    }
}

impl Import {
    /// The imported names.
    pub fn names(&self) -> impl Iterator<Item = NameRef> {
        children(&self.0)
    }

    /// The file after `from`.
    pub fn path(&self) -> Option<StringLiteral> {
        child(&self.0)
    }
}

impl ImportApi {
    /// The name that the document gets here.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The version that the document gets here.
    pub fn version(&self) -> Option<Version> {
        child(&self.0)
    }

    /// The document after `from`.
    pub fn path(&self) -> Option<StringLiteral> {
        child(&self.0)
    }

    /// The block that adds what the document does not say.
    pub fn block(&self) -> Option<PropertyBlock> {
        child(&self.0)
    }
}

impl ConfigDecl {
    /// The entries.
    pub fn entries(&self) -> impl Iterator<Item = ConfigEntry> {
        children(&self.0)
    }
}

impl ConfigEntry {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
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

impl ErrorDecl {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The record of fields.
    pub fn record(&self) -> Option<RecordType> {
        child(&self.0)
    }
}

impl RetryDecl {
    /// The name.
    pub fn name(&self) -> Option<Name> {
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

impl TypeDecl {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The generic parameters.
    pub fn parameters(&self) -> impl Iterator<Item = Name> {
        let list: Option<TypeParameters> = child(&self.0);
        list.into_iter().flat_map(|list| children(&list.0).collect::<Vec<_>>())
    }

    /// The type: a record directly after the name, or what stands after `=`.
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The constraint.
    pub fn where_clause(&self) -> Option<WhereClause> {
        child(&self.0)
    }
}

impl TypeParameters {
    /// The parameters.
    pub fn names(&self) -> impl Iterator<Item = Name> {
        children(&self.0)
    }
}

impl WorkflowDecl {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The version; v1 where none stands.
    pub fn version(&self) -> Option<Version> {
        child(&self.0)
    }

    /// The parameters.
    pub fn parameters(&self) -> Option<ParameterList> {
        child(&self.0)
    }

    /// The type after `->`.
    pub fn result(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The clauses between the result and the body.
    pub fn clauses(&self) -> impl Iterator<Item = WorkflowClause> {
        children(&self.0)
    }

    /// The body.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl WithinClause {
    /// The duration.
    pub fn duration(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl KeyClause {
    /// What the key is made of.
    pub fn key(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// How long the key holds.
    pub fn duration(&self) -> Option<Expr> {
        nth_child(&self.0, 1)
    }

    /// `again: failed`
    pub fn again(&self) -> Option<Property> {
        child(&self.0)
    }
}

impl OnePerClause {
    /// What executions queue up by.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl UndoClause {
    /// The call that undoes the workflow.
    pub fn call(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl FnDecl {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The parameters.
    pub fn parameters(&self) -> Option<ParameterList> {
        child(&self.0)
    }

    /// The type after `->`.
    pub fn result(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The expression after `=`.
    pub fn body(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl SignalDecl {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The record that is sent.
    pub fn record(&self) -> Option<RecordType> {
        child(&self.0)
    }

    /// `early: drop`
    pub fn early(&self) -> Option<Property> {
        child(&self.0)
    }
}

impl PublishDecl {
    /// The workflow.
    pub fn workflow(&self) -> Option<NameRef> {
        child(&self.0)
    }

    /// The versions after `@`; all where none stands.
    pub fn versions(&self) -> impl Iterator<Item = Version> {
        children(&self.0)
    }

    /// The method after `at`.
    pub fn method(&self) -> Option<HttpMethod> {
        HttpMethod::of(&self.0)
    }

    /// The path template.
    pub fn path(&self) -> Option<StringLiteral> {
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

impl ScheduleDecl {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The cron text.
    pub fn cron(&self) -> Option<StringLiteral> {
        child(&self.0)
    }

    /// The time zone.
    pub fn zone(&self) -> Option<StringLiteral> {
        child::<ZoneClause>(&self.0)?.zone()
    }

    /// What is done each time.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl ZoneClause {
    /// The time zone.
    pub fn zone(&self) -> Option<StringLiteral> {
        child(&self.0)
    }
}

impl ObjectiveDecl {
    /// The workflow.
    pub fn workflow(&self) -> Option<NameRef> {
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

/// The properties of a block that may be missing.
pub(super) fn properties(block: Option<PropertyBlock>) -> impl Iterator<Item = Property> {
    block.into_iter().flat_map(|block| block.properties().collect::<Vec<_>>())
}

/// The operations of a block that may be missing.
pub(super) fn operations(block: Option<PropertyBlock>) -> impl Iterator<Item = Operation> {
    block.into_iter().flat_map(|block| block.operations().collect::<Vec<_>>())
}

/// The operation overrides of a block that may be missing.
pub(super) fn overrides(block: Option<PropertyBlock>) -> impl Iterator<Item = OperationOverride> {
    block.into_iter().flat_map(|block| block.overrides().collect::<Vec<_>>())
}

/// Whether `every failure` stands in the head of a test.
pub(super) fn is_every_failure(node: &SyntaxNode) -> bool {
    has_token(node, SyntaxKind::EveryKeyword)
}
