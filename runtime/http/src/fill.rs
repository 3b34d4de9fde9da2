//! Completing a draft with what is live: the base URL, secrets, authentication.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use flow_plan::{Api, Auth, Balance, ConfigId, KeyPlace, OperationId, Plan, Setting};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::{
    Draft, Field, HeaderLine, HttpRequest, NetError, Secret, Settings, Value, draft::check_header_value,
    link, settings::Supplied,
};

/// What one attempt adds to a draft.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// A number that grows with every attempt to the API; it chooses the base URL.
    pub turn: u64,
    /// The limit on the whole attempt.
    pub timeout: Duration,
}

impl Draft {
    /// The request of one attempt.
    ///
    /// # Errors
    /// Where a setting is missing or malformed. The text names the setting and never shows its value.
    pub fn fill(
        &self,
        plan: &Plan,
        id: OperationId,
        settings: &Settings,
        attempt: Attempt,
    ) -> Result<HttpRequest, NetError> {
        let operation = plan.operation(id).ok_or_else(|| NetError::setting(format!("no operation {id}")))?;
        let api =
            plan.api(operation.api).ok_or_else(|| NetError::setting(format!("no API {}", operation.api)))?;
        let mut target = self.target.clone();
        let mut headers = Vec::with_capacity(self.headers.len() + 1);
        for (name, field) in &self.headers {
            headers.push(header(name, &field_value(settings, field)?)?);
        }
        if let Some(auth) = operation.form.auth.as_ref().or(api.auth.as_ref()) {
            authenticate(auth, Live { settings, computed: &self.computed }, &mut target, &mut headers)?;
        }
        let url = if target.starts_with('/') {
            let base = base(api, settings, attempt.turn)?;
            join(&base, &target)?
        } else {
            link::check(&target, &bases(api, settings)?)?;
            target
        };
        Ok(HttpRequest {
            method: self.method,
            url,
            headers,
            body: self.body.clone(),
            timeout: attempt.timeout,
            connect_timeout: operation
                .form
                .connect_timeout_us
                .or(api.connect_timeout_us)
                .map(Duration::from_micros),
        })
    }
}

/// What the process and the call have for settings.
#[derive(Clone, Copy)]
struct Live<'a> {
    settings: &'a Settings,
    computed: &'a [String],
}

fn supplied(live: Live<'_>, setting: &Setting) -> Result<Supplied, NetError> {
    match setting {
        Setting::Text(_) | Setting::Config(_) => live.settings.text(setting),
        Setting::Joined(parts) => joined(parts.iter().map(|part| supplied(live, part))),
        // It may be made of a secret, and is as good as one.
        Setting::Computed(index) => match live.computed.get(usize::from(*index)) {
            Some(text) => Ok(Supplied::Secret(Secret::new(text.as_str()))),
            None => Err(NetError::setting("a computed text is missing")),
        },
    }
}

fn field_value(settings: &Settings, field: &Field) -> Result<Supplied, NetError> {
    match field {
        Field::Text(text) => Ok(Supplied::Text(text.clone())),
        Field::Config(id) => settings.text(&Setting::Config(*id)),
        Field::Joined(parts) => joined(parts.iter().map(|part| field_value(settings, part))),
    }
}

/// Texts one after another; secret where one of them is.
fn joined(parts: impl Iterator<Item = Result<Supplied, NetError>>) -> Result<Supplied, NetError> {
    let (mut whole, mut secret) = (Zeroizing::new(String::new()), false);
    for part in parts {
        let part = part?;
        secret |= part.is_secret();
        whole.push_str(part.expose());
    }
    let whole = whole.as_str();
    Ok(if secret { Supplied::Secret(Secret::new(whole)) } else { Supplied::Text(whole.to_owned()) })
}

fn header(name: &str, value: &Supplied) -> Result<HeaderLine, NetError> {
    check_header_value(name, value.expose())?;
    Ok(HeaderLine { name: name.to_owned(), value: value.expose().to_owned(), sensitive: value.is_secret() })
}

/// Adds the authentication, in place of a header of the same name.
fn authenticate(
    auth: &Auth,
    live: Live<'_>,
    target: &mut String,
    headers: &mut Vec<HeaderLine>,
) -> Result<(), NetError> {
    let line = match auth {
        Auth::Bearer(token) => {
            let token = supplied(live, token)?;
            HeaderLine {
                name: "authorization".into(),
                value: format!("Bearer {}", token.expose()),
                sensitive: true,
            }
        }
        Auth::Basic { user, password } => {
            let (user, password) = (supplied(live, user)?, supplied(live, password)?);
            // The first colon ends the user (RFC 7617, section 2).
            if user.expose().contains(':') {
                return Err(NetError::setting("the user of `basic` authentication has a colon"));
            }
            let pair = STANDARD.encode(format!("{}:{}", user.expose(), password.expose()));
            HeaderLine { name: "authorization".into(), value: format!("Basic {pair}"), sensitive: true }
        }
        Auth::Key { place: KeyPlace::Header(name), key } => HeaderLine {
            name: name.to_ascii_lowercase(),
            value: supplied(live, key)?.expose().to_owned(),
            sensitive: true,
        },
        Auth::Key { place: KeyPlace::Query(name), key } => {
            let key = supplied(live, key)?;
            if !target.starts_with('/') {
                *target = link::without(target, name);
            }
            let pair =
                form_urlencoded::Serializer::new(String::new()).append_pair(name, key.expose()).finish();
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&pair);
            return Ok(());
        }
    };
    check_header_value(&line.name, &line.value)?;
    headers.retain(|header| header.name != line.name);
    headers.push(line);
    Ok(())
}

/// The base URL whose turn it is.
fn base(api: &Api, settings: &Settings, turn: u64) -> Result<String, NetError> {
    let mut bases = bases(api, settings)?;
    let index = match api.balance {
        Balance::RoundRobin => turn.checked_rem(bases.len() as u64),
    };
    index
        .and_then(|index| usize::try_from(index).ok())
        .filter(|index| *index < bases.len())
        .map(|index| bases.swap_remove(index))
        .ok_or_else(|| NetError::setting(format!("the API `{}` has no base URL", api.name)))
}

/// All base URLs.
fn bases(api: &Api, settings: &Settings) -> Result<Vec<String>, NetError> {
    let mut bases: Vec<String> = Vec::new();
    for setting in &api.base {
        match setting {
            Setting::Config(id) => bases.extend(base_config(settings, *id)?.into_iter().map(str::to_owned)),
            other => match supplied(Live { settings, computed: &[] }, other)? {
                Supplied::Text(text) => bases.push(text),
                Supplied::Secret(_) => {
                    return Err(NetError::setting(format!(
                        "a base URL of `{}` has a secret in it",
                        api.name
                    )));
                }
            },
        }
    }
    Ok(bases)
}

fn base_config(settings: &Settings, id: ConfigId) -> Result<Vec<&str>, NetError> {
    match settings.value(id) {
        Some(Value::Text(text)) => Ok(vec![text]),
        Some(Value::List(texts)) => Ok(texts.iter().map(String::as_str).collect()),
        Some(Value::Secret(_)) => {
            Err(NetError::setting(format!("config `{}` is a secret, so no URL", settings.name(id))))
        }
        None => Err(NetError::setting(format!("config `{}` is missing", settings.name(id)))),
    }
}

/// Puts the target behind the base: its path is a prefix, whatever it ends with.
fn join(base: &str, target: &str) -> Result<String, NetError> {
    let refused = |why: &str| NetError::setting(format!("the base URL `{}` {why}", shown(base)));
    let parsed = Url::parse(base).map_err(|error| refused(&format!("is malformed: {error}")))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(refused("is neither `http` nor `https`"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(refused("has a user in it; use `auth: basic(…)`"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(refused("has a query or a fragment"));
    }
    let prefix = parsed.path().trim_end_matches('/');
    let origin = parsed.origin().ascii_serialization();
    let url = Url::parse(&format!("{origin}{prefix}{target}"))
        .map_err(|error| refused(&format!("does not take `{target}`: {error}")))?;
    // The parser folds dot segments and the like; what it gives must be what was meant.
    let path = target.split(['?', '#']).next().unwrap_or_default();
    if url.path() != format!("{prefix}{path}") || url.fragment().is_some() {
        return Err(NetError::setting(format!("the path `{path}` is not in normal form")));
    }
    Ok(url.into())
}

/// A base URL for people: without what may be a password.
fn shown(base: &str) -> String {
    match base.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => base.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_prefix_whatever_it_ends_with() {
        for (base, expected) in [
            ("http://127.0.0.1:8081", Ok("http://127.0.0.1:8081/orders?a=1")),
            ("http://127.0.0.1:8081/", Ok("http://127.0.0.1:8081/orders?a=1")),
            ("https://API.example.com/v1/", Ok("https://api.example.com/v1/orders?a=1")),
            ("http://[::1]:80/x", Ok("http://[::1]/x/orders?a=1")),
            ("ftp://host", Err("the base URL `ftp://host` is neither `http` nor `https`")),
            ("http://me:hunter2@host", Err("the base URL `…@host` has a user in it; use `auth: basic(…)`")),
            ("http://host/?a=b", Err("the base URL `http://host/?a=b` has a query or a fragment")),
            ("host", Err("the base URL `host` is malformed: relative URL without a base")),
        ] {
            let got = join(base, "/orders?a=1").map_err(|error| error.to_string());
            assert_eq!(got.as_deref().map_err(String::as_str), expected, "{base}");
        }
    }
}
