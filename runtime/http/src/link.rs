//! Links that an API has given: whole URLs, followed only to where the API is.
//!
//! A link comes from an answer, and the request takes the API's credentials along: one that led elsewhere would
//! hand them to whoever wrote the answer.

use url::Url;

use crate::NetError;

/// The link as it is written down, without its fragment.
pub(crate) fn target(values: &[String]) -> Result<String, NetError> {
    let text = values.first().ok_or_else(|| NetError::setting("the link has no value"))?;
    Ok(parsed(text)?.into())
}

/// Refuses a link that is not of the same origin as one of the base URLs.
pub(crate) fn check(link: &str, bases: &[String]) -> Result<(), NetError> {
    let link = parsed(link)?;
    let origin = link.origin();
    if bases.iter().filter_map(|base| Url::parse(base).ok()).any(|base| base.origin() == origin) {
        return Ok(());
    }
    let origin = origin.ascii_serialization();
    Err(NetError::setting(format!("the link leads to `{origin}`, which is not where the API is")))
}

/// The pairs whose names the query of a link has not.
pub(crate) fn absent(link: &str, pairs: &[(String, String)]) -> Vec<(String, String)> {
    let given: Vec<String> = Url::parse(link)
        .map(|link| link.query_pairs().map(|(name, _)| name.into_owned()).collect())
        .unwrap_or_default();
    pairs.iter().filter(|(name, _)| !given.contains(name)).cloned().collect()
}

/// The link without the pairs of a name: an API may have put the key that it was asked with into it.
pub(crate) fn without(link: &str, name: &str) -> String {
    let Ok(mut url) = Url::parse(link) else { return link.to_owned() };
    if url.query_pairs().all(|(given, _)| given != name) {
        return link.to_owned();
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(given, _)| given != name)
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    url.into()
}

pub(crate) fn parsed(text: &str) -> Result<Url, NetError> {
    let mut link = Url::parse(text)
        .map_err(|error| NetError::setting(format!("the link is no absolute URL: {error}")))?;
    if !matches!(link.scheme(), "http" | "https") {
        return Err(NetError::setting("the link is neither `http` nor `https`"));
    }
    if !link.username().is_empty() || link.password().is_some() {
        return Err(NetError::setting("the link has a user in it"));
    }
    link.set_fragment(None);
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_to_where_the_api_is_and_nowhere_else() {
        let bases = ["https://api.example/v1".to_owned(), "http://127.0.0.1:80".to_owned()];
        for link in ["https://api.example/v2?page=2", "https://API.example:443/", "http://127.0.0.1/x"] {
            assert!(target(&[link.into()]).and_then(|link| check(&link, &bases)).is_ok(), "{link}");
        }
        for link in [
            "http://api.example/v1",
            "https://api.example.evil/v1",
            "https://api.example:8443/v1",
            "https://api.example@evil/",
            "//api.example/v1",
            "/v1",
            "file:///etc/passwd",
            "https://api.example\\@evil/",
        ] {
            let refused = target(&[link.into()]).and_then(|link| check(&link, &bases));
            let folded = link.contains('\\');
            assert_eq!(refused.is_err(), !folded, "{link}");
        }
        assert_eq!(target(&["https://a.example/x#part".into()]).unwrap(), "https://a.example/x");
    }
}
