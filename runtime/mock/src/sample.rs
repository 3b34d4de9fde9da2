//! Sample data of a type: stable, readable, and as the type's conditions want it.

use std::cell::Cell;
use std::collections::BTreeSet;

use flow_plan::{Case, Field, FunctionId, Literal, Literals, Type, TypeId, Types, WireForm};
use flow_vm::Program;

use crate::{
    candidates, json,
    limits::{SAMPLE_DEPTH_MAX, SAMPLE_VALUES_MAX},
    sources::Sources,
    words::{self, Draw},
};

/// Makes the sample of one answer.
pub(crate) struct Sampler<'a> {
    /// Where the types and their conditions are.
    pub(crate) program: &'a Program,
    /// The mock's own URL.
    pub(crate) base: &'a str,
    /// The operation's name, which ids begin with.
    pub(crate) operation: &'a str,
    /// The number of the thing that the answer is about.
    pub(crate) number: u64,
    /// What the request says.
    pub(crate) sources: &'a Sources,
    /// What an explanation says.
    pub(crate) explanation: Option<String>,
    /// How many values were made.
    pub(crate) values: Cell<u32>,
}

/// The place of a value in its sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'a> {
    /// The name of the field, or of the list whose item it is.
    pub(crate) name: &'a str,
    /// The name of what has the field.
    owner: &'a str,
    /// Chooses among values.
    pub(crate) draw: Draw,
    /// Which one it is of its kind, from 1.
    pub(crate) number: u64,
    /// How many values it is inside of.
    depth: u32,
    /// Whether what the request says may stand here: not in lists, whose items are others.
    echoes: bool,
}

impl<'a> Spot<'a> {
    fn field(self, name: &'a str) -> Self {
        Self { name, owner: self.name, draw: self.draw.of(name), depth: self.depth + 1, ..self }
    }

    fn item(self, number: u64) -> Self {
        Self { draw: self.draw.nth(number), number, depth: self.depth + 1, echoes: false, ..self }
    }

    /// The same place, with another choice.
    pub(crate) fn varied(self, variant: u64) -> Self {
        Self { draw: self.draw.variant(variant), ..self }
    }
}

/// Sample data of a type of a program's plan, as JSON: the same each time. The name says what it is a sample of.
pub fn sample(program: &Program, ty: TypeId, name: &str) -> String {
    let sources = Sources::default();
    let sampler = Sampler {
        program,
        base: "http://sample.invalid/",
        operation: "sample",
        number: 1,
        sources: &sources,
        explanation: None,
        values: Cell::new(0),
    };
    let draw = Draw::new(0).of(name);
    sampler.value(ty, Spot { name, owner: "", draw, number: 1, depth: 0, echoes: false })
}

impl<'a> Sampler<'a> {
    /// The JSON text of a value of the type.
    pub(crate) fn whole(&self, ty: TypeId, draw: Draw) -> String {
        let spot = Spot { name: "", owner: "", draw, number: self.number, depth: 0, echoes: true };
        self.value(ty, spot)
    }

    pub(crate) fn types(&self) -> &'a Types {
        &self.program.plan().types
    }

    /// The JSON text of a value of the type, for the place.
    pub(crate) fn value(&self, ty: TypeId, spot: Spot<'_>) -> String {
        match self.program.plan().boundary(ty).and_then(|boundary| boundary.check) {
            Some(check) => candidates::first(self, ty, spot, check),
            None => self.bare(ty, spot),
        }
    }

    /// The JSON text of a value of the type, whatever the condition on the whole type says.
    pub(crate) fn bare(&self, ty: TypeId, spot: Spot<'_>) -> String {
        let form = self.program.plan().boundary(ty).and_then(|boundary| boundary.form);
        self.values.set(self.values.get().saturating_add(1));
        match self.types().get(ty) {
            Type::Null | Type::Presence => "null".into(),
            Type::Bool => words::boolean(spot.name).to_string(),
            Type::Int => words::int(spot.name, spot.number, spot.draw),
            Type::Float => words::float(spot.draw).into(),
            Type::Decimal if form.is_some() => json::quoted(words::decimal(spot.name, spot.draw)),
            Type::Decimal => words::decimal(spot.name, spot.draw).into(),
            Type::String => json::quoted(&self.text(spot)),
            Type::Bytes => json::quoted("c2FtcGxl"),
            Type::Duration => match form {
                Some(WireForm::Seconds) => "5".into(),
                Some(WireForm::Millis) => "5000".into(),
                Some(WireForm::Text) | None => json::quoted("PT5S"),
            },
            Type::Timestamp => json::quoted(words::MOMENT),
            Type::Date => json::quoted(words::DAY),
            Type::Uuid => json::quoted(&spot.draw.nth(spot.number).uuid()),
            Type::Url => json::quoted(&format!(
                "{}{}",
                self.base,
                if spot.name.is_empty() { "sample" } else { spot.name }
            )),
            Type::Json | Type::Error => "{}".into(),
            Type::Optional(_) if self.is_full(spot) || words::is_continuation(spot.name) => "null".into(),
            Type::Optional(inner) | Type::Secret(inner) => self.value(*inner, spot),
            Type::List(item) => self.list(*item, spot, 1 + spot.draw.below(2)),
            Type::Map(value) => self.map(*value, spot, 1),
            Type::Record(fields) => json::object(self.members(fields, spot)),
            Type::Literals(literals) => first_literal(literals),
            Type::Tagged { tag, cases, .. } => match self.case(ty, cases) {
                Some(case) => {
                    let tag = tag.iter().map(|tag| (tag.clone(), literal(&case.wire)));
                    let mut members: Vec<_> = tag.collect();
                    if let Type::Record(fields) = self.types().get(case.fields) {
                        members.extend(self.members(fields, spot));
                    }
                    json::object(members)
                }
                None => "{}".into(),
            },
        }
    }

    /// The case of a union that its sample is of: the first, or the one that ends soonest where that leads back to the
    /// union.
    fn case<'c>(&self, union: TypeId, cases: &'c [Case]) -> Option<&'c Case> {
        let first = cases.first()?;
        if !leads_back(self.types(), first.fields, union) {
            return Some(first);
        }
        let heights = heights(self.types());
        cases.iter().min_by_key(|case| heights.get(case.fields.index()).copied().unwrap_or(u32::MAX))
    }

    /// A list of so many items.
    pub(crate) fn list(&self, item: TypeId, spot: Spot<'_>, size: u64) -> String {
        let size = if self.is_full(spot) { 0 } else { size };
        let items: Vec<String> = (1..=size).map(|number| self.value(item, spot.item(number))).collect();
        json::list(&items)
    }

    /// A map of so many entries.
    pub(crate) fn map(&self, value: TypeId, spot: Spot<'_>, size: u64) -> String {
        let size = if self.is_full(spot) { 0 } else { size };
        json::object((1..=size).map(|number| (format!("key-{number}"), self.value(value, spot.item(number)))))
    }

    /// Whether the sample is large enough; whatever can then be empty is.
    fn is_full(&self, spot: Spot<'_>) -> bool {
        spot.depth >= SAMPLE_DEPTH_MAX || self.values.get() >= SAMPLE_VALUES_MAX
    }

    fn members(&self, fields: &[Field], spot: Spot<'_>) -> Vec<(String, String)> {
        fields
            .iter()
            .filter_map(|field| {
                let value = self.field(field, spot.field(&field.name));
                // A member that may be absent is left out when it is null.
                (!field.optional || value != "null").then(|| (field.wire.clone(), value))
            })
            .collect()
    }

    fn field(&self, field: &Field, spot: Spot<'_>) -> String {
        if spot.echoes && !self.holds_secrets(field.ty, 0) {
            let echoed = self.sources.find(&field.wire, &field.name).find_map(|raw| {
                let text = self.normal(field.ty, raw.get())?;
                field.check.is_none_or(|check| self.holds(check, &text)).then_some(text)
            });
            if let Some(text) = echoed {
                return text;
            }
        }
        match field.check {
            Some(check) => candidates::first(self, field.ty, spot, check),
            None => self.value(field.ty, spot),
        }
    }

    fn text(&self, spot: Spot<'_>) -> String {
        if words::is_explanation(spot.name)
            && let Some(explanation) = &self.explanation
        {
            return explanation.clone();
        }
        if !words::is_id(spot.name) {
            return words::text(spot.name, spot.number, spot.draw);
        }
        let counted = words::counted(spot.name).unwrap_or_else(|| match spot.owner {
            "" => self.operation.to_owned(),
            owner => words::singular(owner),
        });
        format!("{counted}-{}", spot.number)
    }

    /// The text as the type writes it, if it is of the type: without members that the type does not have.
    fn normal(&self, ty: TypeId, json: &str) -> Option<String> {
        String::from_utf8(self.program.normal_value(ty, json.as_bytes()).ok()?).ok()
    }

    /// Whether a value of the type may hold what was a secret of the request, by the names of its fields.
    fn holds_secrets(&self, ty: TypeId, depth: u32) -> bool {
        let inside = |ty| self.holds_secrets(ty, depth + 1);
        let named = |field: &Field| {
            words::is_sensitive(&field.name) || words::is_sensitive(&field.wire) || inside(field.ty)
        };
        match self.types().get(ty) {
            _ if depth > SAMPLE_DEPTH_MAX => false,
            Type::Secret(_) => true,
            Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => inside(*inner),
            Type::Record(fields) => fields.iter().any(named),
            Type::Tagged { cases, .. } => cases.iter().any(|case| inside(case.fields)),
            _ => false,
        }
    }

    /// Whether a condition is true of a value.
    pub(crate) fn holds(&self, check: FunctionId, json: &str) -> bool {
        holds(self.program, check, json.as_bytes())
    }
}

/// Whether a condition is true of a JSON text. One that fails is not.
pub(crate) fn holds(program: &Program, check: FunctionId, json: &[u8]) -> bool {
    program.evaluate(check, &[json.to_vec()]).is_ok_and(|answer| answer == b"true")
}

/// What a sample of a type has to hold: lists, maps and values that may be null can be empty.
fn due_parts(types: &Types, ty: TypeId) -> Vec<TypeId> {
    match types.get(ty) {
        Type::Secret(inner) => vec![*inner],
        Type::Record(fields) => fields.iter().map(|field| field.ty).collect(),
        Type::Tagged { cases, .. } => cases.iter().map(|case| case.fields).collect(),
        _ => Vec::new(),
    }
}

/// Whether a sample of one type may have to hold one of the other.
fn leads_back(types: &Types, from: TypeId, to: TypeId) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(ty) = next.pop() {
        if ty == to {
            return true;
        }
        if seen.insert(ty) {
            next.extend(due_parts(types, ty));
        }
    }
    false
}

/// How many values stand inside of each other at least in a value of each type; the greatest number where there is no
/// such value.
fn heights(types: &Types) -> Vec<u32> {
    let mut heights = vec![u32::MAX; types.0.len()];
    loop {
        let mut changed = false;
        for id in (0..).map(TypeId).take(types.0.len()) {
            let parts = due_parts(types, id);
            let of = |part: &TypeId| heights.get(part.index()).copied().unwrap_or(u32::MAX);
            let inside = match types.get(id) {
                Type::Tagged { .. } => parts.iter().map(of).min(),
                _ => parts.iter().map(of).max(),
            };
            let height = inside.map_or(0, |inside| inside.saturating_add(1));
            if let Some(known) = heights.get_mut(id.index())
                && height < *known
            {
                *known = height;
                changed = true;
            }
        }
        if !changed {
            return heights;
        }
    }
}

fn first_literal(literals: &Literals) -> String {
    literals.values.first().map_or_else(|| "null".into(), literal)
}

/// The JSON text of a literal.
pub(crate) fn literal(literal: &Literal) -> String {
    match literal {
        Literal::String(text) => json::quoted(text),
        Literal::Int(int) => int.to_string(),
        Literal::Bool(bool) => bool.to_string(),
    }
}
