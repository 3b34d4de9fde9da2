//! What the README shows is what happens: its `console` blocks are run, and their output is compared.

use std::path::Path;

use crate::support::command::{flow, run};
use crate::tidy::root;

/// The fenced blocks of a language, in order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let open = format!("```{language}\n");
    text.split(&open).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

/// The lines without what differs from run to run: times, and which of two calls side by side ends first.
fn stable(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = without_times(text).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let timed = words.peek().is_some_and(|next| next.starts_with("ms") || next.starts_with("s\n"));
        out.push_str(if timed { "N" } else { word });
        out.push(' ');
    }
    out
}

/// Words of a command line; quotes are not needed so far.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn the_console_blocks_of_the_readme_show_what_happens() {
    let root = root();
    let text = std::fs::read_to_string(root.join("README.md")).unwrap();
    let folder = std::env::temp_dir().join(format!("flow-readme-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // A `flow` block that begins with a comment of a file's name is that file.
    for block in blocks(&text, "flow") {
        if let Some(name) = block.lines().next().and_then(|line| line.strip_prefix("// ")) {
            std::fs::write(folder.join(name), &block).unwrap();
        }
    }
    let mut shown = 0;
    for block in blocks(&text, "console") {
        let (command, expected) = block.split_once('\n').unwrap();
        let words = words(command.strip_prefix("$ flow ").unwrap());
        let made_here = words.iter().any(|word| folder.join(word).is_file());
        let place: &Path = if made_here { &folder } else { &root };
        let ran = run(&mut flow(place, &words));
        assert_eq!(stable(&ran.seen()), stable(expected), "{command}");
        shown += 1;
    }
    std::fs::remove_dir_all(folder).unwrap();
    assert!(shown >= 2, "the README shows {shown} commands");
}
