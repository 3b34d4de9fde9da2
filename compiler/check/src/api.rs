//! APIs and operations: their properties as plain values, effect classes, undo and confirm calls.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{
    Api, ApiId, ApiRate, BuiltinError, ErrorRef, Idempotency, Method, Operation, OperationId, ParamPlace,
    PathPart, ResponseForm, Spanned, StatusPattern, UndoClause,
};
use flow_source::Span;

use crate::checker::Checker;
use crate::infer::{Infer, Place, Reason, holds_secret};
use crate::requests::Owner;
use crate::retry;
use crate::statuses::patterns;
use crate::typed::{CheckedApi, CheckedOperation, EffectClass, OperationUndo};
use crate::types::{Ty, TyKind};

/// The longest time of one attempt where none stands, in microseconds: 30 seconds.
const TIMEOUT_US_DEFAULT: u64 = 30_000_000;

/// Statuses that count as success when a DELETE undoes or is sent again.
const DELETE_DONE: [StatusPattern; 2] = [StatusPattern::Exact(404), StatusPattern::Exact(410)];

/// A place of a request beside its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Travel {
    Path,
    Query,
    Header,
}

impl Checker<'_> {
    /// Checks all APIs, and what of their operations does not need others.
    pub(crate) fn check_apis(&mut self) {
        let program = self.program;
        for (id, api) in program.apis.iter() {
            let checked = self.check_api(api);
            self.typed.apis.insert(id, checked);
            for operation in &api.operations {
                let checked = self.check_operation(id, &program.operations[*operation]);
                self.typed.operations.insert(*operation, checked);
            }
        }
    }

    /// Checks what of operations names other operations, and every expression in them.
    pub(crate) fn check_operation_calls(&mut self) {
        for operation in self.program.operations.indices() {
            self.check_operation_values(operation);
            self.check_undo(operation);
            self.check_confirm(operation);
        }
    }

    fn check_api(&mut self, api: &Api) -> CheckedApi {
        let timeout_us = api.timeout.and_then(|timeout| self.duration(timeout, "a timeout"));
        let base_is_list = match api.base {
            Some(base) => self.base(base),
            None => {
                self.report(
                    Diagnostic::new(
                        &codes::F0405,
                        api.name.span,
                        format!("api `{}` has no base URL", api.name.text),
                    )
                    .help("add `base: \"https://…\"` or `base: config.name`"),
                );
                false
            }
        };
        if let Some(auth) = &api.auth {
            self.auth(auth, Owner::Api);
        }
        for (_, value) in &api.headers {
            self.setting(*value, "a header", Owner::Api);
        }
        CheckedApi {
            base_is_list,
            timeout_us: timeout_us.unwrap_or(TIMEOUT_US_DEFAULT),
            connect_timeout_us: api
                .connect_timeout
                .and_then(|limit| self.duration(limit, "a limit on connecting")),
            rate: api.rate.as_ref().and_then(|rate| self.rate(rate)),
            concurrency: api.concurrency.and_then(|most| self.concurrency(most)),
        }
    }

    /// How many calls are under way at once.
    fn concurrency(&mut self, most: Spanned<u64>) -> Option<u32> {
        if most.value == 0 {
            let message = "a concurrency of zero lets nothing through";
            self.report(Diagnostic::new(&codes::F0407, most.span, message));
            return None;
        }
        Some(u32::try_from(most.value).unwrap_or(u32::MAX))
    }

    /// A rate as a count and microseconds.
    pub(crate) fn rate(&mut self, rate: &ApiRate) -> Option<(u64, u64)> {
        let per_us = u64::try_from(rate.per_us.value).ok().filter(|per| *per > 0);
        if rate.count.value == 0 {
            self.report(Diagnostic::new(
                &codes::F0407,
                rate.count.span,
                "a rate of zero lets nothing through",
            ));
            return None;
        }
        if per_us.is_none() {
            self.report(Diagnostic::new(&codes::F0803, rate.per_us.span, "a rate per no time at all"));
        }
        Some((rate.count.value, per_us?))
    }

    fn check_operation(&mut self, api_id: ApiId, operation: &Operation) -> CheckedOperation {
        let api = &self.program.apis[api_id];
        let params: Vec<Ty> = operation.params.iter().map(|param| self.lower_type(&param.ty)).collect();
        for (param, ty) in operation.params.iter().zip(&params) {
            self.check_place(&param.place, *ty, param.ty.span, &param.name.text);
        }
        if let [PathPart::Link(index)] = operation.path.as_slice()
            && let (Some(param), Some(ty)) = (operation.params.get(*index), params.get(*index))
            && !matches!(
                &*self.typed.types.structure(*ty),
                TyKind::String | TyKind::Url | TyKind::Error | TyKind::Secret(_)
            )
        {
            let (span, words) = (param.ty.span, self.words(*ty));
            let message = format!("`{}` cannot be `{words}`: a link is a text", param.name.text);
            self.report(Diagnostic::new(&codes::F0411, span, message).help("declare it `url`, or `string`"));
        }
        self.check_body_place(operation);
        let body = operation.response.as_ref().map(|response| self.lower_type(response));
        self.check_statuses(operation);
        let absent = patterns(operation.absent.as_ref());
        let result = match body {
            Some(body) if !absent.is_empty() => self.typed.types.optional(body),
            Some(body) => body,
            None => Ty::NULL,
        };
        if let (Some(absent), None) = (&operation.absent, &operation.response) {
            self.report(
                Diagnostic::new(
                    &codes::F0404,
                    absent.span,
                    "`absent` makes the result null, but there is no result",
                )
                .help("declare one: `-> T`"),
            );
        }
        if let (Some(absent), ResponseForm::ByStatus) = (&operation.absent, operation.response_form) {
            self.report(
                Diagnostic::new(&codes::F0404, absent.span, "`absent` beside a response by status")
                    .help("name the status in the response: `404: json`"),
            );
        }
        let effect = effect(operation);
        let undo = match &operation.undo {
            // The call itself is checked when all operations are known.
            Some(UndoClause::None(_) | UndoClause::Call(_)) => OperationUndo::None,
            Some(UndoClause::Irreversible(_)) => OperationUndo::Irreversible,
            None if effect == EffectClass::Safe || is_natural(operation) => OperationUndo::None,
            None => OperationUndo::Missing,
        };
        let timeout_us = operation
            .timeout
            .and_then(|timeout| self.duration(timeout, "a timeout"))
            .or_else(|| self.typed.apis.get(api_id).map(|api| api.timeout_us));
        let raises = self.raises(&operation.raises);
        let mut errors: Vec<ErrorRef> = Vec::new();
        for (_, error) in &raises {
            let error = ErrorRef::Declared(*error);
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
        errors.extend(
            [BuiltinError::Http, BuiltinError::Refused, BuiltinError::Unknown].map(ErrorRef::Builtin),
        );
        if body.is_some() {
            errors.push(ErrorRef::Builtin(BuiltinError::Decode));
        }
        // An argument may break a `where`: then it is not sent.
        if operation
            .params
            .iter()
            .zip(&params)
            .any(|(param, ty)| param.constraint.is_some() || is_constrained(self, *ty))
        {
            errors.push(ErrorRef::Builtin(BuiltinError::Cast));
        }
        let done = match &operation.done {
            Some(done) => patterns(Some(done)),
            None if operation.method.value == Method::Delete => DELETE_DONE.to_vec(),
            None => Vec::new(),
        };
        let pages = self.check_pages(operation, &params, result, effect);
        CheckedOperation {
            params,
            pages,
            result,
            body,
            effect,
            timeout_us: timeout_us.unwrap_or(TIMEOUT_US_DEFAULT),
            connect_timeout_us: operation
                .connect_timeout
                .and_then(|limit| self.duration(limit, "a limit on connecting"))
                .or_else(|| self.typed.apis.get(api_id)?.connect_timeout_us),
            key_path: Vec::new(),
            retry: operation.retry.or(api.retry).and_then(retry::policy),
            rate: operation.rate.as_ref().and_then(|rate| self.rate(rate)),
            concurrency: operation.concurrency.and_then(|most| self.concurrency(most)),
            raises,
            undo,
            done,
            absent,
            unknown_on: patterns(operation.unknown_on.as_ref()),
            confirm: operation.confirm.as_ref().map(|confirm| confirm.call),
            errors,
        }
    }

    /// Whether values of a type may travel at a place, and what may.
    pub(crate) fn travels(&self, place: Travel, ty: Ty) -> (bool, &'static str) {
        let types = &self.typed.types;
        let plain = types.without_null(ty);
        let scalar = |ty: Ty| {
            matches!(
                &*types.structure(ty),
                TyKind::Bool
                    | TyKind::Int
                    | TyKind::Decimal
                    | TyKind::Float
                    | TyKind::String
                    | TyKind::Duration
                    | TyKind::Timestamp
                    | TyKind::Date
                    | TyKind::Uuid
                    | TyKind::Url
                    | TyKind::Literals(_)
                    | TyKind::Error
            )
        };
        match place {
            Travel::Path => (scalar(ty), "one value that is not null travels in a path"),
            Travel::Query => {
                let listed = match &*types.structure(plain) {
                    TyKind::List(element) => scalar(*element),
                    _ => false,
                };
                (scalar(plain) || listed, "one value or a list of them travels in a query")
            }
            Travel::Header => {
                let plain = match &*types.structure(plain) {
                    TyKind::Secret(inner) => *inner,
                    _ => plain,
                };
                (scalar(plain), "one value travels in a header")
            }
        }
    }

    /// What may travel in a path, a query, a header or a body.
    fn check_place(&mut self, place: &ParamPlace, ty: Ty, span: Span, name: &str) {
        if holds_secret(self, ty) && matches!(place, ParamPlace::Path | ParamPlace::Query(_)) {
            self.report(
                Diagnostic::new(&codes::F0701, span, format!("the secret `{name}` would stand in a URL"))
                    .help("URLs are logged by servers and proxies: send it in a header or in the body"),
            );
            return;
        }
        let (fits, what) = match place {
            ParamPlace::Path => self.travels(Travel::Path, ty),
            ParamPlace::Query(_) => self.travels(Travel::Query, ty),
            ParamPlace::Header(_) => self.travels(Travel::Header, ty),
            ParamPlace::Body | ParamPlace::Unsent => (true, ""),
        };
        if !fits {
            let words = self.words(ty);
            self.report(
                Diagnostic::new(&codes::F0411, span, format!("`{name}` cannot be `{words}`: {what}"))
                    .help("name it as the body: `body name: T`"),
            );
        }
    }

    /// GET, HEAD, OPTIONS and DELETE have no body (RFC 9110, section 9.3).
    fn check_body_place(&mut self, operation: &Operation) {
        let method = operation.method.value;
        if matches!(method, Method::Post | Method::Put | Method::Patch) {
            return;
        }
        let method = method.word();
        for param in operation.params.iter().filter(|param| param.place == ParamPlace::Body) {
            self.report(
                Diagnostic::new(&codes::F0402, param.span, format!("a `{method}` has no body"))
                    .also(operation.method.span, "the method")
                    .help("leave out `body`: then it is a query parameter"),
            );
        }
    }

    /// Checks the expressions in an operation: defaults, constraints, headers, an author's own key.
    fn check_operation_values(&mut self, id: OperationId) {
        let operation = &self.program.operations[id];
        let Some(types) = self.typed.operations.get(id).map(|checked| checked.params.clone()) else { return };
        if let Some(response) = &operation.response {
            self.check_type_constraints(response);
        }
        for (param, ty) in operation.params.iter().zip(&types) {
            self.typed.locals.insert(param.local, *ty);
            self.check_type_constraints(&param.ty);
            self.check_constraint(param.constraint.as_ref(), &param.ty);
            if let Some(default) = param.default {
                let reason = Reason { span: param.ty.span, text: "the parameter's type".into() };
                Infer::new(self, Place::Pure("a default")).check(default, *ty, Some(&reason));
            }
        }
        self.check_request_values(id);
    }

    /// `api.operation`, with the version where several of the API exist.
    pub(crate) fn operation_name(&self, id: OperationId) -> String {
        let operation = &self.program.operations[id];
        let api = &self.program.apis[operation.api];
        let versions = self.program.apis.iter().filter(|(_, other)| other.name.text == api.name.text).count();
        if versions > 1 {
            format!("{}@v{}.{}", api.name.text, api.version, operation.name.text)
        } else {
            format!("{}.{}", api.name.text, operation.name.text)
        }
    }
}

/// What an operation does to the world, by its method and what is declared.
fn effect(operation: &Operation) -> EffectClass {
    match operation.method.value {
        Method::Get | Method::Head | Method::Options => EffectClass::Safe,
        Method::Put | Method::Delete => EffectClass::Idempotent,
        Method::Post | Method::Patch if operation.idempotency.is_some() => EffectClass::Idempotent,
        Method::Post | Method::Patch => EffectClass::Unsafe,
    }
}

/// Whether twice changes nothing more than once, and there is nothing to undo.
pub(crate) fn is_natural(operation: &Operation) -> bool {
    operation
        .idempotency
        .as_ref()
        .is_some_and(|idempotency| matches!(idempotency.value, Idempotency::Natural))
}

/// Whether values of a type must fulfil a `where` somewhere.
pub(crate) fn is_constrained(checker: &Checker<'_>, ty: Ty) -> bool {
    let types = &checker.typed.types;
    types.any_inside(ty, |kind| match kind {
        TyKind::Named(decl, _) => types.conditions.contains(*decl),
        TyKind::Record(fields) => fields.iter().any(|field| field.constraint.is_some()),
        _ => false,
    })
}
