//! "Did you mean": the nearest of the names in scope.

/// Letters that an abbreviation has at least.
const ABBREVIATION_MIN: usize = 3;

/// How many candidates are looked at.
const CANDIDATES_MAX: usize = 2_000;

/// How many characters of a name are compared.
const LENGTH_MAX: usize = 64;

/// The candidate nearest to `name` by edit distance, if it is near enough to be a slip: at most one edit in
/// three characters, one more where both begin alike. Ties go to the first candidate. Where none is that near, the
/// only one that `name` abbreviates: `qty` for `quantity`.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().take(LENGTH_MAX).count();
    let limit = (length / 3).clamp(1, 4);
    let letters = letters(name);
    let mut best: Option<(usize, &str)> = None;
    let mut abbreviated: Option<&str> = None;
    let mut ambiguous = false;
    for candidate in candidates.into_iter().take(CANDIDATES_MAX) {
        if candidate == name {
            continue;
        }
        let alike = name.chars().zip(candidate.chars()).take_while(|(a, b)| a == b).count();
        let more = usize::from(length > 4 && alike >= ABBREVIATION_MIN);
        if may_be_near(letters, self::letters(candidate), limit + more)
            && let Some(distance) = distance(name, candidate, limit + more)
            && best.is_none_or(|(least, _)| distance < least)
        {
            best = Some((distance, candidate));
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

/// Which letters stand in a name, upper case as lower case. Words may be joined in several ways: `_` does not count.
fn letters(name: &str) -> u64 {
    let letters = name.chars().take(LENGTH_MAX).filter(|letter| *letter != '_');
    letters.fold(0, |set, letter| set | 1 << (u32::from(letter.to_ascii_lowercase()) & 63))
}

/// Whether names of these letters can be that near: an edit takes one letter and brings another.
fn may_be_near(a: u64, b: u64, limit: usize) -> bool {
    (a ^ b).count_ones() as usize <= 2 * limit
}

/// Optimal string alignment distance: insert, delete, replace, swap neighbours. Case counts half, rounded up. `None`
/// where it is more than a limit.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let letters = |name: &str| name.replace('_', "").to_ascii_lowercase();
    if a.eq_ignore_ascii_case(b) || letters(a) == letters(b) {
        return Some(1);
    }
    let a: Vec<char> = a.chars().take(LENGTH_MAX).collect();
    let b: Vec<char> = b.chars().take(LENGTH_MAX).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut previous_b = None;
        for (j, &to) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&last, j) + usize::from(from != to)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if j > 0 && previous_a == Some(to) && previous_b == Some(from) {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
            previous_b = Some(to);
        }
        if row.iter().min().is_some_and(|least| *least > limit) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
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
    fn an_abbreviation_is_of_one_name_alone() {
        assert_eq!(nearest("qty", ["quantity", "sku"]), Some("quantity"));
        assert_eq!(nearest("cat", ["category", "catalogue"]), None);
        assert_eq!(nearest("orderId", ["order_id", "order"]), Some("order_id"));
    }
}
