//! Reads JSON text in one pass, keeping numbers as their texts.

use std::borrow::Cow;

use crate::limits::JSON_DEPTH_MAX;

/// What a value begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

/// Why a text is no JSON, or none that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Syntax(pub(crate) String);

type Read<T> = Result<T, Syntax>;

/// A place in a text.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    /// Whether NUL in a text is refused.
    nul_refused: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of a text.
    pub(crate) fn new(bytes: &'a [u8], nul_refused: bool) -> Read<Self> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Syntax(format!("not UTF-8 at byte {}", error.valid_up_to())))?;
        if text.starts_with('\u{feff}') {
            return Err(Syntax("begins with a byte order mark".to_owned()));
        }
        Ok(Self { text, at: 0, depth: 0, nul_refused })
    }

    /// Where it stands, in bytes.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The text between two positions.
    pub(crate) fn between(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn peek_byte(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += blanks;
        rest.get(blanks).copied()
    }

    fn unexpected<T>(&self, due: &str) -> Read<T> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let found = rest.chars().next().map_or_else(
            || "the end of the text".to_owned(),
            |found| format!("`{}` at byte {}", found.escape_debug(), self.at),
        );
        Err(Syntax(format!("expected {due}, found {found}")))
    }

    /// What the next value begins as.
    pub(crate) fn kind(&mut self) -> Read<Kind> {
        match self.peek_byte() {
            Some(b'n') => Ok(Kind::Null),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'"') => Ok(Kind::Text),
            Some(b'[') => Ok(Kind::Array),
            Some(b'{') => Ok(Kind::Object),
            _ => self.unexpected("a JSON value"),
        }
    }

    fn word(&mut self, word: &str) -> Read<()> {
        self.peek_byte();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let follows = rest.strip_prefix(word).map(|rest| rest.bytes().next());
        match follows {
            Some(next) if !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
                self.at += word.len();
                Ok(())
            }
            _ => self.unexpected(&format!("`{word}`")),
        }
    }

    /// Reads `null`.
    pub(crate) fn null(&mut self) -> Read<()> {
        self.word("null")
    }

    /// Reads `true` or `false`.
    pub(crate) fn bool(&mut self) -> Read<bool> {
        if self.peek_byte() == Some(b't') {
            self.word("true").map(|()| true)
        } else {
            self.word("false").map(|()| false)
        }
    }

    /// Reads a number; its text.
    pub(crate) fn number(&mut self) -> Read<&'a str> {
        self.peek_byte();
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start;
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        if bytes.get(at) == Some(&b'-') {
            at += 1;
        }
        let whole = at;
        at = digits(at);
        let leading_zero = bytes.get(whole) == Some(&b'0') && at > whole + 1;
        let mut well_formed = at > whole && !leading_zero;
        if bytes.get(at) == Some(&b'.') {
            let fraction = digits(at + 1);
            well_formed &= fraction > at + 1;
            at = fraction;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(bytes.get(at), Some(b'+' | b'-')) {
                at += 1;
            }
            let exponent = digits(at);
            well_formed &= exponent > at;
            at = exponent;
        }
        let ends =
            !bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'));
        if !well_formed || !ends {
            return Err(Syntax(format!("malformed number at byte {start}")));
        }
        self.at = at;
        Ok(self.between(start, at))
    }

    /// Reads a text.
    pub(crate) fn text(&mut self) -> Read<Cow<'a, str>> {
        if self.peek_byte() != Some(b'"') {
            return self.unexpected("a text");
        }
        self.at += 1;
        let start = self.at;
        let mut owned: Option<String> = None;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let plain =
                rest.iter().take_while(|byte| **byte >= 0x20 && !matches!(byte, b'"' | b'\\')).count();
            if let Some(owned) = &mut owned {
                owned.push_str(self.between(self.at, self.at + plain));
            }
            self.at += plain;
            match rest.get(plain) {
                Some(b'"') => {
                    let borrowed = self.between(start, self.at);
                    self.at += 1;
                    return Ok(owned.map_or(Cow::Borrowed(borrowed), Cow::Owned));
                }
                Some(b'\\') => {
                    let mut text = owned.take().unwrap_or_else(|| self.between(start, self.at).to_owned());
                    text.push(self.escape()?);
                    owned = Some(text);
                }
                Some(_) => return Err(Syntax(format!("unescaped control character at byte {}", self.at))),
                None => return Err(Syntax("the text ends inside a string".to_owned())),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let place = self.at;
        let letter = self.text.as_bytes().get(place + 1).copied();
        self.at += 2;
        let found = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(place),
            _ => return Err(Syntax(format!("unknown escape at byte {place}"))),
        };
        Ok(found)
    }

    fn unicode_escape(&mut self, place: usize) -> Read<char> {
        let first = self.four_digits(place)?;
        let scalar = match first {
            0xd800..=0xdbff => {
                let follows = self.text.get(self.at..).unwrap_or_default().starts_with("\\u");
                let lone = || Syntax(format!("lone surrogate at byte {place}"));
                if !follows {
                    return Err(lone());
                }
                self.at += 2;
                let second = self.four_digits(place)?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(lone());
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            0 if self.nul_refused => return Err(Syntax(format!("NUL in a text at byte {place}"))),
            other => other,
        };
        char::from_u32(scalar).ok_or_else(|| Syntax(format!("lone surrogate at byte {place}")))
    }

    fn four_digits(&mut self, place: usize) -> Read<u32> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        value.ok_or_else(|| Syntax(format!("malformed escape at byte {place}")))
    }

    fn open(&mut self, bracket: u8, due: &str) -> Read<()> {
        if self.peek_byte() != Some(bracket) {
            return self.unexpected(due);
        }
        if self.depth >= JSON_DEPTH_MAX {
            return Err(Syntax(format!("nested deeper than {JSON_DEPTH_MAX}")));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Whether another item or member follows; the closing bracket is read where none does.
    fn follows(&mut self, bracket: u8, first: &mut bool) -> Read<bool> {
        let next = self.peek_byte();
        if next == Some(bracket) {
            self.at += 1;
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        if std::mem::take(first) {
            return Ok(true);
        }
        if next != Some(b',') {
            return self.unexpected(&format!("`,` or `{}`", char::from(bracket)));
        }
        self.at += 1;
        if self.peek_byte() == Some(bracket) {
            return self.unexpected("a value");
        }
        Ok(true)
    }

    /// Begins an array. Call `next_item` with a flag that is true at first.
    pub(crate) fn array(&mut self) -> Read<()> {
        self.open(b'[', "an array")
    }

    /// Whether another item follows.
    pub(crate) fn next_item(&mut self, first: &mut bool) -> Read<bool> {
        self.follows(b']', first)
    }

    /// Begins an object. Call `next_member` with a flag that is true at first.
    pub(crate) fn object(&mut self) -> Read<()> {
        self.open(b'{', "an object")
    }

    /// The name of the next member, if one follows.
    pub(crate) fn next_member(&mut self, first: &mut bool) -> Read<Option<Cow<'a, str>>> {
        if !self.follows(b'}', first)? {
            return Ok(None);
        }
        if self.peek_byte() != Some(b'"') {
            return self.unexpected("the name of a member");
        }
        let name = self.text()?;
        if self.peek_byte() != Some(b':') {
            return self.unexpected("`:`");
        }
        self.at += 1;
        Ok(Some(name))
    }

    /// Passes over one value.
    pub(crate) fn skip(&mut self) -> Read<()> {
        match self.kind()? {
            Kind::Null => self.null(),
            Kind::Bool => self.bool().map(|_| ()),
            Kind::Number => self.number().map(|_| ()),
            Kind::Text => self.text().map(|_| ()),
            Kind::Array => {
                self.array()?;
                let mut first = true;
                while self.next_item(&mut first)? {
                    self.skip()?;
                }
                Ok(())
            }
            Kind::Object => {
                self.object()?;
                let mut first = true;
                while self.next_member(&mut first)?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
        }
    }

    /// Sees to it that nothing more follows.
    pub(crate) fn end(&mut self) -> Read<()> {
        if self.peek_byte().is_none() { Ok(()) } else { self.unexpected("the end of the text") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &[u8]) -> Result<(), String> {
        let mut reader = Reader::new(text, true).map_err(|e| e.0)?;
        reader.skip().and_then(|()| reader.end()).map_err(|e| e.0)
    }

    #[test]
    fn what_is_json_and_what_is_not() {
        let deep = "[".repeat(129) + &"]".repeat(129);
        let deepest = "[".repeat(128) + &"]".repeat(128);
        let cases: &[(&[u8], &str)] = &[
            (b" {\"a\": [1, -2.5e+3, true, null, \"x\\u0041\\n\"]} ", "ok"),
            (deepest.as_bytes(), "ok"),
            (deep.as_bytes(), "nested deeper than 128"),
            (b"", "expected a JSON value, found the end of the text"),
            (b"[1,]", "expected a value, found `]` at byte 3"),
            (b"[1 2]", "expected `,` or `]`, found `2` at byte 3"),
            (b"{\"a\" 1}", "expected `:`, found `1` at byte 5"),
            (b"{a: 1}", "expected the name of a member, found `a` at byte 1"),
            (b"01", "malformed number at byte 0"),
            (b"1.", "malformed number at byte 0"),
            (b"-", "malformed number at byte 0"),
            (b"1e", "malformed number at byte 0"),
            (b"NaN", "expected a JSON value, found `N` at byte 0"),
            (b"-Infinity", "malformed number at byte 0"),
            (b"nul", "expected `null`, found `n` at byte 0"),
            (b"truely", "expected `true`, found `t` at byte 0"),
            (b"1 x", "expected the end of the text, found `x` at byte 2"),
            (b"\"\\ud800\"", "lone surrogate at byte 1"),
            (b"\"\\udc00\"", "lone surrogate at byte 1"),
            (b"\"\\ud83d\\ude00\"", "ok"),
            (b"\"\\u0000\"", "NUL in a text at byte 1"),
            (b"\"\\x\"", "unknown escape at byte 1"),
            (b"\"\\u12\"", "malformed escape at byte 1"),
            (b"\"a\nb\"", "unescaped control character at byte 2"),
            (b"\"abc", "the text ends inside a string"),
            (b"\xff", "not UTF-8 at byte 0"),
            ("\u{feff}1".as_bytes(), "begins with a byte order mark"),
        ];
        for (text, expected) in cases {
            let found = whole(text).err().unwrap_or_else(|| "ok".to_owned());
            assert_eq!(&found, expected, "{}", String::from_utf8_lossy(text));
        }
    }
}
