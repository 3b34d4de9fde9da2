//! Bodies of answers: JSON, text or octets by the type that is due, and what the media type says of them.

use std::borrow::Cow;

use flow_plan::{BodyForm, Meaning, Operation, Response, Type, TypeId};

use super::Wire;
use super::decode::quotable;
use super::misfit::{Misfit, Segment};
use crate::fault::Fault;
use crate::heap::NULL;
use crate::program::Slots;

/// The names under which a union by status and a whole response hold the body.
const BODY: &str = "body";

/// An answer as it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// The headers, names in lower case.
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

/// The media types that say nothing of how their content is built, or JSON.
const JSON_LIKE: [&str; 4] = ["application/json", "text/json", "text/plain", "application/octet-stream"];

/// What `Content-Type` says (RFC 9110, section 8.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct MediaType {
    /// `type/subtype` in lower case, where there is one.
    essence: Option<String>,
    /// The value of `charset` in lower case.
    charset: Option<String>,
}

impl MediaType {
    fn of(headers: &[(String, String)]) -> Self {
        let Some((_, text)) = headers.iter().find(|(name, _)| name == "content-type") else {
            return Self::default();
        };
        let mut parts = text.split(';');
        let essence = parts.next().map(|essence| essence.trim().to_ascii_lowercase());
        let charset = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = value.trim().trim_matches('"').to_ascii_lowercase();
            name.trim().eq_ignore_ascii_case("charset").then_some(value)
        });
        Self { essence: essence.filter(|essence| !essence.is_empty()), charset }
    }

    /// The media type, where it is not that of JSON.
    fn not_json(&self) -> Option<&str> {
        self.essence.as_deref().filter(|essence| !JSON_LIKE.contains(essence) && !essence.ends_with("+json"))
    }

    /// Text in the charset; UTF-8 where none stands.
    fn text<'b>(&self, body: &'b [u8]) -> Result<Cow<'b, str>, Misfit> {
        match self.charset.as_deref() {
            None | Some("utf-8" | "utf8" | "us-ascii") => match std::str::from_utf8(body) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(error) => {
                    Err(Misfit::syntax(format!("the body is not UTF-8 at byte {}", error.valid_up_to())))
                }
            },
            // Its octets are the first 256 scalars of Unicode.
            Some("iso-8859-1" | "latin1") => Ok(body.iter().map(|octet| char::from(*octet)).collect()),
            Some(other) => Err(Misfit::syntax(format!(
                "the body is in the charset `{}`, and UTF-8 and ISO-8859-1 are read",
                quotable(other).unwrap_or("another")
            ))),
        }
    }
}

impl Wire<'_> {
    /// Reads what an answer gives as the result of a call, for a status that gives one.
    pub(crate) fn response(&mut self, operation: &Operation, answer: Answer<'_>) -> Result<Slots, Misfit> {
        match operation.response {
            Response::Ignored => Ok([0; 3]),
            Response::Body(ty) => self.body(ty, answer),
            Response::Whole(ty) => self.whole(ty, answer),
            Response::Page(ty) => self.page(ty, answer),
            Response::ByStatus(ty) => self.by_status(ty, operation, answer),
        }
    }

    /// Reads a body as a value of a type.
    pub(crate) fn body(&mut self, ty: TypeId, answer: Answer<'_>) -> Result<Slots, Misfit> {
        let types = &self.env.program.plan().types;
        // Nothing at all is null, where that is a value of the type.
        if answer.body.is_empty() && types.is_nullable(ty) {
            return Ok([0; 3]);
        }
        let media = MediaType::of(answer.headers);
        match types.body_form(ty) {
            BodyForm::Text => {
                let text = media.text(answer.body)?;
                let handle = self.heap.new_text(&text)?;
                if types.holds_secret(ty) {
                    let mut json = Vec::new();
                    crate::json::write_text(&mut json, &text);
                    self.heap.note_secret(&String::from_utf8_lossy(&json));
                }
                self.given(ty, handle)
            }
            BodyForm::Octets => {
                let handle = self.heap.new_bytes(answer.body)?;
                self.given(ty, handle)
            }
            BodyForm::Json if answer.body.is_empty() => {
                let expected = self.type_words(ty);
                Err(Misfit::syntax(format!("expected {expected}, and the body is empty")))
            }
            BodyForm::Json => {
                if let Some(other) = media.not_json() {
                    return Err(Misfit::syntax(format!(
                        "expected JSON, found {}",
                        quotable(other).unwrap_or("another type")
                    )));
                }
                match media.text(answer.body)? {
                    // The reader says itself where octets are not UTF-8; here they are.
                    Cow::Borrowed(_) => self.decode(ty, answer.body),
                    Cow::Owned(text) => self.decode(ty, text.as_bytes()),
                }
            }
        }
    }

    /// A text or octets as a value of a type, whose conditions must hold.
    fn given(&mut self, ty: TypeId, handle: u64) -> Result<Slots, Misfit> {
        let types = &self.env.program.plan().types;
        // A string, its optional and its secret lie in one slot alike.
        let mut next = Some(ty);
        while let Some(ty) = next {
            if !self.holds_for_type(ty, &[handle])? {
                return Err(Misfit::new("the body breaks the condition of its type"));
            }
            next = match types.get(ty) {
                Type::Optional(inner) | Type::Secret(inner) => Some(*inner),
                _ => None,
            };
        }
        Ok([handle, 0, 0])
    }

    /// The record of body, headers and status.
    fn whole(&mut self, ty: TypeId, answer: Answer<'_>) -> Result<Slots, Misfit> {
        let program = self.env.program;
        let types = &program.plan().types;
        let fields = types.record_fields(ty).unwrap_or_default();
        let [body, _, _] = fields else { return Err(Fault::Damaged.into()) };
        let slots =
            self.body(body.ty, answer).map_err(|misfit| misfit.within(Segment::Member(BODY.into())))?;
        let width = program.width(body.ty);
        let headers = self.headers(answer.headers)?;
        let handle = self.heap.record(width + 2)?;
        self.heap.write(handle, 0, slots.get(..width).unwrap_or(&slots))?;
        self.heap.write(handle, width, &[headers, u64::from(answer.status)])?;
        Ok([handle, 0, 0])
    }

    /// The record of body and next page.
    fn page(&mut self, ty: TypeId, answer: Answer<'_>) -> Result<Slots, Misfit> {
        let program = self.env.program;
        let Some([body, _]) = program.plan().types.record_fields(ty) else {
            return Err(Fault::Damaged.into());
        };
        let slots = self.body(body.ty, answer)?;
        let width = program.width(body.ty);
        let next = match answer.headers.iter().find(|(name, _)| name == "link") {
            Some((_, link)) => self.heap.new_text(link)?,
            None => NULL,
        };
        let handle = self.heap.record(width + 1)?;
        self.heap.write(handle, 0, slots.get(..width).unwrap_or(&slots))?;
        self.heap.write(handle, width, &[next])?;
        Ok([handle, 0, 0])
    }

    /// Headers as a map. Those that stand several times are joined (RFC 9110, section 5.3).
    fn headers(&mut self, headers: &[(String, String)]) -> Result<u64, Misfit> {
        let mut joined: Vec<(&str, String)> = Vec::new();
        for (name, value) in headers {
            match joined.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => {
                    known.push_str(", ");
                    known.push_str(value);
                }
                None => joined.push((name, value.clone())),
            }
        }
        let mut entries = Vec::with_capacity(joined.len() * 2);
        for (name, value) in joined {
            entries.push(self.heap.new_text(name)?);
            entries.push(self.heap.new_text(&value)?);
        }
        let order = self.heap.sort_keys(&entries, 1)?;
        Ok(self.heap.new_map(&entries, &order)?)
    }

    /// The case of the status, over a record of the body.
    fn by_status(&mut self, ty: TypeId, operation: &Operation, answer: Answer<'_>) -> Result<Slots, Misfit> {
        let program = self.env.program;
        let types = &program.plan().types;
        let Meaning::Result(Some(case)) = operation.meaning(answer.status) else {
            let statuses: Vec<String> = operation.statuses.iter().map(ToString::to_string).collect();
            let found = answer.status;
            return Err(Misfit::syntax(format!("expected status {}, found {found}", statuses.join(" or "))));
        };
        let Type::Tagged { cases, .. } = types.get(types.open_secret(ty)) else {
            return Err(Fault::Damaged.into());
        };
        let fields = cases.get(case).and_then(|case| types.record_fields(case.fields));
        let Some([body]) = fields else { return Err(Fault::Damaged.into()) };
        // What is declared to have no body is not looked into.
        let slots = match types.get(body.ty) {
            Type::Null => [0; 3],
            _ => self.body(body.ty, answer)?,
        };
        let width = program.width(body.ty);
        let record = self.heap.record(width)?;
        self.heap.write(record, 0, slots.get(..width).unwrap_or(&slots))?;
        Ok([self.heap.object(&[case as u64, record])?, 0, 0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(text: &str) -> MediaType {
        MediaType::of(&[("content-type".to_owned(), text.to_owned())])
    }

    #[test]
    fn media_types_that_are_not_json_are_told() {
        for json in [
            "",
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
            "text/plain",
        ] {
            assert_eq!(media(json).not_json(), None, "{json}");
        }
        assert_eq!(MediaType::default().not_json(), None);
        assert_eq!(media("text/html; charset=utf-8").not_json(), Some("text/html"));
        assert_eq!(media("application/xml").not_json(), Some("application/xml"));
    }

    #[test]
    fn text_is_read_in_its_charset() {
        assert_eq!(media("text/plain").text("ä".as_bytes()).unwrap(), "ä");
        assert_eq!(media("text/plain; Charset=\"ISO-8859-1\"").text(b"\xe4").unwrap(), "ä");
        assert!(media("text/plain; charset=utf-8").text(b"\xe4").is_err());
        let error = media("text/plain; charset=shift_jis").text(b"x").unwrap_err().into_error().unwrap();
        assert_eq!(
            error.message,
            "the body is in the charset `shift_jis`, and UTF-8 and ISO-8859-1 are read"
        );
    }
}
