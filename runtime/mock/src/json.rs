//! JSON texts as they stand: members keep their very characters, so that a decimal keeps its digits.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The members of an object, each as its text.
pub(crate) type Members = BTreeMap<String, Box<RawValue>>;

/// Whether the bytes are one JSON text.
pub(crate) fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(bytes).is_ok()
}

/// The members, if the text is an object.
pub(crate) fn members(text: &[u8]) -> Option<Members> {
    serde_json::from_slice(text).ok()
}

/// The items, if the text is a list.
pub(crate) fn items(text: &str) -> Option<Vec<Box<RawValue>>> {
    serde_json::from_str(text).ok()
}

/// The first item, if the text is a list that has one.
pub(crate) fn first_item(text: &[u8]) -> Option<Box<RawValue>> {
    let items: Vec<Box<RawValue>> = serde_json::from_slice(text).ok()?;
    items.into_iter().next()
}

/// What stands at the end of a way through objects.
pub(crate) fn at(text: &str, path: &[String]) -> Option<Box<RawValue>> {
    let Some((first, rest)) = path.split_first() else { return RawValue::from_string(text.to_owned()).ok() };
    at(members(text.as_bytes())?.get(first)?.get(), rest)
}

/// The text with another value at the end of a way through objects, which must be there but for the last member.
pub(crate) fn with(text: &str, path: &[String], value: &str) -> Option<String> {
    let Some((first, rest)) = path.split_first() else { return Some(value.to_owned()) };
    let mut members = members(text.as_bytes())?;
    let inner = members.get(first).map_or("null", |member| member.get());
    let changed = RawValue::from_string(with(inner, rest, value)?).ok()?;
    members.insert(first.clone(), changed);
    Some(object(members.iter().map(|(name, value)| (name, value.get()))))
}

/// A JSON text of a string.
pub(crate) fn quoted(text: &str) -> String {
    // INVARIANT: a string always has a JSON text.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

/// The string that a JSON text is; numbers and the like as they stand.
pub(crate) fn plain(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// An object of names and JSON texts.
pub(crate) fn object<N: AsRef<str>, V: AsRef<str>>(members: impl IntoIterator<Item = (N, V)>) -> String {
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, value)| format!("{}:{}", quoted(name.as_ref()), value.as_ref()))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// A list of JSON texts.
pub(crate) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_characters() {
        let members = members(br#"{"amount": 40.00, "note": "a\u0062"}"#).unwrap();
        assert_eq!(members["amount"].get(), "40.00");
        assert_eq!(members["note"].get(), r#""a\u0062""#);
        assert_eq!(plain(&members["note"]), "ab");
        assert_eq!(object([("a\"", "1")]), r#"{"a\"":1}"#);
    }

    #[test]
    fn a_member_is_replaced_where_it_stands() {
        let path = ["meta".to_owned(), "next".to_owned()];
        let text = r#"{"amount":40.00,"meta":{"next":"a","total":3}}"#;
        assert_eq!(at(text, &path).unwrap().get(), "\"a\"");
        let changed = with(text, &path, "null").unwrap();
        assert_eq!(changed, r#"{"amount":40.00,"meta":{"next":null,"total":3}}"#);
        assert_eq!(with(r#"{"meta":1}"#, &path, "null"), None);
        assert_eq!(with("[1]", &[], "[]").unwrap(), "[]");
    }

    #[test]
    fn a_deep_text_is_no_danger() {
        let deep = "[".repeat(1_000_000);
        assert!(!is_json(deep.as_bytes()));
        let closed = format!("{deep}{}", "]".repeat(1_000_000));
        let _ = is_json(closed.as_bytes());
    }
}
