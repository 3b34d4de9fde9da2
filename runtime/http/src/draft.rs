//! A request without what is live: what is written down before it is sent, and the same on every attempt.

use bytes::Bytes;
use flow_plan::{
    BodyForm, ConfigId, Idempotency, Method, Operation, OperationId, PathPart, Plan, Response, Setting,
};
use percent_encoding::utf8_percent_encode;
use url::form_urlencoded;

use crate::{NetError, encode::COMPONENT, link, splice};

/// The longest path and query that is sent: 8 KiB.
const TARGET_MAX: usize = 8 << 10;

/// The most octets of names and values of headers that are sent: 32 KiB.
const HEADERS_MAX: usize = 32 << 10;

/// Headers that belong to the connection or are made by the client itself.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The parts of a request that a workflow computes, not yet encoded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<'a> {
    /// A text for each path parameter, in the order in which the template names them.
    pub path: &'a [String],
    /// Names and values of the query.
    pub query: &'a [(String, String)],
    /// Names and values of headers.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: Option<&'a [u8]>,
    /// The whole URL in place of path and query.
    pub next: Option<&'a str>,
    /// The texts that the operation computes.
    pub computed: &'a [String],
}

/// A request as it is written down: encoded, but without its base URL and its authentication, which are live,
/// and with secrets as references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The method.
    pub method: Method,
    /// Path and query, encoded; for a link, the whole URL.
    pub target: String,
    /// The headers, names in lower case, each once.
    pub headers: Vec<(String, Field)>,
    /// The body.
    pub body: Option<Bytes>,
    /// The texts that the operation computes: its authentication, which is not written down with the request, may
    /// need them.
    pub computed: Vec<String>,
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// As it stands.
    Text(String),
    /// Of a configuration entry, read at each attempt.
    Config(ConfigId),
    /// One after another.
    Joined(Vec<Field>),
}

impl Field {
    /// A setting, with what the call has computed put in.
    fn of(setting: &Setting, computed: &[String]) -> Result<Self, NetError> {
        Ok(match setting {
            Setting::Text(text) => Self::Text(text.clone()),
            Setting::Config(id) => Self::Config(*id),
            Setting::Joined(parts) => {
                Self::Joined(parts.iter().map(|part| Self::of(part, computed)).collect::<Result<_, _>>()?)
            }
            Setting::Computed(index) => {
                let text = computed.get(usize::from(*index));
                Self::Text(text.cloned().ok_or_else(|| NetError::setting("a computed text is missing"))?)
            }
        })
    }

    /// The octets that are known before it is sent.
    fn known_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Config(_) => 0,
            Self::Joined(parts) => parts.iter().map(Self::known_len).sum(),
        }
    }
}

impl Draft {
    /// Encodes a call of an operation. The key is that of an idempotent step; it is sent where the operation
    /// says that it takes one.
    ///
    /// # Errors
    /// Where the values do not make a request: a path parameter that is empty or a dot segment, a line break in
    /// a header, too long a target. Nothing is sent then.
    pub fn new(plan: &Plan, id: OperationId, parts: Parts<'_>, key: &str) -> Result<Self, NetError> {
        let operation = plan.operation(id).ok_or_else(|| NetError::setting(format!("no operation {id}")))?;
        let api =
            plan.api(operation.api).ok_or_else(|| NetError::setting(format!("no API {}", operation.api)))?;
        let names: Vec<&str> = operation
            .path
            .iter()
            .filter_map(|part| match part {
                PathPart::Param(index) => operation.params.get(usize::from(*index)).map(|p| p.name.as_str()),
                PathPart::Text(_) | PathPart::Link(_) => None,
            })
            .collect();
        let mut target = match (parts.next, operation.path.as_slice()) {
            (Some(next), _) => link::parsed(next)?.into(),
            (None, [PathPart::Link(_)]) => link::target(parts.path)?,
            (None, template) => path(template, parts.path, &names)?,
        };
        // A link to the next page has the query of the page before it, as far as the server wants it.
        let (fixed, own) = match parts.next {
            Some(next) => (link::absent(next, &operation.form.query), [].as_slice()),
            None => (operation.form.query.clone(), parts.query),
        };
        if !own.is_empty() || !fixed.is_empty() {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(fixed);
            query.extend_pairs(own);
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&query.finish());
        }
        if target.len() > TARGET_MAX {
            let length = target.len();
            return Err(NetError::setting(format!(
                "path and query have {length} bytes; at most {TARGET_MAX} are sent"
            )));
        }

        // Later entries replace earlier ones: the call's own parameters win over the operation's headers, and
        // those over the API's. The key wins over all, or it would not be the same on every attempt.
        let mut headers: Vec<(String, Field)> = Vec::new();
        put(&mut headers, "accept", Field::Text(accept(plan, operation).into()))?;
        if let Some(media) = &operation.form.accept {
            put(&mut headers, "accept", Field::Text(media.clone()))?;
        }
        if parts.body.is_some() {
            let media = operation.form.content.as_deref().unwrap_or("application/json");
            put(&mut headers, "content-type", Field::Text(media.to_owned()))?;
        }
        for (name, setting) in api.headers.iter().chain(&operation.headers) {
            put(&mut headers, name, Field::of(setting, parts.computed)?)?;
        }
        for (name, value) in parts.headers {
            put(&mut headers, name, Field::Text(value.clone()))?;
        }
        let mut body = parts.body.map(Bytes::copy_from_slice);
        match &operation.idempotency {
            Some(Idempotency::Header(_) | Idempotency::Field(_)) if key.is_empty() => {
                return Err(NetError::setting("the idempotency key is empty"));
            }
            Some(Idempotency::Header(name)) => put(&mut headers, name, Field::Text(key.to_owned()))?,
            Some(Idempotency::Field(path)) => {
                let given = parts.body.unwrap_or_default();
                let keyed = splice::with_field(given, path, key).ok_or_else(|| {
                    NetError::setting(format!("the body has no place for the key `{}`", path.join(".")))
                })?;
                body = Some(Bytes::from(keyed));
            }
            Some(Idempotency::Natural) | None => {}
        }
        let size: usize = headers.iter().map(|(name, field)| name.len() + field.known_len()).sum();
        if size > HEADERS_MAX {
            return Err(NetError::setting(format!(
                "the headers have {size} bytes; at most {HEADERS_MAX} are sent"
            )));
        }
        Ok(Self { method: operation.method, target, headers, body, computed: parts.computed.to_vec() })
    }
}

/// The media types that are asked for.
fn accept(plan: &Plan, operation: &Operation) -> &'static str {
    // Which body comes by status is known when the status is.
    if let Response::ByStatus(_) = operation.response {
        return "application/json, */*;q=0.5";
    }
    match plan.body_of(operation, 200).map(|body| plan.types.body_form(body)) {
        Some(BodyForm::Text) => "text/plain, */*;q=0.5",
        Some(BodyForm::Json) => "application/json",
        Some(BodyForm::Octets) | None => "*/*",
    }
}

/// Puts a header in place of an earlier one of the same name.
fn put(headers: &mut Vec<(String, Field)>, name: &str, field: Field) -> Result<(), NetError> {
    let name = name.to_ascii_lowercase();
    if hyper::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(NetError::setting(format!("`{}` is no name of a header", name.escape_debug())));
    }
    if RESERVED.contains(&name.as_str()) {
        return Err(NetError::setting(format!("the header `{name}` is made by the client itself")));
    }
    check_field(&name, &field)?;
    match headers.iter_mut().find(|(existing, _)| *existing == name) {
        Some((_, value)) => *value = field,
        None => headers.push((name, field)),
    }
    Ok(())
}

/// Refuses what of a value is known already and a header cannot carry.
fn check_field(name: &str, field: &Field) -> Result<(), NetError> {
    match field {
        Field::Text(text) => check_header_value(name, text),
        Field::Config(_) => Ok(()),
        Field::Joined(parts) => parts.iter().try_for_each(|part| check_field(name, part)),
    }
}

/// Refuses what a header cannot carry, without showing it: it may be a secret.
pub(crate) fn check_header_value(name: &str, value: &str) -> Result<(), NetError> {
    if value.contains(['\r', '\n']) {
        return Err(NetError::setting(format!("the value of the header `{name}` has a line break")));
    }
    if hyper::header::HeaderValue::from_str(value).is_err() {
        return Err(NetError::setting(format!("the value of the header `{name}` has a control character")));
    }
    Ok(())
}

/// The path of a template and its parameters, each encoded as a part of one segment.
fn path(template: &[PathPart], values: &[String], names: &[&str]) -> Result<String, NetError> {
    let mut path = String::new();
    let mut values = values.iter();
    let mut names = names.iter();
    for part in template {
        match part {
            PathPart::Text(text) => path.push_str(text),
            PathPart::Param(_) | PathPart::Link(_) => {
                let name = names.next().copied().unwrap_or("?");
                let value = values
                    .next()
                    .ok_or_else(|| NetError::setting(format!("path parameter `{name}` has no value")))?;
                if value.is_empty() {
                    return Err(NetError::setting(format!("path parameter `{name}` is empty")));
                }
                // A server or proxy that folds dot segments would reach another resource.
                if value == "." || value == ".." {
                    return Err(NetError::setting(format!("path parameter `{name}` is `{value}`")));
                }
                path.extend(utf8_percent_encode(value, COMPONENT));
            }
        }
    }
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    // Parameters side by side, or beside text, can make a dot segment together.
    let segments = path.split(['?', '#']).next().unwrap_or_default().split('/');
    if let Some(segment) = segments.map(|s| s.replace("%2E", ".").replace("%2e", ".")).find(|s| is_dots(s)) {
        return Err(NetError::setting(format!("the path has a segment `{segment}`")));
    }
    Ok(path)
}

fn is_dots(segment: &str) -> bool {
    segment == "." || segment == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(values: &[&str]) -> Result<String, String> {
        let template = [
            PathPart::Text("/files/".into()),
            PathPart::Param(0),
            PathPart::Text("/v".into()),
            PathPart::Param(1),
        ];
        let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        path(&template, &values, &["name", "version"]).map_err(|error| error.to_string())
    }

    #[test]
    fn path_parameters_are_one_segment_each_or_refused() {
        for (values, expected) in [
            (["a", "1"], Ok("/files/a/v1")),
            (["a/b", "1"], Ok("/files/a%2Fb/v1")),
            (["..%2f", "1"], Ok("/files/..%252f/v1")),
            (["a?x=1#y", "ü"], Ok("/files/a%3Fx%3D1%23y/v%C3%BC")),
            (["%2e%2e", "1"], Ok("/files/%252e%252e/v1")),
            (["a b\r\n", "1"], Ok("/files/a%20b%0D%0A/v1")),
            (["", "1"], Err("path parameter `name` is empty")),
            ([".", "1"], Err("path parameter `name` is `.`")),
            (["..", "1"], Err("path parameter `name` is `..`")),
        ] {
            let got = paths(&values);
            assert_eq!(got.as_deref().map_err(String::as_str), expected, "{values:?}");
        }
    }

    #[test]
    fn parameters_that_make_a_dot_segment_together_are_refused() {
        let template = [PathPart::Text("/x/.".into()), PathPart::Param(0)];
        assert!(path(&template, &["...".into()], &["a"]).is_ok());
        let template = [PathPart::Text("/x/".into()), PathPart::Param(0), PathPart::Param(1)];
        assert!(path(&template, &["a".into(), ".".into()], &["a", "b"]).is_err());
        let template = [PathPart::Text("/x/%2e".into()), PathPart::Text(".".into())];
        assert!(path(&template, &[], &[]).is_err());
    }
}
