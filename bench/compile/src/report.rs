//! The tables: a project, a file, and hostile source.

use std::collections::BTreeMap;
use std::time::Duration;

use flow_bench_compile::hostile::{CASES, Size};
use flow_bench_compile::project::{self, ENTRY, Project};
use flow_diagnostics::render::Terminal;
use flow_driver::{Compilation, Compiler, MemoryWorld, Phase};

use crate::clock::{millis, now, print, shortest, timed};

/// How often each measurement is taken.
const RUNS: usize = 7;

/// What the whole of a project of 100,000 lines may take.
const PROJECT_TARGET: Duration = Duration::from_millis(1_500);

/// What a file of 2,000 lines may take in a compiler that is warm.
const FILE_TARGET: Duration = Duration::from_millis(20);

/// What any source may take.
const HOSTILE_TARGET: Duration = Duration::from_secs(1);

/// Seed, files and lines of a file of the project.
const PROJECT: (u64, usize, usize) = (1, 100, 1_050);

/// The shortest time of each phase over several compilations, the findings rendered at the end.
fn phases(world: &MemoryWorld) -> (Compilation, Vec<(&'static str, Duration)>) {
    let mut best: BTreeMap<&'static str, (usize, Duration)> = BTreeMap::new();
    let mut last = Compilation::default();
    for _ in 0..RUNS {
        let mut marks = Vec::new();
        let whole = now();
        last = Compiler::default().watched(world, ENTRY, &mut |phase| marks.push((name(phase), now())));
        marks.push(("render", now()));
        let mut terminal = Terminal::new(&last.sources, false);
        let text: usize = last.diagnostics.iter().map(|diagnostic| terminal.render(diagnostic).len()).sum();
        std::hint::black_box(text);
        marks.push(("", now()));
        let mut note = |order, name, time: Duration| {
            let entry = best.entry(name).or_insert((order, time));
            entry.1 = entry.1.min(time);
        };
        for (order, pair) in marks.windows(2).enumerate() {
            if let [(name, start), (_, end)] = pair {
                note(order, name, end.duration_since(*start));
            }
        }
        note(usize::MAX, "whole", whole.elapsed());
    }
    let mut rows: Vec<_> = best.into_iter().collect();
    rows.sort_by_key(|(_, (order, _))| *order);
    (last, rows.into_iter().map(|(name, (_, time))| (name, time)).collect())
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Parse => "lex and parse",
        Phase::Lower => "lower",
        Phase::Check => "check",
        Phase::Emit => "emit and verify",
    }
}

/// The project from nothing, phase by phase, beside peers on the same bytes.
pub(crate) fn project() -> Option<String> {
    let (seed, files, lines) = PROJECT;
    let project = project::generate(seed, files, lines);
    let world = project.world();
    let count = project.lines();
    print(&format!(
        "# A project of {} files, {count} lines, {} KB\n",
        project.files.len(),
        project.bytes() / 1_000
    ));
    print("| phase | ms | lines/s |\n|---|---:|---:|");
    let row = |name: &str, time: Duration| {
        print(&format!("| {name} | {} | {:.0} |", millis(time), count as f64 / time.as_secs_f64()));
    };
    let texts = || project.files.iter().map(|(_, text)| text.as_str());
    row("lex alone, one thread", shortest(RUNS, || texts().map(flow_syntax::token_count).sum::<usize>()));
    let parse = shortest(RUNS, || parse_all(&project));
    row("lex and parse, one thread", parse);
    let (compilation, times) = phases(&world);
    times.iter().for_each(|(name, time)| row(name, *time));
    peers(&project, parse);
    let found = compilation.diagnostics.len();
    print(&format!("\n{} plans, {found} findings\n", compilation.workflows.len() + compilation.tests.len()));
    let whole = times.iter().find(|(name, _)| *name == "whole").map_or(Duration::MAX, |(_, time)| *time);
    (whole > PROJECT_TARGET || found > 0)
        .then(|| format!("the project in {} ms, the target is {}", millis(whole), millis(PROJECT_TARGET)))
}

fn parse_all(project: &Project) -> usize {
    let parses = project.files.iter().map(|(_, text)| flow_syntax::parse(flow_source::FileId(0), text));
    parses.map(|parse| parse.diagnostics.len()).sum()
}

/// Other parsers on as many bytes: how far is ours from what is usual?
fn peers(project: &Project, ours: Duration) {
    let records: Vec<serde_json::Value> = project
        .files
        .iter()
        .map(|(path, text)| {
            let lines: Vec<serde_json::Value> = text
                .lines()
                .enumerate()
                .map(|(line, text)| serde_json::json!({ "line": line, "words": text.split(' ').collect::<Vec<_>>() }))
                .collect();
            serde_json::json!({ "path": path, "lines": lines })
        })
        .collect();
    let json = serde_json::Value::from(records).to_string();
    let share = project.bytes() as f64 / json.len() as f64;
    let serde = shortest(RUNS, || serde_json::from_str::<serde_json::Value>(&json).is_ok()).mul_f64(share);
    // The reference grammar recognises, and makes no tree.
    let pest =
        shortest(2, || project.files.iter().filter(|(_, text)| flow_grammar::accepts(text).is_ok()).count());
    let ratio = |peer: Duration| ours.as_secs_f64() / peer.as_secs_f64();
    print(&format!(
        "\nLex and parse takes {:.2} of what pest takes to recognise the same files by the reference grammar ({} ms),\n\
         and {:.2} of what serde_json takes to parse as many bytes of JSON into values ({} ms).",
        ratio(pest),
        millis(pest),
        ratio(serde),
        millis(serde),
    ));
}

/// One file of 2,000 lines: again after a change, as an editor does it.
pub(crate) fn file() -> Option<String> {
    let text = project::one_file(2, 2_000);
    let changed = format!("{text}// A change.\n");
    let worlds = [&text, &changed].map(|text| MemoryWorld::default().with(ENTRY, text.as_str()));
    print(&format!("# A file of {} lines, warm\n\n| phase | ms |\n|---|---:|", text.lines().count()));
    let mut compiler = Compiler::default();
    let mut round = 0;
    let mut times: Vec<Duration> = Vec::new();
    let mut findings = 0;
    for _ in 0..50 {
        round += 1;
        let [even, odd] = &worlds;
        let world = if round % 2 == 0 { even } else { odd };
        let (compilation, time) = timed(|| compiler.compile(world, ENTRY));
        findings = compilation.diagnostics.len();
        times.push(time);
    }
    let (_, rows) = phases(&worlds[0]);
    rows.iter().for_each(|(name, time)| print(&format!("| {name} | {} |", millis(*time))));
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    let (best, median) = (at(0), at(times.len() / 2));
    print(&format!(
        "\n50 changes: {} ms the shortest, {} ms the median; {findings} findings\n",
        millis(best),
        millis(median)
    ));
    (best > FILE_TARGET || findings > 0)
        .then(|| format!("a file in {} ms, the target is {}", millis(best), millis(FILE_TARGET)))
}

/// Each hostile source at its full size, or the one of a name: seconds, and what the compiler says.
pub(crate) fn hostile(only: Option<&str>) -> Option<String> {
    print("# Hostile source\n\n| case | KB | ms | render ms | answer |\n|---|---:|---:|---:|---|");
    let mut missed = Vec::new();
    for case in CASES.iter().filter(|case| only.is_none_or(|only| case.name == only)) {
        let source = case.source(Size::Full);
        let (compilation, time) = timed(|| flow_driver::compile(&source.world, ENTRY));
        let (_, rendered) = timed(|| {
            let mut terminal = Terminal::new(&compilation.sources, false);
            compilation.diagnostics.iter().map(|diagnostic| terminal.render(diagnostic).len()).sum::<usize>()
        });
        let answer = compilation.diagnostics.iter().find(|found| found.is_error());
        let answer = answer.map_or_else(
            || "ok".to_owned(),
            |found| format!("{} {}", found.code, found.message.chars().take(70).collect::<String>()),
        );
        print(&format!(
            "| {} | {} | {} | {} | {answer} ({} findings) |",
            case.name,
            source.bytes / 1_000,
            millis(time),
            millis(rendered),
            compilation.diagnostics.len()
        ));
        if time + rendered > HOSTILE_TARGET {
            missed.push(format!("`{}` in {} ms", case.name, millis(time + rendered)));
        }
        if !case.is_answered(Size::Full, &compilation) {
            missed.push(format!("`{}` gets another answer", case.name));
        }
    }
    (!missed.is_empty()).then(|| missed.join(", "))
}
