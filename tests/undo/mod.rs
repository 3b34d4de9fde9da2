//! `flow plan --undo`: what the table says is what executions do. Every program here runs on virtual time with each of
//! its calls failing, unknown and cut off in turn; what was undone, and how it ended, is held against the row.

mod agree;
mod execution;

use std::path::PathBuf;

use flow_driver::{MemoryWorld, compile};
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

/// The table of a workflow of so many steps in a row.
fn table_of(steps: usize) -> String {
    let hold = r#"put hold "/holds/{sku}" (sku: string) { undo: free(sku) }"#;
    let free = r#"delete free "/holds/{sku}" (sku: string)"#;
    let calls: String = (0..steps).map(|step| format!("  shop.hold(\"{step}\")\n")).collect();
    let source = format!(
        "api shop v1 {{\n  base: \"http://127.0.0.1:9\"\n  {hold}\n  {free}\n}}\n\nworkflow main () {{\n{calls}}}\n"
    );
    let compilation = compile(&MemoryWorld::default().with("long.flow", source), "long.flow");
    assert!(compilation.is_ok(), "{:?}", compilation.diagnostics);
    let main = &compilation.workflows[0];
    flow_plan::undo_text(&main.plan, &main.debug)
}

#[test]
fn the_table_of_a_long_workflow_grows_with_its_steps() {
    let (short, long) = (table_of(100), table_of(400));
    let last = long.rsplit("long.flow:408  shop.hold").next().unwrap();
    assert!(last.contains("shop.hold at long.flow:406 by shop.free\n"), "{last}");
    assert!(last.contains("and 367 more\n"), "{last}");
    assert!(
        long.lines().count() < 6 * short.lines().count(),
        "{} and {}",
        long.lines().count(),
        short.lines().count()
    );
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
    // What it undoes where nothing goes wrong is in the way.
    for name in programs(&folder()).into_iter().filter(|name| name != "fails.flow") {
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
fn executions_whose_step_is_said_not_to_be_done_do_what_the_table_says() {
    let (checked, problems) = check("confirm.flow", &[Fault::LostAndNotDone]);
    assert!(checked == 4 && problems.is_empty(), "{checked}\n{}", problems.join("\n"));
}

#[test]
fn an_execution_that_raises_its_errors_does_what_the_table_says() {
    let program = Program::load(&folder(), "fails.flow");
    let seen = program.run_with(br#"{"sku":"pump"}"#, None);
    assert!(matches!(seen.outcome, flow_engine::Outcome::Failed(_)), "{seen:?}");
    let fails = program.table().iter().filter(|row| row.step.is_none());
    // The first is caught, the second leaves the race to the other branch, the last leaves the workflow; `fail full` is
    // not reached.
    let cases = fails.filter(|row| row.operation == "fail Full").map(|row| &row.cases[0]);
    let undone = cases.flat_map(|case| &case.undone).filter(|undoing| !undoing.branched);
    let undone: Vec<_> = undone.map(|undoing| undoing.step).collect();
    assert_eq!(seen.undone, undone);
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
        let row = table.iter().find(|row| row.step == Some(step)).unwrap();
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
