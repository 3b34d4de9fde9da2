//! Taking secrets out of what others sent: an API may echo a token in a body, a header or an error text.
//!
//! This is the second line of defence: in our own texts no secret is ever written in the first place.

use std::borrow::Cow;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Secret, encode::json_escaped};

/// Shorter secrets are not searched for: they would be found in innocent places of an answer, and a masked answer is
/// another value (`test-1` is not a resource's id any more when the secret is `test`).
const SECRET_MIN: usize = 8;

/// Shorter base64 fragments are not searched for, for the same reason.
const FRAGMENT_MIN: usize = 6;

/// Finds secrets by value and in their common encodings.
#[derive(Clone, Default)]
pub struct Redactor {
    /// What is searched for, longest first, with what takes its place.
    needles: Vec<(Vec<u8>, String)>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} needles)", self.needles.len())
    }
}

impl Redactor {
    /// One that finds these secrets, each with the name that takes its place.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a Secret)>) -> Self {
        let mut needles = Vec::new();
        for (name, secret) in secrets {
            let text = secret.expose();
            if text.len() < SECRET_MIN {
                continue;
            }
            let mask = format!("[secret {name}]");
            for form in forms(text) {
                needles.push((form.into_bytes(), mask.clone()));
            }
        }
        needles.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        needles.dedup_by(|a, b| a.0 == b.0);
        Self { needles }
    }

    /// The bytes with every secret masked; as they are where there is none.
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut result = Cow::Borrowed(bytes);
        for (needle, mask) in &self.needles {
            let finder = memchr::memmem::Finder::new(needle);
            if finder.find(&result).is_none() {
                continue;
            }
            let mut masked = Vec::with_capacity(result.len());
            let mut from = 0;
            for at in finder.find_iter(&result) {
                masked.extend_from_slice(result.get(from..at).unwrap_or_default());
                masked.extend_from_slice(mask.as_bytes());
                from = at + needle.len();
            }
            masked.extend_from_slice(result.get(from..).unwrap_or_default());
            result = Cow::Owned(masked);
        }
        result
    }

    /// The text with every secret masked.
    pub fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }
}

/// The forms in which a secret may come back.
fn forms(text: &str) -> Vec<String> {
    let upper = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let unreserved = utf8_percent_encode(text, crate::encode::COMPONENT).to_string();
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        text.to_owned(),
        json_escaped(text),
        json_escaped(text).replace('/', "\\/"),
        json_ascii(text),
        json_ascii(text).replace('/', "\\/"),
        text.bytes().map(percent_lower).collect(),
        upper,
        unreserved,
        form,
        hex.to_uppercase(),
        hex,
    ];
    // Base64 works on groups of three bytes, so that the same text looks different at each of three offsets:
    // what stands in all of them but for the edges is searched for. This also finds `user:password`.
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for offset in 0..3 {
            let mut shifted = vec![0; offset];
            shifted.extend_from_slice(text.as_bytes());
            let whole = shifted.len() / 3 * 3;
            let encoded = engine.encode(shifted.get(..whole).unwrap_or_default());
            let edge = [0, 2, 3].get(offset).copied().unwrap_or(0);
            if let Some(fragment) = encoded.get(edge..).filter(|f| f.len() >= FRAGMENT_MIN) {
                forms.push(fragment.to_owned());
            }
        }
    }
    forms.retain(|form| form.len() >= SECRET_MIN);
    forms
}

/// A byte percent-encoded with lower-case digits, as some servers write it.
fn percent_lower(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") }
}

/// The text as JSON writers put it that keep to ASCII: other characters as `\u` and four hexadecimal digits.
fn json_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in json_escaped(text).chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secret: &str, text: &str) -> String {
        Redactor::new([("token", &Secret::new(secret))]).text(text)
    }

    #[test]
    fn a_secret_is_found_in_its_common_encodings() {
        let secret = "p@ss/w\"rd+42";
        let user = STANDARD_NO_PAD.encode(format!("someone:{secret}"));
        for text in [
            secret.to_owned(),
            json_escaped(secret),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            user,
            STANDARD_NO_PAD.encode(secret),
            secret.bytes().map(|b| format!("{b:02x}")).collect(),
        ] {
            let shown = masked(secret, &format!("<{text}>"));
            assert!(shown.contains("[secret token]"), "{text} became {shown}");
            assert!(!shown.contains(&text), "{text} became {shown}");
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        assert_eq!(masked("tok-123456", r#"{"id":"r-1","n":123456}"#), r#"{"id":"r-1","n":123456}"#);
        assert_eq!(masked("abc", "abc abc"), "abc abc");
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = Secret::new("tok-123456");
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
        assert!(!format!("{:?}", Redactor::new([("t", &secret)])).contains("tok"));
    }
}
