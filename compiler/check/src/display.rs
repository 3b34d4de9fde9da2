//! Types in the user's words.

use flow_hir::{ErrorRef, LiteralKind, Program};

use crate::types::{Case, Ty, TyKind, Types};

/// How many fields of a record, or members of a union, are written before the rest is `…`.
const SHOWN_MAX: usize = 6;

/// Writes a type as a user would; declared types by their names.
pub(crate) fn words(program: &Program, types: &Types, ty: Ty) -> String {
    let of = |ty: Ty| words(program, types, ty);
    match &*types.kind(ty) {
        TyKind::Error => "unknown".into(),
        TyKind::Never => "never".into(),
        TyKind::Null => "null".into(),
        TyKind::Bool => "bool".into(),
        TyKind::Int => "int".into(),
        TyKind::Decimal => "decimal".into(),
        TyKind::Float => "float".into(),
        TyKind::String => "string".into(),
        TyKind::Bytes => "bytes".into(),
        TyKind::Duration => "duration".into(),
        TyKind::Timestamp => "timestamp".into(),
        TyKind::Date => "date".into(),
        TyKind::Uuid => "uuid".into(),
        TyKind::Url => "url".into(),
        TyKind::Json => "json".into(),
        TyKind::Range => "range".into(),
        TyKind::Trace => "trace".into(),
        TyKind::AnyError => "error".into(),
        TyKind::Optional(inner) => match &*types.kind(*inner) {
            TyKind::Literals(_) | TyKind::Union(_) => format!("({})?", of(*inner)),
            _ => format!("{}?", of(*inner)),
        },
        TyKind::List(inner) => format!("[{}]", of(*inner)),
        TyKind::Map(inner) => format!("{{string: {}}}", of(*inner)),
        TyKind::Secret(inner) => format!("secret {}", of(*inner)),
        TyKind::Named(decl, arguments) if arguments.is_empty() => program.types[*decl].name.text.to_string(),
        TyKind::Named(decl, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(|argument| of(*argument)).collect();
            format!("{}<{}>", program.types[*decl].name.text, arguments.join(", "))
        }
        TyKind::Encoded(inner, encoding) => format!("{} encoded {}", of(*inner), encoding.name()),
        TyKind::Parameter(_, name) => name.to_string(),
        TyKind::Union(union) if union.is_by_status() => {
            let body =
                |case: &Case| types.field(case.record, "body").map_or(Ty::ERROR, |(_, field)| field.ty);
            let cases: Vec<String> =
                union.cases.iter().map(|case| format!("{}: {}", case.name, of(body(case)))).collect();
            format!("{{ {} }}", cases.join(", "))
        }
        TyKind::Union(union) => {
            let shown = union.cases.iter().take(SHOWN_MAX);
            let mut parts: Vec<String> = shown
                .map(|case| match union.held {
                    true => format!("{} {}", case.name, of(case.record)),
                    false => case.name.to_string(),
                })
                .collect();
            if union.cases.len() > SHOWN_MAX {
                parts.push("…".into());
            }
            if union.open {
                parts.push("...".into());
            }
            parts.join(" | ")
        }
        TyKind::Callback(answer) => format!("callback<{}>", words(program, types, *answer)),
        TyKind::Run(workflow) => format!("execution of {}", program.workflows[*workflow].name.text),
        TyKind::ErrorValue(error) => error_name(program, *error),
        TyKind::Literals(literals) => {
            let mut parts: Vec<String> = literals.members.iter().take(SHOWN_MAX).map(literal).collect();
            if literals.members.len() > SHOWN_MAX {
                parts.push("…".into());
            }
            if literals.open {
                parts.push("...".into());
            }
            parts.join(" | ")
        }
        TyKind::Record(fields) if fields.is_empty() => "{ }".into(),
        TyKind::Record(fields) => {
            let mut parts: Vec<String> = fields
                .iter()
                .take(SHOWN_MAX)
                .map(|field| {
                    format!("{}{}: {}", field.name, if field.optional { "?" } else { "" }, of(field.ty))
                })
                .collect();
            if fields.len() > SHOWN_MAX {
                parts.push("…".into());
            }
            format!("{{ {} }}", parts.join(", "))
        }
        TyKind::Lambda { params, result } => {
            let params: Vec<String> = params.iter().map(|param| of(*param)).collect();
            format!("({}) => {}", params.join(", "), of(*result))
        }
    }
}

/// The name of an error.
pub(crate) fn error_name(program: &Program, error: ErrorRef) -> String {
    match error {
        ErrorRef::Declared(decl) => program.errors[decl].name.text.to_string(),
        ErrorRef::Builtin(builtin) => builtin.name().to_owned(),
    }
}

/// A literal as it is written in source.
pub(crate) fn literal(literal: &LiteralKind) -> String {
    match literal {
        LiteralKind::Null => "null".into(),
        LiteralKind::Bool(value) => value.to_string(),
        LiteralKind::Int(value) => value.to_string(),
        LiteralKind::Decimal(digits) => digits.to_string(),
        LiteralKind::String(text) => format!("{text:?}"),
    }
}

/// `a`, `a` and `b`, `a`, `b` and `c`: names in backticks, at most [`SHOWN_MAX`] of them.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(SHOWN_MAX).map(|name| format!("`{name}`")).collect();
    let more = names.count();
    if more > 0 {
        return format!("{} and {more} more", shown.join(", "));
    }
    match shown.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
