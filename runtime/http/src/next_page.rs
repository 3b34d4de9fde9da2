//! The header `Link` of an answer (RFC 8288): which of its links leads to the next page.

use url::Url;

/// One link of the header.
#[derive(Debug, Default, PartialEq, Eq)]
struct Link {
    /// The URI reference between `<` and `>`.
    target: String,
    /// The first `rel`, if there is one.
    rel: Option<String>,
    /// The first `anchor`, if there is one.
    anchor: Option<String>,
}

/// Where the headers of an answer lead by `rel="next"`: resolved against the URL that was asked (RFC 3986, section 5). A
/// reference that cannot be resolved is given as it stands: whoever follows it says what is wrong with it.
pub fn next_page(headers: &[(String, String)], url: &str) -> Option<String> {
    let base = Url::parse(url).ok();
    let values = headers.iter().filter(|(name, _)| name == "link").map(|(_, value)| value.as_str());
    let link = values.flat_map(links).find(|link| leads_on(link, base.as_ref()))?;
    Some(match base.and_then(|base| base.join(&link.target).ok()) {
        Some(resolved) => resolved.into(),
        None => link.target,
    })
}

/// Whether a link leads from the page itself to the next one. A link from elsewhere, by its anchor, does not.
fn leads_on(link: &Link, page: Option<&Url>) -> bool {
    let relations = link.rel.as_deref().unwrap_or_default();
    let is_next = relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"));
    let from_here = || match &link.anchor {
        None => true,
        Some(anchor) => page.and_then(|page| page.join(anchor).ok()).is_some_and(|mut from| {
            from.set_fragment(None);
            Some(&from) == page
        }),
    };
    is_next && from_here()
}

/// The links of one header line (RFC 8288, appendix B.2). What is malformed ends the line: links before it hold.
fn links(line: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut rest = line.trim_start_matches([' ', '\t', ',']);
    while let Some(after) = rest.strip_prefix('<') {
        let Some((target, after)) = after.split_once('>') else { break };
        let mut link = Link { target: target.trim().to_owned(), ..Link::default() };
        rest = after.trim_start_matches([' ', '\t']);
        while let Some(parameter) = rest.strip_prefix(';') {
            let (name, value, after) = parameter_of(parameter.trim_start_matches([' ', '\t']));
            let slot = match name.to_ascii_lowercase().as_str() {
                "rel" => Some(&mut link.rel),
                "anchor" => Some(&mut link.anchor),
                _ => None,
            };
            // All but the first are ignored (section 3.3).
            if let Some(slot) = slot.filter(|slot| slot.is_none()) {
                *slot = Some(value);
            }
            rest = after;
        }
        links.push(link);
        // Up to the comma there may be nothing that means anything.
        let Some((_, after)) = rest.split_once(',') else { break };
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    links
}

/// A parameter's name and value, and what comes after it.
fn parameter_of(text: &str) -> (&str, String, &str) {
    let end = text.find(['=', ';', ',', ' ', '\t']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim_start_matches([' ', '\t']);
    let Some(value) = rest.strip_prefix('=') else { return (name, String::new(), rest) };
    let value = value.trim_start_matches([' ', '\t']);
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find([';', ',']).unwrap_or(value.len());
        let (value, rest) = value.split_at(end);
        return (name, value.trim_end_matches([' ', '\t']).to_owned(), rest);
    };
    let mut unquoted = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let rest = quoted.get(at + 1..).unwrap_or_default().trim_start_matches([' ', '\t']);
                return (name, unquoted, rest);
            }
            '\\' => unquoted.extend(characters.next().map(|(_, escaped)| escaped)),
            other => unquoted.push(other),
        }
    }
    (name, unquoted, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://api.example/v1/items?page=1";

    fn next(lines: &[&str]) -> Option<String> {
        let headers: Vec<_> = lines.iter().map(|line| ("link".to_owned(), (*line).to_owned())).collect();
        next_page(&headers, PAGE)
    }

    #[test]
    fn the_next_page_is_found_among_other_links() {
        for line in [
            r#"<https://api.example/v1/items?page=2>; rel="next""#,
            "<https://api.example/v1/items?page=2>;rel=next",
            r#"<https://api.example/v1/items?page=2> ; REL = "NEXT""#,
            r#"<https://api.example/v1/items?page=2>; rel="last next""#,
            r#"<https://x/?a,b;c>; rel="prev"; title="a, <b>; rel=\"next\"", <?page=2>; rel="next""#,
            r#", ,<https://api.example/v1/items?page=9>; rel="last" , <?page=2>; rel="next","#,
            r#"<https://api.example/v1/items?page=2>; title*=UTF-8''%e2%82%ac; rel="next""#,
            r#"</v1/items?page=2>; rel="next"; rel="prev""#,
            r#"<items?page=2>; flag; rel="next""#,
            r#"<//api.example/v1/items?page=2>; rel="next""#,
            r#"<../v1/./items?page=2>; rel="next"; anchor="""#,
            r#"<?page=2>; rel="next"; anchor="https://api.example/v1/items?page=1#top""#,
        ] {
            assert_eq!(next(&[line]).as_deref(), Some("https://api.example/v1/items?page=2"), "{line}");
        }
        let two = next(&[r#"<?page=0>; rel="prev""#, r#"<?page=2>; rel="next""#]);
        assert_eq!(two.as_deref(), Some("https://api.example/v1/items?page=2"));
    }

    #[test]
    fn what_only_looks_like_it_leads_nowhere() {
        for line in [
            "",
            "<?page=2>",
            r#"<?page=2>; rel="nextish""#,
            r#"<?page=2>; rel="prev"; rel="next""#,
            r#"<?page=2>; title="; rel=next""#,
            r#"<?page=2; rel="next""#,
            r#"?page=2; rel="next""#,
            r#"<?page=2>; rev="next""#,
            r#"<?page=2>; rel="next"; anchor="/elsewhere""#,
            r#"<?page=2>; rel="ne"#,
        ] {
            assert_eq!(next(&[line]), None, "{line}");
        }
        assert_eq!(next_page(&[("x-link".to_owned(), "<?page=2>; rel=next".to_owned())], PAGE), None);
    }

    #[test]
    fn what_cannot_be_resolved_stays_as_it_is() {
        assert_eq!(next(&["<https://[x>; rel=next"]).as_deref(), Some("https://[x"));
    }

    #[test]
    fn any_line_is_read_in_one_pass() {
        for line in
            ["<".repeat(50_000), "<>,".repeat(20_000), "<>;".repeat(20_000), "<>;a=\"\\".repeat(9_000)]
        {
            let _ = next(&[&line]);
        }
    }
}
