//! Taking secrets out of what is shown or written down: an API may echo a token in a body, a header or an error text.
//!
//! It is the second line of defence, at the sinks: in our own texts no secret is ever written in the first place, and
//! what a program computes with is never masked.

use std::{
    borrow::Cow,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use memchr::{memchr, memmem::Finder};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Secret, encode::json_escaped};

/// Shorter secrets are not searched for: whoever reads a text with every `1` masked knows that the secret is `1`.
const SECRET_MIN: usize = 4;

/// Shorter secrets are searched for as whole words alone and as they stand: inside of others they would be found in
/// innocent places, and each of those would tell what they are.
const ANYWHERE_MIN: usize = 8;

/// So many secrets that came with data are searched for: the last ones.
const DATA_MAX: usize = 1_000;

/// So many rounds of escaping are looked through: JSON in a text of JSON, or in a query.
const ROUNDS: u32 = 2;

/// So many characters of base64 around a find may belong to it.
const EDGE: usize = 4;

/// Finds secrets by value and in their common encodings. Clones share what they have learnt.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    secrets: Vec<(String, Secret)>,
    needles: Vec<Needle>,
}

/// What is searched for.
struct Needle {
    finder: Finder<'static>,
    mask: Arc<str>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Wherever it stands.
    Anywhere,
    /// Not inside of a longer word.
    Word,
    /// A part of base64, whose edges depend on what stands beside it.
    Base64,
}

/// Octets to be masked, from and to, and with what.
type Found = (usize, usize, Arc<str>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.read().secrets.len())
    }
}

impl Redactor {
    /// One that finds these secrets, each with the name that takes its place.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a Secret)>) -> Self {
        let redactor = Self::default();
        for (name, secret) in secrets {
            redactor.learn(name, secret);
        }
        redactor
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        // Nothing panics while it holds the lock; if something did, the lists would still be whole.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds this secret too from now on, in all clones; one without a name came with data. An earlier value of the same
    /// name is found as before: it may still come back.
    pub fn learn(&self, name: &str, secret: &Secret) {
        let is_known = |known: &Known| {
            known
                .secrets
                .iter()
                .any(|(of, known)| (of == name || name.is_empty()) && known.expose() == secret.expose())
        };
        if secret.expose().len() < SECRET_MIN || is_known(&self.read()) {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if is_known(&known) {
            return;
        }
        let mask: Arc<str> = match name {
            "" => "[secret]".into(),
            name => format!("[secret {name}]").into(),
        };
        for (form, kind) in forms(secret.expose()) {
            known.needles.push(Needle {
                finder: Finder::new(&form).into_owned(),
                mask: Arc::clone(&mask),
                kind,
            });
        }
        known.secrets.push((name.to_owned(), secret.clone()));
        known.forget_old_data();
    }

    /// Learns what another has learnt.
    pub fn learn_all(&self, other: &Self) {
        if Arc::ptr_eq(&self.0, &other.0) {
            return;
        }
        let secrets = other.read().secrets.clone();
        for (name, secret) in &secrets {
            self.learn(name, secret);
        }
    }

    /// Whether a secret stands in the bytes.
    pub fn finds(&self, bytes: &[u8]) -> bool {
        matches!(self.bytes(bytes), Cow::Owned(_))
    }

    /// The bytes with every secret masked; as they are where there is none.
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let known = self.read();
        if known.needles.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut found: Vec<Found> = Vec::new();
        known.search(bytes, &|at| at, ROUNDS, &mut found);
        if found.is_empty() {
            return Cow::Borrowed(bytes);
        }
        found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
        let mut masked = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for (start, end, mask) in found {
            if start >= from {
                masked.extend_from_slice(bytes.get(from..start).unwrap_or_default());
                masked.extend_from_slice(mask.as_bytes());
            }
            from = from.max(end);
        }
        masked.extend_from_slice(bytes.get(from..).unwrap_or_default());
        Cow::Owned(masked)
    }

    /// The text with every secret masked.
    pub fn text(&self, text: &str) -> String {
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => text.to_owned(),
            Cow::Owned(masked) => String::from_utf8_lossy(&masked).into_owned(),
        }
    }
}

impl Known {
    /// A program that gets a new token each minute for years does not look for all of them.
    fn forget_old_data(&mut self) {
        let count = self.secrets.iter().filter(|(name, _)| name.is_empty()).count();
        if count <= DATA_MAX {
            return;
        }
        let first = self.secrets.iter().position(|(name, _)| name.is_empty());
        if let Some((_, secret)) = first.map(|first| self.secrets.remove(first)) {
            let gone = forms(secret.expose());
            self.needles.retain(|needle| !gone.iter().any(|(form, _)| form == needle.finder.needle()));
        }
    }

    /// Finds what stands in the bytes, and in what they are escapes of. `source` tells where an octet came from.
    fn search(&self, bytes: &[u8], source: &dyn Fn(usize) -> usize, rounds: u32, found: &mut Vec<Found>) {
        for needle in &self.needles {
            for at in needle.finder.find_iter(bytes) {
                let (mut start, mut end) = (at, at + needle.finder.needle().len());
                let before = |start: usize| start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
                match needle.kind {
                    Kind::Anywhere => {}
                    Kind::Word => {
                        if before(start).is_some_and(is_word) || bytes.get(end).copied().is_some_and(is_word)
                        {
                            continue;
                        }
                    }
                    Kind::Base64 => {
                        let (first, last) = (start, end);
                        while first - start < EDGE && before(start).is_some_and(is_base64) {
                            start -= 1;
                        }
                        while end - last < EDGE && bytes.get(end).copied().is_some_and(is_base64) {
                            end += 1;
                        }
                    }
                }
                found.push((source(start), source(end), Arc::clone(&needle.mask)));
            }
        }
        if rounds == 0 {
            return;
        }
        for decoded in [unescaped(bytes), percent_decoded(bytes)].into_iter().flatten() {
            self.search(&decoded.bytes, &|at| source(decoded.source(at)), rounds - 1, found);
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Bytes without their escapes, with where each came from.
#[derive(Default)]
struct Decoded {
    bytes: Vec<u8>,
    /// Where the distance between both changes: the place here, and the place there.
    jumps: Vec<(usize, usize)>,
}

impl Decoded {
    /// Bytes that stand as they are.
    fn plain(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes that an escape from one place to another stands for.
    fn escape(&mut self, bytes: &[u8], from: usize, to: usize) {
        self.jumps.push((self.bytes.len(), from));
        self.bytes.extend_from_slice(bytes);
        self.jumps.push((self.bytes.len(), to));
    }

    fn source(&self, at: usize) -> usize {
        let after = self.jumps.partition_point(|(here, _)| *here <= at);
        match after.checked_sub(1).and_then(|index| self.jumps.get(index)) {
            Some((here, there)) => there + (at - here),
            None => at,
        }
    }
}

/// The bytes with the escapes of JSON texts resolved, whatever stands around them; nothing where there are none.
fn unescaped(bytes: &[u8]) -> Option<Decoded> {
    let mut decoded = Decoded::default();
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr(b'\\', rest)).map(|at| from + at) {
        decoded.plain(bytes.get(from..at).unwrap_or_default());
        let (length, character) = escaped(bytes.get(at..).unwrap_or_default());
        match character {
            Some(character) => {
                decoded.escape(character.encode_utf8(&mut [0; 4]).as_bytes(), at, at + length);
            }
            None => decoded.plain(bytes.get(at..at + length).unwrap_or_default()),
        }
        from = at + length;
    }
    decoded.plain(bytes.get(from..).unwrap_or_default());
    (!decoded.jumps.is_empty()).then_some(decoded)
}

/// The length and the meaning of what begins with a backslash.
fn escaped(bytes: &[u8]) -> (usize, Option<char>) {
    let character = match bytes.get(1) {
        Some(b'u') => return unicode(bytes),
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(other @ (b'"' | b'\\' | b'/')) => char::from(*other),
        _ => return (1, None),
    };
    (2, Some(character))
}

/// `\u0073`, or a pair of surrogates.
fn unicode(bytes: &[u8]) -> (usize, Option<char>) {
    let unit = |at: usize| {
        let digits = bytes.get(at..at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let Some(first) = unit(2) else { return (1, None) };
    let second = if bytes.get(6..8) == Some(br"\u") { unit(8) } else { None };
    let pair = std::iter::once(first).chain(second);
    match char::decode_utf16(pair).next() {
        Some(Ok(character)) => (if character.len_utf16() == 2 { 12 } else { 6 }, Some(character)),
        _ => (1, None),
    }
}

/// The bytes with `%73` resolved; nothing where there is none.
fn percent_decoded(bytes: &[u8]) -> Option<Decoded> {
    let mut decoded = Decoded::default();
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr(b'%', rest)).map(|at| from + at) {
        decoded.plain(bytes.get(from..at).unwrap_or_default());
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let octet = digit(at + 1).zip(digit(at + 2));
        match octet.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(octet) => {
                decoded.escape(&[octet], at, at + 3);
                from = at + 3;
            }
            None => {
                decoded.plain(b"%");
                from = at + 1;
            }
        }
    }
    decoded.plain(bytes.get(from..).unwrap_or_default());
    (!decoded.jumps.is_empty()).then_some(decoded)
}

/// The forms in which a secret may come back, escapes apart.
fn forms(text: &str) -> Vec<(Vec<u8>, Kind)> {
    if text.len() < ANYWHERE_MIN {
        return vec![(text.as_bytes().to_vec(), Kind::Word)];
    }
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let texts = [
        text.to_owned(),
        // What looks like an escape and is none, such as a `%41` in the secret itself, is resolved with the others
        // where it stands, so that the secret is searched for as it is written too.
        json_escaped(text),
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        form,
        hex.to_uppercase(),
        hex,
    ];
    let mut forms: Vec<(Vec<u8>, Kind)> =
        texts.into_iter().map(|text| (text.into_bytes(), Kind::Anywhere)).collect();
    // Base64 works on groups of three bytes, so that the same text looks different at each of three offsets:
    // what stands in all of them but for the edges is searched for. This also finds `user:password`.
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for offset in 0..3 {
            let mut shifted = vec![0; offset];
            shifted.extend_from_slice(text.as_bytes());
            let whole = shifted.len() / 3 * 3;
            let encoded = engine.encode(shifted.get(..whole).unwrap_or_default());
            let edge = [0, 2, 3].get(offset).copied().unwrap_or(0);
            forms.extend(encoded.get(edge..).map(|part| (part.as_bytes().to_vec(), Kind::Base64)));
        }
    }
    forms.sort_by(|a, b| a.0.cmp(&b.0));
    forms.dedup_by(|a, b| a.0 == b.0);
    forms
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn masked(secret: &str, text: &str) -> String {
        Redactor::new([("token", &Secret::new(secret))]).text(text)
    }

    #[test]
    fn a_secret_is_found_in_its_common_encodings() {
        let secret = "p@ss/w\"rd+42";
        let all = |escape: fn(u8) -> String| secret.bytes().map(escape).collect::<String>();
        for text in [
            secret.to_owned(),
            json_escaped(secret),
            json_escaped(secret).replace('/', "\\/"),
            json_escaped(&json_escaped(secret)),
            all(|byte| format!("\\u{byte:04x}")),
            all(|byte| format!("\\u{byte:04X}")),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            all(|byte| format!("%{byte:02x}")),
            all(|byte| format!("%25{byte:02x}")),
            STANDARD_NO_PAD.encode(format!("someone:{secret}")),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(format!("a:{secret}:b")),
            all(|byte| format!("{byte:02x}")),
        ] {
            let shown = masked(secret, &format!("<{text}>"));
            assert!(shown.contains("[secret token]"), "{text} became {shown}");
            assert!(!shown.contains(&text), "{text} became {shown}");
        }
    }

    #[test]
    fn one_escape_anywhere_hides_nothing() {
        assert_eq!(
            masked("tok-s123456", r#"{"a":"tok-\u0073123456","b":1}"#),
            r#"{"a":"[secret token]","b":1}"#
        );
        assert_eq!(masked("tok-s123456", "q=tok%2Ds123456&b=%20"), "q=[secret token]&b=%20");
        assert_eq!(masked("naïve-tökén", r#""na\u00efve-t\u00f6k\u00e9n""#), r#""[secret token]""#);
        assert_eq!(masked("smile-😀-123", r"smile-\ud83d\ude00-123"), "[secret token]");
        // What looks like an escape is what it is.
        assert_eq!(masked("100%41-token", "<100%41-token>"), "<[secret token]>");
        assert_eq!(masked(r"c:\new\token", r"<c:\new\token>"), "<[secret token]>");
    }

    #[test]
    fn nothing_of_a_secret_is_left_at_the_edges_of_base64() {
        for padding in ["", ":", "::"] {
            let text = STANDARD.encode(format!("{padding}tok-123456"));
            assert_eq!(masked("tok-123456", &format!("Basic {text}")), "Basic [secret token]");
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        assert_eq!(masked("tok-123456", r#"{"id":"r-1","n":123456}"#), r#"{"id":"r-1","n":123456}"#);
        assert_eq!(masked("tok-123456", r"a\b%zz%4"), r"a\b%zz%4");
    }

    #[test]
    fn a_short_secret_is_found_as_a_word_and_a_very_short_one_not_at_all() {
        assert_eq!(
            masked("1234", r#"{"pin":"1234","n":12345,"id":"a1234"}"#),
            r#"{"pin":"[secret token]","n":12345,"id":"a1234"}"#
        );
        assert_eq!(masked("abc", "abc abc"), "abc abc");
    }

    #[test]
    fn an_earlier_value_is_found_as_before() {
        let redactor = Redactor::new([("token", &Secret::new("tok-old-1"))]);
        redactor.clone().learn("token", &Secret::new("tok-new-2"));
        assert_eq!(redactor.text("tok-old-1 tok-new-2"), "[secret token] [secret token]");
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = Secret::new("tok-123456");
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
        assert!(!format!("{:?}", Redactor::new([("t", &secret)])).contains("tok"));
    }
}
