//! Putting one text into a JSON body without touching the rest: numbers keep their digits.

use crate::encode::json_escaped;

/// The body with a text in the field at a path; a value that it had is replaced. Nothing where the way to it does
/// not lead through objects.
pub(crate) fn with_field(body: &[u8], path: &[String], text: &str) -> Option<Vec<u8>> {
    let (name, outer) = path.split_last()?;
    let (mut start, mut end) = trimmed(body, 0, body.len())?;
    for step in outer {
        (start, end) = member(body, start, end, step)?;
    }
    if body.get(start) != Some(&b'{') {
        return None;
    }
    let value = json_text(text);
    let mut out = Vec::with_capacity(body.len() + name.len() + value.len() + 8);
    if let Some((from, to)) = member(body, start, end, name) {
        out.extend_from_slice(body.get(..from)?);
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(body.get(to..)?);
        return Some(out);
    }
    let close = end.checked_sub(1)?;
    let inside = body.get(start + 1..close)?;
    out.extend_from_slice(body.get(..close)?);
    if !inside.iter().all(u8::is_ascii_whitespace) {
        out.push(b',');
    }
    out.extend_from_slice(json_text(name).as_bytes());
    out.push(b':');
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(body.get(close..)?);
    Some(out)
}

/// A text as a JSON string.
fn json_text(text: &str) -> String {
    format!("\"{}\"", json_escaped(text))
}

fn trimmed(body: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    let part = body.get(start..end)?;
    let lead = part.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let last = part.iter().rposition(|byte| !byte.is_ascii_whitespace())?;
    Some((start + lead, start + last + 1))
}

/// Where the value of a member of the object stands.
fn member(body: &[u8], start: usize, end: usize, name: &str) -> Option<(usize, usize)> {
    if body.get(start) != Some(&b'{') {
        return None;
    }
    let mut at = start + 1;
    while at + 1 < end {
        let colon = part_end(body, at, end, b':')?;
        let comma = part_end(body, colon + 1, end - 1, b',').unwrap_or(end - 1);
        let (from, to) = trimmed(body, at, colon)?;
        // The body is written by the same program, which escapes as little as it must.
        if body.get(from..to)? == json_text(name).as_bytes() {
            return trimmed(body, colon + 1, comma);
        }
        at = comma + 1;
    }
    None
}

/// Where a part of an object ends: at the first such byte outside of texts and of what is inside.
fn part_end(body: &[u8], start: usize, end: usize, stop: u8) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (index, byte) in body.get(start..end)?.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            byte if *byte == stop && depth == 0 => return Some(start + index),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_added_or_replaced_and_the_rest_stays() {
        for (body, path, expected) in [
            (r#"{}"#, "id", Some(r#"{"id":"k\"1"}"#)),
            (r#"{"a":1.10}"#, "id", Some(r#"{"a":1.10,"id":"k\"1"}"#)),
            (r#"{"id":null,"a":"x,}"}"#, "id", Some(r#"{"id":"k\"1","a":"x,}"}"#)),
            (r#"{"a":"\"}","id": "old" }"#, "id", Some(r#"{"a":"\"}","id": "k\"1" }"#)),
            (
                r#"{"m":{"a":[1,{"id":2}]},"id2":3}"#,
                "m.id",
                Some(r#"{"m":{"a":[1,{"id":2}],"id":"k\"1"},"id2":3}"#),
            ),
            (r#"{"m":{}}"#, "m.id", Some(r#"{"m":{"id":"k\"1"}}"#)),
            (r#"{"m":[]}"#, "m.id", None),
            (r#"{"a":1}"#, "m.id", None),
            (r#"[1]"#, "id", None),
            ("", "id", None),
        ] {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            let got =
                with_field(body.as_bytes(), &path, "k\"1").map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(got.as_deref(), expected, "{body}");
        }
    }
}
