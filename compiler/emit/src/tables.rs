//! The tables of a plan: workflow, configuration, errors, APIs, operations, policies. Each takes its entry at
//! first use, so that a plan holds what its workflow needs and nothing else.

use std::sync::Arc;

use flow_check::{CheckedBackoff, Condition, EffectClass, NextPage, Ty};
use flow_hir::{
    ApiId, ConfigId, ErrorDeclId, ErrorRef, ExprId, OperationId, RetryId, StatusPattern, WorkflowId,
};
use flow_plan::{
    Api, Backoff, Balance, Config, ErrorType, Exhausted, Idempotency, InputForm, Literal, Method, Op,
    Operation, Param, Place, Policy, Purity, Rate, Response, RetryOn, Statuses, Type, TypeId,
};

use crate::builder::Scope;
use crate::context::Context;
use crate::types::plain_field;

/// Makes the plan of a workflow.
pub(crate) fn workflow(context: &mut Context<'_>, id: WorkflowId) {
    let declared = &context.program.workflows[id];
    let Some(checked) = context.typed.workflows.get(id).cloned() else { return };
    context.head = declared.head;
    context.plan.workflow = declared.name.text.to_string();
    context.plan.version = declared.version;
    context.plan.input = context.ty(checked.input);
    context.plan.input_form = if checked.input_is_param { InputForm::Sole } else { InputForm::ByName };
    context.plan.output = context.ty(checked.result);
    context.plan.worst = flow_plan::WorstCase {
        time_us: checked.worst.time_us,
        undo_us: checked.worst.undo_us,
        calls: checked.worst.calls,
    };
    let mut escapes: Vec<String> =
        checked.errors.iter().map(|escaping| error_name(context, escaping.error)).collect();
    escapes.sort();
    escapes.dedup();
    context.plan.escapes = escapes;

    context.reports = context.typed.reports.get(id).copied();
    for signal in &declared.signals {
        context.signal(*signal);
    }

    let entry = context.reserve_function(declared.name.text.to_string());
    context.plan.entry = entry;
    let result = context.plan.output;
    context.enter(Purity::Flow, result);
    context.entry_params(id);
    if let Some(within) = checked.within_us {
        let span = declared.within.map_or(declared.head, |within| context.program.exprs[within].span);
        context.at(span);
        let duration = context.intern(Type::Duration);
        let duration = context.load(duration, flow_plan::Constant::Slot(within));
        context.current.emit(Op::EnterDeadline { duration: duration.reg });
        context.current.scopes.push(Scope::Deadline);
    }
    context.expr(declared.body);
    let null = context.null();
    context.return_from(null);
    context.leave(entry);
    let key = checked.key.map(|key| flow_plan::Key {
        value: context.identity("key", id, key.value),
        for_us: key.for_us,
        again: key.again,
    });
    context.plan.key = key;
    context.plan.one_per = declared.one_per.map(|value| context.identity("one per", id, value));
    context.debug.publishing = crate::publishing::of(context, id);
}

pub(crate) fn error_name(context: &Context<'_>, error: ErrorRef) -> String {
    match error {
        ErrorRef::Declared(id) => context.program.errors[id].name.text.to_string(),
        ErrorRef::Builtin(builtin) => builtin.name().to_owned(),
    }
}

impl Context<'_> {
    /// Binds the parameters of a workflow as those of the function under construction.
    fn entry_params(&mut self, id: WorkflowId) {
        let declared = &self.program.workflows[id];
        // They stand in the order of the input's fields, which is by name.
        let mut params: Vec<_> = declared.params.iter().collect();
        params.sort_by(|a, b| a.name.text.cmp(&b.name.text));
        let fields = match self.plan.types.get(self.plan.input) {
            Type::Record(fields) if self.plan.input_form == InputForm::ByName => fields.clone(),
            _ => Vec::new(),
        };
        for param in &params {
            let field = fields.iter().find(|field| field.name == *param.name.text);
            let ty = field.map_or_else(|| self.ty(self.typed.local(param.local)), |field| field.ty);
            self.param(param.local, ty);
        }
        // A parameter with a default may be absent in the input.
        for param in params {
            if let Some(default) = param.default {
                if self.plan.input_form == InputForm::Sole {
                    let span = self.program.exprs[default].span;
                    let help = "leave it out, or make the record's fields optional";
                    self.not_built(span, "a default for the record that is the whole input", help);
                } else {
                    self.apply_default(param.local, default);
                }
            }
        }
    }

    /// A pure function from a workflow's input to a text that tells its executions apart.
    fn identity(&mut self, name: &str, id: WorkflowId, value: ExprId) -> flow_plan::FunctionId {
        let function = self.reserve_function(name.to_owned());
        let text = self.intern(Type::String);
        self.enter(Purity::Pure, text);
        self.entry_params(id);
        self.at(self.program.exprs[value].span);
        let value = self.expr(value);
        let value = self.text_of(value);
        self.current.emit(Op::Return { src: value.reg });
        self.leave(function);
        function
    }

    /// Gives a parameter that is absent its default.
    fn apply_default(&mut self, local: flow_hir::LocalId, default: ExprId) {
        let given = self.local(local);
        let value = self.register_of(self.typed.local(local));
        let (absent, done) = (self.current.label(), self.current.label());
        let null = self.is_null(given);
        self.current.jump_if(null.reg, absent);
        let present = self.unwrap(given);
        self.some(value, present);
        self.current.jump(done);
        self.current.bind(absent);
        let default = self.expr(default);
        self.some(value, default);
        self.current.bind(done);
        self.bind_local(local, value);
    }

    /// The plan's entry of a declared error.
    pub(crate) fn error_type(&mut self, id: ErrorDeclId) -> flow_plan::ErrorId {
        if let Some(known) = self.errors.get(&id) {
            return *known;
        }
        let fields = self.typed.errors.get(id).copied().unwrap_or(Ty::ERROR);
        let fields = self.ty(fields);
        let made = flow_plan::ErrorId(u32::try_from(self.plan.errors.len()).unwrap_or(u32::MAX));
        let name = self.program.errors[id].name.text.to_string();
        self.plan.errors.push(ErrorType { name, fields });
        self.errors.insert(id, made);
        made
    }

    /// The plan's entry of a configuration entry.
    pub(crate) fn config_entry(&mut self, id: ConfigId) -> flow_plan::ConfigId {
        if let Some(known) = self.config.get(&id) {
            return *known;
        }
        let declared = &self.program.config[id];
        let checked = self.typed.config.get(id).copied();
        let ty = self.ty(checked.map_or(Ty::ERROR, |checked| checked.ty));
        let default = declared.default.and_then(|default| {
            let json = self.json(default, checked.map_or(Ty::ERROR, |checked| checked.ty));
            if json.is_none() {
                let span = self.program.exprs[default].span;
                self.not_built(span, "a default that is computed", "write a literal");
            }
            json
        });
        let made = flow_plan::ConfigId(u32::try_from(self.plan.config.len()).unwrap_or(u32::MAX));
        let secret = checked.is_some_and(|checked| checked.secret);
        let name = declared.name.text.to_string();
        self.plan.config.push(Config { name, ty, default, check: None, secret, pinned: false, fact: None });
        self.config.insert(id, made);
        if let Some(constraint) = &declared.constraint {
            let condition = Condition {
                value: constraint.value,
                condition: constraint.condition,
                arguments: Arc::default(),
            };
            let check = self.constraint(&condition, ty);
            if let Some(entry) = self.plan.config.get_mut(made.index()) {
                entry.check = Some(check);
            }
        }
        made
    }

    fn api(&mut self, id: ApiId) -> flow_plan::ApiId {
        if let Some(known) = self.apis.get(&id) {
            return *known;
        }
        let declared = &self.program.apis[id];
        let checked = self.typed.apis.get(id).cloned();
        let api = Api {
            name: declared.name.text.to_string(),
            version: declared.version,
            base: declared.base.map_or_else(Vec::new, |base| self.settings(base)),
            balance: Balance::RoundRobin,
            auth: declared.auth.as_ref().map(|auth| self.auth(auth, &mut None)),
            connect_timeout_us: checked.as_ref().and_then(|checked| checked.connect_timeout_us),
            rate: checked.as_ref().and_then(|checked| rate(checked.rate)),
            concurrency: checked.as_ref().and_then(|checked| checked.concurrency),
            headers: self.headers(&declared.headers, &mut None),
        };
        let made = flow_plan::ApiId(u32::try_from(self.plan.apis.len()).unwrap_or(u32::MAX));
        self.plan.apis.push(api);
        self.apis.insert(id, made);
        made
    }

    /// The plan's entry of an operation.
    pub(crate) fn operation(&mut self, id: OperationId) -> flow_plan::OperationId {
        if let Some(known) = self.operations.get(&id) {
            return *known;
        }
        let made = self.make_operation(id);
        let entry = flow_plan::OperationId(u32::try_from(self.plan.operations.len()).unwrap_or(u32::MAX));
        self.plan.operations.push(made);
        self.operations.insert(id, entry);
        entry
    }

    fn make_operation(&mut self, id: OperationId) -> Operation {
        let declared = &self.program.operations[id];
        let api = self.api(declared.api);
        let checked = self.typed.operations.get(id).cloned();
        let mut params: Vec<Param> =
            declared.params.iter().map(|param| self.operation_param(param)).collect();
        let by_link = checked.as_ref().and_then(|checked| checked.pages.as_ref());
        let by_link = by_link.is_some_and(|pages| matches!(pages.next, NextPage::Link));
        if by_link {
            params.push(self.next_param());
        }
        let types: Vec<TypeId> = params.iter().map(|param| param.ty).collect();
        let made = self.request_form(id, &params);
        let (mut absent, mut done, mut unknown_on, mut raises) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut response = Response::Ignored;
        let mut class = flow_plan::EffectClass::Unsafe;
        let (mut own_rate, mut concurrency) = (None, None);
        if let Some(checked) = &checked {
            absent = statuses(&checked.absent);
            done = statuses(&checked.done);
            unknown_on = statuses(&checked.unknown_on);
            for (pattern, error) in &checked.raises {
                raises.push((status(*pattern), self.error_type(*error)));
            }
            if let Some(body) = checked.body {
                // With statuses that count as absent, the result is null too.
                let ty = if checked.absent.is_empty() { body } else { checked.result };
                let ty = self.ty(ty);
                response = match declared.response_form {
                    _ if by_link => Response::Page(self.page_of(ty)),
                    flow_hir::ResponseForm::Body => Response::Body(ty),
                    flow_hir::ResponseForm::Whole => Response::Whole(ty),
                    flow_hir::ResponseForm::ByStatus => Response::ByStatus(ty),
                };
            }
            class = match checked.effect {
                EffectClass::Safe => flow_plan::EffectClass::Safe,
                EffectClass::Idempotent => flow_plan::EffectClass::Idempotent,
                EffectClass::Unsafe => flow_plan::EffectClass::Unsafe,
            };
            own_rate = rate(checked.rate);
            concurrency = checked.concurrency;
        }
        Operation {
            api,
            name: declared.name.text.to_string(),
            method: method(declared.method.value),
            path: self.path_template(id),
            params,
            response,
            statuses: self.statuses_of(response),
            class,
            confirm: self.confirm_function(id, response.ty(), &types),
            idempotency: self.idempotency(id),
            form: made.form,
            raises,
            absent,
            done,
            unknown_on,
            rate: own_rate,
            concurrency,
            headers: made.headers,
        }
    }

    /// What leads to the next page, where a link does: a parameter that no source names.
    fn next_param(&mut self) -> Param {
        let text = self.intern(Type::String);
        let ty = self.intern(Type::Optional(text));
        Param { name: "next".to_owned(), wire: String::new(), place: Place::Next, ty, check: None }
    }

    /// The record of a body and of what leads to the next page.
    fn page_of(&mut self, body: TypeId) -> TypeId {
        let text = self.intern(Type::String);
        let next = self.intern(Type::Optional(text));
        self.intern(Type::Record(vec![plain_field("body", body), plain_field("next", next)]))
    }

    fn operation_param(&mut self, param: &flow_hir::OperationParam) -> Param {
        let ty = self.ty(self.typed.local(param.local));
        let name = param.name.text.to_string();
        let (place, wire) = match &param.place {
            flow_hir::ParamPlace::Path => (Place::Path, name.clone()),
            flow_hir::ParamPlace::Query(wire) => (Place::Query, wire.to_string()),
            flow_hir::ParamPlace::Header(wire) => (Place::Header, wire.to_string()),
            flow_hir::ParamPlace::Body => (Place::Body, name.clone()),
            flow_hir::ParamPlace::Unsent => (Place::Unsent, name.clone()),
        };
        let check = param.constraint.as_ref().map(|constraint| {
            let condition = Condition {
                value: constraint.value,
                condition: constraint.condition,
                arguments: Arc::default(),
            };
            self.constraint(&condition, ty)
        });
        Param { name, wire, place, ty, check }
    }

    fn idempotency(&mut self, id: OperationId) -> Option<Idempotency> {
        let declared = self.program.operations[id].idempotency.as_ref()?;
        match &declared.value {
            flow_hir::Idempotency::Natural => Some(Idempotency::Natural),
            flow_hir::Idempotency::Header { name, .. } => Some(Idempotency::Header(name.to_string())),
            flow_hir::Idempotency::Field { .. } => {
                let checked = self.typed.operations.get(id)?;
                Some(Idempotency::Field(checked.key_path.clone()))
            }
        }
    }

    /// The statuses that a response by status declares.
    fn statuses_of(&self, response: Response) -> Vec<Statuses> {
        let Response::ByStatus(ty) = response else { return Vec::new() };
        let Type::Tagged { cases, .. } = self.plan.types.get(ty) else { return Vec::new() };
        let status = |case: &flow_plan::Case| match &case.wire {
            Literal::Int(status) => u16::try_from(*status).ok().map(Statuses::One),
            Literal::String(class) => class.strip_suffix("xx")?.parse().ok().map(Statuses::Class),
            Literal::Bool(_) => None,
        };
        cases.iter().filter_map(status).collect()
    }

    /// The plan's entry of a retry policy.
    pub(crate) fn policy(&mut self, id: RetryId) -> flow_plan::PolicyId {
        if let Some(known) = self.policies.get(&id) {
            return *known;
        }
        let made = self.make_policy(id);
        let entry = flow_plan::PolicyId(u32::try_from(self.plan.policies.len()).unwrap_or(u32::MAX));
        self.plan.policies.extend(made);
        self.policies.insert(id, entry);
        entry
    }

    fn make_policy(&mut self, id: RetryId) -> Option<Policy> {
        let checked = self.typed.retries.get(id)?.clone();
        let declared = &self.program.retries[id];
        let jitter = match checked.jitter {
            flow_hir::Jitter::None => false,
            flow_hir::Jitter::Full => true,
        };
        let mut on = Vec::new();
        for pattern in &checked.statuses {
            on.push(match pattern {
                StatusPattern::Exact(status) => RetryOn::Status(*status, *status),
                StatusPattern::Class(class) => {
                    RetryOn::Status(u16::from(*class) * 100, u16::from(*class) * 100 + 99)
                }
            });
        }
        on.extend(checked.on_timeout.then_some(RetryOn::Timeout));
        on.extend(checked.on_connection.then_some(RetryOn::Connection));
        on.extend(checked.on_decode.then_some(RetryOn::Decode));
        for error in &checked.on_errors {
            on.push(RetryOn::Error(self.error_type(*error)));
        }
        Some(Policy {
            name: declared.name.text.to_string(),
            attempts: checked.attempts,
            backoff: match checked.backoff {
                CheckedBackoff::None => Backoff::None,
                CheckedBackoff::Fixed { delay_us } => Backoff::Fixed { delay_us },
                CheckedBackoff::Exponential { initial_us, factor_milli, max_us } => {
                    Backoff::Exponential { initial_us, factor_milli, max_us, jitter }
                }
                CheckedBackoff::Linear { initial_us, step_us, max_us } => {
                    Backoff::Linear { initial_us, step_us, max_us, jitter }
                }
            },
            on,
            within_us: checked.within_us,
            exhausted: match checked.exhausted {
                flow_hir::Exhausted::Fail => Exhausted::Fail,
                flow_hir::Exhausted::Pause => Exhausted::Pause,
            },
            respect_retry_after: checked.respect_retry_after,
        })
    }
}

fn status(pattern: StatusPattern) -> Statuses {
    match pattern {
        StatusPattern::Exact(status) => Statuses::One(status),
        StatusPattern::Class(class) => Statuses::Class(class),
    }
}

fn statuses(patterns: &[StatusPattern]) -> Vec<Statuses> {
    patterns.iter().map(|pattern| status(*pattern)).collect()
}

pub(crate) fn method(method: flow_hir::Method) -> Method {
    match method {
        flow_hir::Method::Get => Method::Get,
        flow_hir::Method::Head => Method::Head,
        flow_hir::Method::Options => Method::Options,
        flow_hir::Method::Post => Method::Post,
        flow_hir::Method::Put => Method::Put,
        flow_hir::Method::Patch => Method::Patch,
        flow_hir::Method::Delete => Method::Delete,
    }
}

fn rate(rate: Option<(u64, u64)>) -> Option<Rate> {
    rate.map(|(requests, per_us)| Rate { requests: u32::try_from(requests).unwrap_or(u32::MAX), per_us })
}
