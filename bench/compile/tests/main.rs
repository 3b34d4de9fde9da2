//! Hostile source is answered, at sizes that a debug build can take. What would double never ends here, at any size.

use flow_bench_compile::hostile::{CASES, Size};
use flow_bench_compile::project::{self, ENTRY};
use flow_diagnostics::render::Terminal;

/// The most findings of each phase that are shown, and the one that counts the others.
const FINDINGS_MAX: usize = 2 * (200 + 1 + 500 + 200 + 2);

/// The most bytes that are shown of one place.
const SHOWN_MAX: usize = 20_000;

#[test]
fn hostile_source_gets_its_answer_and_what_is_shown_of_it_does_not_grow_with_its_lines() {
    let mut wrong = Vec::new();
    for case in CASES {
        let compilation = flow_driver::compile(&case.source(Size::Small).world, ENTRY);
        let codes: Vec<&str> = compilation.diagnostics.iter().map(|found| found.code.as_str()).collect();
        let answered = case.is_answered(Size::Small, &compilation);
        if !answered || codes.contains(&"F0006") || codes.len() > FINDINGS_MAX {
            let first = compilation.diagnostics.first().map(|found| &found.message);
            wrong.push(format!("{}: {} findings, {first:?}", case.name, codes.len()));
        }
        let mut terminal = Terminal::new(&compilation.sources, false);
        for found in &compilation.diagnostics {
            let places = 1 + found.secondary.len();
            let text = terminal.render(found).len();
            let said = found.message.len() + found.help.as_deref().map_or(0, str::len);
            if text > 4 * said + places * SHOWN_MAX {
                wrong.push(format!("{}: {text} bytes are shown for {}", case.name, found.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_generated_project_is_correct_and_the_same_each_time() {
    let project = project::generate(1, 10, 120);
    assert_eq!(project.files, project::generate(1, 10, 120).files);
    let compilation = flow_driver::compile(&project.world(), ENTRY);
    let first = compilation
        .diagnostics
        .first()
        .map(|found| (&found.message, compilation.sources.place(found.primary.span)));
    assert!(first.is_none(), "{first:?}");
    assert!(!compilation.workflows.is_empty());
    let one = flow_driver::MemoryWorld::default().with(ENTRY, project::one_file(2, 300));
    let compilation = flow_driver::compile(&one, ENTRY);
    assert!(compilation.diagnostics.is_empty(), "{:?}", compilation.diagnostics.first());
    assert!(!compilation.tests.is_empty());
}
