//! Pages: of an operation whose answers are pages, two are played. The second is the last one.

use flow_plan::{Pages, Place};
use url::form_urlencoded;

use crate::{
    api::Played,
    json,
    reply::{Received, Reply},
};

/// The cursor that leads to the second page, where a sample has none.
const SECOND: &str = "\"page-2\"";

/// The parameter of the query by which a link says that it is for the second page.
const PAGE: &str = "page";

/// Makes the answer to a request a page among two. A page that would not fit its type stays as it is.
pub(crate) fn turn(played: &Played, received: &Received, reply: &mut Reply) {
    match &played.operation.form.pages {
        None => {}
        Some(Pages::Cursor { param, from, .. }) => {
            let first = sent(played, received, *param).is_none();
            if first && is_given(played, from) {
                return;
            }
            let goes_on = first && json::at(&reply.body, from).is_some_and(|next| next.get() != "null");
            let next: &[&str] = match first {
                _ if goes_on => &[],
                true => &[SECOND, "2"],
                false => &["null", "\"\""],
            };
            put(played, reply, from, next);
        }
        Some(Pages::Link) => {
            let is_page = |name: &str| name == PAGE;
            if received.query.iter().any(|(name, value)| is_page(name) && value == "2") {
                return;
            }
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(received.query.iter().filter(|(name, _)| !is_page(name)));
            query.append_pair(PAGE, "2");
            reply.link = Some(format!("<?{}>; rel=\"next\"", query.finish()));
        }
        Some(Pages::Offset { param, items, .. }) => {
            let last = sent(played, received, *param).is_some_and(|before| before != "0");
            let empty: &[&str] = if last { &["[]"] } else { &[] };
            put(played, reply, items, empty);
        }
    }
}

/// What the request says of a parameter.
fn sent<'a>(played: &Played, received: &'a Received, param: u16) -> Option<&'a str> {
    let declared = played.operation.params.get(usize::from(param))?;
    match declared.place {
        Place::Path => received.path.iter().find(|(index, _)| *index == param).map(|(_, text)| text.as_str()),
        Place::Query => {
            received.query.iter().find(|(name, _)| *name == declared.wire).map(|(_, text)| text.as_str())
        }
        // Headers and bodies are not looked at: every page is the last one.
        Place::Header | Place::Body | Place::Unsent | Place::Next => Some(""),
    }
}

/// Whether the answer of one's own says what stands at a place in the body: then that is kept.
fn is_given(played: &Played, path: &[String]) -> bool {
    let given = played.answer.as_ref().and_then(|answer| json::members(answer.as_bytes()));
    path.first().zip(given).is_some_and(|(first, given)| given.contains_key(first))
}

/// Puts the first value that fits at a place in the body.
fn put(played: &Played, reply: &mut Reply, path: &[String], values: &[&str]) {
    for value in values {
        let Some(body) = json::with(&reply.body, path, value) else { return };
        if played.program().check_response(played.id, reply.status, &[], body.as_bytes()).is_ok() {
            reply.body = body;
            return;
        }
    }
}
