//! Types that contain themselves: what they are while they are being declared, which of them have no value, and which
//! have no end.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{Literal, LiteralKind, TypeDeclId, TypeRef, TypeRefKind, limits};
use flow_source::Span;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::checker::Checker;
use crate::types::{Ty, TyKind, Union};

/// Type arguments as written, and those of the declaration that they are written in.
#[derive(Clone, Copy)]
struct Written<'e> {
    arguments: &'e [TypeRef],
    outer: Option<&'e Written<'e>>,
}

/// A declared type that stands in another one.
struct Reference<'t> {
    to: TypeDeclId,
    arguments: &'t [TypeRef],
    span: Span,
}

impl Checker<'_> {
    /// What stands for a declaration while what it is made of is not known yet: a type of the same kind, by which `T?` and
    /// `secret T` are told. None for one that names itself and nothing else.
    pub(crate) fn stand_in(&self, decl: TypeDeclId) -> Option<Ty> {
        self.kind_of(&self.program.types[decl].ty, None, (decl, 0))
    }

    /// Reports `secret T` where `T` is being declared as one that may be null: what it holds beside null is not known yet.
    pub(crate) fn is_unknown_secret(&mut self, ty: Ty, span: Span) -> bool {
        let types = &self.typed.types;
        let (mut named, mut unfinished) = (ty, None);
        while let TyKind::Named(decl, arguments) = &*types.kind(named) {
            if self.declaring.contains(decl) {
                unfinished = Some(*decl);
                break;
            }
            named = types.stands_for(*decl, arguments);
        }
        let Some(decl) = unfinished.filter(|_| types.is_nullable(ty)) else { return false };
        let name = &self.program.types[decl].name.text;
        let message = format!("type `{name}` holds a secret of itself, and may be null itself");
        let help =
            format!("leave `?` out of the declaration of `{name}`, and write `{name}?` where it is used");
        self.report(Diagnostic::new(&codes::F0318, span, message).help(help));
        true
    }

    fn kind_of(
        &self,
        ty: &TypeRef,
        written: Option<&Written<'_>>,
        (start, depth): (TypeDeclId, usize),
    ) -> Option<Ty> {
        let types = &self.typed.types;
        let next = (start, depth + 1);
        if depth > limits::TYPE_DEPTH.max {
            // A chain of names that is too long is told as such; a circle in it, where one of its names begins.
            return Some(types.record(Vec::new()));
        }
        let inside = |ty: &TypeRef| self.kind_of(ty, written, next);
        Some(match &ty.kind {
            TypeRefKind::Named(decl, _) if *decl == start => return None,
            TypeRefKind::Named(decl, _) if types.declared.get(*decl) == Some(&Ty::ERROR) => Ty::ERROR,
            TypeRefKind::Named(decl, arguments) => {
                let inner = Written { arguments, outer: written };
                self.kind_of(&self.program.types[*decl].ty, Some(&inner), next)?
            }
            TypeRefKind::Parameter(position) => match written {
                Some(written) => match written.arguments.get(*position) {
                    Some(argument) => self.kind_of(argument, written.outer, next)?,
                    None => Ty::ERROR,
                },
                None => types.record(Vec::new()),
            },
            TypeRefKind::Optional(inner) => types.optional(inside(inner)?),
            TypeRefKind::Secret(inner) => types.secret(inside(inner)?),
            TypeRefKind::Encoded(inner, _) => inside(inner)?,
            TypeRefKind::List(_) => types.list(Ty::NULL),
            TypeRefKind::Map(_) => types.map(Ty::NULL),
            TypeRefKind::Tagged { tag, open, .. } => types.intern(TyKind::Union(
                Union { tag: tag.clone(), cases: Vec::new(), open: *open, held: false }.into(),
            )),
            TypeRefKind::Record(_) => types.record(Vec::new()),
            // These are made of no other type.
            TypeRefKind::Literals { members, .. } => match members.first().map(|Literal { kind, .. }| kind) {
                Some(LiteralKind::Null) => Ty::NULL,
                _ => Ty::BOOL,
            },
            TypeRefKind::Builtin(flow_hir::BuiltinType::Null) => Ty::NULL,
            TypeRefKind::Builtin(flow_hir::BuiltinType::Json) => Ty::JSON,
            TypeRefKind::Builtin(_) => Ty::BOOL,
            TypeRefKind::Missing => Ty::ERROR,
        })
    }

    /// Reports types that grow with each step into them, and types of which no value ends.
    pub(crate) fn check_recursive_types(&mut self) {
        self.check_growing_types();
        self.check_endless_types();
    }

    /// `type Nest<T> { inner: Nest<[T]>? }` is another type at each depth: there is no table of them all.
    fn check_growing_types(&mut self) {
        let program = self.program;
        let mut references: FxHashMap<TypeDeclId, Vec<Reference<'_>>> = FxHashMap::default();
        for (decl, declared) in program.types.iter() {
            let mut found = Vec::new();
            each_reference(&declared.ty, &mut found);
            references.insert(decl, found);
        }
        for (decl, declared) in program.types.iter().filter(|(_, declared)| !declared.params.is_empty()) {
            let own = references.get(&decl).map_or(&[][..], Vec::as_slice);
            let growing = own.iter().find(|reference| {
                reference.arguments.iter().any(grows) && leads_to(&references, reference.to, decl)
            });
            let Some(reference) = growing else { continue };
            let target = &program.types[reference.to];
            let params: Vec<&str> = target.params.iter().map(|param| &*param.text).collect();
            let message = format!("type `{}` is another type at each depth", declared.name.text);
            let help = format!(
                "type arguments may not grow on the way back: write `{}<{}>`",
                target.name.text,
                params.join(", ")
            );
            let diagnostic = Diagnostic::new(&codes::F0318, reference.span, message)
                .also(declared.name.span, "declared here")
                .help(help);
            self.report(diagnostic);
            self.typed.types.declared.insert(decl, Ty::ERROR);
        }
    }

    /// `type A { a: A }`: each value would hold another one.
    fn check_endless_types(&mut self) {
        let program = self.program;
        let mut ending: FxHashSet<TypeDeclId> = FxHashSet::default();
        // In turns from the first and from the last: types that hold the next, or the one before, take two rounds.
        let mut order: Vec<TypeDeclId> = program.types.indices().collect();
        loop {
            let before = ending.len();
            order.reverse();
            for decl in order.iter().copied() {
                let ty = self.typed.types.declared.get(decl).copied().unwrap_or(Ty::ERROR);
                if !ending.contains(&decl) && self.endless_part(ty, &ending, &mut Search::default()).is_none()
                {
                    ending.insert(decl);
                }
            }
            if ending.len() == before {
                break;
            }
        }
        let mut told: FxHashSet<TypeDeclId> = FxHashSet::default();
        let mut walked: FxHashSet<TypeDeclId> = FxHashSet::default();
        for decl in program.types.indices().filter(|decl| !ending.contains(decl)) {
            if !walked.insert(decl) {
                continue;
            }
            let mut path = vec![decl];
            let circle = loop {
                let Some(last) = path.last().copied() else { break 0 };
                let ty = self.typed.types.declared.get(last).copied().unwrap_or(Ty::ERROR);
                let Some(next) = self.endless_part(ty, &ending, &mut Search::default()) else {
                    break path.len();
                };
                if let Some(start) = path.iter().position(|known| *known == next) {
                    break start;
                }
                if !walked.insert(next) {
                    break path.len();
                }
                path.push(next);
            };
            let circle = path.split_off(circle);
            if circle.is_empty() || circle.iter().any(|decl| !told.insert(*decl)) {
                continue;
            }
            self.report_endless(&circle);
        }
        told.into_iter().for_each(|decl| {
            self.typed.types.declared.insert(decl, Ty::ERROR);
        });
    }

    /// The declared type for which a value of a type never ends; none where it may end.
    fn endless_part(
        &self,
        ty: Ty,
        ending: &FxHashSet<TypeDeclId>,
        search: &mut Search,
    ) -> Option<TypeDeclId> {
        if let Some(known) = search.known.get(&ty) {
            return *known;
        }
        let outer = std::mem::replace(&mut search.reached, usize::MAX);
        let endless = self.endless_part_of(ty, ending, search);
        // One that ends does so whatever is open; one that does not may only seem so to what it leads back to.
        if endless.is_none() || search.reached >= search.open.len() {
            search.known.insert(ty, endless);
        }
        search.reached = search.reached.min(outer);
        endless
    }

    fn endless_part_of(
        &self,
        ty: Ty,
        ending: &FxHashSet<TypeDeclId>,
        search: &mut Search,
    ) -> Option<TypeDeclId> {
        let types = &self.typed.types;
        match &*types.kind(ty) {
            TyKind::Named(decl, arguments) if arguments.is_empty() => {
                (!ending.contains(decl)).then_some(*decl)
            }
            TyKind::Named(decl, arguments) => {
                if let Some(place) = search.open.iter().position(|open| *open == ty) {
                    search.reached = place;
                    return Some(*decl);
                }
                search.open.push(ty);
                let inside = types.stands_for(*decl, arguments);
                let endless = flow_hir::deeper(|| self.endless_part(inside, ending, search));
                search.open.pop();
                endless
            }
            TyKind::Secret(inner) | TyKind::Encoded(inner, _) => self.endless_part(*inner, ending, search),
            TyKind::Record(fields) => fields
                .iter()
                .filter(|field| !field.optional)
                .find_map(|field| self.endless_part(field.ty, ending, search)),
            TyKind::Union(union) if union.open => None,
            TyKind::Union(union) => {
                let mut first = None;
                for case in &union.cases {
                    let endless = self.endless_part(case.record, ending, search)?;
                    first = first.or(Some(endless));
                }
                first
            }
            _ => None,
        }
    }

    fn report_endless(&mut self, circle: &[TypeDeclId]) {
        let name = |decl: &TypeDeclId| &self.program.types[*decl].name;
        let Some((first, others)) = circle.split_first() else { return };
        let message = match others {
            [] => format!("each `{0}` holds another `{0}`, without end", name(first).text),
            _ => {
                let others: Vec<String> =
                    others.iter().map(|decl| format!("a `{}`", name(decl).text)).collect();
                let text = &name(first).text;
                format!(
                    "each `{text}` holds {}, which holds another `{text}`, without end",
                    others.join(", which holds ")
                )
            }
        };
        let mut diagnostic = Diagnostic::new(&codes::F0318, name(first).span, message);
        for decl in others {
            diagnostic = diagnostic.also(name(decl).span, "in the same circle");
        }
        let help = format!(
            "let it end: a field that may be null (`{0}?`), a list (`[{0}]`), or a union with a case without it",
            name(first).text
        );
        let next = others.first().unwrap_or(first);
        let edit = self
            .held_directly(*first, *next)
            .map(|end| Edit::guess("let it be null", vec![Change::insert(end.file, end.end, "?")]));
        self.report(diagnostic.help(help).mend(edit));
    }

    /// The field by which a declared record holds another declared type.
    fn held_directly(&self, holder: TypeDeclId, held: TypeDeclId) -> Option<Span> {
        let TypeRefKind::Record(fields) = &self.program.types[holder].ty.kind else { return None };
        let holds = |ty: &TypeRef| matches!(ty.kind, TypeRefKind::Named(decl, _) if decl == held);
        fields.iter().find(|field| !field.optional && holds(&field.ty)).map(|field| field.ty.span)
    }
}

/// What is known while one declared type is looked into: each type in it is looked into once.
#[derive(Default)]
struct Search {
    known: FxHashMap<Ty, Option<TypeDeclId>>,
    /// The generic types that are being looked into, the innermost last.
    open: Vec<Ty>,
    /// The outermost of them that was come back to.
    reached: usize,
}

/// Every declared type that stands in a type as written.
fn each_reference<'t>(ty: &'t TypeRef, found: &mut Vec<Reference<'t>>) {
    match &ty.kind {
        TypeRefKind::Optional(inner)
        | TypeRefKind::List(inner)
        | TypeRefKind::Map(inner)
        | TypeRefKind::Secret(inner)
        | TypeRefKind::Encoded(inner, _) => each_reference(inner, found),
        TypeRefKind::Named(to, arguments) => {
            found.push(Reference { to: *to, arguments, span: ty.span });
            arguments.iter().for_each(|argument| each_reference(argument, found));
        }
        TypeRefKind::Tagged { cases, .. } => {
            cases.iter().for_each(|case| each_reference(&case.record, found));
        }
        TypeRefKind::Record(fields) => fields.iter().for_each(|field| each_reference(&field.ty, found)),
        _ => {}
    }
}

/// Whether a type argument wraps a type parameter: what it stands for is larger.
fn grows(argument: &TypeRef) -> bool {
    fn holds_parameter(ty: &TypeRef) -> bool {
        match &ty.kind {
            TypeRefKind::Parameter(_) => true,
            TypeRefKind::Optional(inner)
            | TypeRefKind::List(inner)
            | TypeRefKind::Map(inner)
            | TypeRefKind::Secret(inner)
            | TypeRefKind::Encoded(inner, _) => holds_parameter(inner),
            TypeRefKind::Named(_, arguments) => arguments.iter().any(holds_parameter),
            TypeRefKind::Tagged { cases, .. } => cases.iter().any(|case| holds_parameter(&case.record)),
            TypeRefKind::Record(fields) => fields.iter().any(|field| holds_parameter(&field.ty)),
            _ => false,
        }
    }
    !matches!(argument.kind, TypeRefKind::Parameter(_)) && holds_parameter(argument)
}

/// Whether one declaration leads to another.
fn leads_to(
    references: &FxHashMap<TypeDeclId, Vec<Reference<'_>>>,
    from: TypeDeclId,
    to: TypeDeclId,
) -> bool {
    let (mut seen, mut next) = (FxHashSet::default(), vec![from]);
    while let Some(decl) = next.pop() {
        if decl == to {
            return true;
        }
        if seen.insert(decl) {
            next.extend(references.get(&decl).into_iter().flatten().map(|reference| reference.to));
        }
    }
    false
}
