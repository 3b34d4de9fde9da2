//! Plans: their readable form is kept, and their hash changes with what they do and with nothing else.

use std::path::Path;

use crate::support::command::{flow, run};
use crate::support::folder::folder;
use crate::tidy::root;

fn plan(folder: &Path, file: &str) -> String {
    let ran = run(&mut flow(folder, &["plan", file]));
    assert_eq!(ran.code, 0, "{}", ran.seen());
    ran.stdout
}

fn hash(text: &str) -> &str {
    text.lines().find_map(|line| line.trim().strip_prefix("hash")).unwrap().trim()
}

#[test]
fn the_plan_of_the_order_example_is_as_reviewed() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("order", plan(&root().join("examples/order"), "order.flow"));
    });
}

#[test]
fn comments_layout_and_names_of_locals_do_not_change_the_hash_and_code_does() {
    let order = root().join("examples/order");
    let source = std::fs::read_to_string(order.join("order.flow")).unwrap();
    let folder = std::env::temp_dir().join(format!("flow-hash-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(order.join("types.flow"), folder.join("types.flow")).unwrap();
    let hash_of = |text: &str| {
        std::fs::write(folder.join("order.flow"), text).unwrap();
        hash(&plan(&folder, "order.flow")).to_owned()
    };
    let original = hash_of(&source);
    let reworded = source
        .replace("workflow process_order", "// A comment.\n\n\nworkflow process_order")
        .replace("let checked =", "let   validated =")
        .replace("checked.", "validated.");
    assert_eq!(hash_of(&reworded), original);
    assert_ne!(hash_of(&source.replace("1000", "1001")), original);
    assert_ne!(hash_of(&source.replace("attempts: 4", "attempts: 5")), original);
    std::fs::remove_dir_all(folder).unwrap();
}

/// What a workflow calls is part of what it does: its plan holds the hash of its child's.
#[test]
fn a_change_of_a_child_changes_the_plan_of_its_parent() {
    let folder = folder("plan-child", &[("main.flow", "")]);
    let hash_of = |child: &str| {
        let text = format!(
            "workflow parent (n: int) -> int {{\n  return child(n)\n}}\n\nworkflow child (n: int) -> int {{\n  return {child}\n}}\n"
        );
        std::fs::write(folder.join("main.flow"), text).unwrap();
        let ran = run(&mut flow(&folder, &["plan", "main.flow", "--workflow", "parent"]));
        assert_eq!(ran.code, 0, "{}", ran.seen());
        hash(&ran.stdout).to_owned()
    };
    assert_eq!(hash_of("n + 1"), hash_of("n +  1"));
    assert_ne!(hash_of("n + 1"), hash_of("n + 2"));
}

/// Each file of `worst` begins with the figures that its plan has, and how they come about.
#[test]
fn the_worst_case_is_as_counted_by_hand() {
    let folder = root().join("tests/plan/worst");
    let (mut seen, mut problems) = (0, Vec::new());
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let source = std::fs::read_to_string(folder.join(&name)).unwrap();
        let said = source.lines().next().unwrap().strip_prefix("// gives: ").unwrap().to_owned();
        let ran = run(&mut flow(&folder, &["plan", &name, "--workflow", "main"]));
        let found = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("worst case"));
        let found = found.map(str::trim);
        if found != Some(&said) {
            problems.push(format!("{name}: {found:?}, not {said:?}\n{}", ran.stderr));
        }
        seen += 1;
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(seen >= 30, "{seen} files");
}

#[test]
fn the_order_and_the_names_of_types_that_contain_themselves_do_not_change_the_hash() {
    const TYPES: [&str; 4] = [
        "type Folder { name: string, files: [File], folders: {string: Folder} }\n",
        "type File { name: string, parent: Folder? }\n",
        "type Expr = Number { value: int where value > 0 } | Sum { left: Expr, right: Expr } tagged \"kind\"\n",
        "type Checked = Folder where it.files.size() <= 10\n",
    ];
    let workflow =
        "workflow main (folder: Checked, file: File, expr: Expr) -> Folder {\n  return folder\n}\n";
    let folder = std::env::temp_dir().join(format!("flow-recursive-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let hash_of = |text: &str| {
        std::fs::write(folder.join("types.flow"), text).unwrap();
        hash(&plan(&folder, "types.flow")).to_owned()
    };
    let original = hash_of(&format!("{}{workflow}", TYPES.concat()));
    for turned in 1..TYPES.len() {
        let (before, after) = TYPES.split_at(turned);
        let text = format!("{workflow}{}{}", after.concat(), before.concat());
        assert_eq!(hash_of(&text), original, "{text}");
        assert_eq!(hash_of(&text.replace("Folder", "Directory").replace("Expr", "Term")), original);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_confirmed_call_is_sent_again_only_after_what_confirms_it() {
    let text = plan(&root().join("tests/plan"), "confirmed.flow");
    assert!(text.contains("unsafe: sent again only after pay.find says that it was not done"), "{text}");
}
