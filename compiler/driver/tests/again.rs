//! A compiler that compiles a program again looks at what changed, and gives what a new one would give.

use flow_driver::{Compiler, MemoryWorld, compile};

fn world(name: &str) -> MemoryWorld {
    MemoryWorld::default()
        .with("main.flow", "import { T } from \"./types.flow\"\nworkflow main (x: T) -> int { return x.a }\n")
        .with("types.flow", format!("import {{ U }} from \"./more.flow\"\ntype T {{ {name}: int, u: U }}\n"))
        .with("more.flow", "type U { b: int }\n")
}

#[test]
fn only_changed_files_are_parsed_again() {
    let mut compiler = Compiler::default();
    assert!(compiler.compile(&world("a"), "main.flow").is_ok());
    assert_eq!(compiler.parsed_count(), 3);
    assert!(compiler.compile(&world("a"), "main.flow").is_ok());
    assert_eq!(compiler.parsed_count(), 3);
    assert!(!compiler.compile(&world("other"), "main.flow").is_ok());
    assert_eq!(compiler.parsed_count(), 4);
}

#[test]
fn findings_of_a_kept_tree_stand_in_the_file_of_this_compilation() {
    let broken = "type U { b: }\n";
    let first = MemoryWorld::default().with("main.flow", broken);
    let second = MemoryWorld::default()
        .with("entry.flow", "import { U } from \"./main.flow\"\nworkflow w (x: U) { log \"{x.b}\" }\n")
        .with("main.flow", broken);
    let mut compiler = Compiler::default();
    compiler.compile(&first, "main.flow");
    let again = compiler.compile(&second, "entry.flow");
    let fresh = compile(&second, "entry.flow");
    assert_eq!(again.diagnostics, fresh.diagnostics);
    let place = again.sources.place(again.diagnostics[0].primary.span);
    assert_eq!(place.to_string(), "main.flow:1");
    assert_eq!(compiler.parsed_count(), 2);
}

#[test]
fn plans_do_not_depend_on_threads_or_on_what_was_compiled_before() {
    let api = "api a v1 {\n  base: \"https://a.example\"\n  get find \"/o/{id}\" (id: string) -> { id: string, n: int? }\n}\n";
    let workflows: String = (0..40)
        .map(|i| {
            format!(
                "workflow w{i} (id: string) -> [int] {{\n  let o = a.find(id)\n  return [o.n ?? {i}]\n}}\n"
            )
        })
        .collect();
    let world = MemoryWorld::default().with("main.flow", format!("{api}{workflows}"));
    let hashes = |compilation: flow_driver::Compilation| -> Vec<_> {
        compilation.workflows.iter().map(|workflow| (workflow.name.clone(), workflow.plan.clone())).collect()
    };
    let mut compiler = Compiler::default();
    let first = hashes(compiler.compile(&world, "main.flow"));
    assert_eq!(first.len(), 40);
    for _ in 0..3 {
        assert!(hashes(compiler.compile(&world, "main.flow")) == first);
    }
}

#[test]
fn the_page_of_limits_names_each_with_its_number() {
    let page = include_str!("../../../docs/language/limits.md");
    for limit in flow_hir::limits::LIMITS {
        let row = format!("| {} | {} {} |", limit.of, limit.max, limit.parts);
        assert!(page.contains(&row), "{row}");
    }
    for row in [
        format!("| a file | {} bytes |", flow_syntax::FILE_BYTES_MAX),
        format!("| a line | {} bytes |", flow_syntax::LINE_BYTES_MAX),
        format!("constructs | {} |", flow_syntax::DEPTH_MAX),
        format!("| an expression | {} operators |", flow_syntax::OPERATORS_MAX),
        format!("| {} instructions; {} instructions", flow_plan::CODE_MAX, flow_plan::STATES_MAX),
        format!("| {} types |", flow_plan::TYPES_MAX),
    ] {
        assert!(page.contains(&row), "{row}");
    }
}
