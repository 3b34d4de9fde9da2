//! Methods of the standard library, by the one table.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{Argument, ExprId, ExprKind, Name};
use flow_source::Span;

use super::record::plain_field;
use super::{Infer, Place, Want};
use crate::coercion::is_data;
use crate::display;
use crate::methods::{METHODS, Receiver, Scheme, Signature};
use crate::typed::{MethodCall, ParamValue};
use crate::types::{Ty, TyKind};

/// What the letters of a signature stand for in one call.
struct Bindings {
    receiver: Ty,
    element: Ty,
    given: Option<Ty>,
}

impl Infer<'_, '_> {
    /// Whether a type has a method of a name.
    pub(super) fn has_method(&self, ty: Ty, name: &str) -> bool {
        METHODS.iter().any(|row| row.name == name && self.receives(row.receiver, ty).is_some())
    }

    /// Whether a type is a receiver, and what it holds.
    fn receives(&self, receiver: Receiver, ty: Ty) -> Option<Ty> {
        let types = &self.checker.typed.types;
        let kind = types.structure(ty);
        let held = match &*kind {
            TyKind::List(element) | TyKind::Map(element) => *element,
            _ => Ty::ERROR,
        };
        let is = match (receiver, &*kind) {
            (Receiver::List, TyKind::List(_)) | (Receiver::Map, TyKind::Map(_)) => true,
            (Receiver::ListOfNumbers, TyKind::List(element)) => matches!(
                &*types.structure(*element),
                TyKind::Int | TyKind::Decimal | TyKind::Float | TyKind::Duration | TyKind::Error
            ),
            (Receiver::ListOfOrdered, TyKind::List(element)) => self.is_ordered(*element),
            (Receiver::ListOfStrings, TyKind::List(element)) => match &*types.structure(*element) {
                TyKind::String | TyKind::Error => true,
                TyKind::Literals(literals) => literals.base == Ty::STRING,
                _ => false,
            },
            (Receiver::String, TyKind::String) => true,
            (Receiver::String, TyKind::Literals(literals)) => literals.base == Ty::STRING,
            (Receiver::Int, TyKind::Int)
            | (Receiver::Decimal, TyKind::Decimal)
            | (Receiver::Float, TyKind::Float)
            | (Receiver::Timestamp, TyKind::Timestamp)
            | (Receiver::Date, TyKind::Date)
            | (Receiver::Octets, TyKind::String | TyKind::Url | TyKind::Bytes) => true,
            (Receiver::Octets, TyKind::Literals(literals)) => literals.base == Ty::STRING,
            (Receiver::Octets, TyKind::Secret(inner)) => return self.receives(receiver, *inner),
            (
                Receiver::Scalar,
                TyKind::Int
                | TyKind::Decimal
                | TyKind::Float
                | TyKind::Bool
                | TyKind::String
                | TyKind::Url
                | TyKind::Duration
                | TyKind::Timestamp
                | TyKind::Date
                | TyKind::Uuid
                | TyKind::Literals(_),
            ) => true,
            (Receiver::Data, TyKind::Json) => false,
            (Receiver::Data, _) => is_data(types, ty),
            _ => false,
        };
        is.then_some(held)
    }

    /// `receiver.method(args)`.
    pub(super) fn call_method(
        &mut self,
        expr: ExprId,
        receiver: ExprId,
        method: &Name,
        optional: bool,
        arguments: &[Argument],
        want: Want<'_>,
    ) -> Ty {
        let receiver_ty = self.any(receiver);
        let types = &self.checker.typed.types;
        let nullable = matches!(*types.structure(receiver_ty), TyKind::Optional(_));
        let plain = types.without_null(receiver_ty);
        if matches!(plain, Ty::ERROR | Ty::NEVER) || self.checker.typed.types.resolve(plain) == Ty::ERROR {
            self.arguments_apart(arguments);
            return Ty::ERROR;
        }
        if nullable && !optional {
            self.may_be_null(receiver, receiver_ty, method, want);
            self.arguments_apart(arguments);
            return Ty::ERROR;
        }
        let found = METHODS.iter().find_map(|row| {
            (row.name == &*method.text)
                .then(|| self.receives(row.receiver, plain).map(|held| (row, held)))
                .flatten()
        });
        let Some((row, element)) = found else {
            self.unknown_method(plain, method);
            self.arguments_apart(arguments);
            return Ty::ERROR;
        };
        let mut bindings = Bindings { receiver: plain, element, given: None };
        let span = self.checker.span(expr);
        let values = self.method_arguments(row, arguments, span, &mut bindings, want);
        let mut result = self.scheme(row.result, &bindings).unwrap_or(Ty::ERROR);
        let types = &self.checker.typed.types;
        // What it is encoded to gives it away; a digest does not.
        if matches!(&*types.structure(plain), TyKind::Secret(_)) && row.result == Scheme::String {
            result = types.secret(result);
        }
        self.checker
            .typed
            .methods
            .insert(expr, MethodCall { method: row.method, receiver: plain, result, arguments: values });
        if optional && nullable { self.checker.typed.types.optional(result) } else { result }
    }

    /// Infers arguments of a call that is not understood, so that mistakes in them are told.
    fn arguments_apart(&mut self, arguments: &[Argument]) {
        for argument in arguments {
            if let ExprKind::Lambda { params, body } = &self.checker.program.exprs[argument.value].kind {
                for param in params {
                    self.bind(*param, Ty::ERROR);
                }
                let body = *body;
                self.at(Place::Pure("a lambda"), |infer| infer.any(body));
                self.checker.typed.exprs.insert(argument.value, Ty::ERROR);
            } else {
                self.any(argument.value);
            }
        }
    }

    fn unknown_method(&mut self, ty: Ty, method: &Name) {
        let words = self.checker.words(ty);
        let mut names: Vec<&str> = METHODS
            .iter()
            .filter(|row| self.receives(row.receiver, ty).is_some())
            .map(|row| row.name)
            .collect();
        names.dedup();
        let diagnostic =
            Diagnostic::new(&codes::F0304, method.span, format!("`{words}` has no method `{}`", method.text));
        if let TyKind::Secret(inner) = *self.checker.typed.types.structure(ty) {
            let diagnostic = match self.has_method(inner, &method.text) {
                true => {
                    let message = format!("`{}` is not for secrets", method.text);
                    Diagnostic::new(&codes::F0304, method.span, message).label(format!("`{words}`"))
                }
                false => diagnostic,
            };
            self.checker.report(diagnostic.help(self.uses_of_secret(ty)));
            return;
        }
        let mut diagnostic = diagnostic;
        let elsewhere: Vec<&Signature> = METHODS.iter().filter(|row| row.name == &*method.text).collect();
        if let Some(near) = self.checker.nearest(&method.text, names.iter().copied()) {
            diagnostic = diagnostic.did_you_mean(method.span, near);
        } else if let Some(row) = elsewhere.first() {
            diagnostic = diagnostic.help(format!("`{}` is a method of {}", row.name, row.receiver.words()));
        } else if matches!(*self.checker.typed.types.structure(ty), TyKind::Json) {
            diagnostic = diagnostic.help("say what it is: `value as T`");
        } else if !names.is_empty() {
            diagnostic = diagnostic.help(format!("it has {}", display::names(names)));
        }
        self.checker.report(diagnostic);
    }

    /// What can be done with a secret.
    pub(super) fn uses_of_secret(&self, ty: Ty) -> &'static str {
        if self.receives(Receiver::Octets, ty).is_some() {
            return "a secret is compared with `==`, stands in a text `\"…{secret}…\"`, has `base64`, `hex`, `sha256` and \
                    `hmac`, and goes into `auth`, headers and bodies of requests; nothing else is computed from it";
        }
        "a secret is compared with `==`, and goes into `auth`, headers and bodies of requests; nothing else is computed \
         from it"
    }

    /// Puts arguments to the parameters of a method.
    fn method_arguments(
        &mut self,
        row: &'static Signature,
        arguments: &[Argument],
        span: Span,
        bindings: &mut Bindings,
        want: Want<'_>,
    ) -> Vec<ParamValue> {
        let mut values = vec![ParamValue::Null; row.params.len()];
        for (index, argument) in arguments.iter().enumerate() {
            let position = match &argument.name {
                Some(name) => row.params.iter().position(|(param, ..)| *param == &*name.text),
                None => (index < row.params.len()).then_some(index),
            };
            let Some((slot, (_, scheme, _))) =
                position.and_then(|position| Some((values.get_mut(position)?, row.params.get(position)?)))
            else {
                let at = self.checker.span(argument.value);
                let count = match row.params.len() {
                    0 => "no argument".to_owned(),
                    1 => "one argument".to_owned(),
                    many => format!("{many} arguments"),
                };
                self.checker.report(Diagnostic::new(
                    &codes::F0305,
                    at,
                    format!("`{}` takes {count}", row.name),
                ));
                self.arguments_apart(std::slice::from_ref(argument));
                continue;
            };
            *slot = ParamValue::Given(argument.value);
            self.method_argument(row, argument.value, *scheme, bindings, want);
        }
        for (value, (name, _, may_miss)) in values.iter().zip(row.params) {
            if *value == ParamValue::Null && !may_miss {
                self.checker.report(Diagnostic::new(
                    &codes::F0305,
                    span,
                    format!("`{}` is called without its argument `{name}`", row.name),
                ));
            }
        }
        values
    }

    /// Checks one argument, and learns what it gives.
    fn method_argument(
        &mut self,
        row: &Signature,
        value: ExprId,
        scheme: Scheme,
        bindings: &mut Bindings,
        want: Want<'_>,
    ) {
        match scheme {
            Scheme::Lambda(params, result) => {
                let params: Vec<Ty> =
                    params.iter().map(|param| self.scheme(*param, bindings).unwrap_or(Ty::ERROR)).collect();
                let expected = self.scheme(*result, bindings);
                let found = self.lambda(row, value, params, expected);
                if expected.is_none() {
                    self.learn_given(value, *result, found, bindings);
                }
            }
            Scheme::OrderKey => {
                let found = self.lambda(row, value, vec![bindings.element], None);
                if !self.is_ordered(found) {
                    let words = self.checker.words(found);
                    let span = self.checker.span(value);
                    self.checker.report(Diagnostic::new(
                        &codes::F0307,
                        span,
                        format!("`{}` needs a number, text or time to sort by, found `{words}`", row.name),
                    ));
                }
            }
            Scheme::List(&Scheme::Given) => {
                let found = self.any(value);
                self.learn_given(value, scheme, found, bindings);
            }
            Scheme::Octets => {
                let found = self.any(value);
                if self.receives(Receiver::Octets, found).is_none() {
                    self.mismatch(value, found, Ty::STRING, None);
                }
            }
            Scheme::Pattern => {
                self.check(value, Ty::STRING, None);
                self.regular_expression(value);
            }
            Scheme::Given => {
                // The first value of a `fold` has the type that is wanted of the whole, where one is.
                match want.hint() {
                    Some(hint) => {
                        self.check(value, hint, None);
                        bindings.given = Some(hint);
                    }
                    None => bindings.given = Some(self.any(value)),
                }
            }
            other => match self.scheme(other, bindings) {
                Some(expected) => self.check(value, expected, None),
                None => {
                    self.any(value);
                }
            },
        }
    }

    /// A regular expression stands in the source, so that it is known to be one.
    fn regular_expression(&mut self, value: ExprId) {
        let span = self.checker.span(value);
        let problem = match &self.checker.program.exprs[value].kind {
            ExprKind::String(text) => match regular_expression(text) {
                Ok(()) => return,
                Err(why) => why,
            },
            ExprKind::Missing => return,
            _ => "a pattern that is computed".to_owned(),
        };
        self.checker.report(
            Diagnostic::new(&codes::F0404, span, problem)
                .help("write a regular expression as a text, such as `r\"^[A-Z]{2}[0-9]+$\"`"),
        );
    }

    /// What a lambda gives tells what `Given` stands for.
    fn learn_given(&mut self, value: ExprId, result: Scheme, found: Ty, bindings: &mut Bindings) {
        match result {
            Scheme::List(_) => match *self.checker.typed.types.structure(found) {
                TyKind::List(element) => bindings.given = Some(element),
                TyKind::Error | TyKind::Never => {}
                _ => {
                    let words = self.checker.words(found);
                    let span = self.checker.span(value);
                    self.checker.report(Diagnostic::new(
                        &codes::F0301,
                        span,
                        format!("expected a list, found `{words}`"),
                    ));
                }
            },
            _ => bindings.given = Some(found),
        }
    }

    /// A lambda as an argument. Gives the type of its value.
    fn lambda(&mut self, row: &Signature, value: ExprId, params: Vec<Ty>, result: Option<Ty>) -> Ty {
        let ExprKind::Lambda { params: names, body } = &self.checker.program.exprs[value].kind else {
            let ty = self.any(value);
            if ty != Ty::ERROR {
                let span = self.checker.span(value);
                let words = self.checker.words(ty);
                self.checker.report(
                    Diagnostic::new(
                        &codes::F0301,
                        span,
                        format!("`{}` takes a lambda, found `{words}`", row.name),
                    )
                    .help(format!("`.{}(x => …)`", row.name)),
                );
            }
            return Ty::ERROR;
        };
        if names.len() != params.len() {
            let span = self.checker.span(value);
            let count = if params.len() == 1 { "one parameter" } else { "two parameters" };
            self.checker.report(Diagnostic::new(
                &codes::F0305,
                span,
                format!("the lambda of `{}` has {count}", row.name),
            ));
        }
        for (index, name) in names.iter().enumerate() {
            self.bind(*name, params.get(index).copied().unwrap_or(Ty::ERROR));
        }
        let body = *body;
        let found = self.at(Place::Pure("a lambda"), |infer| match result {
            Some(result) => {
                infer.check(body, result, None);
                result
            }
            None => infer.any(body),
        });
        let ty = self.checker.typed.types.intern(TyKind::Lambda { params: params.into(), result: found });
        self.checker.typed.exprs.insert(value, ty);
        found
    }

    /// A lambda where no method takes it.
    pub(super) fn stray_lambda(&mut self, span: Span) -> Ty {
        self.checker.report(
            Diagnostic::new(&codes::F0320, span, "a lambda stands only as an argument of a method")
                .help("declare a function: `fn name(x: T) -> U = …`"),
        );
        Ty::ERROR
    }

    /// The type of a signature's letter, if it is known by now.
    fn scheme(&self, scheme: Scheme, bindings: &Bindings) -> Option<Ty> {
        let types = &self.checker.typed.types;
        Some(match scheme {
            Scheme::Bool => Ty::BOOL,
            Scheme::Int => Ty::INT,
            Scheme::Decimal => Ty::DECIMAL,
            Scheme::Float => Ty::FLOAT,
            Scheme::String => Ty::STRING,
            Scheme::Duration => Ty::DURATION,
            Scheme::Timestamp => Ty::TIMESTAMP,
            Scheme::Same => bindings.receiver,
            Scheme::Element => bindings.element,
            Scheme::Given => bindings.given?,
            Scheme::List(inner) => types.list(self.scheme(*inner, bindings)?),
            Scheme::Optional(inner) => types.optional(self.scheme(*inner, bindings)?),
            Scheme::Map(inner) => types.map(self.scheme(*inner, bindings)?),
            Scheme::Entry => types.record(vec![
                plain_field(&Arc::from("key"), Ty::STRING),
                plain_field(&Arc::from("value"), bindings.element),
            ]),
            Scheme::Pair => types.record(vec![
                plain_field(&Arc::from("first"), bindings.element),
                plain_field(&Arc::from("second"), bindings.given?),
            ]),
            Scheme::Pattern => Ty::STRING,
            Scheme::Date => Ty::DATE,
            Scheme::Bytes => Ty::BYTES,
            Scheme::Octets => Ty::STRING,
            Scheme::Lambda(..) | Scheme::OrderKey => return None,
        })
    }
}

/// Bytes of a regular expression, and of what it is made into; the machine has the same limits.
const PATTERN_BYTES_MAX: usize = 4 << 10;
const PATTERN_SIZE_MAX: usize = 1 << 20;

/// Whether a text is a regular expression, or why not.
fn regular_expression(text: &str) -> Result<(), String> {
    if text.len() > PATTERN_BYTES_MAX {
        return Err("a regular expression of more than 4 KB".to_owned());
    }
    let made =
        regex::RegexBuilder::new(text).size_limit(PATTERN_SIZE_MAX).dfa_size_limit(PATTERN_SIZE_MAX).build();
    match made {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => {
            Err("a regular expression that takes too much room".to_owned())
        }
        // The last line says what is wrong; the others draw it.
        Err(error) => {
            let text = error.to_string();
            let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Err(format!("no regular expression: {why}"))
        }
    }
}
