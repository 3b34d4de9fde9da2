//! Prints the tree of a file and what is wrong with it.
#![expect(clippy::print_stdout, reason = "that is what it is for")]
fn main() {
    let path = std::env::args().nth(1).unwrap_or_default();
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let mut sources = flow_source::Sources::default();
    let id = sources.add(path, text.clone());
    let parse = flow_syntax::parse(id, &text);
    assert_eq!(parse.root.to_string(), text);
    if std::env::args().nth(2).is_none() {
        println!("{:#?}", parse.root);
    }
    for diagnostic in &parse.diagnostics {
        println!("{}", flow_diagnostics::render::terminal(diagnostic, &sources, false));
    }
}
