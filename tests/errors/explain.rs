//! `flow explain` prints the pages, and `flow check` points to it.

use std::path::Path;

use flow_diagnostics::codes;

use super::{page, scratch};
use crate::support::command::{Ran, flow, run};

fn explain(arguments: &[&str]) -> Ran {
    run(&mut flow(Path::new("."), &[&["explain"], arguments].concat()))
}

#[test]
fn explains_every_code_by_its_page() {
    for code in codes::ALL {
        let ran = explain(&[code.id]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", code.id);
        assert_eq!(ran.stdout, page(code.id));
    }
    assert_eq!(explain(&["f0501"]).stdout, page("F0501"), "the case of the code does not matter");
}

#[test]
fn lists_every_code_with_its_title() {
    let ran = explain(&[]);
    let lines: Vec<String> = codes::ALL.iter().map(|code| format!("{}  {}", code.id, code.title)).collect();
    assert_eq!((ran.code, ran.stdout), (0, format!("{}\n", lines.join("\n"))));
}

#[test]
fn a_code_that_is_not_is_a_mistake_of_use() {
    let ran = explain(&["F0510"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert_eq!(ran.stderr, "error: there is no code `F0510`: did you mean `F0501`?\n");
    let ran = explain(&["nonsense"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stderr, "error: there is no code `nonsense`: `flow explain` lists every code\n");
}

#[test]
fn a_check_with_errors_says_once_where_more_is_told() {
    let scratch = scratch("explain");
    std::fs::create_dir_all(&scratch).unwrap();
    std::fs::write(scratch.join("a.flow"), "workflow a () -> int {\n  return b + c\n}\n").unwrap();
    let ran = run(&mut flow(&scratch, &["check", "a.flow"]));
    assert_eq!(ran.stderr, "1 file checked: 2 errors, 0 warnings\nfor more: flow explain F0201\n");
    let ran = run(&mut flow(&scratch, &["check", "--format", "json", "a.flow"]));
    assert_eq!(ran.stderr, "1 file checked: 2 errors, 0 warnings\n");
    let _ = std::fs::remove_dir_all(scratch);
}
