//! What the caller gives for a plan's configuration, held against what the plan asks for.

mod typed;

use std::collections::BTreeMap;
use std::sync::Arc;

use flow_http::{Redactor, Secret, SecretSource, Settings, Value};
use flow_plan::{Config, ConfigId, Plan, PlanHash, Type, TypeId, WireForm};
use flow_vm::Program;
use serde::de::IgnoredAny;
use serde_json::Value as Json;

/// The longest secret: 64 KiB.
const SECRET_MAX: usize = 64 << 10;

/// The values that the caller gives, by name. What the plan does not ask for is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Given {
    plain: Vec<(String, Plain)>,
    secrets: Vec<(String, SecretSource)>,
}

#[derive(Clone, Debug)]
enum Plain {
    Json(String),
    Text(String),
}

impl Given {
    /// Nothing: defaults everywhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value as JSON text. A later one of the same name wins.
    pub fn json(&mut self, name: impl Into<String>, json: impl Into<String>) {
        self.plain.push((name.into(), Plain::Json(json.into())));
    }

    /// A value as somebody typed it: as it stands where the entry is a text, JSON otherwise. For a secret, the
    /// secret.
    pub fn text(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.plain.push((name.into(), Plain::Text(text.into())));
    }

    /// A secret, or a source that is asked for it at each attempt.
    pub fn secret(&mut self, name: impl Into<String>, secret: impl Into<SecretSource>) {
        self.secrets.push((name.into(), secret.into()));
    }

    /// The same for executions whose network is played by mocks: a secret that is not given is made up, and so is
    /// a URL that only requests use.
    #[must_use]
    pub fn with_stand_ins(mut self, plan: &Plan) -> Self {
        for entry in &plan.config {
            let name = &entry.name;
            if entry.secret && self.secret_of(name).is_none() {
                let value = match plan.types.get(entry.ty) {
                    Type::Int | Type::Decimal | Type::Float => "1000000007".to_owned(),
                    Type::Bool => "true".to_owned(),
                    Type::Url => format!("http://mock-secret-{name}.invalid"),
                    _ => format!("mock-secret-{name}"),
                };
                self.secret(name.clone(), Secret::new(value));
            } else if !entry.pinned && entry.default.is_none() && self.plain(name).is_none() {
                let url = format!("\"http://{name}.invalid\"");
                match plan.types.get(entry.ty) {
                    Type::Url => self.json(name.clone(), url),
                    Type::List(item) if *plan.types.get(*item) == Type::Url => {
                        self.json(name.clone(), format!("[{url}]"));
                    }
                    _ => {}
                }
            }
        }
        self
    }

    fn plain(&self, name: &str) -> Option<&Plain> {
        self.plain.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value)
    }

    fn secret_of(&self, name: &str) -> Option<SecretSource> {
        let secret = self.secrets.iter().rev().find(|(given, _)| given == name);
        secret.map(|(_, secret)| secret.clone()).or_else(|| match self.plain(name)? {
            Plain::Text(text) => Some(Secret::new(text.as_str()).into()),
            Plain::Json(json) => Some(Secret::new(json.as_str()).into()),
        })
    }
}

/// The configuration of a plan, and of all the plans that come to run below it.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    plans: BTreeMap<PlanHash, Configured>,
    redactor: Redactor,
}

impl Resolved {
    /// What masks the secrets of all these plans.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The configuration of one of the plans.
    pub fn of(&self, program: &Program) -> Configured {
        self.plans.get(&program.hash()).cloned().unwrap_or_default()
    }
}

/// A plan's configuration with a value for every entry.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// What requests use.
    pub settings: Settings,
    /// What is pinned at the start: the entry and its JSON.
    pub pinned: Vec<(ConfigId, Vec<u8>)>,
}

/// Why a configuration does not do. No value of a secret is shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A secret was not given.
    #[error("secret `{0}` is missing")]
    SecretMissing(String),
    /// A secret without content.
    #[error("secret `{0}` is empty")]
    SecretEmpty(String),
    /// A secret whose source does not give it.
    #[error("secret `{name}` {why}")]
    SecretUnread {
        /// The entry.
        name: String,
        /// Why.
        why: String,
    },
    /// A secret that is a file by mistake.
    #[error("secret `{0}` has more than 64 KiB")]
    SecretTooLong(String),
    /// A secret that breaks the condition of its entry.
    #[error("secret `{0}` breaks its condition")]
    SecretBroken(String),
    /// A secret that workflow code reads, and that has not the type of its entry.
    #[error("secret `{0}` is not of the type that it is declared with")]
    SecretMalformed(String),
    /// A value without default was not given.
    #[error("config `{0}` is missing")]
    Missing(String),
    /// A value that breaks the condition of its entry.
    #[error("config `{name}` is {value}, which breaks its condition")]
    Broken {
        /// The entry.
        name: String,
        /// The value, as JSON.
        value: String,
    },
    /// A value does not have the entry's type.
    #[error("config `{name}` does not fit: {why}")]
    Malformed {
        /// The entry.
        name: String,
        /// Why.
        why: String,
    },
}

/// Gives every entry of a plan its value, and every entry of the plans of the workflows that it calls.
///
/// # Errors
/// Everything that is missing or does not fit, before anything is sent.
pub fn resolve(program: &Arc<Program>, given: &Given) -> Result<Resolved, Vec<SettingError>> {
    let mut resolved = Resolved::default();
    let mut errors: Vec<SettingError> = Vec::new();
    let descendants = program.descendants();
    for program in std::iter::once(program).chain(&descendants) {
        match configure(program, given) {
            Ok(mut configured) => {
                configured.settings = configured.settings.sharing(&resolved.redactor);
                resolved.plans.insert(program.hash(), configured);
            }
            // Plans that share an entry lack it together: it is said once.
            Err(found) => {
                for error in found {
                    if !errors.contains(&error) {
                        errors.push(error);
                    }
                }
            }
        }
    }
    if errors.is_empty() { Ok(resolved) } else { Err(errors) }
}

fn configure(program: &Arc<Program>, given: &Given) -> Result<Configured, Vec<SettingError>> {
    let plan = program.plan();
    let (mut entries, mut pinned, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (index, entry) in plan.config.iter().enumerate() {
        // What stands for a fact of the execution is filled in when it starts.
        if entry.fact.is_some() {
            continue;
        }
        let id = ConfigId(u32::try_from(index).unwrap_or(u32::MAX));
        let value = if entry.secret {
            secret(program, entry, given).map(|(source, json)| {
                pinned.extend(json.map(|json| (id, json.into_bytes())));
                Some(Value::Secret(source))
            })
        } else {
            plain(program, entry, given).map(|(text, json)| {
                if entry.pinned {
                    // The text itself: a decimal keeps its digits.
                    pinned.push((id, text.into_bytes()));
                }
                value(&json)
            })
        };
        match value {
            Ok(value) => entries.push((entry.name.clone(), value)),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(Configured { settings: Settings::new(entries), pinned }) } else { Err(errors) }
}

/// The source of a secret: what it gives now does, and what it gives later is looked at then. Where workflow code reads
/// it, its value now, as JSON, too.
fn secret(
    program: &Arc<Program>,
    entry: &Config,
    given: &Given,
) -> Result<(SecretSource, Option<String>), SettingError> {
    let name = || entry.name.clone();
    let source = given.secret_of(&entry.name).ok_or_else(|| SettingError::SecretMissing(name()))?;
    let secret = source.read().map_err(|why| SettingError::SecretUnread { name: name(), why })?;
    match secret.expose().len() {
        0 => return Err(SettingError::SecretEmpty(name())),
        length if length > SECRET_MAX => return Err(SettingError::SecretTooLong(name())),
        _ => {}
    }
    let mut pinned = None;
    if entry.pinned || entry.check.is_some() {
        let json = secret_json(program.plan(), entry.ty, &secret);
        // What is wrong with it would tell of it.
        program.check_value(entry.ty, json.as_bytes()).map_err(|_| SettingError::SecretMalformed(name()))?;
        if !fulfils(program, entry, &json) {
            return Err(SettingError::SecretBroken(name()));
        }
        pinned = entry.pinned.then_some(json);
    }
    let conditional = entry.check.is_some().then(|| (Arc::clone(program), entry.clone()));
    let source = SecretSource::new(move || {
        let secret = source.read()?;
        match secret.expose().len() {
            0 => return Err("is empty".to_owned()),
            length if length > SECRET_MAX => return Err("has more than 64 KiB".to_owned()),
            _ => {}
        }
        if let Some((program, entry)) = &conditional
            && !fulfils(program, entry, &secret_json(program.plan(), entry.ty, &secret))
        {
            return Err("breaks its condition".to_owned());
        }
        Ok(secret)
    });
    Ok((source, pinned))
}

/// A secret as JSON.
fn secret_json(plan: &Plan, ty: TypeId, secret: &Secret) -> String {
    let text = typed::text(plan, ty, secret.expose());
    if is_text(plan, ty) { Json::from(&*text).to_string() } else { text.into_owned() }
}

/// Whether a value fulfils the condition of its entry, where it has one. One that cannot be told is not fulfilled.
fn fulfils(program: &Program, entry: &Config, json: &str) -> bool {
    entry.check.is_none_or(|check| {
        program.evaluate(check, &[json.as_bytes().to_vec()]).is_ok_and(|held| held == b"true")
    })
}

/// The value as JSON text, and read.
fn plain(program: &Program, entry: &Config, given: &Given) -> Result<(String, Json), SettingError> {
    let plan = program.plan();
    let malformed = |why: String| SettingError::Malformed { name: entry.name.clone(), why };
    let optional = matches!(plan.types.get(entry.ty), Type::Optional(_));
    let text = match (given.plain(&entry.name), &entry.default) {
        (Some(Plain::Json(json)), _) => typed::json(plan, entry.ty, json).into_owned(),
        (Some(Plain::Text(text)), _) => {
            let text = typed::text(plan, entry.ty, text);
            // What is no JSON is a text of its own, and the type says what it should be.
            if is_text(plan, entry.ty) || serde_json::from_str::<IgnoredAny>(&text).is_err() {
                Json::from(&*text).to_string()
            } else {
                typed::json(plan, entry.ty, &text).into_owned()
            }
        }
        (None, Some(default)) => default.clone(),
        (None, None) if optional => "null".to_owned(),
        (None, None) => return Err(SettingError::Missing(entry.name.clone())),
    };
    program.check_value(entry.ty, text.as_bytes()).map_err(|error| {
        if error.path != "$" {
            return malformed(error.to_string());
        }
        match form_of(plan, entry.ty) {
            Some(form) => malformed(format!("{}; {form}", error.message)),
            None => malformed(error.message),
        }
    })?;
    let json: Json = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    if let Some(check) = entry.check {
        let shown = if plan.types.holds_secret(entry.ty) { "a value".to_owned() } else { json.to_string() };
        let broken = || SettingError::Broken { name: entry.name.clone(), value: shown };
        match program.evaluate(check, &[text.clone().into_bytes()]) {
            Ok(held) if held == b"true" => {}
            Ok(_) => return Err(broken()),
            Err(raised) => return Err(malformed(format!("its condition fails: {}", raised.message))),
        }
    }
    Ok((text, json))
}

/// How values of a type are written, where that does not go without saying.
fn form_of(plan: &Plan, ty: TypeId) -> Option<&'static str> {
    Some(match plan.types.get(ty) {
        Type::Optional(inner) => return form_of(plan, *inner),
        Type::Bool => "write true or false",
        Type::List(_) => "write a list as JSON: [\"a\", \"b\"]",
        Type::Map(_) | Type::Record(_) | Type::Tagged { .. } => "write it as JSON: {\"name\": \"value\"}",
        Type::Duration if form_on_wire(plan, ty).is_none() => "write a duration as 5m, 250ms or PT5M",
        Type::Duration => "write a duration as 5m, or as a number",
        Type::Timestamp => "write a moment as 2026-01-31T09:00:00Z",
        Type::Date => "write a day as 2026-01-31",
        Type::Bytes => "write bytes in base64",
        _ => return None,
    })
}

/// The form of a type on the wire, where it is not its own.
fn form_on_wire(plan: &Plan, ty: TypeId) -> Option<WireForm> {
    plan.boundary(ty).and_then(|boundary| boundary.form)
}

/// Whether a value of the type is a JSON string.
fn is_text(plan: &Plan, ty: TypeId) -> bool {
    match form_on_wire(plan, ty) {
        Some(WireForm::Text) => return true,
        Some(WireForm::Seconds | WireForm::Millis) => return false,
        None => {}
    }
    match plan.types.get(ty) {
        Type::Optional(inner) => is_text(plan, *inner),
        Type::Literals(literals) => {
            matches!(literals.values.first(), Some(flow_plan::Literal::String(_)) | None)
        }
        Type::String
        | Type::Url
        | Type::Bytes
        | Type::Duration
        | Type::Timestamp
        | Type::Date
        | Type::Uuid => true,
        _ => false,
    }
}

/// The value as requests use it.
fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(scalar).collect()),
        other => Value::Text(scalar(other)),
    })
}

fn scalar(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
