//! An execution at its end: as text, and as JSON that says the same.

use flow_driver::CompiledWorkflow;
use flow_engine::{AttemptResult, Outcome, Report, StepReport};
use flow_vm::{Raised, Undone, Unsettled};
use serde::Serialize;
use serde_json::value::RawValue;

use super::failure;
use crate::output::{Output, plain_json};
use crate::program::{Program, undone_name};

/// The version of the JSON form.
const FORMAT_VERSION: u32 = 1;

/// A report, ready to be shown.
pub(crate) struct Shown<'a> {
    report: &'a Report,
    program: &'a Program,
    workflow: &'a CompiledWorkflow,
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    id: String,
    workflow: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error<'a>>,
    attempts: Vec<Attempt>,
    undone: Vec<UndoneStep>,
    /// What is done and not undone, where the execution is held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standing: Vec<UndoneStep>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unsettled: Vec<Open>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    name: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Error<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<Box<Error<'a>>>,
}

#[derive(Serialize)]
struct Attempt {
    step: String,
    path: String,
    undoes: bool,
    number: u32,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The beginning of an answer that is not what the step needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_us: Option<u64>,
}

#[derive(Serialize)]
struct Open {
    step: String,
    path: String,
    why: String,
}

#[derive(Serialize)]
struct UndoneStep {
    step: String,
    path: String,
}

impl<'a> Shown<'a> {
    /// A report of an execution of the workflow.
    pub(crate) fn new(report: &'a Report, program: &'a Program, workflow: &'a CompiledWorkflow) -> Self {
        Self { report, program, workflow }
    }

    /// Whether the execution ended well.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.report.outcome, Outcome::Succeeded(_))
    }

    /// The result on stdout, or what went wrong on stderr.
    ///
    /// # Errors
    /// Where stdout cannot be written.
    pub(crate) fn text(&self, output: &Output) -> anyhow::Result<()> {
        let sources = &self.program.compilation.sources;
        let diagnostic = match &self.report.outcome {
            Outcome::Succeeded(json) => {
                output.result(&format!("{}\n", plain_json(&pretty(std::str::from_utf8(json)?))))?;
                return Ok(());
            }
            Outcome::Failed(failed) => failure::failed(failed, self.workflow, sources, self.report),
            Outcome::NeedsAttention(attention) => {
                failure::held(attention, self.workflow, sources, self.report)
            }
            Outcome::Paused { reason } => {
                output.error(&format!("paused: {reason}"));
                output.say(&self.paused());
                return Ok(());
            }
        };
        output.failure(&crate::output::terminal(sources, output.color()).render(&diagnostic));
        Ok(())
    }

    /// What a paused execution leaves, and how to go on.
    fn paused(&self) -> String {
        let names = |steps: &mut dyn Iterator<Item = &StepReport>| {
            steps.map(|step| step.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let steps = &self.report.steps;
        let done = names(&mut failure::standing(steps, &[], self.workflow));
        let undoing = names(&mut steps.iter().filter(|step| step.undoes && failure::took_effect(step)));
        let mut text = match done.as_str() {
            "" => "  nothing that it did stands\n".to_owned(),
            done => format!("  done: {done}\n"),
        };
        if !undoing.is_empty() {
            text.push_str(&format!("  undone by: {undoing}\n"));
        } else if !done.is_empty() {
            text.push_str("  nothing was undone\n");
        }
        text.push_str(
            "  it was kept in memory alone and ends with this process: mend the cause, and start it again\n",
        );
        text
    }

    /// The JSON form:
    /// `{format_version, id, workflow, status, result | error {code, name, message, file, line}, attempts, undone}`.
    ///
    /// # Errors
    /// Where a result is not JSON: a defect.
    pub(crate) fn json(&self) -> anyhow::Result<String> {
        let (mut result, mut error, mut undone, mut reason) = (None, None, &[][..], None);
        let (mut standing, mut unsettled) = (Vec::new(), Vec::new());
        let status = match &self.report.outcome {
            Outcome::Succeeded(json) => {
                result = Some(raw(json)?);
                "succeeded"
            }
            Outcome::Failed(failed) => {
                error = Some(self.error(&failed.error)?);
                undone = &failed.undone;
                if failed.error.name == "cancelled" { "cancelled" } else { "failed" }
            }
            Outcome::NeedsAttention(attention) => {
                error = attention.error.as_ref().map(|error| self.error(error)).transpose()?;
                result = attention.result.as_deref().map(raw).transpose()?;
                undone = &attention.undone;
                unsettled = attention.steps.iter().map(|step| self.open(step)).collect();
                let stands = failure::standing(&self.report.steps, undone, self.workflow);
                standing =
                    stands.map(|s| UndoneStep { step: s.name.clone(), path: s.path.0.clone() }).collect();
                "needs_attention"
            }
            Outcome::Paused { reason: why } => {
                reason = Some(why.as_str());
                let stands = failure::standing(&self.report.steps, &[], self.workflow);
                standing =
                    stands.map(|s| UndoneStep { step: s.name.clone(), path: s.path.0.clone() }).collect();
                "paused"
            }
        };
        let document = Document {
            format_version: FORMAT_VERSION,
            id: self.report.execution.to_string(),
            workflow: &self.workflow.name,
            status,
            result,
            error,
            attempts: self.attempts(),
            undone: undone.iter().map(|undone| self.undone(undone)).collect(),
            standing,
            unsettled,
            reason,
        };
        Ok(serde_json::to_string_pretty(&document)?)
    }

    fn error(&self, error: &'a Raised) -> anyhow::Result<Error<'a>> {
        let sources = &self.program.compilation.sources;
        let location = self.workflow.debug.location(error.at.0, error.at.1);
        let file = location.map(|location| failure::place(location, self.workflow, sources).file);
        Ok(Error {
            code: &error.name,
            name: &error.name,
            message: &error.message,
            fields: error.fields.as_deref().map(raw).transpose()?,
            status: error.status,
            step: error.step.as_ref().map(|(step, _)| self.workflow.plan.step_name(*step)),
            file: file.map(|file| sources.shown_name(file)),
            line: location.map(|location| location.line),
            also: error.also.iter().map(|also| self.error(also)).collect::<anyhow::Result<_>>()?,
            because: error.because.as_deref().map(|because| self.error(because).map(Box::new)).transpose()?,
        })
    }

    fn attempts(&self) -> Vec<Attempt> {
        let each = |step: &StepReport| {
            let of_step = |attempt: &flow_engine::AttemptReport| {
                let (outcome, status, message) = match &attempt.result {
                    Some(AttemptResult::Answered { status, .. }) => ("answered", Some(*status), None),
                    Some(AttemptResult::NotSent { message }) => ("not_sent", None, Some(message.clone())),
                    Some(AttemptResult::Unanswered { message }) => {
                        ("unanswered", None, Some(message.clone()))
                    }
                    None => ("cut_off", None, None),
                };
                Attempt {
                    step: step.name.clone(),
                    path: step.path.0.clone(),
                    undoes: step.undoes,
                    number: attempt.number,
                    outcome,
                    status,
                    message,
                    body: (!attempt.excerpt.is_empty())
                        .then(|| String::from_utf8_lossy(&attempt.excerpt).into_owned()),
                    took_us: attempt.took_us,
                    retry_after_us: attempt.retry_after_us,
                }
            };
            step.attempts.iter().map(of_step).collect::<Vec<_>>()
        };
        self.report.steps.iter().flat_map(each).collect()
    }

    fn open(&self, step: &Unsettled) -> Open {
        let why = match &step.undo_error {
            Some(error) => format!("its undo failed: {}", error.message),
            None => "nobody knows whether it took effect".to_owned(),
        };
        Open { step: self.workflow.plan.step_name(step.step), path: step.path.0.clone(), why }
    }

    fn undone(&self, undone: &Undone) -> UndoneStep {
        UndoneStep { step: undone_name(undone, &self.workflow.plan), path: undone.path.0.clone() }
    }
}

fn raw(json: &[u8]) -> anyhow::Result<Box<RawValue>> {
    Ok(serde_json::from_slice(json)?)
}

/// JSON text over several lines, with every number as it was written: the text is indented, not read.
fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut chars = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        if in_text {
            out.push(c);
            in_text = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_text = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                depth += 1;
                if !chars.peek().is_some_and(|next| matches!(next, '}' | ']')) {
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn indenting_keeps_digits_and_texts() {
        let text = r#"{"a":12.500,"b":[],"c":[1,{"d":"x,\\\"}{"}],"e":{}}"#;
        let shown = pretty(text);
        assert_eq!(shown.lines().next(), Some("{"));
        assert!(shown.contains("\"a\": 12.500,\n"), "{shown}");
        assert!(shown.contains(r#""d": "x,\\\"}{""#), "{shown}");
        assert!(shown.contains("\"b\": [],") && shown.ends_with("\"e\": {}\n}"), "{shown}");
    }
}
