//! What a request says that its answer may say again: the members of its body, its parameters, and what is
//! remembered of the thing that it is about.

use serde_json::value::RawValue;

use crate::{
    json::{self, Members},
    words,
};

/// Texts that may stand in an answer, by name. Earlier layers go first.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    layers: Vec<Members>,
}

impl Sources {
    /// Adds the members of a body: its own; those of a member that is its only one; and the body as a whole,
    /// under its parameter's name.
    pub(crate) fn add_body(&mut self, parameter: &str, body: &[u8]) {
        if let Some(members) = json::members(body) {
            let only = match members.values().next() {
                Some(only) if members.len() == 1 => json::members(only.get().as_bytes()),
                _ => None,
            };
            self.layers.push(members);
            self.layers.extend(only.map(without_ids));
        }
        if let Ok(whole) = serde_json::from_slice::<Box<RawValue>>(body) {
            self.layers.push(Members::from([(parameter.to_owned(), whole)]));
        }
    }

    /// Adds the members of the first item of a body that is a list: an error may be about it.
    pub(crate) fn add_first_item(&mut self, body: &[u8]) {
        self.layers.extend(json::first_item(body).and_then(|item| json::members(item.get().as_bytes())));
    }

    /// Adds parameters, first as strings and then, where it is one, as the JSON text that the text is.
    pub(crate) fn add_texts<'a>(&mut self, texts: impl Iterator<Item = (&'a str, &'a str)>) {
        let (mut strings, mut others) = (Members::new(), Members::new());
        for (name, text) in texts {
            if let Ok(string) = serde_json::value::to_raw_value(text) {
                strings.insert(name.to_owned(), string);
            }
            if let Ok(other) = RawValue::from_string(text.to_owned()) {
                others.insert(name.to_owned(), other);
            }
        }
        self.layers.push(strings);
        self.layers.push(others);
    }

    /// Adds what is remembered.
    pub(crate) fn add_remembered(&mut self, members: &Members) {
        self.layers.push(members.clone());
    }

    /// The texts for a field, best first. A name that may stand for a secret finds none: the answer may go where
    /// the request's secret may not.
    pub(crate) fn find(&self, wire: &str, name: &str) -> impl Iterator<Item = &RawValue> {
        let layers =
            if words::is_sensitive(name) || words::is_sensitive(wire) { &[] } else { &self.layers[..] };
        layers.iter().filter_map(move |layer| layer.get(wire).or_else(|| layer.get(name))).map(AsRef::as_ref)
    }
}

/// The id of a record inside a body is not the id of what the request makes.
fn without_ids(mut members: Members) -> Members {
    members.remove("id");
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sources: &Sources, name: &str) -> Vec<String> {
        sources.find(name, name).map(|raw| raw.get().to_owned()).collect()
    }

    #[test]
    fn a_body_gives_its_members_and_itself() {
        let mut sources = Sources::default();
        sources.add_body("charge", br#"{"order": "o-1", "amount": 40.00, "token": "x"}"#);
        assert_eq!(found(&sources, "amount"), ["40.00"]);
        assert_eq!(found(&sources, "total"), [""; 0]);
        assert_eq!(found(&sources, "token"), [""; 0]);
        assert_eq!(found(&sources, "charge").len(), 1);
    }

    #[test]
    fn the_only_record_of_a_body_gives_its_members_but_its_id() {
        let mut sources = Sources::default();
        sources.add_body("body", br#"{"order": {"id": "o-1", "note": "n"}}"#);
        assert_eq!(found(&sources, "note"), ["\"n\""]);
        assert_eq!(found(&sources, "id"), [""; 0]);
        assert_eq!(found(&sources, "order"), [r#"{"id": "o-1", "note": "n"}"#]);
    }

    #[test]
    fn parameters_are_strings_first() {
        let mut sources = Sources::default();
        sources.add_texts([("id", "12"), ("name", "a\"b")].into_iter());
        assert_eq!(found(&sources, "id"), ["\"12\"", "12"]);
        assert_eq!(found(&sources, "name"), [r#""a\"b""#]);
    }
}
