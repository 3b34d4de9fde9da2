//! Transcripts: what is done to an execution, in lines that begin with `>`, and what it does in turn.
//!
//! ```text
//! > start {"n": 1}
//! #0 call charge at 0 body {"amount":40}
//! waiting
//! > #0 200 {"id":"p-1"}
//! done "p-1"
//! ```
//! Completions: `#0 200 BODY`, `#0 unknown timeout`, `#0 refused connection`, `#0 not sent`, `#0 fired`,
//! `#0 url https://…`, `#0 today 5`, `#0 now 5`, `#0 uuid 7`, `#0 random 0.5`. And `cancel`, `proceed`,
//! `signal NAME JSON`, `answer NUMBER JSON`.

use std::sync::Arc;

use flow_plan::Plan;
use flow_vm::{
    CallAnswer, Completion, CompletionResult, EffectId, EffectKind, Machine, Program, Raised, Refusal,
    Status, Step, Undone, UnknownReason,
};

use crate::assembler::assemble;

/// Runs an execution of a plan by a transcript, twice, and holds the transcript against what it does.
pub(crate) fn check(plan: &str, transcript: &str) {
    let transcript: Vec<&str> = transcript.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let program = Arc::new(Program::load(assemble(plan)).unwrap());
    let straight = play(&program, &transcript, false);
    assert_eq!(straight.join("\n"), transcript.join("\n"), "straight");
    let stored = play(&program, &transcript, true);
    assert_eq!(stored.join("\n"), transcript.join("\n"), "through encode, drop and decode at every step");
}

/// The program of a plan's text.
pub(crate) fn program(plan: &str) -> Arc<Program> {
    Arc::new(Program::load(assemble(plan)).unwrap())
}

fn play(program: &Arc<Program>, transcript: &[&str], store: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut machine: Option<Machine> = None;
    for line in transcript {
        let Some(command) = line.strip_prefix("> ") else { continue };
        lines.push((*line).to_owned());
        let step = if let Some(input) = command.strip_prefix("start ") {
            match Machine::start(program.clone(), input.as_bytes(), &[]) {
                Ok((started, step)) => {
                    machine = Some(started);
                    step
                }
                Err(error) => {
                    lines.push(format!("refused: {error}"));
                    continue;
                }
            }
        } else {
            let machine = machine.as_mut().unwrap();
            match act(machine, command) {
                Ok(step) => step,
                Err(error) => {
                    lines.push(format!("refused: {error}"));
                    continue;
                }
            }
        };
        show(program.plan(), &step, &mut lines);
        if store {
            let bytes = machine.take().unwrap().encode();
            let restored = Machine::decode(program.clone(), &bytes).unwrap();
            assert_eq!(restored.encode(), bytes, "after `{command}`");
            assert_eq!(restored.status(), step.status, "after `{command}`");
            machine = Some(restored);
        }
    }
    lines
}

/// Does to a machine what a line says.
pub(crate) fn act(machine: &mut Machine, command: &str) -> Result<Step, String> {
    match command {
        "cancel" => return Ok(machine.cancel()),
        "proceed" => return Ok(machine.proceed()),
        _ => {}
    }
    if let Some(signal) = command.strip_prefix("signal ") {
        let (name, json) = signal.split_once(' ').unwrap();
        return machine.signal(name, json.as_bytes()).map_err(|error| error.to_string());
    }
    if let Some(answer) = command.strip_prefix("answer ") {
        let (number, json) = answer.split_once(' ').unwrap();
        return machine.answer(number.parse().unwrap(), json.as_bytes()).map_err(|error| error.to_string());
    }
    let (effect, result) = command.strip_prefix('#').unwrap().split_once(' ').unwrap();
    let (word, rest) = result.split_once(' ').unwrap_or((result, ""));
    let message = rest.to_owned();
    let result = match word {
        "fired" => CompletionResult::Fired,
        "now" => CompletionResult::Now(rest.parse().unwrap()),
        "uuid" => CompletionResult::Uuid([rest.parse().unwrap(); 16]),
        "today" => CompletionResult::Today(rest.parse().ok()),
        "url" => CompletionResult::Callback { url: rest.to_owned(), digest: [7; 32] },
        "random" => CompletionResult::Random(rest.parse::<f64>().unwrap().to_bits()),
        "not" => CompletionResult::Call(CallAnswer::NotSent),
        "refused" => {
            let reason = match rest {
                "connection" => Refusal::Connection,
                "timeout" => Refusal::Timeout,
                _ => Refusal::Setting,
            };
            CompletionResult::Call(CallAnswer::Refused { reason, message })
        }
        "unknown" => {
            let reason = match rest {
                "timeout" => UnknownReason::Timeout,
                "connection" => UnknownReason::Connection,
                "cut off" => UnknownReason::CutOff,
                _ => UnknownReason::Lost,
            };
            CompletionResult::Call(CallAnswer::Unknown { reason, message })
        }
        status => {
            let (status, body) = (status.parse().unwrap(), rest.as_bytes().to_vec());
            CompletionResult::Call(CallAnswer::Answered { status, headers: Vec::new(), body })
        }
    };
    let effect = EffectId(effect.parse().unwrap());
    machine.resume(Completion { effect, result }).map_err(|error| error.to_string())
}

fn show(plan: &Plan, step: &Step, lines: &mut Vec<String>) {
    for effect in &step.effects {
        let what = match &effect.kind {
            EffectKind::Call(call) => {
                let operation = plan.step_operation(call.step).unwrap();
                let mut line = format!("call {} at {}", operation.name, call.path.0);
                for text in &call.request.path {
                    line.push_str(&format!(" path {text}"));
                }
                for (name, text) in &call.request.query {
                    line.push_str(&format!(" query {name}={text}"));
                }
                for (name, text) in &call.request.headers {
                    line.push_str(&format!(" header {name}={text}"));
                }
                if let Some(body) = &call.request.body {
                    line.push_str(&format!(" body {}", String::from_utf8_lossy(body)));
                }
                for timer in &call.deadlines {
                    line.push_str(&format!(" until #{}", timer.0));
                }
                if call.undoes { line + " to undo" } else { line }
            }
            EffectKind::Timer { micros } => format!("timer {micros}"),
            EffectKind::TimerAt { timestamp } => format!("timer at {timestamp}"),
            EffectKind::Now => "now".to_owned(),
            EffectKind::Uuid => "uuid".to_owned(),
            EffectKind::Random => "random".to_owned(),
            EffectKind::Today { zone } => format!("today in {zone}"),
            EffectKind::Callback { number, .. } => format!("callback {number}"),
            EffectKind::Report { json } => format!("report {}", String::from_utf8_lossy(json)),
            EffectKind::Log { text } => format!("log {text}"),
            EffectKind::Spawn(spawn) => {
                let input = String::from_utf8_lossy(&spawn.input);
                format!("spawn {} at {} {input}", plan.child_name(spawn.child), spawn.path.0)
            }
            EffectKind::Undo { path } => format!("undo {}", path.0),
            EffectKind::Cancel { effect } => format!("cancel #{}", effect.0),
        };
        lines.push(match effect.kind {
            EffectKind::Cancel { .. }
            | EffectKind::Log { .. }
            | EffectKind::Report { .. }
            | EffectKind::Undo { .. } => what,
            _ => format!("#{} {what}", effect.id.0),
        });
    }
    lines.push(match &step.status {
        Status::Running => "running".to_owned(),
        Status::Waiting => "waiting".to_owned(),
        Status::Done(output) => format!("done {}", String::from_utf8_lossy(output)),
        Status::Failed(failure) => format!("failed {}{}", error(&failure.error), undone(&failure.undone)),
        Status::NeedsAttention(attention) => {
            let end = match (&attention.error, &attention.result) {
                (Some(raised), _) => error(raised),
                (None, result) => {
                    format!("done {}", String::from_utf8_lossy(result.as_deref().unwrap_or_default()))
                }
            };
            let mut line = format!("needs attention: {end}{}", undone(&attention.undone));
            for unsettled in &attention.steps {
                let why = unsettled.undo_error.as_ref().map_or("unknown".to_owned(), error);
                line.push_str(&format!("; {} {why}", unsettled.path.0));
            }
            line
        }
    });
}

fn undone(undone: &[Undone]) -> String {
    let paths: Vec<&str> = undone.iter().map(|undone| undone.path.0.as_str()).collect();
    if paths.is_empty() { String::new() } else { format!("; undone {}", paths.join(" ")) }
}

/// An error in one line.
pub(crate) fn error(raised: &Raised) -> String {
    let mut line = raised.name.clone();
    if let Some(fields) = &raised.fields {
        line.push_str(&format!(" {}", String::from_utf8_lossy(fields)));
    } else {
        line.push_str(&format!(" ({})", raised.message));
    }
    if let Some((_, path)) = &raised.step {
        line.push_str(&format!(" at {}", path.0));
    }
    if let Some(because) = &raised.because {
        line.push_str(&format!(" because {}", error(because)));
    }
    for sibling in &raised.also {
        line.push_str(&format!(" also {}", error(sibling)));
    }
    line
}
