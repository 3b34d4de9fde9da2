//! Tests.
#[test]
fn show() {
    let path = std::env::var("SHOW").unwrap_or_default();
    if path.is_empty() {
        return;
    }
    #[allow(clippy::disallowed_methods)]
    let text = std::fs::read_to_string(path).unwrap();
    let parse = flow_syntax::parse(flow_source::FileId(0), &text);
    let out = super::attempt(&parse, &text, crate::kept::Scope::Unit, crate::COLUMNS);
    println!("{out}");
    println!("// faithful: {}", crate::faithful::is_faithful(&parse, &out));
}
