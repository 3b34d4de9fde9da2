//! "Did you mean": the nearest of the names in scope.

/// The candidate nearest to `name` by edit distance, if it is near enough to be a slip: at most one edit in
/// three characters. Ties go to the first candidate.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance: insert, delete, replace, swap neighbours. Case counts half, rounded up.
fn distance(a: &str, b: &str) -> usize {
    if a.eq_ignore_ascii_case(b) {
        return 1;
    }
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
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
        before = std::mem::replace(&mut last, row);
        previous_a = Some(from);
    }
    last.last().copied().unwrap_or(0)
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
    }
}
