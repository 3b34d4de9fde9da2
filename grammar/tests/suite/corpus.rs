//! The corpus: small accepted and refused texts, many to a file, with `// ---` between them.

use std::path::{Path, PathBuf};

#[test]
fn the_order_example_is_accepted() {
    for file in ["order.flow", "types.flow"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/order").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(flow_grammar::accepts(&text), Ok(()), "{}", path.display());
    }
}
