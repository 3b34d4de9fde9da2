//! The language at work: every file here is a program with its tests, and all of them pass. Those of `fails/`
//! all fail, which shows that the runner can tell.

mod claims;
mod inputs;
mod words;

use std::path::{Path, PathBuf};

use crate::support::command::{flow, run};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/language").join(name)
}

/// The `.flow` files of a folder, in order.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".flow"));
    names.sort();
    assert!(!names.is_empty(), "no files in {}", folder.display());
    names
}

#[test]
fn every_sentence_holds() {
    let folder = folder(".");
    let mut problems = Vec::new();
    for name in files(&folder) {
        let ran = run(&mut flow(&folder, &["test", &name]));
        if ran.code != 0 || !ran.stderr.is_empty() || ran.stdout.starts_with("0 passed") {
            problems.push(format!("{name}: exit {}\n{}", ran.code, ran.seen()));
        }
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn what_does_not_hold_fails() {
    let folder = folder("fails");
    for name in files(&folder) {
        let ran = run(&mut flow(&folder, &["test", &name]));
        assert_eq!(ran.code, 1, "{name}: {}", ran.seen());
        assert!(ran.stdout.contains("\n0 passed, "), "{name}: a test passes\n{}", ran.seen());
    }
}

/// What stands after `// says: ` in a file of `fails/` is in what its tests print, whatever the lines are broken into.
#[test]
fn what_fails_says_why() {
    let folder = folder("fails");
    let mut said = 0;
    for name in files(&folder) {
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        let ran = run(&mut flow(&folder, &["test", &name]));
        let words = ran.stdout.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        for part in text.lines().filter_map(|line| line.trim().strip_prefix("// says: ")) {
            said += 1;
            assert!(words.contains(part), "{name}: {part:?} is not in\n{}", ran.seen());
        }
    }
    assert!(said > 10, "only {said} lines say something");
}

#[test]
fn a_test_of_every_failure_says_what_it_ran_and_how_to_repeat_what_failed() {
    let ran = run(&mut flow(&folder("."), &["test", "every_failure.flow"]));
    assert!(ran.stdout.contains("an order leaves nothing behind (23 variations)\n"), "{}", ran.seen());
    let folder = folder("fails");
    let ran = run(&mut flow(&folder, &["test", "every_failure.flow", "--filter", "an unknown charge"]));
    let words = ran.stdout.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    for part in [
        "an unknown charge waits for an operator (8 variations, 4 failed)",
        "when `bank.charge` at every_failure.flow:15 fails with `decode`: it has not settled",
        "5: when `bank.charge` at every_failure.flow:15 is unknown",
        "6: when the process dies before sending `bank.charge` at every_failure.flow:15",
        "--filter 'an unknown charge waits for an operator' --variation 4",
        "0 passed, 1 failed, 4 skipped; 8 variations of every failure",
    ] {
        assert!(words.contains(part), "{part:?} is not in\n{}", ran.seen());
    }
    let sealed = ["test", "every_failure.flow", "--filter", "what holds a secret"];
    let ran = run(&mut flow(&folder, &sealed));
    let words = ran.stdout.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    let dies = "when the process dies before sending `bank.charge` at every_failure.flow:57: ";
    assert!(words.contains(dies), "{}", ran.seen());
    let one = ["test", "every_failure.flow", "--filter", "an unknown charge", "--variation", "5"];
    let ran = run(&mut flow(&folder, &one));
    assert!(ran.stdout.contains("(1 variation of 8, 1 failed)"), "{}", ran.seen());
    let none = ["test", "every_failure.flow", "--filter", "an unknown charge", "--variation", "9"];
    let ran = run(&mut flow(&folder, &none));
    assert_eq!(ran.code, 2, "{}", ran.seen());
    assert!(ran.stderr.contains("there is no variation 9"), "{}", ran.seen());
}

/// The data of time zones is in the program: where the machine has none, days are the same.
#[test]
fn a_time_zone_needs_no_data_of_the_machine() {
    let nothing = folder("shared");
    let ran =
        run(flow(&folder("."), &["test", "waiting.flow", "--filter", "elsewhere"]).env("TZDIR", nothing));
    assert!(ran.code == 0 && ran.stdout.contains("1 passed"), "{}", ran.seen());
}

#[test]
fn a_failing_test_shows_no_secret() {
    let ran = run(&mut flow(&folder("fails"), &["test", "secrets.flow"]));
    assert!(ran.stdout.contains("[secret]"), "{}", ran.seen());
    assert!(!ran.seen().contains("kept-to-itself"), "{}", ran.seen());
}

#[test]
fn the_mock_that_is_missing_is_told_as_it_is_written() {
    let named = ["test", "every_failure.flow", "--filter", "what undoes has no mock"];
    let ran = run(&mut flow(&folder("fails"), &named));
    assert!(ran.stdout.contains("add `mock bank.refund` before this line"), "{}", ran.seen());
}
