//! Codes whose page has no example: they are made here, from files that no page could hold.

use std::collections::BTreeSet;

use flow_diagnostics::codes;

use super::{WITHOUT_EXAMPLE, page, scratch};
use crate::support::findings::{check_file, shown};

/// Codes that no source is known to give, each with the reason why it is registered all the same.
const NEVER: &[(&str, &str)] = &[
    ("F0005", "the entry exists and cannot be read: the command reports that before it compiles"),
    ("F0006", "a fault of the compiler: the plan that it made does not pass the verifier"),
    ("F0317", "the lexer reports every literal with too many digits before the checker sees it"),
];

/// A code, and a file that gives it.
fn made() -> Vec<(&'static str, Vec<u8>)> {
    let many = |line: fn(usize) -> String, count: usize| {
        let lines: String = (0..count).map(line).collect();
        format!("workflow main () {{\n{lines}}}\n").into_bytes()
    };
    vec![
        ("F0002", b"workflow main () { log \"caf\xe9\" }\n".to_vec()),
        ("F0004", format!("// {}\nworkflow main () {{ }}\n", "x".repeat(2_000_000)).into_bytes()),
        ("F0106", many(|index| format!("  let x{index} ==\n"), 300)),
        ("F0217", many(|index| format!("  log \"{{missing{index}}}\"\n"), 700)),
    ]
}

#[test]
fn what_a_page_cannot_show_is_made_here_or_known_to_be_out_of_reach() {
    let unshown: BTreeSet<&str> =
        codes::ALL.iter().map(|code| code.id).filter(|code| page(code).contains(WITHOUT_EXAMPLE)).collect();
    let never = NEVER.iter().map(|(code, _)| *code);
    let known: BTreeSet<&str> = made().iter().map(|(code, _)| *code).chain(never).collect();
    assert_eq!(unshown, known, "pages without an example (left), codes made here or never made (right)");
}

#[test]
fn files_that_no_page_could_hold_give_their_codes() {
    let scratch = scratch("unshown");
    std::fs::create_dir_all(&scratch).unwrap();
    for (code, bytes) in made() {
        let name = format!("{code}.flow");
        std::fs::write(scratch.join(&name), bytes).unwrap();
        let found = check_file(&scratch, &name);
        assert!(found.iter().any(|finding| finding["code"] == code), "{code}:\n{}", shown(&found));
    }
    let _ = std::fs::remove_dir_all(scratch);
}
