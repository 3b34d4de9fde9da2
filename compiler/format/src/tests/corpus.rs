//! Every text of the repository.

use proptest::prelude::*;

use super::support::{assert_laid_out, corpus, files, formatted, parsed, root};
use crate::kept::Scope;
use crate::{attempt, says_the_same};

#[test]
fn every_text_without_errors_is_laid_out_and_says_the_same() {
    let (mut checked, mut failed) = (0, 0);
    for (name, text) in corpus() {
        if parsed(&text).has_errors() {
            continue;
        }
        checked += 1;
        if let Err(panic) = std::panic::catch_unwind(|| assert_laid_out(&name, &text)) {
            failed += 1;
            let message = panic.downcast_ref::<String>().map_or("?", String::as_str);
            println!("{name}: {message}\n");
        }
    }
    assert_eq!(failed, 0, "of {checked}");
    assert!(checked > 300, "only {checked} texts");
}

#[test]
fn line_ends_of_other_systems_make_no_difference() {
    for (name, text) in corpus() {
        if parsed(&text).has_errors() {
            continue;
        }
        let unix = text.replace("\r\n", "\n");
        let windows = format!("\u{FEFF}{}", unix.trim_start_matches('\u{FEFF}').replace('\n', "\r\n"));
        assert_eq!(formatted(&windows), formatted(&unix), "{name}");
    }
}

#[test]
fn examples_are_laid_out() {
    for (path, text) in files(&root().join("examples")) {
        assert_eq!(text, formatted(&text), "run `flow fmt {}`", path.display());
    }
}

#[test]
fn lines_end_only_where_they_may() {
    // Each width breaks other groups.
    let texts: Vec<(String, String)> =
        corpus().into_iter().filter(|(_, text)| text.len() < 4_000 && !parsed(text).has_errors()).collect();
    proptest!(ProptestConfig::with_cases(400), |(index in any::<usize>(), columns in 0..110_usize)| {
        let (name, text) = &texts[index % texts.len()];
        let parse = parsed(text);
        let laid_out = attempt(&parse, text, Scope::Unit, columns);
        prop_assert!(says_the_same(&parse, &laid_out), "{name} at {columns}:\n{laid_out}");
        let again = attempt(&parsed(&laid_out), &laid_out, Scope::Unit, columns);
        prop_assert_eq!(laid_out, again, "{} at {}", name, columns);
    });
}
