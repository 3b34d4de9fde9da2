//! One program, one seed, and where its process dies: what the server saw, and what came of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use flow_driver::{MemoryWorld, compile};
use flow_engine::{
    Answer, Given, Random, RecoverError, Report, Run, SeededRandom, Sending, Simulation, resolve,
};
use flow_http::{HttpResponse, NetError, NotSent, Unanswered};
use flow_vm::Program;

/// One execution, and where its process dies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) crashes: [Option<u64>; 2],
}

/// A request that arrived at the server, or was lost on its way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The step's place in the execution.
    pub(super) path: String,
    pub(super) method: String,
    /// Without the base.
    pub(super) target: String,
    pub(super) body: Vec<u8>,
    pub(super) undoes: bool,
}

/// What the server has seen and done, over all lives of the process.
#[derive(Clone, Debug, Default)]
pub(super) struct World(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    seen: Vec<Seen>,
    /// What exists, by the target that made it.
    made: BTreeSet<String>,
    /// How often each target was asked for.
    asked: BTreeMap<String, u64>,
}

impl World {
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.0.borrow().seen.clone()
    }

    /// What exists of what was put.
    pub(super) fn made(&self) -> BTreeSet<String> {
        self.0.borrow().made.clone()
    }

    fn see(&self, sending: &Sending) -> (Seen, u64) {
        let mut state = self.0.borrow_mut();
        let request = &sending.request;
        let target = request.url.split_once("//").and_then(|(_, rest)| rest.split_once('/'));
        let seen = Seen {
            path: sending.call.path.0.clone(),
            method: request.method.as_str().to_owned(),
            target: target.map_or_else(String::new, |(_, target)| target.to_owned()),
            body: request.body.as_ref().map(|body| body.to_vec()).unwrap_or_default(),
            undoes: sending.call.undoes,
        };
        state.seen.push(seen.clone());
        let asked = state.asked.entry(seen.target.clone()).or_default();
        *asked += 1;
        (seen, *asked)
    }

    fn take_effect(&self, seen: &Seen) {
        let mut state = self.0.borrow_mut();
        match seen.method.as_str() {
            "PUT" => drop(state.made.insert(seen.target.clone())),
            "DELETE" => drop(state.made.remove(&seen.target)),
            _ => {}
        }
    }
}

/// A server whose answer to a request, and to the how-manieth of its target, a function says. A seed lets it lose
/// requests and answers, refuse connections, and be busy.
pub(super) fn chaotic(
    world: &World,
    seed: u64,
    badness: u64,
    answer: impl Fn(&Seen, u64) -> HttpResponse,
) -> impl FnMut(&Sending) -> Answer {
    let world = world.clone();
    let mut random = SeededRandom::new(seed ^ 0xD1E);
    move |sending| {
        let (seen, asked) = world.see(sending);
        let after = Duration::from_micros(random.bits() % 1_500_000);
        let (roll, which) = (random.bits() % 100, random.bits() % 4);
        let lost = || NetError::unanswered(Unanswered::Connection, "connection reset by peer");
        let result = match which {
            _ if roll >= badness => Ok(answer(&seen, asked)),
            0 => Err(NetError::not_sent(NotSent::Connection, "connection refused")),
            1 => Err(lost()),
            2 => Ok(HttpResponse::new(503, "busy")),
            _ => {
                let good = answer(&seen, asked);
                if good.status < 300 {
                    world.take_effect(&seen);
                }
                Err(lost())
            }
        };
        if let Ok(response) = &result
            && response.status < 300
        {
            world.take_effect(&seen);
        }
        Answer { after, result }
    }
}

/// A program of the folder.
pub(super) fn load(name: &str) -> Arc<Program> {
    let source =
        std::fs::read_to_string(crate::tidy::root().join("tests/dying/programs").join(name)).unwrap();
    let compilation = compile(&MemoryWorld::default().with(name, source), name);
    assert!(compilation.is_ok(), "{name}: {:?}", compilation.diagnostics);
    Arc::new(Program::load(compilation.workflows[0].plan.clone()).unwrap())
}

/// Runs a case until it ends; what it waits for is done to it from outside. Nothing where it died before it had begun.
pub(super) fn play<N: FnMut(&Sending) -> Answer>(
    program: &Arc<Program>,
    case: Case,
    net: N,
    mut outside: impl FnMut(&mut Simulation<N>) -> Run,
) -> (Option<Report>, Simulation<N>) {
    let resolved = resolve(program, &Given::new()).unwrap();
    let mut simulation = Simulation::new(Arc::clone(program), resolved, case.seed, net);
    simulation.set_snapshot_every([1, 3, 64][(case.seed % 3) as usize]);
    case.crashes.into_iter().flatten().for_each(|action| simulation.crash_before(action));
    let mut run = simulation.start(b"{}").unwrap();
    loop {
        run = match run {
            Run::Ended(report) => {
                simulation.history().unwrap();
                return (Some(*report), simulation);
            }
            Run::Waiting => outside(&mut simulation),
            Run::Endless => panic!("it goes on for ever: {:#?}", simulation.events()),
            Run::Crashed => match simulation.recover(Duration::from_secs(2)) {
                Ok(next) => next,
                Err(RecoverError::NoBeginning) => return (None, simulation),
                Err(error) => panic!("it can't go on: {error}"),
            },
        };
    }
}

/// A step sends one request, whatever happens in between: what it rests on is durable before.
pub(super) fn one_request_a_step(world: &World) {
    let mut requests: BTreeMap<(String, bool), Seen> = BTreeMap::new();
    for seen in world.seen().into_iter().filter(|seen| seen.method != "GET") {
        let known = requests.entry((seen.path.clone(), seen.undoes)).or_insert_with(|| seen.clone());
        assert_eq!(*known, seen, "one step, one request");
    }
}

/// Plays some seeds, each whole, and so many of them dying before every so many-th action, once and twice; what `plays`
/// gives is the number of actions. A case that fails is named.
pub(super) fn wherever_it_dies(
    seeds: std::ops::Range<u64>,
    dying: u64,
    every: usize,
    plays: impl Fn(Case) -> u64,
) {
    let named = |case: Case| {
        std::panic::catch_unwind(AssertUnwindSafe(|| plays(case))).unwrap_or_else(|cause| {
            let said = cause.downcast_ref::<String>().cloned();
            let said = said.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            panic!("{case:?}: {}", said.unwrap_or_default())
        })
    };
    for seed in seeds.clone() {
        let whole = Case { seed, crashes: [None; 2] };
        let actions = named(whole);
        if seed - seeds.start >= dying {
            continue;
        }
        for first in (0..actions).step_by(every) {
            named(Case { crashes: [Some(first), None], ..whole });
            named(Case { crashes: [Some(first), Some(first + 1 + seed % 5)], ..whole });
        }
    }
}
