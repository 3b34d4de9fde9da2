//! Rows of the table of bad input that are about files, settings and the system around a command.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::command::{flow, run};
use crate::support::folder::{Folder, folder};

const PURE: &str =
    "config { used: int = 1, unused: int = 2 }\nworkflow main () -> int { return config.used }\n";

fn project(name: &str, text: &str) -> Folder {
    folder(&format!("input-{name}"), &[("main.flow", text)])
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_pipe_or_a_directory_in_place_of_a_file_is_an_error_and_no_wait() {
    let folder = project("pipe", "import { T } from \"./pipe.flow\"\nworkflow main (x: T) { }\n");
    pipe(&folder.join("pipe.flow"));
    let ran = run(&mut flow(&folder, &["check", "pipe.flow"]));
    assert_eq!(ran.code, 4, "{}", ran.seen());
    assert!(ran.stderr.contains("pipe.flow is not a regular file"), "{}", ran.seen());
    let ran = run(&mut flow(&folder, &["check", "main.flow"]));
    assert_eq!(ran.code, 3, "{}", ran.seen());
    assert!(ran.stdout.contains("it is not a regular file"), "{}", ran.seen());
    std::fs::create_dir(folder.join("folder.flow")).unwrap();
    let ran = run(&mut flow(&folder, &["run", "folder.flow"]));
    assert_eq!(ran.code, 4, "{}", ran.seen());
    assert!(ran.stderr.contains("is a directory"), "{}", ran.seen());
}

#[test]
fn settings_that_are_not_utf_8_are_errors() {
    let folder = project("utf8", PURE);
    let ran = run(flow(&folder, &["run", "main.flow"]).env("FLOW_SET_USED", OsStr::from_bytes(b"\xFF")));
    assert_eq!(ran.code, 4, "{}", ran.seen());
    assert!(ran.stderr.contains("FLOW_SET_USED in the environment is not UTF-8"), "{}", ran.seen());
    std::fs::write(folder.join("flow.toml"), b"[config]\nused = \"\xFF\"\n").unwrap();
    let ran = run(&mut flow(&folder, &["run", "main.flow"]));
    assert_eq!(ran.code, 4, "{}", ran.seen());
    assert!(ran.stderr.contains("flow.toml is not UTF-8: save it as UTF-8"), "{}", ran.seen());
}

#[test]
fn a_slip_in_the_project_file_is_an_error_with_the_nearest_name() {
    let folder = project("slip", PURE);
    std::fs::write(folder.join("flow.toml"), "[config]\nusde = 3\nanother_program = 4\n").unwrap();
    let ran = run(&mut flow(&folder, &["run", "main.flow"]));
    assert_eq!(ran.code, 4, "{}", ran.seen());
    assert!(
        ran.stderr.contains("no config `usde`") && ran.stderr.contains("did you mean `used`?"),
        "{}",
        ran.seen()
    );
}

#[test]
fn a_declared_entry_that_the_workflow_does_not_use_may_be_set() {
    let folder = project("unused", PURE);
    let ran = run(&mut flow(&folder, &["run", "main.flow", "--set", "unused=5"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "1\n"), "{}", ran.seen());
    let ran = run(&mut flow(&folder, &["run", "main.flow", "--set", "unusde=5"]));
    assert_eq!(ran.code, 2, "{}", ran.seen());
    assert!(ran.stderr.contains("did you mean `unused`?"), "{}", ran.seen());
}

#[test]
fn too_few_open_files_are_an_error_and_no_panic() {
    let folder = project("files", PURE);
    for limit in ["6", "9", "14"] {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            &format!("ulimit -n {limit}; exec \"$0\" run main.flow"),
            env!("CARGO_BIN_EXE_flow"),
        ]);
        let ran = run(command.current_dir(&*folder));
        assert!(!ran.seen().contains("panicked"), "{limit}: {}", ran.seen());
        assert!(ran.code == 0 || ran.stderr.contains("too few files may be open"), "{limit}: {}", ran.seen());
    }
}

#[test]
fn controls_and_bidi_marks_in_a_result_are_escaped() {
    let folder = project("bidi", "workflow main () -> string { return \"a\\u{202E}b\\u{9B}c\" }\n");
    let ran = run(&mut flow(&folder, &["run", "main.flow"]));
    assert_eq!(ran.stdout, "\"a\\u202eb\\u009bc\"\n", "{}", ran.seen());
}
