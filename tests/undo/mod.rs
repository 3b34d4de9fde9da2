//! `flow plan --undo`: what the table says is what executions do. Every program here runs on virtual time with each of
//! its calls failing, unknown and cut off in turn; what was undone, and how it ended, is held against the row.

mod agree;
mod execution;

use std::path::PathBuf;

use flow_plan::When;

use crate::support::command::{flow, run};
use agree::disagreement;
use execution::{Fault, Program, programs};

fn folder() -> PathBuf {
    crate::tidy::root().join("tests/undo/programs")
}

#[test]
fn the_tables_are_as_reviewed() {
    for name in programs(&folder()) {
        let ran = run(&mut flow(&folder(), &["plan", &name, "--undo", "--workflow", "main"]));
        assert_eq!(ran.code, 0, "{name}: {}", ran.seen());
        let wide = ran.stdout.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{name}");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name.trim_end_matches(".flow"), ran.stdout);
        });
    }
}

#[test]
fn the_json_form_says_the_same() {
    let arguments = ["plan", "saga.flow", "--undo", "--format", "json"];
    let ran = run(&mut flow(&folder(), &arguments));
    assert_eq!(ran.code, 0, "{}", ran.seen());
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["format_version"], 1);
    let program = Program::load(&folder(), "saga.flow");
    assert_eq!(json["hash"], program.plan().hash().to_string());
    let table = serde_json::to_value(program.table()).unwrap();
    assert_eq!(json["undo"], table);
    let caught = &json["undo"][4]["cases"][0];
    assert_eq!(caught["when"], "fails");
    assert_eq!(caught["errors"], serde_json::json!(["http"]));
    assert_eq!(caught["end"], serde_json::json!({ "kind": "caught", "place": "saga.flow:35" }));
    assert_eq!(caught["undone"][0]["by"], "shop.free");
}

#[test]
fn the_page_shows_what_the_order_example_prints() {
    let order = crate::tidy::root().join("examples/order");
    let ran = run(&mut flow(&order, &["plan", "order.flow", "--undo"]));
    let page = std::fs::read_to_string(crate::tidy::root().join("docs/language/workflows.md")).unwrap();
    let (_, block) = page.split_once("```text\norder.flow:").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert!(ran.stdout.contains(block), "{}", ran.stdout);
}

/// Runs a program with each of its calls meeting a fault.
fn check(name: &str, faults: &[Fault]) -> (usize, Vec<String>) {
    let program = Program::load(&folder(), name);
    let calls = program.run(None).forward.len();
    assert!(calls > 1, "{name} calls nothing");
    let (mut checked, mut problems) = (0, Vec::new());
    for (call, fault) in (0..calls).flat_map(|call| faults.iter().map(move |fault| (call, *fault))) {
        let seen = program.run(Some((call, fault)));
        let Some(step) = seen.met else { continue };
        if !program.can_meet(step, fault) {
            continue;
        }
        checked += 1;
        if let Some(problem) = disagreement(&program, step, fault, &seen) {
            problems.push(format!("{name}, call {call}, {fault:?}: {problem}\n  {seen:?}"));
        }
    }
    (checked, problems)
}

fn check_all(faults: &[Fault]) {
    let (mut checked, mut problems) = (0, Vec::new());
    for name in programs(&folder()) {
        let (more, found) = check(&name, faults);
        checked += more;
        problems.extend(found);
    }
    assert!(problems.is_empty(), "{} of {checked}\n{}", problems.len(), problems.join("\n"));
    assert!(checked > 50, "{checked} were looked at");
}

#[test]
fn executions_whose_step_fails_do_what_the_table_says() {
    check_all(&[Fault::Status(500), Fault::Status(409), Fault::Refused]);
}

#[test]
fn executions_whose_step_is_unknown_do_what_the_table_says() {
    check_all(&[Fault::Lost, Fault::Status(502)]);
}

#[test]
fn executions_that_are_cancelled_in_a_step_do_what_the_table_says() {
    check_all(&[Fault::Cancelled, Fault::CancelledAndLost]);
}

#[test]
fn a_deadline_that_cuts_off_a_step_is_caught_where_the_table_says() {
    let program = Program::load(&folder(), "deadline.flow");
    let calls = program.run(None).forward.len();
    let mut caught = 0;
    for call in 0..calls {
        let seen = program.run(Some((call, Fault::Slow)));
        let step = seen.met.unwrap();
        let table = program.table();
        let row = table.iter().find(|row| row.step == step).unwrap();
        let cut = row.cases.iter().filter(|case| case.when == When::CutOff);
        let inner = cut.clone().find(|case| matches!(case.end, flow_plan::End::Caught { .. }));
        assert_eq!(inner.is_some(), seen.is_done(), "{}: {seen:?}", row.operation);
        if inner.is_some() {
            assert!(seen.undone.is_empty(), "{seen:?}");
            caught += 1;
        }
    }
    assert_eq!(caught, 3, "all steps inside");
}
