//! Brackets and what stands in them: on one line if it fits, otherwise an element a line.

use flow_syntax::{SyntaxKind as Kind, SyntaxNode};

use super::Layout;
use crate::document::Doc;
use crate::kept::{self, Unit};
use crate::parts::{Part, first, parts};

/// How the elements of a list are separated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Separator {
    /// There is one element, and no comma.
    None,
    /// Commas; one after the last where each has its line.
    Comma,
    /// Commas on one line, else line ends.
    Entry,
    /// Commas; none after an arm that is a block and has its line.
    Arm,
}

/// When a list goes over several lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Breaks {
    /// When it does not fit on one.
    IfTooLong,
    /// Always, unless it is empty.
    Always,
}

/// The bracketed list that parts begin with: from the opening to the closing bracket.
pub(super) fn ahead<'p, 't>(parts: &'p [Part<'t>]) -> Option<&'p [Part<'t>]> {
    let close = match parts.first()? {
        Part::Token(token) => match token.kind() {
            Kind::LeftParen => Kind::RightParen,
            Kind::LeftBracket => Kind::RightBracket,
            Kind::LeftBrace => Kind::RightBrace,
            _ => return None,
        },
        Part::Node(_) => return None,
    };
    let end = parts.iter().position(|part| part.kind() == close)?;
    parts.get(..=end)
}

impl<'t> Layout<'t> {
    /// A list, brackets included.
    pub(super) fn list(&self, node: &'t SyntaxNode, list: &[Part<'t>]) -> Doc<'t> {
        let [open, inner @ .., close] = list else { return Doc::Nil };
        let in_braces = open.kind() == Kind::LeftBrace;
        let elements: Vec<Part<'t>> =
            inner.iter().copied().filter(|part| part.kind() != Kind::Comma).collect();
        if elements.is_empty() {
            return self.empty(*open, *close, if in_braces { Doc::Space } else { Doc::Nil });
        }
        if node.kind() == Kind::MapType {
            return self.map_type(node, *open, inner, *close);
        }
        let breaks = self.breaks(node, &elements);
        if kept::holds_units(node.kind()) {
            let units = kept::units(inner, &self.kept, self.text);
            return self.section(*open, &units, *close, breaks);
        }
        if !in_braces && self.hugs(&elements, *close) {
            let element = elements.first().map_or(Doc::Nil, |element| self.element(node, *element));
            return Doc::Concat(vec![self.part(*open), element, self.part(*close)]);
        }
        let separator = separator(node.kind());
        let last_comma = match separator {
            Separator::None => Doc::Nil,
            Separator::Comma if keeps_comma(node, inner) => Doc::Text(","),
            Separator::Comma => Doc::IfBroken { broken: ",", flat: "" },
            Separator::Entry => Doc::Nil,
            Separator::Arm => Doc::IfBroken { broken: ",", flat: "" },
        };
        let is_fill = !in_braces && elements.len() > 1 && elements.iter().all(|element| is_short(*element));
        let line = Doc::Line { flat: if in_braces { " " } else { "" }, blank: false };
        let mut docs = vec![self.opening(elements.first().copied(), breaks, line.clone())];
        let mut contents = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let next = elements.get(index + 1);
            if index > 0 {
                contents.push(self.separating(*element, breaks));
            }
            let comma = match next {
                None if separator == Separator::Arm && ends_with_block(*element) => Doc::Nil,
                None => last_comma.clone(),
                Some(_) if separator == Separator::Entry => Doc::IfBroken { broken: "", flat: "," },
                Some(_) if separator == Separator::Arm && ends_with_block(*element) => {
                    Doc::IfBroken { broken: "", flat: "," }
                }
                Some(_) => Doc::Text(","),
            };
            contents.push(Doc::Concat(vec![self.element(node, *element), comma]));
        }
        docs.push(if is_fill { Doc::Fill(contents) } else { Doc::Concat(contents) });
        self.bracketed(*open, docs, *close, breaks, line)
    }

    /// A section of units: entries, properties, operations.
    fn section(&self, open: Part<'t>, units: &[Unit<'t>], close: Part<'t>, breaks: Breaks) -> Doc<'t> {
        let mut docs = Vec::new();
        for (index, unit) in units.iter().enumerate() {
            let start = match unit {
                Unit::Laid(node) => Part::Node(node),
                Unit::Kept { first, .. } => Part::Token(first),
            };
            docs.push(if index == 0 {
                self.opening(Some(start), breaks, Doc::LINE)
            } else {
                self.separating(start, breaks)
            });
            docs.push(self.unit(unit));
            if let Some(next) = units.get(index + 1) {
                let needs_comma = matches!(next, Unit::Laid(node) if goes_on(node));
                let comma = if needs_comma { "," } else { "" };
                docs.push(Doc::IfBroken { broken: comma, flat: "," });
            }
        }
        self.bracketed(open, docs, close, breaks, Doc::LINE)
    }

    /// A unit: laid out, or kept as it stands.
    pub(super) fn unit(&self, unit: &Unit<'t>) -> Doc<'t> {
        match unit {
            Unit::Laid(node) => self.node(node),
            Unit::Kept { range, .. } => Doc::Kept(self.slice(range.start, range.end)),
        }
    }

    /// Brackets around what is indented, with the comments before the closing one.
    fn bracketed(
        &self,
        open: Part<'t>,
        mut docs: Vec<Doc<'t>>,
        close: Part<'t>,
        breaks: Breaks,
        line: Doc<'t>,
    ) -> Doc<'t> {
        docs.push(self.comments_before_close(close));
        let line = if breaks == Breaks::Always { Doc::Hard { blank: false } } else { line };
        let docs = vec![self.part(open), Doc::indent(Doc::Concat(docs)), line, self.part(close)];
        Doc::group(Doc::Concat(docs))
    }

    /// Comments before a closing bracket; nothing where there are none.
    pub(super) fn comments_before_close(&self, close: Part<'t>) -> Doc<'t> {
        match self.gap(close, Doc::Nil) {
            Doc::Comments { comments, .. } => Doc::Comments { comments, blank_after: false },
            other => other,
        }
    }

    /// Brackets that hold nothing but comments.
    pub(super) fn empty(&self, open: Part<'t>, close: Part<'t>, flat: Doc<'t>) -> Doc<'t> {
        if !self.has_comments_before(close) {
            return Doc::Concat(vec![self.part(open), flat, self.part(close)]);
        }
        let comments = without_first_blank(self.comments_before_close(close));
        let docs = vec![self.part(open), Doc::indent(comments), Doc::Hard { blank: false }, self.part(close)];
        Doc::Concat(docs)
    }

    /// What stands between the opening bracket and the first element.
    fn opening(&self, element: Option<Part<'t>>, breaks: Breaks, line: Doc<'t>) -> Doc<'t> {
        let line = if breaks == Breaks::Always { Doc::Hard { blank: false } } else { line };
        match element {
            Some(element) => without_first_blank(self.gap(element, line)),
            None => line,
        }
    }

    /// What stands between an element and the one before it, after the comma.
    fn separating(&self, element: Part<'t>, breaks: Breaks) -> Doc<'t> {
        let blank = self.is_after_blank(element);
        let line = match breaks {
            Breaks::Always => Doc::Hard { blank },
            Breaks::IfTooLong => Doc::Line { flat: " ", blank },
        };
        self.gap(element, line)
    }

    fn element(&self, node: &'t SyntaxNode, element: Part<'t>) -> Doc<'t> {
        match element {
            // What stands alone in its parentheses needs no step of its own.
            Part::Node(expr) if node.kind() == Kind::ParenExpr && expr.kind() == Kind::BinaryExpr => {
                self.binary(expr, super::Rest::Aligned)
            }
            Part::Node(ty) if node.kind() == Kind::ParenType && ty.kind() == Kind::UnionType => {
                self.alternatives(ty, super::Rest::Aligned)
            }
            element => self.part(element),
        }
    }

    /// Whether the only element takes the brackets' place: `f({ … })`.
    fn hugs(&self, elements: &[Part<'t>], close: Part<'t>) -> bool {
        let [only] = elements else { return false };
        is_huggable(*only) && !self.has_comments_before(*only) && !self.has_comments_before(close)
    }

    fn breaks(&self, node: &SyntaxNode, elements: &[Part<'t>]) -> Breaks {
        let parent = node.parent().map(|parent| parent.kind());
        let always = match (node.kind(), parent) {
            (Kind::PropertyBlock, Some(Kind::ObjectiveDecl | Kind::OperationOverride)) => false,
            (Kind::PropertyBlock, Some(Kind::Operation)) => elements.len() > 1,
            (Kind::ConfigDecl | Kind::PropertyBlock, _) => true,
            (Kind::MatchExpr | Kind::ParallelExpr | Kind::RaceExpr, _) => {
                elements.len() > ON_ONE_LINE_MAX || elements.iter().any(|element| holds_block(*element))
            }
            _ => false,
        };
        if always { Breaks::Always } else { Breaks::IfTooLong }
    }
}

fn separator(kind: Kind) -> Separator {
    match kind {
        Kind::ParenExpr | Kind::ParenType | Kind::ListType | Kind::IndexExpr | Kind::LambdaParameters => {
            Separator::None
        }
        Kind::ParallelExpr | Kind::RaceExpr => Separator::Entry,
        Kind::MatchExpr => Separator::Arm,
        _ => Separator::Comma,
    }
}

/// Comments without an empty line before them: nothing stands above.
pub(super) fn without_first_blank(doc: Doc<'_>) -> Doc<'_> {
    match doc {
        Doc::Comments { mut comments, blank_after } => {
            if let Some(first) = comments.first_mut() {
                first.blank_before = false;
            }
            Doc::Comments { comments, blank_after }
        }
        other => other,
    }
}

/// Whether a node has a block, arms or branches in it, which want lines of their own.
pub(super) fn holds_block(part: Part<'_>) -> bool {
    let Some(node) = part.into_node() else { return false };
    node.descendants().any(|node| match node.kind() {
        Kind::Block => node.children().next().is_some(),
        Kind::MatchExpr | Kind::ParallelExpr | Kind::RaceExpr => true,
        _ => false,
    })
}

/// Whether an element can stand directly in its brackets over several lines.
fn is_huggable(part: Part<'_>) -> bool {
    match part.kind() {
        Kind::RecordExpr
        | Kind::ListExpr
        | Kind::ConstructorExpr
        | Kind::MatchExpr
        | Kind::ParallelExpr
        | Kind::RaceExpr
        | Kind::RecordType
        | Kind::ListType
        | Kind::RecordPattern => true,
        Kind::StringLiteral => part.into_node().is_some_and(|node| node.to_string().contains('\n')),
        Kind::Argument | Kind::LambdaExpr => {
            let value = part.into_node().and_then(|node| node.children().last());
            value.is_some_and(|value| is_huggable(Part::Node(value)))
        }
        _ => false,
    }
}

/// Whether an element is a number, a short word or the like: several of them share a line.
fn is_short(part: Part<'_>) -> bool {
    matches!(part.kind(), Kind::Literal | Kind::PrefixExpr)
        && part.into_node().is_some_and(|node| u32::from(node.text_range().len()) <= SHORT_MAX)
}

/// Arms and branches that may share a line.
const ON_ONE_LINE_MAX: usize = 2;

/// Bytes of an element that shares its line with others.
const SHORT_MAX: u32 = 12;

/// Whether a comma makes the difference between a record and a block: `{ a, }` in an arm or a branch.
fn keeps_comma(node: &SyntaxNode, inner: &[Part<'_>]) -> bool {
    let [Part::Node(field), Part::Token(_)] = inner else { return false };
    if node.kind() != Kind::RecordExpr || field.kind() != Kind::RecordField || parts(field).len() > 1 {
        return false;
    }
    let start = node.text_range().start();
    let mut outer = node.parent();
    while let Some(around) = outer {
        if matches!(around.kind(), Kind::MatchArm | Kind::Branch | Kind::CompensateClause) {
            return true;
        }
        if around.text_range().start() != start {
            return false;
        }
        outer = around.parent();
    }
    false
}

fn ends_with_block(element: Part<'_>) -> bool {
    let value = element.into_node().and_then(|node| node.children().last());
    value.is_some_and(|value| value.kind() == Kind::Block)
}

/// Whether a line that begins with a unit would go on the one before: `with { … }` for an operation of that name.
fn goes_on(unit: &SyntaxNode) -> bool {
    unit.kind() == Kind::OperationOverride
        && first(Part::Node(unit)).is_some_and(|token| Kind::of_word(token.text()).is_reserved())
}
