//! APIs: properties, operations, parameters.

use chumsky::error::EmptyErr;

use super::expressions::{self, word_value};
use super::list::{List, Separator};
use super::names::{any_name, any_name_ref, colon, name, version};
use super::rule::{
    Ahead, Rule, alternatives, any_of, by_hand, finish, if_ahead, need, node, optional, position, problem,
    report, seq, take, token, token_where,
};
use super::{Problem, Rules, SyntaxKind as Kind, types};
use crate::brackets::is_method;

/// `api orders v1 { … }`
pub(super) fn api<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([
        token(Kind::ApiKeyword),
        name("a name for the API"),
        optional(version()),
        expressions::braces_due(block(rules), "`{`"),
    ]);
    node(Kind::ApiDecl, rule)
}

/// `{ properties, operations }`
pub(super) fn block<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let list = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element: member(rules),
        what: "a property or an operation",
        between: "properties",
        separator: Separator::CommaOrNewline,
    };
    node(Kind::PropertyBlock, list.rule())
}

/// `{ properties }` of an operation, a policy, a publication.
pub(super) fn properties<'t>(rules: &Rules<'t>) -> Rule<'t> {
    listed(property(rules))
}

/// `{ properties }` of an objective, where percentages may stand.
pub(super) fn objectives<'t>(rules: &Rules<'t>) -> Rule<'t> {
    listed(objective(rules))
}

fn listed<'t>(element: Rule<'t>) -> Rule<'t> {
    let list = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element,
        what: "a property such as `name: value`",
        between: "properties",
        separator: Separator::CommaOrNewline,
    };
    node(Kind::PropertyBlock, list.rule())
}

fn member<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let lacks_method = problem(Problem::Expected("a method such as `get` or `post`"));
    let methodless = operation(rules, lacks_method);
    let operation = operation(rules, token_where(is_method));
    let property = property(rules);
    let patch = node(Kind::OperationOverride, seq([any_name_ref(), properties(rules)]));
    by_hand(move |input| {
        let ahead = Ahead::of(input);
        let (first, next) = (ahead.nth(0), ahead.nth(1));
        let is_operation = next.is_word() || matches!(next, Kind::StringWhole | Kind::StringStart);
        if is_method(first) && is_operation {
            input.parse(&operation)
        } else if first.is_word() && matches!(next, Kind::StringWhole | Kind::StringStart) {
            input.parse(&methodless)
        } else if first.is_word() && next == Kind::LeftBrace {
            input.parse(&patch)
        } else {
            input.parse(&property)
        }
    })
}

/// `name: value`
fn property<'t>(rules: &Rules<'t>) -> Rule<'t> {
    named(value(rules, alternatives([word_value(), rules.expr.clone()])))
}

/// `success: 99.5% over 30d`
fn objective<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let number = node(Kind::Literal, any_of(&[Kind::Int, Kind::Decimal]));
    let percent = node(Kind::PercentLiteral, seq([number, token(Kind::Percent)]));
    let percent = if_ahead(is_percent, percent);
    named(value(rules, alternatives([percent, word_value(), rules.expr.clone()])))
}

fn named<'t>(value: Rule<'t>) -> Rule<'t> {
    node(Kind::Property, seq([any_name(), colon("`:` and a value"), need(value, "a value")]))
}

/// The value of a property: an expression, or one of the forms that stand in properties alone.
fn value<'t>(rules: &Rules<'t>, first: Rule<'t>) -> Rule<'t> {
    let operand = need(rules.expr.clone(), "a value");
    let duration = need(rules.expr.clone(), "a duration");
    let scope = any_name_ref();
    let record = rules.record.clone();
    by_hand(move |input| {
        let start = position(input);
        input.parse(&first)?;
        loop {
            let next = Ahead::of(input).nth(0);
            match next {
                Kind::PerKeyword => {
                    input.skip();
                    input.parse(&operand)?;
                    if take(input, Kind::PerKeyword) && input.parse(&scope).is_err() {
                        report(input, Problem::Expected("for whom, such as `client`"));
                    }
                    finish(input, Kind::RateExpr, start);
                }
                Kind::WithinKeyword | Kind::OverKeyword => {
                    input.skip();
                    input.parse(&duration)?;
                    finish(input, Kind::SpanExpr, start);
                }
                Kind::LeftBrace => {
                    input.parse(&record)?;
                    finish(input, Kind::ConstructorExpr, start);
                }
                _ => return Ok(()),
            }
        }
    })
}

/// A number and a `%` that nothing is divided by.
fn is_percent(ahead: Ahead<'_>) -> bool {
    matches!(ahead.nth(0), Kind::Int | Kind::Decimal)
        && ahead.nth(1) == Kind::Percent
        && matches!(
            ahead.nth(2),
            Kind::OverKeyword | Kind::WithinKeyword | Kind::Comma | Kind::Newline | Kind::RightBrace
        )
}

/// `post charge "/payments" (…) -> T { … }`
fn operation<'t>(rules: &Rules<'t>, method: Rule<'t>) -> Rule<'t> {
    let result = seq([super::names::arrow(), need(rules.ty.clone(), "a type")]);
    let rule = seq([
        method,
        need(any_name(), "a name for the operation"),
        need(path_template(), "a path such as `\"/orders/{id}\"`"),
        parameters_due(rules),
        optional(result),
        optional(properties(rules)),
    ]);
    node(Kind::Operation, rule)
}

/// `"/orders/{id}"`, `"{+url}"`: a string whose braces hold names of parameters.
pub(super) fn path_template<'t>() -> Rule<'t> {
    let word = node(Kind::NameExpr, any_name_ref());
    let rule = by_hand(move |input| {
        if take(input, Kind::StringWhole) {
            return Ok(());
        }
        if !take(input, Kind::StringStart) {
            return Err(EmptyErr::default());
        }
        loop {
            take(input, Kind::Plus);
            if Ahead::of(input).nth(0).is_word() {
                input.parse(&word)?;
            } else {
                report(input, Problem::Expected("the name of a parameter"));
            }
            if !matches!(Ahead::of(input).nth(0), Kind::StringMiddle | Kind::StringEnd) {
                report(input, Problem::ExpectedEnd("`}`"));
                super::rule::skip_until(input, None, |ahead| ahead.nth(0) == Kind::StringMiddle);
            }
            if !take(input, Kind::StringMiddle) {
                take(input, Kind::StringEnd);
                return Ok(());
            }
        }
    });
    node(Kind::StringLiteral, rule)
}

/// `(body order: Order, limit: int = 20)`
pub(super) fn parameters<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let place = if_ahead(
        |ahead| {
            let is_wire_name = ahead.nth(1) == Kind::AsKeyword
                && !matches!(ahead.nth(2), Kind::Colon | Kind::QuestionColon | Kind::AsKeyword);
            matches!(ahead.nth(0), Kind::BodyKeyword | Kind::HeaderKeyword)
                && ahead.nth(1).is_word()
                && !is_wire_name
        },
        token_where(|kind| matches!(kind, Kind::BodyKeyword | Kind::HeaderKeyword)),
    );
    let wire_name = super::names::wire_name(rules);
    let default = seq([token(Kind::Equal), need(rules.expr.clone(), "a value")]);
    let rule = seq([
        optional(place),
        any_name(),
        optional(wire_name.clone()),
        types::type_after_colon(rules),
        optional(wire_name),
        optional(types::where_clause(rules)),
        optional(default),
    ]);
    let list = List {
        open: Kind::LeftParen,
        close: Kind::RightParen,
        element: node(Kind::Parameter, rule),
        what: "a parameter",
        between: "parameters",
        separator: Separator::Comma,
    };
    node(Kind::ParameterList, list.rule())
}

/// The parameters after a name. Where they lack their parenthesis, what stands there is skipped.
pub(super) fn parameters_due<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let parameters = parameters(rules);
    by_hand(move |input| {
        if Ahead::of(input).nth(0) == Kind::LeftParen {
            return input.parse(&parameters);
        }
        report(input, Problem::Expected("the parameters in parentheses"));
        super::rule::skip_until(input, None, |ahead| {
            matches!(
                ahead.nth(0),
                Kind::Arrow | Kind::LeftBrace | Kind::Equal | Kind::Newline | Kind::WithinKeyword
            )
        });
        Ok(())
    })
}

/// `publish process_order@v1, @v2 at post "/orders" { … }`
pub(super) fn publish<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let first = super::names::version_use();
    let more = super::rule::many(seq([token(Kind::Comma), super::names::version_use()]));
    let versions = optional(seq([first, more]));
    let method = token_where(is_method);
    let rule = seq([
        token(Kind::PublishKeyword),
        need(super::names::name_ref(), "a workflow"),
        versions,
        need(token(Kind::AtKeyword), "`at`"),
        need(method, "a method such as `post`"),
        need(path_template(), "a path such as `\"/orders\"`"),
        optional(properties(rules)),
    ]);
    node(Kind::PublishDecl, rule)
}
