//! A server in one function: it keeps what it did by idempotency key, and loses, delays and refuses as a script or
//! a seed says.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};

use flow_engine::{Answer, Given, Random, Resolved, SeededRandom, Sending, resolve};
use flow_http::{HttpResponse, NetError, NotSent, Secret, Unanswered};
use flow_plan::{Plan, StepId};
use flow_vm::Program;

use crate::shop::{CHARGE, ENTER, NOTIFY, QUOTE, REFUND, RELEASE, RESERVE, SEEN, TAG};

pub(crate) const TOKEN: &str = "tok-5f3c9a71";

pub(crate) fn load(plan: Plan) -> Arc<Program> {
    Arc::new(Program::load(plan).unwrap())
}

/// A program with the one that it calls.
pub(crate) fn link(plan: Plan, child: &Arc<Program>) -> Arc<Program> {
    Arc::new(Program::link(plan, std::slice::from_ref(child)).unwrap())
}

pub(crate) fn settings(program: &std::sync::Arc<Program>) -> Resolved {
    let mut given = Given::new();
    given.secret("token", Secret::new(TOKEN));
    resolve(program, &given).unwrap()
}

/// One request as the server or the network saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) step: StepId,
    pub(crate) path: String,
    pub(crate) line: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Vec<u8>,
    /// Whether it reached the server.
    pub(crate) arrived: bool,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It takes effect and is answered.
    Good,
    /// It is answered with a status, and does not take effect.
    Status(u16),
    /// It takes effect, and the answer is a status.
    DoneBut(u16),
    /// It does not arrive, and the connection breaks.
    LostBefore,
    /// It takes effect, and the answer is lost.
    LostAfter,
    /// It takes effect, and the answer comes in an hour.
    Slow,
    /// No connection.
    Refused,
}

/// What the server has done, shared by all lives of an execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct World(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    seen: Vec<Seen>,
    /// What exists: its id, by what made it.
    made: BTreeMap<String, String>,
    /// What was removed again, by its id, in order.
    removed: Vec<String>,
    quotes: u64,
}

impl World {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.borrow().seen.clone()
    }

    pub(crate) fn seen_of(&self, step: StepId) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.step == step).collect()
    }

    /// The ids of what a step has made.
    pub(crate) fn made(&self, step: StepId) -> Vec<String> {
        let prefix = format!("{step}-");
        self.0.borrow().made.values().filter(|id| id.starts_with(&prefix)).cloned().collect()
    }

    pub(crate) fn removed(&self) -> Vec<String> {
        self.0.borrow().removed.clone()
    }

    /// Whether a keyed request has taken effect before.
    pub(crate) fn is_made(&self, sending: &Sending) -> bool {
        key(sending).is_some_and(|key| self.0.borrow().made.contains_key(&key))
    }

    /// Lets a request meet its fate.
    pub(crate) fn meet(&self, sending: &Sending, fate: Fate, after: Duration) -> Answer {
        let mut state = self.0.borrow_mut();
        let request = &sending.request;
        state.seen.push(Seen {
            step: step(sending),
            path: sending.call.path.0.clone(),
            line: format!("{} {}", request.method.as_str(), request.url),
            key: key(sending),
            body: request.body.as_ref().map(|body| body.to_vec()).unwrap_or_default(),
            arrived: !matches!(fate, Fate::Refused),
        });
        let takes_effect = matches!(fate, Fate::Good | Fate::DoneBut(_) | Fate::LostAfter | Fate::Slow);
        let good = if takes_effect { state.take_effect(sending) } else { HttpResponse::default() };
        let lost = Err(NetError::unanswered(Unanswered::Connection, "connection reset by peer"));
        let (after, result) = match fate {
            Fate::Good => (after, Ok(good)),
            Fate::Slow => (Duration::from_secs(3600), Ok(good)),
            Fate::Status(402) => (after, Ok(HttpResponse::new(402, r#"{"reason":"insufficient funds"}"#))),
            Fate::Status(status) | Fate::DoneBut(status) => (after, Ok(HttpResponse::new(status, "busy"))),
            Fate::LostBefore | Fate::LostAfter => (after, lost),
            Fate::Refused => (after, Err(NetError::not_sent(NotSent::Connection, "connection refused"))),
        };
        Answer { after, result }
    }
}

impl State {
    fn take_effect(&mut self, sending: &Sending) -> HttpResponse {
        let step = step(sending);
        let created = |id: &str| HttpResponse::new(200, format!(r#"{{"id":"{id}"}}"#));
        match step {
            // Each reading gives another quote.
            QUOTE => {
                self.quotes += 1;
                created(&format!("q-{}", self.quotes))
            }
            RESERVE | CHARGE => {
                let next = format!("{step}-{}", self.made.len());
                created(self.made.entry(key(sending).unwrap()).or_insert(next))
            }
            RELEASE | REFUND => {
                let id = sending.request.url.rsplit('/').next().unwrap_or_default().to_owned();
                if self.removed.contains(&id) {
                    return HttpResponse::new(404, "");
                }
                self.removed.push(id);
                HttpResponse::new(204, "")
            }
            // No key tells one from the other: it enters what it is sent as often as that is.
            ENTER => {
                let id = format!("{step}-{}", self.made.len());
                self.made.insert(id.clone(), id.clone());
                created(&id)
            }
            SEEN => {
                let id = self.made.values().find(|id| id.starts_with(&format!("{ENTER}-")));
                id.map_or_else(|| HttpResponse::new(404, ""), |id| created(id))
            }
            TAG | NOTIFY => HttpResponse::new(204, ""),
            other => panic!("no step {other}"),
        }
    }
}

/// The step of the whole workflow that calls the same operation: they are numbered alike.
fn step(sending: &Sending) -> StepId {
    StepId(sending.operation.0)
}

fn key(sending: &Sending) -> Option<String> {
    sending.request.header("idempotency-key").map(str::to_owned)
}

/// A server that follows a script for each step; what is not scripted is good.
pub(crate) fn scripted(
    world: &World,
    scripts: &[(StepId, &[Fate])],
) -> impl FnMut(&Sending) -> Answer + use<> {
    let world = world.clone();
    let mut scripts: BTreeMap<StepId, Vec<Fate>> =
        scripts.iter().map(|(step, fates)| (*step, fates.iter().rev().copied().collect())).collect();
    move |sending| {
        let fate = scripts.get_mut(&step(sending)).and_then(Vec::pop).unwrap_or(Fate::Good);
        world.meet(sending, fate, Duration::from_millis(10))
    }
}

/// A server that does anything, as a seed says.
pub(crate) fn chaotic(world: &World, seed: u64) -> impl FnMut(&Sending) -> Answer + use<> {
    let world = world.clone();
    let mut random = SeededRandom::new(seed ^ 0x5EED);
    // Some seeds have a calm server, some a bad one.
    let badness = random.bits() % 70;
    move |sending| {
        let roll = random.bits() % 100;
        let which = random.bits() % 100;
        let after = Duration::from_micros(random.bits() % 3_000_000);
        let fate = if roll >= badness {
            Fate::Good
        } else {
            match which {
                0..15 => Fate::Refused,
                15..30 => Fate::LostBefore,
                30..45 => Fate::LostAfter,
                45..55 => Fate::Slow,
                55..60 => Fate::DoneBut(502),
                60..65 => Fate::Status(502),
                // A server that keeps keys does not deny what it has done.
                _ if world.is_made(sending) => Fate::Good,
                65..85 => Fate::Status(503),
                85..93 => Fate::Status(402),
                _ => Fate::Status(400),
            }
        };
        world.meet(sending, fate, after)
    }
}
