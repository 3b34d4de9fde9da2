//! The rows: every step on every way to it, and what comes of its failures there.

use std::collections::BTreeMap;

use super::errors::{Errors, Kind};
use super::flow::{Flow, Flows, Point, group_of, number, runs_the_same};
use super::state::{Asks, Entry, Known, of_call};
use super::travel::{Frame, Goal, Journey, Way};
use super::{Attention, End, Staying, Stays, UndoCase, UndoRow, Undoing, When};
use crate::{Catch, Debug, Function, FunctionId, Group, GroupMode, Op, Plan, StepId, Target, Undo};

/// The most `finally`s in each other whose copies are told apart; of deeper ones only the one for errors is looked at.
const COPIES_DEPTH_MAX: usize = 3;

/// What cuts off a step of a branch that loses a race.
pub(super) const LOST: &str = "another branch wins";

/// The rows of a plan, by step.
pub(super) fn rows(plan: &Plan, debug: &Debug) -> Vec<UndoRow> {
    let mut walk = Walk { plan, debug, flows: Flows::new(plan), rows: BTreeMap::new() };
    walk.function(plan.entry, &mut Vec::new());
    let mut rows: Vec<(Place, UndoRow)> = walk.rows.into_values().collect();
    rows.sort_by_key(|(place, _)| *place);
    let mut rows: Vec<UndoRow> = rows.into_iter().map(|(_, row)| row).collect();
    for row in &mut rows {
        row.cases.sort_by_key(|case| (case.when, case.errors.is_empty(), case.race_lost));
    }
    rows
}

/// Where a row stands: the file, the place in it, and the code where these are not known.
type Place = (u32, u32, (FunctionId, Target));

/// What a row is about. A step is called at one place, which may be reached by several ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Step(StepId),
    Fail(FunctionId, Target),
}

struct Walk<'a> {
    plan: &'a Plan,
    debug: &'a Debug,
    flows: Flows<'a>,
    rows: BTreeMap<About, (Place, UndoRow)>,
}

impl Walk<'_> {
    fn function(&mut self, id: FunctionId, frames: &mut Vec<Frame>) {
        let Some(function) = self.plan.function(id) else { return };
        let flow = self.flows.of(id);
        for (at, op) in function.code.iter().enumerate() {
            let Some(point) = flow.point(at) else { continue };
            match op {
                Op::Call { step, .. } | Op::Spawn { step, .. } => self.step(id, at, *step, point, frames),
                Op::Fail { .. } | Op::FailBecause { .. } | Op::Rethrow { .. }
                    if !ends_finally(function, at) =>
                {
                    self.fail(id, at, op, point, frames);
                }
                _ => {
                    let Some(group) = group_of(function, *op) else { continue };
                    let beside = is_beside(function, at);
                    if group.mode == GroupMode::Shielded
                        && !is_looked_at(function, at, group, beside, frames, &flow)
                    {
                        continue;
                    }
                    let mut before = point.clone();
                    if group.mode == GroupMode::Shielded && !beside {
                        for copy in copies(function, group, &flow) {
                            before.state.join(&copy.state);
                        }
                    }
                    for (branch, code) in (0..).zip(&group.branches) {
                        let frame = Frame {
                            function: id,
                            flow: std::rc::Rc::clone(&flow),
                            at,
                            before: before.clone(),
                            branch,
                            mode: group.mode,
                            each: matches!(op, Op::ForkEach { .. }),
                            beside,
                        };
                        frames.push(frame);
                        self.function(code.function, frames);
                        frames.pop();
                    }
                }
            }
        }
    }

    fn step(&mut self, id: FunctionId, at: usize, step: StepId, point: &Point, frames: &[Frame]) {
        let here = (id, Target(number(at)));
        let with = |known| {
            let mut state = point.state.clone();
            for entry in of_call(self.plan, step, here, known) {
                state.add(point.saga(), point.newest(at), entry);
            }
            state
        };
        let mut causes = vec![
            (When::Fails, None, Errors::failing(self.plan, step), point.state.clone()),
            (When::Unknown, None, Errors::unknown(self.plan, step), with(Known::Unknown)),
        ];
        for (cause, kind) in self.interruptions(point, frames, id) {
            causes.push((When::CutOff, Some(cause), Errors::one(kind), with(Known::Cut)));
        }
        let mut cases: Vec<UndoCase> = Vec::new();
        for (when, cause, errors, state) in causes.into_iter().filter(|(_, _, errors, _)| !errors.is_empty())
        {
            for way in Journey::new(&mut self.flows, frames, id).ways(at, state, errors) {
                cases.push(self.case(when, cause.clone(), way));
            }
        }
        let confirm = self.plan.step_operation(step).and_then(|operation| operation.confirm);
        let row = UndoRow {
            step: Some(step),
            place: self.debug.place(id, here.1),
            operation: self.plan.step_name(step),
            confirmed_by: confirm.map(|confirm| self.undo_words(confirm)),
            cases,
        };
        self.add(About::Step(step), here, row);
    }

    /// A `fail`, or an error that is raised again.
    fn fail(&mut self, id: FunctionId, at: usize, op: &Op, point: &Point, frames: &[Frame]) {
        let here = (id, Target(number(at)));
        let named = match op {
            Op::Fail { error, .. } | Op::FailBecause { error, .. } => self.plan.error(*error),
            _ => None,
        };
        let operation = named.map_or_else(|| "fail".to_owned(), |error| format!("fail {}", error.name));
        let errors = Errors::computing(self.plan, op);
        let ways = Journey::new(&mut self.flows, frames, id).ways(at, point.state.clone(), errors);
        let cases = ways.into_iter().map(|way| self.case(When::Raises, None, way)).collect();
        let row =
            UndoRow { step: None, place: self.debug.place(id, here.1), operation, confirmed_by: None, cases };
        self.add(About::Fail(id, here.1), here, row);
    }

    /// Adds a row; what is reached by several ways has the cases of all of them.
    fn add(&mut self, about: About, at: (FunctionId, Target), row: UndoRow) {
        let UndoRow { cases, .. } = row;
        let (_, known) = self.rows.entry(about).or_insert_with(|| {
            let place = self.debug.location(at.0, at.1).map_or((0, 0), |place| (place.file, place.start));
            ((place.0, place.1, at), UndoRow { cases: Vec::new(), ..row })
        });
        for case in cases {
            add_case(&mut known.cases, case);
        }
    }

    /// What can cut off a step, in words, and as errors.
    fn interruptions(&self, point: &Point, frames: &[Frame], id: FunctionId) -> Vec<(String, Kind)> {
        let deadline = |function: FunctionId, at: u32| {
            let place = self.debug.place(function, Target(at)).unwrap_or_default();
            format!("deadline of {place}")
        };
        let mut all: Vec<(String, Kind)> =
            point.deadlines().map(|(scope, at)| (deadline(id, at), Kind::Deadline(scope))).collect();
        for (levels, frame) in frames.iter().rev().enumerate() {
            // Nothing from outside reaches the code of a `finally`.
            if frame.mode == GroupMode::Shielded {
                return all;
            }
            if frame.mode.is_race() {
                all.push((LOST.to_owned(), Kind::Lost(levels)));
            }
            let Some(point) = frame.flow.point(frame.at) else { continue };
            all.extend(
                point.deadlines().map(|(scope, at)| {
                    (deadline(frame.function, at), Kind::OuterDeadline(levels + 1, scope))
                }),
            );
        }
        all.push(("cancelling".to_owned(), Kind::Cancelled));
        all
    }

    fn case(&self, when: When, cause: Option<String>, way: Way) -> UndoCase {
        let place = |at: (FunctionId, Target)| self.debug.place(at.0, at.1);
        let end = match way.goal {
            Goal::Leaves => End::Leaves,
            Goal::Caught(function, at) => End::Caught { place: place((function, at)) },
            Goal::Settled(function, at) => End::Settled { place: place((function, at)) },
            Goal::RaceGoesOn(function, at) => End::RaceGoesOn { place: place((function, at)) },
            Goal::RaceLost(function, at) => End::RaceLost { place: place((function, at)) },
            Goal::Beside => End::GoesOnBeside,
            Goal::RaceGoesOnHeld(function, at, entry) => End::RaceGoesOnHeld {
                place: place((function, at)),
                operation: self.name(&entry),
                why: self.why(&entry),
            },
            Goal::Halts(entry) => End::NeedsAttention { operation: self.name(&entry), why: self.why(&entry) },
        };
        let caught = way.caught.map(|catch| self.catch_words(&catch));
        UndoCase {
            when,
            errors: cause.or(caught).into_iter().collect(),
            race_lost: way.race_lost,
            undone: self.undoings(&way.undone.entries),
            more_undone: way.undone.more,
            end,
            waiting: self.undoings(&way.waiting.entries),
            more_waiting: way.waiting.more,
            stays: way.stays.entries.iter().filter_map(|entry| self.staying(entry)).collect(),
            more_stays: way.stays.more,
        }
    }

    /// Why an operator must settle a step.
    fn why(&self, entry: &Entry) -> Attention {
        let step = entry.step.and_then(|step| self.plan.step(step));
        let uses_result = step.is_some_and(|step| matches!(step.undo, Undo::Function { .. }));
        if uses_result { Attention::UndoUsesResult } else { Attention::NoUndo }
    }

    fn name(&self, entry: &Entry) -> String {
        entry.step.map_or_else(|| "undo".to_owned(), |step| self.plan.step_name(step))
    }

    fn undoings(&self, entries: &[Entry]) -> Vec<Undoing> {
        let undoing = |entry: &Entry| Undoing {
            step: entry.step,
            place: self.debug.place(entry.at.0, entry.at.1),
            operation: self.name(entry),
            by: entry.undo.filter(|_| entry.asks != Asks::Must).map(|undo| self.undo_words(undo)),
            if_done: !entry.certain,
            each: entry.each,
            branched: entry.branched,
            stops_if_unknown: entry.asks != Asks::No,
        };
        entries.iter().map(undoing).collect()
    }

    /// What an undo calls, by name, its branches too.
    fn undo_words(&self, undo: FunctionId) -> String {
        let (mut names, mut work) = (Vec::new(), vec![undo]);
        while let Some(function) = work.pop().and_then(|id| self.plan.function(id)) {
            for op in &function.code {
                if let Op::Call { step, .. } | Op::Spawn { step, .. } = op {
                    names.push(self.plan.step_name(*step));
                }
            }
            let branches = function.groups.iter().flat_map(|group| &group.branches);
            work.extend(branches.map(|branch| branch.function));
        }
        names.dedup();
        if names.is_empty() { "code that calls nothing".to_owned() } else { names.join(" and ") }
    }

    fn staying(&self, entry: &Entry) -> Option<Staying> {
        let step = entry.step?;
        Some(Staying {
            step,
            place: self.debug.place(entry.at.0, entry.at.1),
            operation: self.name(entry),
            why: entry.stays.unwrap_or(Stays::Undeclared),
            if_done: !entry.certain,
        })
    }

    fn catch_words(&self, catch: &Catch) -> String {
        let word = match catch {
            Catch::Error(id) => {
                return self.plan.error(*id).map_or_else(|| id.to_string(), |it| it.name.clone());
            }
            Catch::Http(from, to) if from == to => return format!("http {from}"),
            Catch::Http(from, to) if to - from == 99 && from % 100 == 0 => {
                return format!("http {}xx", from / 100);
            }
            Catch::Http(100.., 599..) => "http",
            Catch::Http(from, to) => return format!("http {from} to {to}"),
            Catch::Any | Catch::Finally => "any error",
            Catch::Refused => "refused",
            Catch::Unknown => "unknown",
            Catch::Timeout => "timeout",
            Catch::Connection => "connection",
            Catch::Decode => "decode",
            Catch::Deadline => "deadline",
            Catch::Arithmetic => "arithmetic",
            Catch::Range => "range",
            Catch::Cast => "cast",
            Catch::Limit => "limit",
            Catch::Quorum => "quorum",
        };
        word.to_owned()
    }
}

/// Adds a case; where one says the same of other errors, they are one.
fn add_case(cases: &mut Vec<UndoCase>, case: UndoCase) {
    let same = cases.iter_mut().find(|known| {
        known.when == case.when
            && known.errors.is_empty() == case.errors.is_empty()
            && known.comes_to_the_same(&case)
    });
    match same {
        Some(known) => {
            for error in case.errors {
                if !known.errors.contains(&error) {
                    known.errors.push(error);
                }
            }
        }
        None => cases.push(case),
    }
}

/// Whether an instruction raises an error again that was on its way when a `finally` ran.
fn ends_finally(function: &Function, at: usize) -> bool {
    let Some(Op::Rethrow { error }) = function.code.get(at) else { return false };
    let attached = |op: &Op| matches!(op, Op::ErrorAttach { dst, .. } if dst == error);
    let held = |it: &crate::Handler| it.catches == Catch::Finally && it.error == *error;
    function.handlers.iter().any(held) || function.code.iter().any(attached)
}

/// Whether the `finally` at an instruction runs for an error that goes on afterwards.
fn is_beside(function: &Function, at: usize) -> bool {
    let begins =
        |handler: &crate::Handler| handler.catches == Catch::Finally && handler.target.0 as usize == at;
    function.handlers.iter().any(begins)
}

/// What holds before the copies of a `finally` on the ways out without an error, as far as these are gone.
fn copies<'a>(function: &'a Function, group: &'a Group, flow: &'a Flow) -> impl Iterator<Item = &'a Point> {
    let same = move |(at, op): &(usize, &Op)| {
        !is_beside(function, *at) && group_of(function, **op).is_some_and(|other| runs_the_same(other, group))
    };
    function.code.iter().enumerate().filter(same).filter_map(|(at, _)| flow.point(at))
}

/// Whether the copy of a `finally` at an instruction is looked at: the last one of those without an error, which say
/// the same, and the one for errors.
fn is_looked_at(
    function: &Function,
    at: usize,
    group: &Group,
    beside: bool,
    frames: &[Frame],
    flow: &Flow,
) -> bool {
    if beside {
        return true;
    }
    let deep = frames.iter().filter(|frame| frame.mode == GroupMode::Shielded).count() >= COPIES_DEPTH_MAX;
    let later = copies(function, group, flow).last();
    let last = later.is_none_or(|last| flow.point(at).is_some_and(|point| std::ptr::eq(point, last)));
    !deep && last
}
