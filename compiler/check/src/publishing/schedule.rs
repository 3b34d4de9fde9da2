//! Schedules: when, in which zone, and which workflow starts with what.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{ExprId, ExprKind, FixedText, Schedule, WorkflowId};
use flow_source::Span;
use rustc_hash::FxHashMap;

use super::cron;
use crate::checker::Checker;
use crate::infer::{Infer, Place};
use crate::typed::CheckedSchedule;

impl Checker<'_> {
    /// Checks all schedules.
    pub(crate) fn check_schedules(&mut self) {
        let program = self.program;
        let mut names: FxHashMap<&str, Span> = FxHashMap::default();
        for schedule in &program.schedules {
            let name = &schedule.name;
            if let Some(first) = names.insert(&name.text, name.span) {
                self.report(
                    Diagnostic::new(
                        &codes::F0209,
                        name.span,
                        format!("schedule `{}` is declared twice", name.text),
                    )
                    .also(first, "first declared here")
                    .help("give one of them another name: operators know schedules by it"),
                );
            }
            self.check_cron(&schedule.cron);
            if let Some(zone) = &schedule.zone {
                self.check_zone(&zone.text, zone.span, Some(zone));
            }
            let workflow = self.check_started(schedule);
            self.typed.schedules.push(CheckedSchedule { workflow });
        }
        self.not_in_effect(
            "schedule",
            program.schedules.iter().map(|schedule| schedule.head),
            "start `flow run` from cron",
        );
    }

    fn check_cron(&mut self, text: &FixedText) {
        let Err(fault) = cron::check(&text.text) else { return };
        // Nothing has no place of its own.
        let place = if fault.range.is_empty() { text.span } else { text.part(fault.range.clone()) };
        let edit = fault.instead.filter(|_| text.start.is_some()).map(|instead| {
            let title =
                if instead.is_empty() { "leave it out".to_owned() } else { format!("write `{instead}`") };
            Edit::guess(title, vec![Change::replace(text.part(fault.range.clone()), instead)])
        });
        self.report(Diagnostic::new(&codes::F1105, place, fault.message).help(fault.help).mend(edit));
    }

    /// A time zone of the data that ships with the binary, as it is written there.
    pub(crate) fn check_zone(&mut self, name: &str, span: Span, text: Option<&FixedText>) {
        let known = jiff::tz::TimeZone::get(name).ok();
        let known = known.as_ref().and_then(|zone| zone.iana_name());
        if known == Some(name) {
            return;
        }
        let inner = text.filter(|text| text.start.is_some()).map(|text| text.part(0..name.len()));
        let diagnostic = Diagnostic::new(&codes::F1106, span, format!("there is no time zone `{name}`"));
        let names: Vec<String> = match known {
            Some(known) => vec![known.to_owned()],
            None if self.findings.is_full() => Vec::new(),
            None => jiff::tz::db().available().map(|zone| zone.as_str().to_owned()).collect(),
        };
        let near = match known {
            Some(known) => Some(known),
            None => self.nearest(name, names.iter().map(String::as_str)),
        };
        self.report(match near {
            Some(near) => {
                let change = match inner {
                    Some(inner) => Change::replace(inner, near),
                    None => Change::replace(span, format!("\"{near}\"")),
                };
                diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .mend([Edit::guess(format!("write `{near}`"), vec![change])])
            }
            None => diagnostic.help("write the name of a place, such as `Europe/Berlin`, or `UTC`"),
        });
    }

    /// The one workflow that a schedule starts, with its arguments.
    fn check_started(&mut self, schedule: &Schedule) -> Option<WorkflowId> {
        let program = self.program;
        let ExprKind::Block(block) = &program.exprs[schedule.body].kind else { return None };
        let stray = match (block.statements.first(), block.value) {
            (None, Some(value)) => match &program.exprs[value].kind {
                ExprKind::CallWorkflow {
                    workflow,
                    callee,
                    arguments,
                    compensation: None,
                    detached: false,
                } => {
                    let mut infer = Infer::new(self, Place::Start);
                    let values = infer.workflow_arguments(*workflow, *callee, arguments);
                    self.typed.arguments.insert(value, values);
                    return Some(*workflow);
                }
                ExprKind::Missing => return None,
                _ => value,
            },
            _ => schedule.body,
        };
        self.starts_no_workflow(schedule, stray);
        None
    }

    fn starts_no_workflow(&mut self, schedule: &Schedule, stray: ExprId) {
        let span = self.span(stray);
        let diagnostic = Diagnostic::new(
            &codes::F1107,
            span,
            format!("schedule `{}` starts one workflow, and does nothing else", schedule.name.text),
        );
        let edit = match *self.kind(stray) {
            ExprKind::CallWorkflow { callee, detached: true, .. } => {
                let word = Span::new(span.file, span.start, callee.start);
                Some(Edit::new("leave out `start`", vec![Change::remove(word)]))
            }
            _ => None,
        };
        self.report(
            diagnostic
                .help("write one call: `{ name(…) }`; what else is to be done belongs into that workflow")
                .mend(edit),
        );
    }
}
