//! `flow fmt`: in place, from stdin, or only asked.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::support::command::{Ran, flow, run};
use crate::support::folder::folder;

const UNTIDY: &str = "error   A{reason:string}\n";
const TIDY: &str = "error A { reason: string }\n";
const BROKEN: &str = "error   A{}\nworkflow w () {\n  let x  =  ? 1\n  f( )\n}\n";
const BROKEN_TIDY: &str = "error A { }\nworkflow w () {\n  let x  =  ? 1\n  f()\n}\n";

fn stdin(text: &[u8], arguments: &[&str]) -> Ran {
    let mut command = flow(&std::env::temp_dir(), arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn files_are_formatted_in_place_and_the_rest_is_left_alone() {
    let files = [("a.flow", UNTIDY), ("deep/b.flow", UNTIDY), ("tidy.flow", TIDY), ("notes.txt", UNTIDY)];
    let folder = folder("place", &files);
    let written = || fs::metadata(folder.join("tidy.flow")).unwrap().modified().unwrap();
    let before = written();
    let ran = run(&mut flow(&folder, &["fmt"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert_eq!(ran.stderr, "2 files formatted, 1 as they should be\n");
    assert_eq!(fs::read_to_string(folder.join("a.flow")).unwrap(), TIDY);
    assert_eq!(fs::read_to_string(folder.join("deep/b.flow")).unwrap(), TIDY);
    assert_eq!(fs::read_to_string(folder.join("notes.txt")).unwrap(), UNTIDY);
    assert_eq!(written(), before);
    assert_eq!(fs::read_dir(&*folder).unwrap().count(), 4, "nothing is left behind");
}

#[test]
fn check_names_the_files_that_differ_and_writes_nothing() {
    let folder = folder("check", &[("a.flow", UNTIDY), ("b.flow", TIDY)]);
    let ran = run(&mut flow(&folder, &["fmt", "--check"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "a.flow\n"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.join("a.flow")).unwrap(), UNTIDY);
    let ran = run(&mut flow(&folder, &["fmt", "--check", "b.flow"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

#[test]
fn diff_shows_what_would_change_and_writes_nothing() {
    let folder = folder("diff", &[("a.flow", UNTIDY), ("b.flow", TIDY)]);
    let ran = run(&mut flow(&folder, &["fmt", "--diff"]));
    let diff = format!("--- a.flow\n+++ a.flow\n@@ -1 +1 @@\n-{UNTIDY}+{TIDY}");
    assert_eq!((ran.code, ran.stdout), (1, diff), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.join("a.flow")).unwrap(), UNTIDY);
}

#[test]
fn stdin_goes_to_stdout() {
    let ran = stdin(b"\xef\xbb\xbferror A { reason: string }\r\n", &["fmt", "-"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, TIDY, ""));
    let ran = stdin(UNTIDY.as_bytes(), &["fmt", "-", "--check"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "<stdin>\n"), "{}", ran.stderr);
    let ran = stdin(b"error \xff", &["fmt", "-"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""));
    assert_eq!(ran.stderr, "error: cannot read <stdin>: it is not UTF-8 at byte 6\n");
}

#[test]
fn the_good_parts_of_a_broken_file_are_formatted_and_the_mistake_is_shown() {
    let folder = folder("broken", &[("a.flow", BROKEN), ("b.flow", UNTIDY)]);
    let ran = run(&mut flow(&folder, &["fmt"]));
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("F0101") && ran.stderr.contains("a.flow:3"), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 file with syntax errors, kept around them"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.join("a.flow")).unwrap(), BROKEN_TIDY);
    assert_eq!(fs::read_to_string(folder.join("b.flow")).unwrap(), TIDY);
}

#[test]
fn a_file_that_cannot_be_read_or_written_does_not_stop_the_others() {
    let folder = folder("unable", &[("a.flow", UNTIDY), ("b.flow", UNTIDY)]);
    let mut permissions = fs::metadata(folder.join("a.flow")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.join("a.flow"), permissions).unwrap();
    let ran = run(&mut flow(&folder, &["fmt", "missing.flow", "a.flow", "b.flow"]));
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("cannot read missing.flow: there is no such file"), "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot write a.flow: it may not be written"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.join("a.flow")).unwrap(), UNTIDY);
    assert_eq!(fs::read_to_string(folder.join("b.flow")).unwrap(), TIDY);
}

#[test]
fn stdin_and_files_do_not_go_together() {
    let ran = stdin(b"", &["fmt", "-", "a.flow"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_file_and_a_link_to_it_are_kept() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder("mode", &[("a.flow", UNTIDY)]);
    fs::set_permissions(folder.join("a.flow"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.flow", folder.join("link.flow")).unwrap();
    let ran = run(&mut flow(&folder, &["fmt", "link.flow"]));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(fs::symlink_metadata(folder.join("link.flow")).unwrap().is_symlink());
    assert_eq!(fs::metadata(folder.join("a.flow")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_to_string(folder.join("a.flow")).unwrap(), TIDY);
}
