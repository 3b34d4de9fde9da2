//! What requests have beside their parameters: settings, authentication, versions, what calls compute.

use flow_check::{NextPage, PageField};
use flow_hir::{ExprId, ExprKind, ListItem, OperationId, TemplatePart, VersionTravel};
use flow_plan::{Auth, FunctionId, KeyPlace, Op, Pages, Param, PathPart, Purity, RequestForm, Setting, Type};

use crate::context::Context;

/// The computed texts of an operation.
pub(crate) struct Computed<'a> {
    id: OperationId,
    params: &'a [Param],
    functions: Vec<FunctionId>,
}

/// What requests of an operation have beside their parameters.
#[derive(Default)]
pub(crate) struct Request {
    /// Headers.
    pub(crate) headers: Vec<(String, Setting)>,
    /// The rest.
    pub(crate) form: RequestForm,
}

impl Context<'_> {
    /// What requests of an operation have beside their parameters.
    pub(crate) fn request_form(&mut self, id: OperationId, params: &[Param]) -> Request {
        let declared = &self.program.operations[id];
        let api = &self.program.apis[declared.api];
        let mut computed = Some(Computed { id, params, functions: Vec::new() });
        let mut form = RequestForm {
            auth: declared.auth.as_ref().map(|auth| self.auth(auth, &mut computed)),
            connect_timeout_us: self
                .typed
                .operations
                .get(id)
                .and_then(|checked| checked.connect_timeout_us)
                .filter(|_| declared.connect_timeout.is_some()),
            ..RequestForm::default()
        };
        let mut headers = Vec::new();
        let media = |own: &Option<flow_hir::Spanned<std::sync::Arc<str>>>,
                     of_api: &Option<flow_hir::Spanned<std::sync::Arc<str>>>| {
            own.as_ref().or(of_api.as_ref()).map(|media| media.value.to_string())
        };
        form.accept = media(&declared.accept, &api.accept);
        form.content = media(&declared.content, &api.content);
        match api.version_travel.as_ref().map(|travel| &travel.value) {
            None | Some(VersionTravel::Path) => {}
            Some(VersionTravel::Header(name)) => {
                headers.push((name.to_string(), Setting::Text(api.version.to_string())));
            }
            Some(VersionTravel::Query(name)) => form.query.push((name.to_string(), api.version.to_string())),
            Some(VersionTravel::MediaType) => {
                for media in [&mut form.accept, &mut form.content] {
                    let bare = media.take().unwrap_or_else(|| "application/json".to_owned());
                    *media = Some(format!("{bare};version={}", api.version));
                }
            }
        }
        headers.extend(self.headers(&declared.headers, &mut computed));
        let key = match declared.idempotency.as_ref().map(|idempotency| &idempotency.value) {
            Some(
                flow_hir::Idempotency::Header { key: Some(key), .. }
                | flow_hir::Idempotency::Field { key: Some(key), .. },
            ) => computed.as_mut().map(|computed| self.compute(*key, computed)),
            _ => None,
        };
        form.key = key;
        form.pages = self.pages(id);
        form.computed = computed.map_or_else(Vec::new, |computed| computed.functions);
        Request { headers, form }
    }

    /// How the pages of an operation follow each other.
    fn pages(&self, id: OperationId) -> Option<Pages> {
        let checked = self.typed.operations.get(id)?.pages.clone()?;
        let wire = |fields: &[PageField]| fields.iter().map(|field| field.wire.clone()).collect();
        let index = |param: usize| u16::try_from(param).unwrap_or(u16::MAX);
        let items = wire(&checked.items);
        Some(match &checked.next {
            NextPage::Cursor { param, from } => {
                Pages::Cursor { param: index(*param), from: wire(from), items }
            }
            NextPage::Offset { limit, param } => {
                Pages::Offset { limit: index(*limit), param: index(*param), items }
            }
            NextPage::Link => Pages::Link,
        })
    }

    /// The path template, with the version in front where it travels there.
    pub(crate) fn path_template(&self, id: OperationId) -> Vec<PathPart> {
        let declared = &self.program.operations[id];
        let api = &self.program.apis[declared.api];
        let mut path: Vec<PathPart> = declared
            .path
            .iter()
            .map(|part| match part {
                flow_hir::PathPart::Text(text) => PathPart::Text(text.to_string()),
                flow_hir::PathPart::Param(index) => {
                    PathPart::Param(u16::try_from(*index).unwrap_or(u16::MAX))
                }
                flow_hir::PathPart::Link(index) => PathPart::Link(u16::try_from(*index).unwrap_or(u16::MAX)),
            })
            .collect();
        let travels = api.version_travel.as_ref().is_some_and(|travel| travel.value == VersionTravel::Path);
        // A link says itself where it leads.
        if travels && let Some(PathPart::Text(first)) = path.first_mut() {
            *first = format!("/v{}{first}", api.version);
        }
        path
    }

    /// What a property says: a text, a configuration entry, or several in a row. On an operation it may be
    /// computed from the arguments.
    pub(crate) fn setting(&mut self, expr: ExprId, computed: &mut Option<Computed<'_>>) -> Setting {
        let program = self.program;
        match &program.exprs[expr].kind {
            ExprKind::String(text) => Setting::Text(text.to_string()),
            ExprKind::Config(entry) => Setting::Config(self.config_entry(*entry)),
            ExprKind::Template(parts) => {
                let mut joined = Vec::with_capacity(parts.len());
                for part in parts {
                    joined.push(match part {
                        TemplatePart::Text(text) => Setting::Text(text.to_string()),
                        TemplatePart::Expr(expr) => self.setting(*expr, computed),
                    });
                }
                Setting::Joined(joined)
            }
            _ => match computed {
                Some(computed) => Setting::Computed(self.compute(expr, computed)),
                None => {
                    let span = program.exprs[expr].span;
                    self.not_built(span, "a computed value here", "write a text or `config.name`");
                    Setting::Text(String::new())
                }
            },
        }
    }

    /// The settings of a base.
    pub(crate) fn settings(&mut self, expr: ExprId) -> Vec<Setting> {
        match &self.program.exprs[expr].kind {
            ExprKind::List(items) => items
                .iter()
                .map(|item| match item {
                    ListItem::Item(expr) | ListItem::Spread(expr) => self.setting(*expr, &mut None),
                })
                .collect(),
            _ => vec![self.setting(expr, &mut None)],
        }
    }

    /// How requests are authenticated.
    pub(crate) fn auth(&mut self, auth: &flow_hir::Auth, computed: &mut Option<Computed<'_>>) -> Auth {
        match auth {
            flow_hir::Auth::Bearer { token, .. } => Auth::Bearer(self.setting(*token, computed)),
            flow_hir::Auth::Basic { user, password, .. } => Auth::Basic {
                user: self.setting(*user, computed),
                password: self.setting(*password, computed),
            },
            flow_hir::Auth::KeyHeader { name, value, .. } => Auth::Key {
                place: KeyPlace::Header(name.text.to_string()),
                key: self.setting(*value, computed),
            },
            flow_hir::Auth::KeyQuery { name, value, .. } => Auth::Key {
                place: KeyPlace::Query(name.text.to_string()),
                key: self.setting(*value, computed),
            },
        }
    }

    /// Headers of every request.
    pub(crate) fn headers(
        &mut self,
        headers: &[(flow_hir::Name, ExprId)],
        computed: &mut Option<Computed<'_>>,
    ) -> Vec<(String, Setting)> {
        headers.iter().map(|(name, value)| (name.text.to_string(), self.setting(*value, computed))).collect()
    }

    /// A text that each call computes from its arguments: its place among them.
    fn compute(&mut self, expr: ExprId, computed: &mut Computed<'_>) -> u16 {
        let declared = &self.program.operations[computed.id];
        let function = self.reserve_function(format!("{} computes", declared.name.text));
        let text = self.intern(Type::String);
        self.enter(Purity::Pure, text);
        for (param, made) in declared.params.iter().zip(computed.params) {
            self.param(param.local, made.ty);
        }
        // What leads to the next page is given too, and no name is bound to it.
        for made in computed.params.iter().skip(declared.params.len()) {
            let value = self.register(made.ty);
            self.current.params.push(value.reg);
        }
        let value = self.expr(expr);
        let value = self.text_of(value);
        self.current.emit(Op::Return { src: value.reg });
        self.leave(function);
        computed.functions.push(function);
        u16::try_from(computed.functions.len().saturating_sub(1)).unwrap_or(u16::MAX)
    }
}
