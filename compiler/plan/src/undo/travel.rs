//! How an error travels from a step: to its handler, or out of the workflow, by way of the sagas that it leaves.

use std::rc::Rc;

use super::errors::{Errors, Kind};
use super::flow::{Flow, Flows, Point, group_of, site_of};
use super::state::{Entry, State};
use crate::{Catch, FunctionId, GroupMode, Handler, Op, Target};

/// How many entries of one kind a case lists.
const LISTED_MAX: usize = 32;

/// A function on the way in, and the branch of it that the next one is.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) function: FunctionId,
    pub(super) flow: Rc<Flow>,
    /// The instruction that runs the branch.
    pub(super) at: usize,
    /// What holds before it; of a `finally` on several ways out, before any of its copies.
    pub(super) before: Point,
    pub(super) branch: u32,
    pub(super) mode: GroupMode,
    /// Whether there is a branch for each of some items.
    pub(super) each: bool,
    /// Whether it is the `finally` of an error that is on its way.
    pub(super) beside: bool,
}

/// Where an error gets to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Leaves,
    Caught(FunctionId, Target),
    Settled(FunctionId, Target),
    RaceGoesOn(FunctionId, Target),
    /// The race goes on, and the step of the entry stops the execution at its end.
    RaceGoesOnHeld(FunctionId, Target, Box<Entry>),
    RaceLost(FunctionId, Target),
    Beside,
    /// The step of the entry stops the execution.
    Halts(Box<Entry>),
}

/// One way of an error.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// What the handler that takes it catches.
    pub(super) caught: Option<Catch>,
    pub(super) race_lost: bool,
    pub(super) undone: Listed,
    pub(super) goal: Goal,
    pub(super) waiting: Listed,
    pub(super) stays: Listed,
}

/// Entries, of which so many are listed as anybody reads; how many more there are is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    pub(super) more: usize,
}

impl Listed {
    fn push(&mut self, entry: Entry) {
        // What a sibling has done in a saga may stand in the one around meanwhile.
        if entry.branched && self.entries.contains(&entry) {
            return;
        }
        if self.entries.len() < LISTED_MAX {
            self.entries.push(entry);
        } else {
            self.more += 1;
        }
    }

    fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        entries.into_iter().for_each(|entry| self.push(entry));
    }

    fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut listed = Self::default();
        listed.extend(entries.copied());
        listed
    }
}

/// What an error leaves: the scopes of the function at a level but for the first ones, and its own saga.
#[derive(Clone, Copy, Debug)]
struct Left {
    level: usize,
    kept: usize,
    own: bool,
}

/// What has come of an error so far.
#[derive(Clone, Debug, Default)]
struct Trail {
    undone: Listed,
    race_lost: bool,
}

/// Lets errors travel from one place.
pub(super) struct Journey<'a, 'b> {
    pub(super) flows: &'b mut Flows<'a>,
    /// The functions around, the workflow first.
    pub(super) frames: &'b [Frame],
    pub(super) function: FunctionId,
    pub(super) flow: Rc<Flow>,
    ways: Vec<Way>,
}

impl<'a, 'b> Journey<'a, 'b> {
    pub(super) fn new(flows: &'b mut Flows<'a>, frames: &'b [Frame], function: FunctionId) -> Self {
        let flow = flows.of(function);
        Self { flows, frames, function, flow, ways: Vec::new() }
    }

    /// The ways of some errors that are raised at an instruction.
    pub(super) fn ways(mut self, at: usize, state: State, errors: Errors) -> Vec<Way> {
        let level = self.frames.len();
        self.travel(level, at, state, errors, Trail::default());
        self.ways
    }

    /// The function at a level, and what is known of it.
    fn level(&self, level: usize) -> (FunctionId, Rc<Flow>) {
        match self.frames.get(level) {
            Some(frame) => (frame.function, Rc::clone(&frame.flow)),
            None => (self.function, Rc::clone(&self.flow)),
        }
    }

    fn travel(&mut self, level: usize, at: usize, state: State, mut errors: Errors, trail: Trail) {
        let (id, _) = self.level(level);
        let plan = self.flows.plan;
        let Some(function) = plan.function(id) else { return };
        let covers = |handler: &&Handler| (handler.start.0 as usize..handler.end.0 as usize).contains(&at);
        for handler in function.handlers.iter().filter(covers) {
            let caught = errors.take(handler);
            if caught.is_empty() {
                continue;
            }
            let (mut state, mut trail) = (state.clone(), trail.clone());
            let goal = Goal::Caught(id, handler.target);
            let catch = (handler.catches != Catch::Finally).then(|| handler.catches.clone());
            let left = Left { level, kept: usize::from(handler.scopes), own: false };
            if !self.undo(left, &mut state, &mut trail, catch.clone(), &caught) {
                continue;
            }
            match catch {
                Some(_) => self.arrive(goal, catch, trail, &State::default()),
                None => self.pass_finally(level, handler.target.0 as usize, state, caught, trail),
            }
        }
        if errors.is_empty() {
            return;
        }
        let (mut state, mut trail) = (state, trail);
        let left = Left { level, kept: 0, own: level == 0 };
        if self.undo(left, &mut state, &mut trail, None, &errors) {
            self.leave(level, state, errors, trail);
        }
    }

    /// Runs the undos of the sagas that are left. False where that stops the execution, or the branch of a race.
    fn undo(
        &mut self,
        left: Left,
        state: &mut State,
        trail: &mut Trail,
        caught: Option<Catch>,
        errors: &Errors,
    ) -> bool {
        let mut closed = state.take_undos(left.kept, left.own).into_iter();
        while let Some(entry) = closed.next() {
            if entry.halts() {
                let mut waiting = Listed::default();
                waiting.extend(closed);
                self.stop(left.level, state, trail, caught, errors, (entry, waiting));
                return false;
            }
            trail.undone.push(entry);
        }
        true
    }

    /// An error gets no further than to a step that an operator must settle. In a branch of a race, others go on that may
    /// win it.
    fn stop(
        &mut self,
        level: usize,
        state: &State,
        trail: &Trail,
        caught: Option<Catch>,
        errors: &Errors,
        (entry, waiting): (Entry, Listed),
    ) {
        let way = |race_lost, goal, waiting, state: &State| Way {
            caught: caught.clone(),
            race_lost,
            undone: trail.undone.clone(),
            goal,
            waiting,
            stays: Listed::of(state.staying()),
        };
        let race = (0..level).rev().find(|level| self.frames.get(*level).is_some_and(|it| it.mode.is_race()));
        let goes_on = !errors.interrupts() || errors.is_lost();
        let mut race_lost = trail.race_lost;
        if let Some((race, frame)) =
            race.filter(|_| goes_on).and_then(|race| Some((race, self.frames.get(race)?)))
        {
            let place = Target(super::flow::number(frame.at));
            let goal = Goal::RaceGoesOnHeld(frame.function, place, Box::new(entry));
            let mut waiting = waiting.clone();
            self.outermost(level, race + 1, state.clone(), &mut waiting);
            self.ways.push(way(race_lost, goal, waiting, &State::default()));
            if errors.is_lost() {
                return;
            }
            race_lost = true;
        }
        let mut waiting = waiting;
        let state = self.outermost(level, 0, state.clone(), &mut waiting);
        self.ways.push(way(race_lost, Goal::Halts(Box::new(entry)), waiting, &state));
    }

    /// All that is registered in the functions around too, up to a level; the undos are taken.
    fn outermost(&mut self, level: usize, outermost: usize, state: State, undos: &mut Listed) -> State {
        let mut state = state;
        undos.extend(state.take_undos(0, true));
        for level in (outermost..level).rev() {
            let mut inner = Vec::new();
            state = self.around(level, &state, &mut inner);
            undos.extend(inner);
            undos.extend(state.take_undos(0, true));
        }
        state
    }

    /// Runs the code of a `finally`, after which the error goes on.
    fn pass_finally(&mut self, level: usize, target: usize, state: State, errors: Errors, trail: Trail) {
        let (id, flow) = self.level(level);
        let plan = self.flows.plan;
        let Some(function) = plan.function(id) else { return };
        let mut state = state;
        let saga = flow.point(target).map_or(0, Point::saga);
        for (at, op) in function.code.iter().enumerate().skip(target) {
            if let Op::Rethrow { .. } = op {
                return self.travel(level, at, state, errors, trail);
            }
            let Some(group) = group_of(function, *op) else { continue };
            for (index, branch) in (0..).zip(&group.branches) {
                let left = self.flows.of(branch.function);
                let site = site_of(function, at, group, index);
                state.add_branch(saga, &site, &left.exit, |_| {});
            }
        }
    }

    /// An error leaves its function, whose sagas are undone.
    fn leave(&mut self, level: usize, state: State, errors: Errors, trail: Trail) {
        let Some(level) = level.checked_sub(1) else {
            return self.arrive(Goal::Leaves, None, trail, &state);
        };
        let Some(frame) = self.frames.get(level).cloned() else { return };
        let place = Target(super::flow::number(frame.at));
        let mut trail = trail;
        match frame.mode {
            GroupMode::Settled => {
                let (interrupting, others) = errors.split();
                if !others.is_empty() {
                    let goal = Goal::Settled(frame.function, place);
                    self.arrive(goal, None, trail.clone(), &State::default());
                }
                self.go_on_around(level, &state, interrupting, trail);
            }
            GroupMode::All => self.go_on_around(level, &state, errors, trail),
            GroupMode::Shielded if frame.beside => {
                self.arrive(Goal::Beside, None, trail, &State::default());
            }
            GroupMode::Shielded => self.go_on_around(level, &state, errors, trail),
            GroupMode::First | GroupMode::Some => {
                let mut state = state;
                let left = Left { level: level + 1, kept: 0, own: true };
                if !self.undo(left, &mut state, &mut trail, None, &errors) {
                    return;
                }
                if errors.contains(Kind::Lost(0)) {
                    let goal = Goal::RaceLost(frame.function, place);
                    return self.arrive(goal, None, trail, &State::default());
                }
                let before = &frame.before;
                let (interrupting, others) = errors.split();
                if !interrupting.is_empty() {
                    // The other branches are interrupted too, and undo their own.
                    let mut trail = trail.clone();
                    trail.undone.extend(self.siblings(&frame));
                    let errors = interrupting.outside();
                    self.travel(level, frame.at, before.state.clone(), errors, trail);
                }
                if !others.is_empty() {
                    let goal = Goal::RaceGoesOn(frame.function, place);
                    self.arrive(goal, None, trail.clone(), &State::default());
                    let last = frame.mode == GroupMode::First;
                    let errors = if last { others.outside() } else { Errors::one(Kind::Quorum) };
                    trail.race_lost = true;
                    self.travel(level, frame.at, before.state.clone(), errors, trail);
                }
            }
        }
    }

    /// An error leaves a branch, and is raised where the branches were begun.
    fn go_on_around(&mut self, level: usize, state: &State, errors: Errors, trail: Trail) {
        if errors.is_empty() {
            return;
        }
        let mut trail = trail;
        let at = self.frames.get(level).map_or(0, |frame| frame.at);
        let mut inner = Vec::new();
        let state = self.around(level, state, &mut inner);
        trail.undone.extend(inner);
        self.travel(level, at, state, errors.outside(), trail);
    }

    /// What is registered in the function around a branch: its own, what the branch has, and what its siblings may
    /// have, which are stopped. What these undo themselves goes to the list.
    fn around(&mut self, level: usize, state: &State, inner: &mut Vec<Entry>) -> State {
        let plan = self.flows.plan;
        let Some(frame) = self.frames.get(level).cloned() else { return State::default() };
        let Some(function) = plan.function(frame.function) else { return State::default() };
        let Some(group) = function.code.get(frame.at).and_then(|op| group_of(function, *op)) else {
            return State::default();
        };
        let (mut around, saga) = (frame.before.state.clone(), frame.before.saga());
        if frame.mode.is_race() {
            return around;
        }
        for (index, branch) in (0..).zip(&group.branches) {
            let mut site = site_of(function, frame.at, group, index);
            if frame.before.is_in_rounds() {
                // What these branches leave is newer than what those of earlier rounds have left.
                site.insert(0, u32::MAX);
            }
            let others = frame.mode != GroupMode::Shielded;
            if index == frame.branch {
                around.add_branch(saga, &site, state, |entry| {
                    entry.each |= frame.each;
                    entry.branched |= others;
                });
            }
            if others && (index != frame.branch || frame.each) {
                let sibling = self.flows.of(branch.function);
                around.add_branch(saga, &site, &sibling.ever, |entry| {
                    entry.each |= frame.each;
                    entry.branched = true;
                });
                inner.extend(sibling.ever.inner_undos().map(|entry| beside(entry, frame.each)));
            }
        }
        around
    }

    /// What the other branches of a race may have done, which each undoes itself.
    fn siblings(&mut self, frame: &Frame) -> Vec<Entry> {
        let plan = self.flows.plan;
        let Some(function) = plan.function(frame.function) else { return Vec::new() };
        let Some(group) = function.code.get(frame.at).and_then(|op| group_of(function, *op)) else {
            return Vec::new();
        };
        let others = (0..).zip(&group.branches).filter(|(index, _)| *index != frame.branch || frame.each);
        let mut undone = Vec::new();
        for (_, branch) in others {
            let sibling = self.flows.of(branch.function);
            undone.extend(sibling.ever.undos().map(|entry| beside(entry, frame.each)));
        }
        undone
    }

    fn arrive(&mut self, goal: Goal, caught: Option<Catch>, trail: Trail, state: &State) {
        self.ways.push(Way {
            caught,
            race_lost: trail.race_lost,
            undone: trail.undone,
            goal,
            waiting: Listed::default(),
            stays: Listed::of(state.staying()),
        });
    }
}

/// What a sibling may have done.
fn beside(entry: &Entry, each: bool) -> Entry {
    Entry { certain: false, branched: true, each: entry.each || each, ..*entry }
}
