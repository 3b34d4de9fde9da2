//! Which operation a request is for: its method and its path against the templates.

use flow_plan::{Method, Operation, PathPart};
use percent_encoding::percent_decode_str;

/// The way to one operation.
#[derive(Debug)]
pub(crate) struct Route {
    method: Method,
    segments: Vec<Vec<Piece>>,
    /// Whether it is for any path: the operation takes a whole link.
    link: bool,
    /// The operation, by its place in the API.
    pub(crate) operation: usize,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Param(u16),
}

/// Path parameters: index and decoded text.
pub(crate) type PathParams = Vec<(u16, String)>;

impl Route {
    pub(crate) fn new(operation: &Operation, place: usize) -> Self {
        let mut segments = vec![Vec::new()];
        let push = |segments: &mut Vec<Vec<Piece>>, piece| {
            if let Some(segment) = segments.last_mut() {
                segment.push(piece);
            }
        };
        let link = matches!(operation.path.as_slice(), [PathPart::Link(_)]);
        for (index, part) in operation.path.iter().enumerate() {
            let text = match part {
                PathPart::Link(_) => continue,
                PathPart::Param(param) => {
                    push(&mut segments, Piece::Param(*param));
                    continue;
                }
                PathPart::Text(text) if index == 0 => text.strip_prefix('/').unwrap_or(text),
                PathPart::Text(text) => text,
            };
            // A fixed query behind the path does not route.
            let path = text.split('?').next().unwrap_or_default();
            for (nth, piece) in path.split('/').enumerate() {
                if nth > 0 {
                    segments.push(Vec::new());
                }
                if !piece.is_empty() {
                    push(&mut segments, Piece::Text(decoded(piece).unwrap_or_else(|| piece.to_owned())));
                }
            }
            if path.len() < text.len() {
                break;
            }
        }
        Self { method: operation.method, segments, link, operation: place }
    }

    /// Smaller is more specific: text before text with parameters before parameters, segment by segment; a link, which
    /// may be any path, comes last.
    pub(crate) fn rank(&self) -> Vec<u8> {
        if self.link {
            return vec![3];
        }
        let rank = |segment: &Vec<Piece>| {
            let params = segment.iter().filter(|piece| matches!(piece, Piece::Param(_))).count();
            if params == 0 {
                0
            } else if params < segment.len() {
                1
            } else {
                2
            }
        };
        self.segments.iter().map(rank).collect()
    }

    /// The path parameters, if the request is for the operation. The path is as it came, percent-encoded.
    pub(crate) fn matches(&self, method: &str, path: &str) -> Option<PathParams> {
        if self.method.as_str() != method {
            return None;
        }
        let path = path.strip_prefix('/')?;
        if self.link {
            return Some(Vec::new());
        }
        let mut params = Vec::new();
        let mut rest = path.split('/');
        for segment in &self.segments {
            let text = decoded(rest.next()?)?;
            match_segment(segment, &text, &mut params).then_some(())?;
        }
        rest.next().is_none().then_some(params)
    }
}

fn decoded(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

/// Whether the pieces make up the text; a parameter takes at least one character, and as few as it can.
fn match_segment(pieces: &[Piece], text: &str, params: &mut PathParams) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::Text(expected), rest)) => {
            text.strip_prefix(expected.as_str()).is_some_and(|text| match_segment(rest, text, params))
        }
        Some((Piece::Param(index), [])) => {
            params.push((*index, text.to_owned()));
            !text.is_empty()
        }
        Some((Piece::Param(index), rest)) => {
            text.char_indices().map(|(at, c)| text.split_at(at + c.len_utf8())).any(|(value, after)| {
                let before = params.len();
                params.push((*index, value.to_owned()));
                let fits = match_segment(rest, after, params);
                if !fits {
                    params.truncate(before);
                }
                fits
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use flow_plan::{ApiId, EffectClass, Response};

    use super::*;

    fn route(template: &[&str]) -> Route {
        let mut params = 0..;
        let path = template
            .iter()
            .map(|part| match *part {
                "*" => PathPart::Param(params.next().unwrap()),
                text => PathPart::Text(text.into()),
            })
            .collect();
        let operation = Operation {
            api: ApiId(0),
            name: "x".into(),
            method: Method::Get,
            path,
            params: Vec::new(),
            response: Response::Ignored,
            class: EffectClass::Safe,
            idempotency: None,
            raises: Vec::new(),
            absent: Vec::new(),
            done: Vec::new(),
            unknown_on: Vec::new(),
            confirm: None,
            statuses: Vec::new(),
            rate: None,
            concurrency: None,
            headers: Vec::new(),
            form: flow_plan::RequestForm::default(),
        };
        Route::new(&operation, 0)
    }

    #[test]
    fn templates_take_decoded_segments() {
        for (template, path, expected) in [
            (&["/payments"][..], "/payments", Some("")),
            (&["/payments"], "/payments/", None),
            (&["/payments"], "/payment", None),
            (&["/"], "/", Some("")),
            (&["/payments/", "*"], "/payments/a%2Fb", Some("a/b")),
            (&["/payments/", "*"], "/payments/", None),
            (&["/payments/", "*"], "/payments/a/b", None),
            (&["/payments/", "*"], "/payments/%FF", None),
            (&["/files/", "*", "/v", "*"], "/files/%C3%BC/v12", Some("ü|12")),
            (&["/x/", "*", ".", "*"], "/x/a.b.c", Some("a|b.c")),
            (&["/x/", "*", "-"], "/x/a-b-", Some("a-b")),
            (&["/search?kind=", "*"], "/search", Some("")),
            (&["/a b"], "/a%20b", Some("")),
        ] {
            let params = route(template)
                .matches("GET", path)
                .map(|params| params.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("|"));
            assert_eq!(params.as_deref(), expected, "{template:?} {path}");
        }
        assert!(route(&["/payments"]).matches("POST", "/payments").is_none());
    }

    #[test]
    fn text_is_more_specific_than_a_parameter() {
        let mut ranks =
            [route(&["/p/", "*"]).rank(), route(&["/p/v", "*"]).rank(), route(&["/p/search"]).rank()];
        ranks.sort();
        assert_eq!(ranks, [vec![0, 0], vec![0, 1], vec![0, 2]]);
    }
}
