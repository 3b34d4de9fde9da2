//! The machine: one execution, its fibers, and what they wait for.
//!
//! [`Machine::run`](Machine) lets fibers run in the order in which they became ready, until all wait. What a
//! fiber does at an effect or a scope stands in `effects`; what a completion does, in `resume` and `answer`;
//! how an error travels, in `unwind`; what an operator must settle, in `hold`; branches, in `group`.

mod answer;
mod child;
mod collect;
mod confirm;
mod effects;
mod fiber;
mod group;
mod hold;
mod identity;
mod interrupt;
mod mailbox;
mod race;
mod request;
mod resume;
mod state;
mod unwind;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use flow_plan::{ConfigId, InputForm};

use crate::effect::{Effect, EffectId, EffectKind, Status, Step, Undone};
use crate::error::{DecodeError, InputError};
use crate::error_object::{self, NewError};
use crate::fault::Fault;
use crate::heap::{Heap, NULL};
use crate::interpret::{self, Budget, Env, Exit, Thread};
use crate::limits::{COLLECT_GROWTH_WORDS, SLICE_FUEL};
use crate::program::{Program, Slots};
use crate::wire::{Misfit, Wire};
use fiber::{Callback, Early, Fiber, FiberId, Group, GroupId, Progress, Role, UndoEntry, Wait};

pub use identity::Identity;
pub use mailbox::Awaited;

/// The saga that the whole workflow is.
const ROOT_SAGA: u64 = 0;

/// One execution: its whole state, as plain data.
#[derive(Debug)]
pub struct Machine {
    program: Arc<Program>,
    heap: Heap,
    core: Core,
    /// What is asked for in this slice.
    effects: Vec<Effect>,
    /// Words of the heap after the last collection.
    collected: usize,
}

/// All of the state but the heap. Handles in it are roots of the heap.
#[derive(Clone, Debug, Default)]
struct Core {
    /// The pinned values of configuration entries, by id.
    config: Vec<Option<Slots>>,
    fibers: BTreeMap<FiberId, Fiber>,
    groups: BTreeMap<GroupId, Group>,
    /// Fibers that can go on, in the order in which they became ready.
    ready: VecDeque<FiberId>,
    /// Who waits for which effect.
    waits: BTreeMap<EffectId, Wait>,
    /// Registered undos, in the order of completion.
    undos: Vec<UndoEntry>,
    /// What those have undone that have lost a race.
    undone: Vec<Undone>,
    /// The undos that have failed for good, with their errors, in order.
    failed: Vec<(Undone, u64)>,
    /// Signals that nobody has received yet, in the order in which they came.
    mailbox: VecDeque<Early>,
    /// Callbacks, by number.
    callbacks: Vec<Callback>,
    next_fiber: u64,
    next_group: u64,
    next_effect: u64,
    next_saga: u64,
    next_receive: u64,
    /// Whether the execution is cancelled.
    cancelled: bool,
    /// Whether it is to be held, as soon as nothing is under way any more.
    halted: bool,
    /// How it has ended.
    ended: Option<Status>,
}

impl Machine {
    /// Starts an execution. The input is JSON, and so are the values of the pinned configuration entries; one
    /// that is not given has its default.
    ///
    /// # Errors
    /// Where the input or the value of an entry does not fit, or an entry has none.
    pub fn start(
        program: Arc<Program>,
        input: &[u8],
        config: &[(ConfigId, Vec<u8>)],
    ) -> Result<(Self, Step), InputError> {
        let mut heap = Heap::new(program.image());
        let mut core = Core { next_saga: ROOT_SAGA + 1, ..Core::default() };
        core.config = pin_config(&program, &mut heap, config, true)?;
        let thread = entry_thread(&program, &mut heap, &core.config, input).map_err(InputError::Input)?;
        let mut machine = Self { program, heap, core, effects: Vec::new(), collected: 0 };
        machine.spawn(Fiber::new(Role::Root, String::new(), ROOT_SAGA, false, thread));
        let step = machine.run();
        Ok((machine, step))
    }

    /// The program that it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The secrets that came with data since this was last asked, as JSON: whoever shows something of the execution
    /// masks them. They are no part of the state.
    pub fn take_secrets(&mut self) -> Vec<String> {
        self.heap.take_secrets()
    }

    /// Where the execution stands.
    pub fn status(&self) -> Status {
        match &self.core.ended {
            Some(status) => status.clone(),
            None if self.next_fiber().is_some() => Status::Running,
            None => Status::Waiting,
        }
    }

    /// Goes on after [`Status::Running`]. A deadline that has passed meanwhile, and a cancel, stop code that only
    /// computes here.
    pub fn proceed(&mut self) -> Step {
        if self.core.ended.is_none()
            && let Some(id) = self.next_fiber()
            && let Err(fault) = self.interrupt_if_computing(id)
        {
            self.break_off(fault);
        }
        self.run()
    }

    /// Raises `cancelled` at the next step of each fiber; compensations run. Nothing happens to an execution
    /// that has ended.
    pub fn cancel(&mut self) -> Step {
        if self.core.ended.is_none() && !self.core.cancelled {
            self.core.cancelled = true;
            let all: Vec<FiberId> = self.core.fibers.keys().copied().collect();
            self.interrupt_waiting(&all);
        }
        self.run()
    }

    /// Lets fibers run until all wait, the execution has ended, or the slice is used up.
    fn run(&mut self) -> Step {
        let mut fuel = SLICE_FUEL;
        while self.core.ended.is_none() && fuel > 0 {
            let Some(id) = self.next_fiber() else { break };
            if let Err(fault) = self.run_fiber(id, &mut fuel) {
                self.break_off(fault);
            }
        }
        self.settle();
        if self.core.ended.is_none() && self.heap.all().len() > 2 * self.collected + COLLECT_GROWTH_WORDS {
            self.collect_or_break_off();
        }
        Step { effects: std::mem::take(&mut self.effects), status: self.status() }
    }

    /// The fiber that runs next. While an execution is about to be held, only what undoes or confirms goes on.
    fn next_fiber(&self) -> Option<FiberId> {
        self.core.ready.iter().copied().find(|id| !self.is_held(*id))
    }

    /// Whether a fiber does not go on, since the execution is about to be held.
    fn is_held(&self, id: FiberId) -> bool {
        self.core.halted
            && self
                .core
                .fibers
                .get(&id)
                .is_none_or(|fiber| !fiber.undoes && !matches!(fiber.role, Role::Confirm(_)))
    }

    /// Lets a ready fiber run until it waits, ends, or the slice is used up.
    fn run_fiber(&mut self, id: FiberId, fuel: &mut u64) -> Result<(), Fault> {
        let mut collected = false;
        loop {
            let env = Env { program: &self.program, config: &self.core.config };
            let fiber = self.core.fibers.get_mut(&id).ok_or(Fault::Damaged)?;
            if fiber.progress != Progress::Ready {
                return Err(Fault::Damaged);
            }
            let done = match interpret::run(env, &mut self.heap, &mut fiber.thread, fuel) {
                Exit::Slice => return Ok(()),
                Exit::Fault(fault) => Err(fault),
                Exit::Effect(op) => self.perform(id, op),
                Exit::Returned(slots) => self.finish(id, slots),
            };
            match done {
                Ok(()) => collected = false,
                Err(Fault::Damaged) => return Err(Fault::Damaged),
                Err(Fault::Full) if !collected => {
                    self.collect()?;
                    collected = true;
                }
                Err(fault) => self.raise_fault(id, fault)?,
            }
            let still_runs = self.core.fibers.get(&id).is_some_and(|fiber| fiber.progress == Progress::Ready);
            if !still_runs || self.core.ended.is_some() || self.is_held(id) {
                self.unready(id);
                return Ok(());
            }
        }
    }

    /// Adds a fiber that can run.
    fn spawn(&mut self, fiber: Fiber) -> FiberId {
        let id = FiberId(self.core.next_fiber);
        self.core.next_fiber = self.core.next_fiber.wrapping_add(1);
        self.core.fibers.insert(id, fiber);
        self.core.ready.push_back(id);
        id
    }

    /// Lets a fiber go on.
    fn make_ready(&mut self, id: FiberId) -> Result<(), Fault> {
        self.fiber_mut(id)?.progress = Progress::Ready;
        // One whose branches have ended at once is among them still.
        if !self.core.ready.contains(&id) {
            self.core.ready.push_back(id);
        }
        Ok(())
    }

    /// Takes a fiber from those that can go on.
    fn unready(&mut self, id: FiberId) {
        if self.core.ready.front() == Some(&id) {
            self.core.ready.pop_front();
        } else {
            self.core.ready.retain(|ready| *ready != id);
        }
    }

    fn fiber(&self, id: FiberId) -> Result<&Fiber, Fault> {
        self.core.fibers.get(&id).ok_or(Fault::Damaged)
    }

    fn fiber_mut(&mut self, id: FiberId) -> Result<&mut Fiber, Fault> {
        self.core.fibers.get_mut(&id).ok_or(Fault::Damaged)
    }

    /// Asks for an effect.
    fn ask(&mut self, kind: EffectKind) -> EffectId {
        let id = EffectId(self.core.next_effect);
        self.core.next_effect = self.core.next_effect.wrapping_add(1);
        self.effects.push(Effect { id, kind });
        id
    }

    /// A new error, within the reserve where the heap is full. Null where even that has no room.
    fn new_error(&mut self, new: NewError) -> u64 {
        let image = self.program.image().len();
        self.heap.open_reserve(image);
        let error = new.allocate(&mut self.heap).unwrap_or(NULL);
        self.heap.close_reserve(image);
        error
    }

    /// Raises what went wrong at a fiber's present instruction.
    fn raise_fault(&mut self, id: FiberId, fault: Fault) -> Result<(), Fault> {
        let at = self.fiber(id)?.thread.place();
        let image = self.program.image().len();
        self.heap.open_reserve(image);
        let error = error_object::from_fault(&mut self.heap, fault, at).unwrap_or(NULL);
        self.heap.close_reserve(image);
        self.raise(id, error)
    }

    /// Runs work that needs room; where there is none, once more after a collection.
    fn with_room<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        match work(self) {
            Err(Fault::Full) => {
                self.collect()?;
                work(self)
            }
            other => other,
        }
    }

    /// Ends an execution whose state is damaged. Only a changed state comes here.
    fn break_off(&mut self, fault: Fault) {
        let at = (self.program.plan().entry, flow_plan::Target(0));
        let mut error = error_object::unsayable(at);
        error.message = match fault {
            Fault::Damaged => "the state of the execution is damaged".to_owned(),
            _ => "the values of the execution take more than 64 MB".to_owned(),
        };
        self.end(Status::Failed(crate::Failure { error, undone: Vec::new() }));
    }

    /// Ends the execution. What is still waited for is no longer.
    fn end(&mut self, status: Status) {
        let waits = std::mem::take(&mut self.core.waits);
        for (effect, wait) in waits {
            if !wait.is_cancelled() {
                self.ask(EffectKind::Cancel { effect });
            }
        }
        self.core.fibers.clear();
        self.core.groups.clear();
        self.core.ready.clear();
        self.core.undos.clear();
        self.core.mailbox.clear();
        self.core.callbacks.clear();
        self.core.failed.clear();
        self.core.halted = false;
        self.core.ended = Some(status);
    }

    fn collect_or_break_off(&mut self) {
        if let Err(fault) = self.collect() {
            self.break_off(fault);
        }
    }
}

/// The pinned values of configuration entries; without those that stand for facts of an execution, where there is none
/// yet.
fn pin_config(
    program: &Program,
    heap: &mut Heap,
    given: &[(ConfigId, Vec<u8>)],
    has_begun: bool,
) -> Result<Vec<Option<Slots>>, InputError> {
    let mut values = Vec::new();
    for (index, entry) in program.plan().config.iter().enumerate() {
        if !entry.pinned || entry.fact.is_some() && !has_begun {
            values.push(None);
            continue;
        }
        let value = given.iter().find(|(id, _)| id.index() == index).map(|(_, json)| json.as_slice());
        let value = value.or(entry.default.as_ref().map(String::as_bytes));
        let json = value.ok_or_else(|| InputError::ConfigMissing(entry.name.clone()))?;
        let mut budget = Budget::default();
        let env = Env { program, config: &[] };
        let mut wire = Wire::new(env, heap, &mut budget);
        if entry.secret {
            wire = wire.of_a_secret();
        }
        let slots = wire.decode(entry.ty, json);
        let slots = slots.map_err(|misfit| InputError::Config {
            name: entry.name.clone(),
            error: misfit.into_error().unwrap_or_else(DecodeError::fault),
        })?;
        if entry.secret {
            heap.note_secret(&String::from_utf8_lossy(json));
        }
        values.push(Some(slots));
    }
    Ok(values)
}

/// The thread of the workflow over its input.
fn entry_thread(
    program: &Program,
    heap: &mut Heap,
    config: &[Option<Slots>],
    input: &[u8],
) -> Result<Thread, DecodeError> {
    let args = entry_args(program, heap, config, input)?;
    Thread::new(program, program.plan().entry, &args).map_err(DecodeError::fault)
}

/// The slots of the workflow's arguments, from its input.
fn entry_args(
    program: &Program,
    heap: &mut Heap,
    config: &[Option<Slots>],
    input: &[u8],
) -> Result<Vec<u64>, DecodeError> {
    let plan = program.plan();
    let mut budget = Budget::default();
    let env = Env { program, config };
    let mut wire = Wire::new(env, heap, &mut budget);
    wire.strict = true;
    let outward = |misfit: Misfit| misfit.into_error().unwrap_or_else(DecodeError::fault);
    let slots = wire.decode(plan.input, input).map_err(outward)?;
    match plan.input_form {
        InputForm::Sole => Ok(vec![slots[0]]),
        InputForm::ByName => {
            let width = program.layout(plan.input).record_width;
            Ok(heap.words(slots[0], width).map_err(DecodeError::fault)?.to_vec())
        }
    }
}
