//! The statuses that an operation names: what each of them means is said once.
//!
//! A status by itself comes before its class, so the two stand beside each other. Two that name the same statuses
//! cannot be told apart.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{
    ErrorDeclId, ErrorRef, LiteralKind, Operation, Raise, ResponseForm, StatusList, StatusPattern,
    TypeRefKind,
};
use flow_source::Span;

use crate::checker::Checker;

/// A list without the places of its entries.
pub(crate) fn patterns(list: Option<&StatusList>) -> Vec<StatusPattern> {
    list.map_or_else(Vec::new, |list| list.value.iter().map(|status| status.value).collect())
}

/// A status that is named, and what for.
struct Named {
    pattern: StatusPattern,
    span: Span,
    what: &'static str,
}

/// The statuses of a list.
fn listed(list: Option<&StatusList>, what: &'static str) -> Vec<Named> {
    let entries = list.map_or(&[][..], |list| &list.value);
    entries.iter().map(|status| Named { pattern: status.value, span: status.span, what }).collect()
}

/// The statuses of a response by status.
fn answered(operation: &Operation) -> Vec<Named> {
    let (Some(response), ResponseForm::ByStatus) = (&operation.response, operation.response_form) else {
        return Vec::new();
    };
    let TypeRefKind::Tagged { cases, .. } = &response.kind else { return Vec::new() };
    let pattern = |case: &flow_hir::Case| match &case.wire {
        Some(LiteralKind::Int(status)) => u16::try_from(*status).ok().map(StatusPattern::Exact),
        Some(LiteralKind::String(class)) => class.strip_suffix("xx")?.parse().ok().map(StatusPattern::Class),
        _ => None,
    };
    let named = |case: &flow_hir::Case| {
        Some(Named { pattern: pattern(case)?, span: case.span, what: "an answer of the response" })
    };
    cases.iter().filter_map(named).collect()
}

fn is_success(pattern: StatusPattern) -> bool {
    match pattern {
        StatusPattern::Exact(status) => (200..300).contains(&status),
        StatusPattern::Class(class) => class == 2,
    }
}

impl Checker<'_> {
    /// Finds statuses that mean two things, or one thing twice.
    pub(crate) fn check_statuses(&mut self, operation: &Operation) {
        let raised: Vec<Named> = operation
            .raises
            .iter()
            .map(|raise| Named {
                pattern: raise.status.value,
                span: raise.status.span,
                what: "an error of `raises`",
            })
            .collect();
        let absent = listed(operation.absent.as_ref(), "null by `absent`");
        let done = listed(operation.done.as_ref(), "done by `done`");
        let unknown = listed(operation.unknown_on.as_ref(), "unknown by `unknown_on`");
        for list in [&absent, &done, &unknown, &raised] {
            self.twice(list);
        }
        let answered = answered(operation);
        self.opposed(&answered, &raised);
        self.opposed(&absent, &raised);
        self.opposed(&absent, &unknown);
        for named in &absent {
            if named.pattern == StatusPattern::Class(2) {
                self.report(
                    Diagnostic::new(&codes::F0409, named.span, "every answer of success would be null")
                        .help("name the statuses that have no result: `absent: [204, 404]`"),
                );
            }
        }
        for named in unknown.iter().filter(|named| is_success(named.pattern)) {
            self.report(
                Diagnostic::new(&codes::F0409, named.span, "a status of success leaves nothing unknown")
                    .help("leave it out: a 2xx says that the step is done"),
            );
        }
    }

    fn twice(&mut self, list: &[Named]) {
        for (index, named) in list.iter().enumerate() {
            let earlier = list.iter().take(index).find(|other| other.pattern == named.pattern);
            if let Some(earlier) = earlier {
                self.report(
                    Diagnostic::new(&codes::F0408, named.span, "this status stands twice")
                        .also(earlier.span, "the first one"),
                );
            }
        }
    }

    /// Statuses that have two meanings of which one holds.
    fn opposed(&mut self, first: &[Named], second: &[Named]) {
        for named in second {
            let Some(other) = first.iter().find(|other| other.pattern == named.pattern) else { continue };
            let message = format!("`{}` is {} here, and {} too", named.pattern, named.what, other.what);
            self.report(
                Diagnostic::new(&codes::F0408, named.span, message)
                    .also(other.span, other.what)
                    .help("keep one of the two: an answer has one meaning"),
            );
        }
    }

    /// The errors that statuses raise.
    pub(crate) fn raises(&mut self, raises: &[Raise]) -> Vec<(StatusPattern, ErrorDeclId)> {
        let mut checked: Vec<(StatusPattern, ErrorDeclId)> = Vec::new();
        for raise in raises {
            let ErrorRef::Declared(error) = raise.error.value else {
                let name = self.error_name(raise.error.value);
                self.report(
                    Diagnostic::new(
                        &codes::F0404,
                        raise.error.span,
                        format!("`{name}` cannot be raised by a status"),
                    )
                    .help("declare an error: `error Name { … }`"),
                );
                continue;
            };
            if is_success(raise.status.value) {
                self.report(Diagnostic::new(
                    &codes::F0409,
                    raise.status.span,
                    "a status of success cannot raise an error",
                ));
                continue;
            }
            checked.push((raise.status.value, error));
        }
        checked
    }
}
