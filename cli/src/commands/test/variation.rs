//! The variations of a test of every failure: each call failing in each way that it can, each call unknown, and the
//! process dying at each point where that makes a difference. All are known from one run as the test is written.

use std::collections::{BTreeMap, BTreeSet};

use flow_driver::{Compilation, CompiledWorkflow, LocalId};
use flow_engine::{CrashPoint, Dying, Event, EventKind};
use flow_journal::ExecutionId;
use flow_plan::{Callee, EffectClass, Op, Operation, Plan, PlanHash, Response, RetryOn, StepId, Target};
use flow_vm::{Program, StepPath};

use super::mocks::{Called, Prepared};

/// The most variations that are run of one test, and how many calls they make together where that is fewer
/// variations. Of more, so many are run, spread evenly.
const VARIATIONS_MAX: usize = 1_000;
const CALLS_MAX: usize = 100_000;

/// The numbers of the variations that are run: the one that is wanted; or all, or as many as are allowed, spread
/// evenly. `calls` are those of the test as it is written.
pub(super) fn chosen(all: usize, calls: usize, wanted: Option<usize>) -> Vec<usize> {
    let allowed = VARIATIONS_MAX.min((CALLS_MAX / calls.max(1)).max(1));
    match wanted {
        Some(wanted) => vec![wanted],
        None if all <= allowed => (1..=all).collect(),
        None => (0..allowed).map(|index| index * all / allowed + 1).collect(),
    }
}

/// Statuses that mean failure and nothing else, where an operation does not declare them.
const FAILURES: [u16; 5] = [500, 501, 505, 400, 418];

/// One thing that goes wrong.
#[derive(Clone, Debug)]
pub(super) struct Variation {
    /// What it is, as what follows "when".
    pub(super) words: String,
    /// The execution that it happens to, or below.
    pub(super) run: LocalId,
    /// What goes wrong there.
    pub(super) fault: Fault,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// A call is answered in another way than its mock says.
    Call {
        /// The execution that makes it.
        execution: ExecutionId,
        /// Where.
        path: StepPath,
        /// How.
        answer: Prepared,
        /// Whether this happens to its first attempt alone.
        once: bool,
    },
    /// The process dies before its so many-th action.
    Crash(u64),
}

/// Where the steps of programs stand, for people.
pub(super) struct Places<'a> {
    workflows: BTreeMap<PlanHash, &'a CompiledWorkflow>,
}

impl<'a> Places<'a> {
    pub(super) fn new(compilation: &'a Compilation) -> Self {
        let hashed = compilation.workflows.iter().map(|workflow| (workflow.plan.hash(), workflow));
        Self { workflows: hashed.collect() }
    }

    /// `file:line` of a step, as what follows its name.
    fn of(&self, program: &Program, step: StepId) -> String {
        let place = self.workflows.get(&program.hash()).and_then(|workflow| {
            workflow.plan.functions.iter().enumerate().find_map(|(index, function)| {
                let at = function.code.iter().position(|op| match op {
                    Op::Call { step: of, .. } | Op::Spawn { step: of, .. } => *of == step,
                    _ => false,
                })?;
                let function = flow_plan::FunctionId(u32::try_from(index).ok()?);
                workflow.debug.place(function, Target(u32::try_from(at).ok()?))
            })
        });
        place.map(|place| format!(" at {place}")).unwrap_or_default()
    }
}

/// The executions that an undo has begun, and those below them.
fn undoing(events: &[Event]) -> BTreeSet<ExecutionId> {
    let mut found = BTreeSet::new();
    for event in events {
        if let EventKind::ChildStarted { execution, undoes, .. } = event.kind
            && (undoes || found.contains(&event.execution))
        {
            found.insert(execution);
        }
    }
    found
}

/// The variations of one execution's calls. Calls that undo are left out, and so are those of executions that an undo
/// has begun: where an undo fails, only an operator can settle it.
pub(super) fn of_calls(
    run: LocalId,
    calls: &[Called],
    events: &[Event],
    places: &Places<'_>,
) -> Vec<Variation> {
    let undoing = undoing(events);
    let mut found = Vec::new();
    let mut seen: BTreeMap<(PlanHash, StepId), usize> = BTreeMap::new();
    for called in calls {
        if called.undoes || undoing.contains(&called.place().0) {
            continue;
        }
        let plan = called.program.plan();
        let Some(operation) = plan.operation(called.operation_id) else { continue };
        let number = seen.entry((called.program.hash(), called.step)).or_default();
        *number += 1;
        let which = match *number {
            1 => String::new(),
            number => format!(" (call {number} of this step)"),
        };
        let place = places.of(&called.program, called.step);
        let (execution, path) = called.place();
        let mut add = |what: &str, answer: Prepared, once: bool| {
            let words = format!("`{}`{place} {what}{which}", called.name);
            let fault = Fault::Call { execution, path: path.clone(), answer, once };
            found.push(Variation { words, run, fault });
        };
        for (name, answer) in failures(&called.program, operation) {
            add(&format!("fails with `{name}`"), answer, false);
        }
        let unknown = || Prepared::Fail("unknown".to_owned(), Vec::new());
        add("is unknown", unknown(), false);
        if is_tried_again(plan, called.step, operation) {
            add("is unknown at its first attempt", unknown(), true);
        }
    }
    found
}

/// The errors that an answer can raise.
fn failures(program: &Program, operation: &Operation) -> Vec<(String, Prepared)> {
    let plan = program.plan();
    let mut found: Vec<(String, Prepared)> = Vec::new();
    for (status, error) in &operation.raises {
        let Some(error) = plan.error(*error) else { continue };
        if found.iter().all(|(name, _)| *name != error.name) {
            let fields = flow_mock::sample(program, error.fields, "").into_bytes();
            found.push((error.name.clone(), Prepared::Status(operation.example(*status), fields)));
        }
    }
    let plain = FAILURES.into_iter().find(|status| !is_declared(operation, *status));
    found.extend(plain.map(|status| ("http".to_owned(), Prepared::Status(status, Vec::new()))));
    let by_name = |name: &str| (name.to_owned(), Prepared::Fail(name.to_owned(), Vec::new()));
    found.push(by_name("refused"));
    if operation.response != Response::Ignored {
        found.push(by_name("decode"));
    }
    found
}

fn is_declared(operation: &Operation, status: u16) -> bool {
    let lists = [&operation.absent, &operation.done, &operation.unknown_on, &operation.statuses];
    operation.raises.iter().any(|(raises, _)| raises.cover(status))
        || lists.iter().any(|list| list.iter().any(|statuses| statuses.cover(status)))
}

/// Whether a call that breaks off is made again.
fn is_tried_again(plan: &Plan, step: StepId, operation: &Operation) -> bool {
    let Some(Callee::Operation { retry: Some(policy), .. }) = plan.step(step).map(|step| step.callee) else {
        return false;
    };
    (operation.class != EffectClass::Unsafe || operation.confirm.is_some())
        && plan.policy(policy).is_some_and(|policy| {
            policy.attempts.is_none_or(|attempts| attempts > 1) && policy.on.contains(&RetryOn::Connection)
        })
}

/// The variations in which the process dies.
pub(super) fn of_crashes(
    run: LocalId,
    points: &[CrashPoint],
    program_of: &dyn Fn(ExecutionId) -> Option<std::sync::Arc<Program>>,
    places: &Places<'_>,
) -> Vec<Variation> {
    let mut writes: BTreeMap<ExecutionId, usize> = BTreeMap::new();
    let each = points.iter().map(|point| {
        let program = program_of(point.execution);
        let step = |step: StepId| match &program {
            Some(program) => format!("`{}`{}", program.plan().step_name(step), places.of(program, step)),
            None => step.to_string(),
        };
        let before = match &point.before {
            Dying::Send(of) => format!("sending {}", step(*of)),
            Dying::Spawn(of) => format!("starting {}", step(*of)),
            Dying::Answer(of) => format!("keeping what came of {}", step(*of)),
            Dying::Signal(name) => format!("keeping signal `{name}`"),
            Dying::Callback => "keeping the answer of a callback".to_owned(),
            Dying::Write => {
                let number = writes.entry(point.execution).or_default();
                *number += 1;
                let workflow = program.as_ref().map_or("", |program| program.plan().workflow.as_str());
                format!("write {number} of `{workflow}`")
            }
            Dying::End => {
                let workflow = program.as_ref().map_or("", |program| program.plan().workflow.as_str());
                format!("saying how `{workflow}` ended")
            }
        };
        Variation {
            words: format!("the process dies before {before}"),
            run,
            fault: Fault::Crash(point.action),
        }
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn too_many_are_spread_evenly() {
        assert_eq!(chosen(3, 1, None), [1, 2, 3]);
        assert_eq!(chosen(3, 1, Some(2)), [2]);
        let some = chosen(6_000, 1_000, None);
        assert_eq!((some.len(), some[0], some[1], some[99]), (100, 1, 61, 5_941));
        assert_eq!(chosen(5_000, 3, None).len(), 1_000);
        assert_eq!(chosen(9_000_000, 3_000_000, None), [1], "one at least");
    }
}
