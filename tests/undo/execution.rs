//! Executions of the programs on virtual time, with one call that meets a fault.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use flow_driver::{MemoryWorld, compile};
use flow_engine::{Answer, EventKind, Given, Outcome, Run, Sending, Simulation, resolve};
use flow_http::{HttpResponse, NetError, NotSent, Unanswered};
use flow_plan::{EffectClass, Plan, PlanHash, StepId, UndoRow};

const INPUT: &[u8] = br#"{"sku":"lamp"}"#;

/// What a call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is answered with the status.
    Status(u16),
    /// It never reaches the server.
    Refused,
    /// Its answer is lost.
    Lost,
    /// Its answer is lost, and what confirms it says that it was not done.
    LostAndNotDone,
    /// The execution is cancelled meanwhile, and the call is done.
    Cancelled,
    /// The execution is cancelled meanwhile, and the answer is lost.
    CancelledAndLost,
    /// It takes longer than its time limit.
    Slow,
}

/// What was seen of an execution.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The steps that were called, in order.
    pub(super) forward: Vec<StepId>,
    /// The step whose call met the fault.
    pub(super) met: Option<StepId>,
    /// The steps that were undone, in order; none for an `undo` statement.
    pub(super) undone: Vec<Option<StepId>>,
    pub(super) outcome: Outcome,
}

impl Seen {
    pub(super) fn is_done(&self) -> bool {
        matches!(self.outcome, Outcome::Succeeded(_))
    }
}

/// A program of one file.
pub(super) struct Program {
    table: Vec<UndoRow>,
    loaded: Arc<flow_vm::Program>,
}

/// The files of a folder, in order.
pub(super) fn programs(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".flow"));
    names.sort();
    assert!(names.len() >= 12, "{names:?}");
    names
}

#[derive(Default)]
struct Log {
    forward: Vec<StepId>,
    met: Option<StepId>,
    undone: Vec<(String, Option<StepId>)>,
}

impl Program {
    pub(super) fn load(folder: &Path, name: &str) -> Self {
        let source = std::fs::read_to_string(folder.join(name)).unwrap();
        let compilation = compile(&MemoryWorld::default().with(name, source), name);
        assert!(compilation.is_ok(), "{name}: {:?}", compilation.diagnostics);
        let plans: BTreeMap<PlanHash, &Plan> =
            compilation.workflows.iter().map(|workflow| (workflow.plan.hash(), &workflow.plan)).collect();
        let main = compilation.workflows.iter().find(|workflow| workflow.name == "main").unwrap();
        let loaded = link(&plans, &main.plan);
        Self { table: flow_plan::undo_table(&main.plan, &main.debug), loaded }
    }

    pub(super) fn plan(&self) -> &Plan {
        self.loaded.plan()
    }

    pub(super) fn table(&self) -> &[UndoRow] {
        &self.table
    }

    /// Whether the fault says something else of the step than others do.
    pub(super) fn can_meet(&self, step: StepId, fault: Fault) -> bool {
        let Some(operation) = self.plan().step_operation(step) else { return false };
        match fault {
            Fault::Status(409) => operation.raised(409).is_some(),
            Fault::CancelledAndLost => operation.class != EffectClass::Safe,
            Fault::LostAndNotDone => operation.confirm.is_some(),
            _ => true,
        }
    }

    /// Runs it with a call, by its place in time, that meets a fault.
    pub(super) fn run(&self, fault: Option<(usize, Fault)>) -> Seen {
        self.run_with(INPUT, fault)
    }

    /// The same with another input.
    pub(super) fn run_with(&self, input: &[u8], fault: Option<(usize, Fault)>) -> Seen {
        let log = Rc::new(RefCell::new(Log::default()));
        let root = self.loaded.hash();
        let net = {
            let log = Rc::clone(&log);
            move |sending: &Sending| answer(&mut log.borrow_mut(), sending, root, fault)
        };
        let resolved = resolve(&self.loaded, &Given::new()).unwrap();
        let mut simulation = Simulation::new(Arc::clone(&self.loaded), resolved, 1, net);
        if let Some((call, Fault::Cancelled | Fault::CancelledAndLost)) = fault {
            // How long it takes up to the call is known from a run in which all is well.
            let began = self.began_at(call);
            simulation.cancel_after(began + Duration::from_millis(500));
        }
        let Run::Ended(report) = simulation.start(input).unwrap() else {
            panic!("it does not end");
        };
        let log = log.take();
        let undone = log.undone.into_iter().map(|(_, step)| step).collect();
        Seen { forward: log.forward, met: log.met, undone, outcome: report.outcome }
    }

    /// When a call begins where all goes well.
    fn began_at(&self, call: usize) -> Duration {
        let root = self.loaded.hash();
        let mut log = Log::default();
        let resolved = resolve(&self.loaded, &Given::new()).unwrap();
        let net = |sending: &Sending| answer(&mut log, sending, root, None);
        let mut simulation = Simulation::new(Arc::clone(&self.loaded), resolved, 1, net);
        let start_us = simulation.now().wall_us;
        simulation.start(INPUT).unwrap();
        let root = simulation.begun().next().unwrap();
        let began = simulation.events().iter().filter_map(|event| match &event.kind {
            EventKind::AttemptStarted { call, .. } if event.execution == root && !call.undoes => {
                Some(u64::try_from(event.at_us - start_us).unwrap())
            }
            _ => None,
        });
        Duration::from_micros(began.clone().nth(call).unwrap())
    }
}

/// A plan with those of its children, which are linked first.
fn link(plans: &BTreeMap<PlanHash, &Plan>, plan: &Plan) -> Arc<flow_vm::Program> {
    let children: Vec<_> = plan.children.iter().map(|child| link(plans, plans[&child.plan])).collect();
    Arc::new(flow_vm::Program::link(plan.clone(), &children).unwrap())
}

fn answer(log: &mut Log, sending: &Sending, root: PlanHash, fault: Option<(usize, Fault)>) -> Answer {
    let own = sending.program.hash() == root;
    let path = sending.call.path.0.as_str();
    let good = || Answer { after: Duration::from_millis(900), result: Ok(good(sending)) };
    if let (true, Some((undone, _))) = (sending.call.undoes && own, path.split_once("/undo/")) {
        // The last part of the path is the step, with the rounds of the loops around it.
        let step = undone.rsplit('/').next().and_then(|last| last.split('.').next());
        let step = step.unwrap().parse().ok().map(StepId);
        if log.undone.last().is_none_or(|(last, _)| last != undone) {
            log.undone.push((undone.to_owned(), step));
        }
        return good();
    }
    if !own {
        return good();
    }
    if path.contains("/confirm") {
        // It is no step of the workflow's. What it says is the fault's.
        let status = if let Some((_, Fault::LostAndNotDone)) = fault { 404 } else { 500 };
        return Answer { after: Duration::from_millis(900), result: Ok(HttpResponse::new(status, "{}")) };
    }
    let number = log.forward.len();
    log.forward.push(sending.call.step);
    let Some((_, fault)) = fault.filter(|(call, _)| *call == number) else { return good() };
    log.met = Some(sending.call.step);
    let lost = Err(NetError::unanswered(Unanswered::Connection, "connection reset by peer"));
    let result = match fault {
        Fault::Status(status) => Ok(HttpResponse::new(status, r#"{"reason":"full"}"#)),
        Fault::Refused => Err(NetError::not_sent(NotSent::Connection, "connection refused")),
        Fault::Lost | Fault::LostAndNotDone | Fault::CancelledAndLost => lost,
        Fault::Cancelled => return good(),
        Fault::Slow => return Answer { after: Duration::from_secs(3600), ..good() },
    };
    Answer { after: Duration::from_millis(900), result }
}

fn good(sending: &Sending) -> HttpResponse {
    let program = sending.program.plan();
    match program.operation(sending.operation).map(|operation| operation.name.as_str()) {
        Some("price") => HttpResponse::new(200, "7"),
        Some("reserve") => HttpResponse::new(200, r#"{"id":"r-1"}"#),
        _ => HttpResponse::new(204, ""),
    }
}
