//! Expressions.

use super::node::{ast_enum, ast_nodes, child, children, has_token, nth_child, token, word};
use super::{
    AstNode, Block, BreakExpr, CallbackExpr, ContinueExpr, FailExpr, ForExpr, IfExpr, Literal, LogExpr,
    MatchExpr, Name, NameRef, ParallelExpr, PollExpr, RaceExpr, ReceiveExpr, ReportExpr, ReturnExpr,
    SagaExpr, SleepExpr, StartExpr, StringLiteral, TryExpr, TypeExpr, Version, WhileExpr, WithinExpr,
};
use crate::{SyntaxKind, SyntaxNode, SyntaxToken};

ast_nodes! {
    /// `name`, `name@v2`, `config`, `execution`, `it`
    NameExpr,
    /// `value.field`, `value?.field`
    FieldExpr,
    /// `value[i]`
    IndexExpr,
    /// `callee(arguments)`
    CallExpr,
    /// `(a, limit: 20)`
    ArgumentList,
    /// One argument.
    Argument,
    /// `value as T`
    CastExpr,
    /// `call(…) with { … }`
    WithExpr,
    /// `!value`, `-value`
    PrefixExpr,
    /// `left + right`
    BinaryExpr,
    /// `{ a: 1, b, ...rest }`
    RecordExpr,
    /// `a: 1`, `b`, `"key": 1`, `409: E`
    RecordField,
    /// The name, string or status before the colon.
    RecordKey,
    /// `...value`
    Spread,
    /// `Declined { reason: "…" }`; in a property `exponential { … }` and `status(id) { … }` too.
    ConstructorExpr,
    /// `[a, ...b]`
    ListExpr,
    /// `(value)`
    ParenExpr,
    /// `x => x.price`, `(a, b) => a + b`
    LambdaExpr,
    /// The parameters of a lambda.
    LambdaParameters,
    /// `50 per 1s per client` in a property.
    RateExpr,
    /// `sync within 10s`, `99.5% over 30d` in a property.
    SpanExpr,
    /// `99.5%` in a property.
    PercentLiteral,
}

ast_enum! {
    /// An expression. A [`Block`] is one where a block stands for a value: in arms, branches, `compensate`.
    Expr {
        Literal,
        StringLiteral,
        NameExpr,
        FieldExpr,
        IndexExpr,
        CallExpr,
        CastExpr,
        WithExpr,
        PrefixExpr,
        BinaryExpr,
        RecordExpr,
        ConstructorExpr,
        ListExpr,
        ParenExpr,
        LambdaExpr,
        RateExpr,
        SpanExpr,
        PercentLiteral,
        IfExpr,
        MatchExpr,
        ForExpr,
        WhileExpr,
        BreakExpr,
        ContinueExpr,
        ParallelExpr,
        RaceExpr,
        SagaExpr,
        TryExpr,
        FailExpr,
        ReturnExpr,
        WithinExpr,
        SleepExpr,
        PollExpr,
        ReceiveExpr,
        CallbackExpr,
        StartExpr,
        ReportExpr,
        LogExpr,
        Block,
    }
}

ast_enum! {
    /// An entry of a record expression.
    RecordEntry { RecordField, Spread, }
}

/// An element of a list expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListElement {
    /// `...value`
    Spread(Spread),
    /// `value`
    Expr(Expr),
}

impl AstNode for ListElement {
    fn can_cast(kind: SyntaxKind) -> bool {
        Spread::can_cast(kind) || Expr::can_cast(kind)
    }

    fn cast(node: &SyntaxNode) -> Option<Self> {
        Spread::cast(node).map(Self::Spread).or_else(|| Expr::cast(node).map(Self::Expr))
    }

    fn syntax(&self) -> &SyntaxNode {
        match self {
            Self::Spread(node) => node.syntax(),
            Self::Expr(node) => node.syntax(),
        }
    }
}

/// A prefix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the operator of its name")]
pub enum PrefixOperator {
    Not,
    Negate,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the operator of its name")]
pub enum BinaryOperator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Coalesce,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    WholeDivide,
}

impl BinaryOperator {
    /// The operator that a token writes.
    pub fn of(kind: SyntaxKind) -> Option<Self> {
        Some(match kind {
            SyntaxKind::BarBar => Self::Or,
            SyntaxKind::AmpersandAmpersand => Self::And,
            SyntaxKind::EqualEqual => Self::Equal,
            SyntaxKind::BangEqual => Self::NotEqual,
            SyntaxKind::Less => Self::Less,
            SyntaxKind::LessEqual => Self::LessEqual,
            SyntaxKind::Greater => Self::Greater,
            SyntaxKind::GreaterEqual => Self::GreaterEqual,
            SyntaxKind::InKeyword => Self::In,
            SyntaxKind::QuestionQuestion => Self::Coalesce,
            SyntaxKind::DotDot => Self::Range,
            SyntaxKind::Plus => Self::Add,
            SyntaxKind::Minus => Self::Subtract,
            SyntaxKind::Star => Self::Multiply,
            SyntaxKind::Slash => Self::Divide,
            SyntaxKind::Percent => Self::Remainder,
            SyntaxKind::DivKeyword => Self::WholeDivide,
            _ => return None,
        })
    }
}

impl NameExpr {
    /// The name, or the keyword `config`, `execution` or `it`.
    pub fn text(&self) -> &str {
        let name = self.0.children().find(|child| child.kind() == SyntaxKind::NameRef);
        word(name.unwrap_or(&self.0))
    }

    /// The name as a node; `None` for `config`, `execution` and `it`.
    pub fn name(&self) -> Option<NameRef> {
        child(&self.0)
    }

    /// The keyword, where it is `config`, `execution` or `it`.
    pub fn keyword(&self) -> Option<SyntaxToken> {
        token(&self.0, SyntaxKind::is_reserved)
    }

    /// The version after `@`.
    pub fn version(&self) -> Option<Version> {
        child(&self.0)
    }
}

impl FieldExpr {
    /// The value whose field it is.
    pub fn base(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The field; any word.
    pub fn field(&self) -> Option<NameRef> {
        child(&self.0)
    }

    /// Whether it is `?.`.
    pub fn is_optional(&self) -> bool {
        has_token(&self.0, SyntaxKind::QuestionDot)
    }
}

impl IndexExpr {
    /// The list, map or json.
    pub fn base(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The index or key.
    pub fn index(&self) -> Option<Expr> {
        nth_child(&self.0, 1)
    }
}

impl CallExpr {
    /// What is called.
    pub fn callee(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The arguments with their parentheses.
    pub fn argument_list(&self) -> Option<ArgumentList> {
        child(&self.0)
    }

    /// The arguments.
    pub fn arguments(&self) -> impl Iterator<Item = Argument> {
        self.argument_list().into_iter().flat_map(|list| list.arguments().collect::<Vec<_>>())
    }
}

impl ArgumentList {
    /// The arguments.
    pub fn arguments(&self) -> impl Iterator<Item = Argument> {
        children(&self.0)
    }
}

impl Argument {
    /// The name before `:`; any word.
    pub fn name(&self) -> Option<NameRef> {
        child(&self.0)
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl CastExpr {
    /// The value.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The type after `as`.
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl WithExpr {
    /// The call.
    pub fn call(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The options.
    pub fn options(&self) -> Option<RecordExpr> {
        match nth_child(&self.0, 1)? {
            Expr::RecordExpr(record) => Some(record),
            _ => None,
        }
    }
}

impl PrefixExpr {
    /// The operator.
    pub fn operator(&self) -> PrefixOperator {
        if has_token(&self.0, SyntaxKind::Bang) { PrefixOperator::Not } else { PrefixOperator::Negate }
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl BinaryExpr {
    /// The left operand.
    pub fn left(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The right operand.
    pub fn right(&self) -> Option<Expr> {
        nth_child(&self.0, 1)
    }

    /// The token of the operator.
    pub fn operator_token(&self) -> Option<SyntaxToken> {
        token(&self.0, |kind| BinaryOperator::of(kind).is_some())
    }

    /// The operator.
    pub fn operator(&self) -> Option<BinaryOperator> {
        BinaryOperator::of(self.operator_token()?.kind())
    }
}

impl RecordExpr {
    /// The entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = RecordEntry> {
        children(&self.0)
    }
}

impl RecordField {
    /// The key.
    pub fn key(&self) -> Option<RecordKey> {
        child(&self.0)
    }

    /// The value; without one the field has the value of the name.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl RecordKey {
    /// The key, where it is a word.
    pub fn name(&self) -> Option<SyntaxToken> {
        token(&self.0, SyntaxKind::is_word)
    }

    /// The key, where it is a string.
    pub fn string(&self) -> Option<StringLiteral> {
        child(&self.0)
    }

    /// The key, where it is a status such as `409` or `5xx`.
    pub fn status(&self) -> Option<SyntaxToken> {
        token(&self.0, |kind| matches!(kind, SyntaxKind::Int | SyntaxKind::StatusClass))
    }

    /// The text of the key: the word, the text of the string, or the status as written.
    pub fn text(&self) -> Option<String> {
        match self.string() {
            Some(string) => string.plain_text(),
            None => self.name().or_else(|| self.status()).map(|token| token.text().to_owned()),
        }
    }
}

impl Spread {
    /// What is spread.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ConstructorExpr {
    /// The name, as an expression: a [`NameExpr`], or a [`FieldExpr`] for a dotted name.
    pub fn callee(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The fields.
    pub fn record(&self) -> Option<RecordExpr> {
        match nth_child(&self.0, 1)? {
            Expr::RecordExpr(record) => Some(record),
            _ => None,
        }
    }
}

impl ListExpr {
    /// The elements, in order.
    pub fn elements(&self) -> impl Iterator<Item = ListElement> {
        children(&self.0)
    }
}

impl ParenExpr {
    /// The value inside.
    pub fn inner(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl LambdaExpr {
    /// The parameters.
    pub fn parameters(&self) -> impl Iterator<Item = Name> {
        let list: Option<LambdaParameters> = child(&self.0);
        list.into_iter().flat_map(|list| list.names().collect::<Vec<_>>())
    }

    /// The value.
    pub fn body(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl LambdaParameters {
    /// The parameters.
    pub fn names(&self) -> impl Iterator<Item = Name> {
        children(&self.0)
    }
}

impl RateExpr {
    /// How many.
    pub fn amount(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// In how long.
    pub fn period(&self) -> Option<Expr> {
        nth_child(&self.0, 1)
    }

    /// For whom: `client`.
    pub fn scope(&self) -> Option<NameRef> {
        child(&self.0)
    }
}

impl SpanExpr {
    /// What stands before `within` or `over`.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// Whether the word is `over`, not `within`.
    pub fn is_over(&self) -> bool {
        has_token(&self.0, SyntaxKind::OverKeyword)
    }

    /// The duration.
    pub fn duration(&self) -> Option<Expr> {
        nth_child(&self.0, 1)
    }
}

impl PercentLiteral {
    /// The number before `%`.
    pub fn number(&self) -> Option<Literal> {
        child(&self.0)
    }
}
