//! "Did you mean": the nearest of the names in scope.

/// Letters that an abbreviation has at least.
const ABBREVIATION_MIN: usize = 3;

/// How many candidates are looked at.
const CANDIDATES_MAX: usize = 2_000;

/// How many of them are compared letter by letter.
const COMPARED_MAX: usize = 200;

/// How many characters of a name are compared.
const LENGTH_MAX: usize = 64;

/// The candidate nearest to `name` by edit distance, if it is near enough to be a slip: at most one edit in
/// three characters, one more where both begin alike. Ties go to the first candidate. Where none is that near, the
/// only one that `name` abbreviates: `qty` for `quantity`.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().take(LENGTH_MAX).count();
    // Every letter is near to every other.
    if length < 2 {
        return None;
    }
    let limit = (length / 3).clamp(1, 4);
    let letters = letters(name);
    let mut best: Option<(usize, &str)> = None;
    let mut abbreviated: Option<&str> = None;
    let mut ambiguous = false;
    let mut compared = 0;
    for candidate in candidates.into_iter().take(CANDIDATES_MAX) {
        if candidate == name {
            continue;
        }
        let alike = name.chars().zip(candidate.chars()).take_while(|(a, b)| a == b).count();
        let more = usize::from(length > 4 && alike >= ABBREVIATION_MIN);
        // Only one that is nearer than the best so far matters.
        let most = best.map_or(limit + more, |(least, _)| (limit + more).min(least - 1));
        if compared < COMPARED_MAX && may_be_near(letters, self::letters(candidate), most) {
            compared += 1;
            if let Some(distance) = distance(name, candidate, most) {
                best = Some((distance, candidate));
            }
            if matches!(best, Some((..=1, _))) {
                break;
            }
        }
        if abbreviates(name, candidate) {
            ambiguous |= abbreviated.is_some_and(|other| other != candidate);
            abbreviated = Some(candidate);
        }
    }
    best.map(|(_, candidate)| candidate).or(abbreviated.filter(|_| !ambiguous))
}

/// Whether a name consists of letters of a longer one in their order, the first one included.
fn abbreviates(name: &str, whole: &str) -> bool {
    if name.len() < ABBREVIATION_MIN
        || name.len() >= whole.len()
        || name.chars().next() != whole.chars().next()
    {
        return false;
    }
    let mut letters = whole.chars().take(LENGTH_MAX);
    name.chars().all(|letter| letters.any(|found| found == letter))
}

/// The letters of a name, upper case as lower case. Words may be joined in several ways: `_` does not count.
fn spelled(name: &str) -> impl Iterator<Item = char> {
    name.chars().take(LENGTH_MAX).filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase())
}

/// Which letters stand in a name, as a set.
fn letters(name: &str) -> u64 {
    spelled(name).fold(0, |set, letter| set | 1 << (u32::from(letter) & 63))
}

/// Whether names of these letters can be that near: an edit takes one letter and brings another.
fn may_be_near(a: u64, b: u64, limit: usize) -> bool {
    (a ^ b).count_ones() as usize <= 2 * limit
}

/// Optimal string alignment distance: insert, delete, replace, swap neighbours. Case counts half, rounded up. `None`
/// where it is more than a limit.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    if spelled(a).eq(spelled(b)) {
        return Some(1);
    }
    let a: Vec<char> = a.chars().take(LENGTH_MAX).collect();
    let b: Vec<char> = b.chars().take(LENGTH_MAX).collect();
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = vec![usize::MAX / 2; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row: Vec<usize> = Vec::with_capacity(b.len() + 1);
    let mut previous_a = None;
    for (i, &from) in a.iter().enumerate() {
        row.clear();
        row.push(i + 1);
        let (mut previous_b, mut left, mut least) = (None, i + 1, i + 1);
        // Of the row before: the place above and left of this one, and the one above; of the row before that: two to
        // the left.
        for ((&to, above), two_left) in
            b.iter().zip(last.windows(2)).zip(std::iter::once(&(usize::MAX / 2)).chain(&before))
        {
            let &[diagonal, above] = above else { break };
            let mut best = (diagonal + usize::from(from != to)).min(above + 1).min(left + 1);
            if previous_a == Some(to) && previous_b == Some(from) {
                best = best.min(two_left + 1);
            }
            row.push(best);
            (previous_b, left, least) = (Some(to), best, least.min(best));
        }
        if least > limit {
            return None;
        }
        // The rows move up; the oldest is written anew.
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
        previous_a = Some(from);
    }
    last.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let names = ["status", "total", "customer", "id"];
        assert_eq!(nearest("sttaus", names), Some("status"));
        assert_eq!(nearest("totl", names), Some("total"));
        assert_eq!(nearest("Customer", names), Some("customer"));
        assert_eq!(nearest("price", names), None);
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest("totle", names), Some("total"));
        assert_eq!(nearest("cust", names), Some("customer"));
    }

    #[test]
    fn distances_count_edits() {
        for (a, b, expected) in [
            ("abcdef", "abdcef", Some(1)),
            ("ba", "ab", Some(1)),
            ("abcdef", "abcef", Some(1)),
            ("abcdef", "xabcdefy", Some(2)),
            ("kitten", "sitting", Some(3)),
            ("abcdefgh", "badcfehg", Some(4)),
            ("abcdefgh", "badcfehgxy", None),
            ("", "abc", Some(3)),
            ("abc", "", Some(3)),
        ] {
            assert_eq!(distance(a, b, 4), expected, "{a} {b}");
        }
    }

    #[test]
    fn an_abbreviation_is_of_one_name_alone() {
        assert_eq!(nearest("qty", ["quantity", "sku"]), Some("quantity"));
        assert_eq!(nearest("cat", ["category", "catalogue"]), None);
        assert_eq!(nearest("orderId", ["order_id", "order"]), Some("order_id"));
    }
}
