//! Layout by example: a file a concept, a case a rule.
//!
//! Cases are parted by `// ====`. What stands before `// ---- becomes` becomes what stands after it; a case without it
//! stays as it is. With `FLOW_FORMAT_UPDATE=1` the files are rewritten with what comes out: read the difference.

use std::fmt::Write as _;
use std::path::Path;

use super::support::{assert_laid_out, files, formatted, parsed};

const CASES: &str = "// ====\n";
const BECOMES: &str = "// ---- becomes\n";

#[test]
#[expect(clippy::disallowed_methods, reason = "tests keep their data")]
fn layout_is_as_the_examples_show_it() {
    let update = std::env::var_os("FLOW_FORMAT_UPDATE").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let mut wrong = String::new();
    for (path, text) in files(&folder) {
        let mut cases = Vec::new();
        for case in text.split(CASES) {
            let (before, expected) = case.split_once(BECOMES).unwrap_or((case, case));
            let name = path.file_stem().unwrap().display().to_string();
            let found = formatted(before);
            if found != expected {
                writeln!(wrong, "{name}\n--- expected\n{expected}--- found\n{found}").unwrap();
            }
            if !parsed(before).has_errors() {
                assert_laid_out(&name, before);
            }
            cases.push(if found == before { found } else { format!("{before}{BECOMES}{found}") });
        }
        if update {
            std::fs::write(&path, cases.join(CASES)).unwrap();
        }
    }
    assert!(update || wrong.is_empty(), "{wrong}");
}
