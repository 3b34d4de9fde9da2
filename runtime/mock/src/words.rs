//! Sample values that suit the name of their field.

/// The moment of all samples.
pub(crate) const MOMENT: &str = "2026-01-31T09:00:00Z";

/// The day of all samples.
pub(crate) const DAY: &str = "2026-01-31";

/// What chooses one of several values: the same draw gives the same value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mixed(seed))
    }

    /// The draw of what has the name, inside of what this draw is for.
    pub(crate) fn of(self, name: &str) -> Self {
        Self(name.bytes().fold(self.0, |hash, byte| mixed(hash ^ u64::from(byte))))
    }

    /// The draw of what has the number, inside of what this draw is for.
    pub(crate) fn nth(self, number: u64) -> Self {
        Self(mixed(self.0 ^ mixed(number)))
    }

    /// Another draw for the same; variant 0 is this one.
    pub(crate) fn variant(self, variant: u64) -> Self {
        if variant == 0 { self } else { self.nth(variant) }
    }

    /// A number below the bound, which is not 0.
    pub(crate) fn below(self, bound: u64) -> u64 {
        self.0.checked_rem(bound).unwrap_or(0)
    }

    fn one<'a>(self, of: &[&'a str]) -> &'a str {
        usize::try_from(self.below(of.len() as u64))
            .ok()
            .and_then(|index| of.get(index))
            .copied()
            .unwrap_or("")
    }

    /// A UUID whose bits are the draw's (version 8: RFC 9562, section 5.8).
    pub(crate) fn uuid(self) -> String {
        let (high, low) = (self.0, mixed(self.0));
        let high = (high & !0xf000) | 0x8000;
        let low = (low & (u64::MAX >> 2)) | (1 << 63);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

/// SplitMix64's step: every bit of the input changes about half of the bits of the output.
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The words of a name: `orderId`, `order_id` and `order-id` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut after_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            after_small = false;
            words.push(String::new());
            continue;
        }
        if c.is_uppercase() && after_small || words.is_empty() {
            words.push(String::new());
        }
        after_small = !c.is_uppercase();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn last(name: &str) -> String {
    words(name).pop().unwrap_or_default()
}

/// The words of a name as a phrase: `out of stock` for `OutOfStock`.
pub(crate) fn phrase(name: &str) -> String {
    words(name).join(" ")
}

/// Whether the name says that the value tells things apart.
pub(crate) fn is_id(name: &str) -> bool {
    matches!(last(name).as_str(), "id" | "uuid" | "guid")
}

/// What an id counts: `payment` for `payment_id`; none for a bare `id`.
pub(crate) fn counted(name: &str) -> Option<String> {
    let mut words = words(name);
    words.pop();
    (!words.is_empty()).then(|| words.join("-"))
}

/// One of a list of that name: `item` for `items`.
pub(crate) fn singular(name: &str) -> String {
    match name.strip_suffix("ies") {
        Some(stem) if !stem.is_empty() => format!("{stem}y"),
        _ => name.strip_suffix('s').filter(|stem| !stem.is_empty()).unwrap_or(name).to_owned(),
    }
}

/// Whether the name says that the value is, or may be, a secret.
pub(crate) fn is_sensitive(name: &str) -> bool {
    const SECRETS: [&str; 10] = [
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "authorization",
        "credential",
        "credentials",
        "pin",
        "cvc",
    ];
    let words = words(name);
    words.iter().any(|word| SECRETS.contains(&word.as_str()))
        || words.len() > 1 && words.last().is_some_and(|word| word == "key")
}

/// Whether the name says that there is more to fetch. A sample ends there, or a workflow would fetch for ever.
pub(crate) fn is_continuation(name: &str) -> bool {
    let words = words(name);
    let has = |word: &str| words.iter().any(|other| other == word);
    has("next") || has("cursor") || has("more") || has("continuation")
}

/// A bool: true, where that is good news.
pub(crate) fn boolean(name: &str) -> bool {
    const BAD_NEWS: [&str; 19] = [
        "failed",
        "failure",
        "error",
        "errors",
        "expired",
        "deleted",
        "cancelled",
        "canceled",
        "rejected",
        "declined",
        "blocked",
        "locked",
        "suspended",
        "truncated",
        "invalid",
        "disabled",
        "overdue",
        "fraud",
        "refunded",
    ];
    !is_continuation(name) && !words(name).iter().any(|word| BAD_NEWS.contains(&word.as_str()))
}

/// An int, small and positive.
pub(crate) fn int(name: &str, number: u64, draw: Draw) -> String {
    match last(name).as_str() {
        "id" => number,
        "quantity" | "qty" => 1 + draw.below(3),
        "page" | "attempt" | "attempts" | "version" => 1,
        "limit" => 20,
        "percent" | "percentage" => 5 * (1 + draw.below(9)),
        "year" => 2026,
        "age" => 30 + draw.below(30),
        "port" => 8080,
        "status" => 200,
        "total" | "amount" | "price" | "cents" | "sum" | "balance" => 100 * (1 + draw.below(90)),
        _ => 1 + draw.below(9),
    }
    .to_string()
}

/// A decimal, positive.
pub(crate) fn decimal(name: &str, draw: Draw) -> &'static str {
    match last(name).as_str() {
        "rate" | "discount" | "tax" | "vat" | "ratio" | "share" => draw.one(&["0.19", "0.05", "0.10"]),
        "percent" | "percentage" => draw.one(&["19.0", "5.0", "10.0"]),
        "total" | "subtotal" | "sum" | "balance" => draw.one(&["40.00", "125.00", "86.50", "249.90"]),
        _ => draw.one(&["12.50", "40.00", "7.25", "99.90", "18.75"]),
    }
}

/// A double, positive.
pub(crate) fn float(draw: Draw) -> &'static str {
    draw.one(&["1.5", "0.25", "2.75", "12.5"])
}

/// A text.
pub(crate) fn text(name: &str, number: u64, draw: Draw) -> String {
    let person = || draw.one(&["Ada Lovelace", "Grace Hopper", "Alan Turing", "Mary Somerville"]);
    let last = last(name);
    match last.as_str() {
        "currency" => "EUR".into(),
        "country" => "DE".into(),
        "language" | "locale" | "lang" => "en".into(),
        "timezone" | "zone" => "Europe/Berlin".into(),
        "email" | "mail" => {
            format!("{}@example.com", draw.one(&["ada", "grace", "alan", "mary"]))
        }
        "name" if matches!(words(name).first().map(String::as_str), Some("first" | "given")) => {
            person().split(' ').next().unwrap_or_default().into()
        }
        "name" if matches!(words(name).first().map(String::as_str), Some("last" | "family")) => {
            person().split(' ').nth(1).unwrap_or_default().into()
        }
        "name" | "person" | "owner" | "author" => person().into(),
        "phone" | "telephone" | "mobile" => "+49 30 1234567".into(),
        "city" | "town" => draw.one(&["Berlin", "London", "Turin", "Lisbon"]).into(),
        "street" => format!("Main Street {}", 1 + draw.below(90)),
        "zip" | "postcode" => "10115".into(),
        "status" | "state" | "result" => "ok".into(),
        "title" | "subject" => format!("Sample {number}"),
        "description" | "note" | "notes" | "comment" | "message" | "text" | "body" | "detail" | "reason" => {
            "a sample of the mock".into()
        }
        "at" | "timestamp" | "time" | "datetime" => MOMENT.into(),
        "date" | "day" => DAY.into(),
        "version" => "1.0".into(),
        "" => format!("text-{number}"),
        _ => format!("{}-{number}", words(name).join("-")),
    }
}

/// Whether the name says that the value explains something.
pub(crate) fn is_explanation(name: &str) -> bool {
    matches!(
        last(name).as_str(),
        "reason" | "message" | "detail" | "details" | "description" | "why" | "cause"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_words() {
        for (name, expected) in [
            ("orderId", "order id"),
            ("order_id", "order id"),
            ("order-id", "order id"),
            ("OutOfStock", "out of stock"),
            ("URL", "url"),
            ("_x", "x"),
            ("", ""),
        ] {
            assert_eq!(phrase(name), expected, "{name}");
        }
        assert_eq!(counted("payment_id").as_deref(), Some("payment"));
        assert_eq!(counted("id"), None);
        assert_eq!(
            (singular("items").as_str(), singular("entries").as_str(), singular("s").as_str()),
            ("item", "entry", "s")
        );
    }

    #[test]
    fn values_suit_their_names() {
        let draw = Draw::new(0);
        for (name, expected) in [
            ("currency", "EUR"),
            ("created_at", MOMENT),
            ("kind", "kind-1"),
            ("trackingNumber", "tracking-number-1"),
        ] {
            assert_eq!(text(name, 1, draw), expected);
        }
        assert_eq!(int("id", 7, draw), "7");
        assert!(decimal("total", draw).parse::<f64>().unwrap() > 0.0);
    }

    #[test]
    fn good_news_is_true_and_nothing_goes_on_for_ever() {
        for (name, expected) in
            [("valid", true), ("ok", true), ("is_expired", false), ("has_more", false), ("hasErrors", false)]
        {
            assert_eq!(boolean(name), expected, "{name}");
        }
        assert!(is_continuation("next") && is_continuation("nextPage") && !is_continuation("text"));
    }

    #[test]
    fn secrets_have_names() {
        for (name, expected) in
            [("token", true), ("api_key", true), ("clientSecret", true), ("key", false), ("order", false)]
        {
            assert_eq!(is_sensitive(name), expected, "{name}");
        }
    }

    #[test]
    fn uuids_are_well_formed_and_stable() {
        let uuid = Draw::new(1).of("x").uuid();
        assert_eq!(uuid, Draw::new(1).of("x").uuid());
        assert_ne!(uuid, Draw::new(2).of("x").uuid());
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'8');
        assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
    }
}
