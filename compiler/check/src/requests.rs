//! What properties put into requests: authentication, headers, bases, keys.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{
    Auth, ExprId, ExprKind, Idempotency, ListItem, Operation, OperationId, ParamPlace, TemplatePart,
};
use flow_source::Span;

use crate::checker::Checker;
use crate::infer::{Infer, Place, holds_secret};
use crate::types::{Ty, TyKind};

/// Where a value of a property stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// On an API: it is made of texts and configuration alone, read at each attempt.
    Api,
    /// On an operation: it may be computed from the arguments.
    Operation,
}

impl Checker<'_> {
    /// Checks a base: one URL or a list of them, from the source or the configuration.
    pub(crate) fn base(&mut self, base: ExprId) -> bool {
        let program = self.program;
        match &program.exprs[base].kind {
            ExprKind::List(items) => {
                if items.is_empty() {
                    let span = self.span(base);
                    self.report(Diagnostic::new(&codes::F0405, span, "a base without any URL"));
                }
                let is_template = |item: &ListItem| match item {
                    ListItem::Item(item) => matches!(self.kind(*item), ExprKind::Template(_)),
                    ListItem::Spread(_) => false,
                };
                if items.iter().any(is_template) {
                    for item in items {
                        let (ListItem::Item(item) | ListItem::Spread(item)) = item;
                        self.base(*item);
                    }
                    return true;
                }
                let list = self.typed.types.list(Ty::URL);
                Infer::new(self, Place::Pure("an API's base")).check(base, list, None);
                true
            }
            ExprKind::Config(_) => {
                let mut infer = Infer::new(self, Place::Pure("an API's base"));
                let ty = infer.any(base);
                let list = infer.checker.typed.types.list(Ty::URL);
                let is_list = matches!(*infer.checker.typed.types.structure(ty), TyKind::List(_));
                infer.fit(base, ty, if is_list { list } else { Ty::URL }, None);
                is_list
            }
            ExprKind::Template(parts) if self.is_settings(parts) => {
                Infer::new(self, Place::Pure("an API's base")).check(base, Ty::STRING, None);
                false
            }
            ExprKind::String(_) => {
                Infer::new(self, Place::Pure("an API's base")).check(base, Ty::URL, None);
                false
            }
            ExprKind::Missing => false,
            _ => {
                self.computed(base, "a base URL");
                false
            }
        }
    }

    /// Checks a text of a property; it may be secret.
    pub(crate) fn setting(&mut self, value: ExprId, what: &str, owner: Owner) {
        let program = self.program;
        let place = match owner {
            Owner::Api => Place::Pure("an API's property"),
            Owner::Operation => Place::Pure("an operation's property"),
        };
        match &program.exprs[value].kind {
            ExprKind::Missing => {}
            ExprKind::Template(parts) if owner == Owner::Api && !self.is_settings(parts) => {
                self.computed(value, what);
            }
            ExprKind::String(_) | ExprKind::Config(_) | ExprKind::Template(_) => {
                Infer::new(self, place).check_revealing(value, Ty::STRING, None);
            }
            _ if owner == Owner::Operation => {
                Infer::new(self, place).check_revealing(value, Ty::STRING, None);
            }
            _ => self.computed(value, what),
        }
    }

    /// Whether a text is put together from configuration alone.
    fn is_settings(&self, parts: &[TemplatePart]) -> bool {
        parts.iter().all(|part| match part {
            TemplatePart::Text(_) => true,
            TemplatePart::Expr(expr) => matches!(self.kind(*expr), ExprKind::Config(_)),
        })
    }

    fn computed(&mut self, value: ExprId, what: &str) {
        let span = self.span(value);
        self.report(
            Diagnostic::new(&codes::F0001, span, format!("{what} that is computed is not built yet"))
                .help("write a text, `config.name`, or both in one: `\"https://{config.host}\"`"),
        );
    }

    /// Checks how requests are authenticated.
    pub(crate) fn auth(&mut self, auth: &Auth, owner: Owner) {
        match auth {
            Auth::Bearer { token, .. } => self.credential(*token, "a token", owner),
            Auth::Basic { user, password, .. } => {
                self.setting(*user, "a user", owner);
                self.credential(*password, "a password", owner);
            }
            Auth::KeyHeader { value, .. } | Auth::KeyQuery { value, .. } => {
                self.credential(*value, "a key", owner);
            }
        }
    }

    /// A credential comes from a secret, never from the source.
    fn credential(&mut self, value: ExprId, what: &str, owner: Owner) {
        self.setting(value, what, owner);
        let span = self.span(value);
        match *self.kind(value) {
            ExprKind::Missing => {}
            ExprKind::String(_) => {
                self.report(
                    Diagnostic::new(&codes::F0702, span, format!("{what} stands in the source"))
                        .help("declare it: `config { token: secret string }`, and write `config.token` here"),
                );
            }
            ExprKind::Config(entry) => {
                if self
                    .typed
                    .config
                    .get(entry)
                    .is_some_and(|checked| !checked.secret && checked.ty != Ty::ERROR)
                {
                    let declared = self.program.config[entry].ty.span;
                    self.plain_credential(span, what, Some(declared));
                }
            }
            _ => {
                let ty = self.typed.ty(value);
                if ty != Ty::ERROR && !holds_secret(self, ty) {
                    let declared = match *self.kind(value) {
                        ExprKind::Local(local) => self.declared_type(local),
                        _ => None,
                    };
                    self.plain_credential(span, what, declared);
                }
            }
        }
    }

    /// Where the type of an operation's parameter is declared.
    fn declared_type(&self, local: flow_hir::LocalId) -> Option<Span> {
        let params = self.program.operations.iter().flat_map(|(_, operation)| &operation.params);
        params.into_iter().find(|param| param.local == local).map(|param| param.ty.span)
    }

    fn plain_credential(&mut self, span: Span, what: &str, declared: Option<Span>) {
        let mut diagnostic =
            Diagnostic::new(&codes::F0703, span, format!("{what} that is not declared `secret`"))
                .help("what is not secret is recorded and shown: declare it `secret string`");
        if let Some(declared) = declared {
            diagnostic = diagnostic.also(declared, "declared without `secret`").edit(
                "declare it `secret`",
                Span::at(declared.file, declared.start),
                "secret ",
            );
        }
        self.report(diagnostic);
    }

    /// Checks what an operation's properties compute from its arguments.
    pub(crate) fn check_request_values(&mut self, id: OperationId) {
        let operation = &self.program.operations[id];
        if let Some(auth) = &operation.auth {
            self.auth(auth, Owner::Operation);
        }
        for (_, value) in &operation.headers {
            self.setting(*value, "a header", Owner::Operation);
        }
        let Some(idempotency) = &operation.idempotency else { return };
        let (Idempotency::Header { key, .. } | Idempotency::Field { key, .. }) = &idempotency.value else {
            return;
        };
        if let Some(key) = *key {
            Infer::new(self, Place::Pure("an idempotency key")).check(key, Ty::STRING, None);
            if let ExprKind::String(_) = self.kind(key) {
                let span = self.span(key);
                self.report(
                    Diagnostic::new(&codes::F0404, span, "every call would have the same key")
                        .help("make the key of the arguments: `\"{order.id}-reserve\"`"),
                );
            }
        }
        if let Idempotency::Field { path, .. } = &idempotency.value {
            let path = self.key_path(operation, path);
            if let Some(checked) = self.typed.operations.get_mut(id) {
                checked.key_path = path;
            }
        }
    }

    /// The way to the key's field, by the names on the wire. A field that is not declared is added to the body; a
    /// declared one is a text that a caller may leave out.
    fn key_path(&mut self, operation: &Operation, path: &[flow_hir::Name]) -> Vec<String> {
        let body = operation.params.iter().find(|param| param.place == ParamPlace::Body);
        let (Some(body), Some(first)) = (body, path.first()) else {
            let span = operation.idempotency.as_ref().map_or(operation.head, |idempotency| idempotency.span);
            self.report(
                Diagnostic::new(&codes::F0404, span, "there is no body to put the key into")
                    .help("declare one, `body x: T`, or use `header(\"Idempotency-Key\")`"),
            );
            return Vec::new();
        };
        let mut ty = self.typed.local(body.local);
        let (mut wire, last) = (Vec::new(), path.len().saturating_sub(1));
        for (index, name) in path.iter().enumerate() {
            let fields = self.typed.types.fields(ty);
            let Some(fields) = fields else {
                if ty != Ty::ERROR {
                    let at = if index == 0 { first.span } else { name.span };
                    let words = self.words(ty);
                    self.report(
                        Diagnostic::new(&codes::F0404, at, format!("`{words}` has no place for a key"))
                            .also(body.span, "the body")
                            .help("the way to the key leads through records"),
                    );
                }
                return Vec::new();
            };
            let field = fields.iter().find(|field| field.name == name.text);
            let Some(field) = field else {
                if index < last {
                    self.report(
                        Diagnostic::new(
                            &codes::F0404,
                            name.span,
                            format!("there is no field `{}`", name.text),
                        )
                        .also(body.span, "the body"),
                    );
                    return Vec::new();
                }
                wire.push(name.text.to_string());
                return wire;
            };
            wire.push(field.wire.as_ref().unwrap_or(&field.name).to_string());
            ty = field.ty;
            if index == last {
                let types = &self.typed.types;
                let is_text = types.same(types.without_null(ty), Ty::STRING);
                if !is_text || !field.may_be_left_out(types) {
                    let message = format!("`{}` cannot hold the key", name.text);
                    self.report(
                        Diagnostic::new(&codes::F0404, name.span, message)
                            .also(body.span, "the body")
                            .help("declare it `?: string`, or leave it out of the type: it is added"),
                    );
                }
            }
        }
        wire
    }
}
