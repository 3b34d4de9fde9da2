//! Whether patterns cover every value of a type: which values no arm takes, and which arms take none that is left.
//!
//! A row is the patterns of one arm, a column the values of one place. The values of the first column are told
//! apart by what its type can be (null, a case, a literal …); what is left of the rows for each is looked at in
//! turn. After Maranget, "Warnings for pattern matching" (2007).

use std::sync::Arc;

use flow_hir::{LiteralKind, Pattern, PatternKind};

use crate::display;
use crate::types::{RecordField, Ty, TyKind, Types};

/// How many rows are looked at before nobody can tell: matches that are made to be slow.
const STEPS_MAX: usize = 1_000_000;

/// How many missing values are told.
const WITNESSES_MAX: usize = 64;

/// A pattern as far as coverage goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Takes everything.
    Any,
    /// Takes some values, and nothing is known of which: it covers nothing.
    Some,
    /// A literal, null among them.
    Literal(LiteralKind),
    /// A case, and patterns of fields by name.
    Case(Arc<str>, Vec<(Arc<str>, Shape)>),
    /// A record, and patterns of fields by name.
    Record(Vec<(Arc<str>, Shape)>),
    /// Any of them.
    Or(Vec<Shape>),
}

impl Shape {
    /// The shape of a pattern; what has been reported takes everything.
    pub(super) fn of(pattern: &Pattern) -> Self {
        let fields = |pattern: &flow_hir::RecordPattern| -> Vec<(Arc<str>, Self)> {
            pattern
                .fields
                .iter()
                .map(|field| (Arc::clone(&field.field.text), Self::of(&field.pattern)))
                .collect()
        };
        match &pattern.kind {
            PatternKind::Missing | PatternKind::Wildcard | PatternKind::Bind(_) => Self::Any,
            PatternKind::Literal(literal) => Self::Literal(literal.kind.clone()),
            PatternKind::Record(patterns) => Self::Record(fields(patterns)),
            PatternKind::Case { name, fields: patterns, .. } => {
                Self::Case(Arc::clone(&name.text), fields(patterns))
            }
            PatternKind::List { items, rest } if items.is_empty() && rest.is_some() => {
                Self::Record(Vec::new())
            }
            PatternKind::List { .. } => Self::Some,
            PatternKind::Or(alternatives) => Self::Or(alternatives.iter().map(Self::of).collect()),
        }
    }
}

/// One kind of value that a place can have.
#[derive(Clone, Debug)]
enum Head {
    Null,
    Literal(LiteralKind),
    Case(Arc<str>, Ty),
    Record,
    /// A value that no literal or case names.
    Other,
}

type Row = Vec<Shape>;

/// A head, and the fields that it opens as columns.
type Opened = (Head, Vec<RecordField>);

/// The search for what is not covered.
pub(super) struct Coverage<'t> {
    types: &'t Types,
    steps: usize,
}

impl<'t> Coverage<'t> {
    pub(super) fn new(types: &'t Types) -> Self {
        Self { types, steps: 0 }
    }

    /// Whether the search was given up: what it has found is so, and there may be more.
    pub(super) fn gave_up(&self) -> bool {
        self.steps > STEPS_MAX
    }

    /// Values of the type that no row takes, as patterns in the user's words.
    pub(super) fn missing(&mut self, rows: &[Shape], ty: Ty) -> Vec<String> {
        let rows = rows.iter().map(|shape| vec![shape.clone()]).collect();
        self.uncovered(rows, &[ty], true).into_iter().filter_map(|mut found| found.pop()).collect()
    }

    /// Whether a shape takes a value of the type that no row takes. In doubt it does.
    pub(super) fn takes_more(&mut self, rows: &[Shape], shape: &Shape, ty: Ty) -> bool {
        match shape {
            Shape::Or(shapes) => shapes.iter().any(|shape| self.takes_more(rows, shape, ty)),
            Shape::Any => !self.missing(rows, ty).is_empty() || self.gave_up(),
            Shape::Some => true,
            // A value that the shape takes is left over exactly where all other rows, and the shape, leave less.
            shape => {
                let rows: Vec<Row> = rows.iter().flat_map(|row| unfolded(vec![row.clone()])).collect();
                let left = self.only(shape, ty, &rows);
                left.is_none_or(|(head, tys)| {
                    let rows = self.specialised(&rows, &head);
                    !self.uncovered(rows, &tys, false).is_empty() || self.gave_up()
                })
            }
        }
    }

    /// The head of a shape whose inner patterns take everything, with the columns that it opens.
    fn only(&self, shape: &Shape, ty: Ty, rows: &[Row]) -> Option<(Opened, Vec<Ty>)> {
        let plain = |fields: &[(Arc<str>, Shape)]| fields.iter().all(|(_, shape)| *shape == Shape::Any);
        let head = match shape {
            Shape::Literal(LiteralKind::Null) => Head::Null,
            Shape::Literal(LiteralKind::Int(status)) if self.types.union(ty).is_some() => {
                let name: Arc<str> = Arc::from(status.to_string());
                let record = self.types.union(ty)?.case(&name)?.1.record;
                Head::Case(name, record)
            }
            Shape::Literal(literal) => Head::Literal(literal.clone()),
            Shape::Case(name, fields) if plain(fields) => {
                let union = self.types.union(ty)?;
                Head::Case(Arc::clone(name), union.case(name)?.1.record)
            }
            Shape::Record(fields) if plain(fields) => Head::Record,
            _ => return None,
        };
        let opened = self.opened(&head, self.types.without_null(ty), rows);
        let tys = opened.iter().map(|field| field.read(self.types)).collect();
        Some(((head, opened), tys))
    }

    /// What no row takes, one pattern for each column.
    fn uncovered(&mut self, rows: Vec<Row>, tys: &[Ty], top: bool) -> Vec<Vec<String>> {
        self.steps += rows.len() + 1;
        let Some((ty, others)) = tys.split_first() else {
            return if rows.is_empty() { vec![Vec::new()] } else { Vec::new() };
        };
        // A row that takes everything leaves nothing, however many cases there are.
        let takes_all = |row: &Row| row.iter().all(|shape| *shape == Shape::Any);
        if self.gave_up() || rows.iter().any(takes_all) {
            return Vec::new();
        }
        let rows: Vec<Row> = rows.into_iter().flat_map(unfolded).collect();
        let open = !rows.iter().any(|row| !matches!(row.first(), Some(Shape::Any) | None));
        if open && !(top && rows.is_empty()) {
            let rest = rows.into_iter().map(|row| row.into_iter().skip(1).collect()).collect();
            return before("_", self.uncovered(rest, others, false));
        }
        let mut found = Vec::new();
        for head in self.heads(*ty, &rows) {
            if found.len() >= WITNESSES_MAX || self.gave_up() {
                break;
            }
            let inner = self.types.without_null(*ty);
            let opened = self.opened(&head, inner, &rows);
            let head = (head, opened);
            let left = self.specialised(&rows, &head);
            let mut columns: Vec<Ty> = head.1.iter().map(|field| field.read(self.types)).collect();
            let width = columns.len();
            columns.extend(others);
            for witness in self.uncovered(left, &columns, false) {
                let (parts, rest) = witness.split_at_checked(width).unwrap_or((&[], &witness));
                let mut whole = vec![written(&head.0, &head.1, parts)];
                whole.extend_from_slice(rest);
                found.push(whole);
            }
        }
        found
    }

    /// All that a value of a type can be at first sight.
    fn heads(&self, ty: Ty, rows: &[Row]) -> Vec<Head> {
        let types = self.types;
        let mut heads = Vec::new();
        if types.is_nullable(ty) {
            heads.push(Head::Null);
        }
        match &*types.structure(types.without_null(ty)) {
            TyKind::Null => {}
            TyKind::Bool => heads.extend([true, false].map(|truth| Head::Literal(LiteralKind::Bool(truth)))),
            TyKind::Literals(literals) => {
                heads.extend(literals.members.iter().cloned().map(Head::Literal));
                heads.extend(literals.open.then_some(Head::Other));
            }
            TyKind::Union(union) => {
                heads.extend(union.cases.iter().map(|case| Head::Case(Arc::clone(&case.name), case.record)));
                heads.extend(union.open.then_some(Head::Other));
            }
            TyKind::Record(_) => heads.push(Head::Record),
            // A list is told apart by `[...xs]` alone, which takes every one.
            TyKind::List(_) if rows.iter().any(|row| matches!(row.first(), Some(Shape::Record(_)))) => {
                heads.push(Head::Record);
            }
            _ => heads.push(Head::Other),
        }
        heads
    }

    /// The fields of a head that some row looks into.
    fn opened(&self, head: &Head, ty: Ty, rows: &[Row]) -> Vec<RecordField> {
        let record = match head {
            Head::Case(_, record) => *record,
            Head::Record => ty,
            _ => return Vec::new(),
        };
        let looked_at = |name: &str| {
            rows.iter().any(|row| match (row.first(), head) {
                (Some(Shape::Case(case, fields)), Head::Case(of, _)) => {
                    case == of && fields.iter().any(|(field, _)| &**field == name)
                }
                (Some(Shape::Record(fields)), Head::Record) => {
                    fields.iter().any(|(field, _)| &**field == name)
                }
                _ => false,
            })
        };
        let fields = self.types.fields(record);
        let fields = fields.iter().flat_map(|fields| fields.iter());
        fields.filter(|field| looked_at(&field.name)).cloned().collect()
    }

    /// What is left of rows for values of a head: the columns that it opens, then the others.
    fn specialised(&mut self, rows: &[Row], head: &Opened) -> Vec<Row> {
        self.steps += rows.len();
        rows.iter().filter_map(|row| specialised(row, head)).collect()
    }
}

fn specialised(row: &Row, (head, opened): &Opened) -> Option<Row> {
    let (first, rest) = row.split_first()?;
    let inner = |fields: &[(Arc<str>, Shape)]| -> Row {
        opened
            .iter()
            .map(|field| {
                let given = fields.iter().find(|(name, _)| *name == field.name);
                given.map_or(Shape::Any, |(_, shape)| shape.clone())
            })
            .collect()
    };
    let mut columns = match (first, head) {
        (Shape::Any, _) => inner(&[]),
        (Shape::Literal(LiteralKind::Null), Head::Null) => Vec::new(),
        (Shape::Literal(given), Head::Literal(literal)) if given == literal => Vec::new(),
        (Shape::Case(given, fields), Head::Case(case, _)) if given == case => inner(fields),
        // A status without a name for its body.
        (Shape::Literal(LiteralKind::Int(status)), Head::Case(case, _)) if status.to_string() == **case => {
            inner(&[])
        }
        (Shape::Record(fields), Head::Record) => inner(fields),
        _ => return None,
    };
    columns.extend_from_slice(rest);
    Some(columns)
}

/// A row for each alternative of its first column.
fn unfolded(row: Row) -> impl Iterator<Item = Row> {
    let mut rows = Vec::new();
    let mut next = vec![row];
    while let Some(row) = next.pop() {
        match row.split_first() {
            Some((Shape::Or(shapes), rest)) => {
                for shape in shapes.iter().rev() {
                    let mut one = vec![shape.clone()];
                    one.extend_from_slice(rest);
                    next.push(one);
                }
            }
            _ => rows.push(row),
        }
    }
    rows.into_iter()
}

fn before(first: &str, found: Vec<Vec<String>>) -> Vec<Vec<String>> {
    found.into_iter().map(|rest| std::iter::once(first.to_owned()).chain(rest).collect()).collect()
}

/// A head and what is inside, as a pattern.
fn written(head: &Head, opened: &[RecordField], parts: &[String]) -> String {
    let fields: Vec<String> = opened
        .iter()
        .zip(parts)
        .filter(|(_, part)| *part != "_")
        .map(|(field, part)| format!("{}: {part}", field.name))
        .collect();
    let record = format!("{{ {} }}", fields.join(", "));
    match head {
        Head::Null => "null".into(),
        Head::Literal(literal) => display::literal(literal),
        Head::Case(name, _) if fields.is_empty() => name.to_string(),
        Head::Case(name, _) => format!("{name} {record}"),
        Head::Record if fields.is_empty() => "_".into(),
        Head::Record => record,
        Head::Other => "_".into(),
    }
}
