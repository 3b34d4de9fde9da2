//! The mocks of a test: what each operation answers, and what was called.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use flow_driver::{Answer as Declared, LocalId, TestOperation, Value};
use flow_engine::{Answer, Sending};
use flow_http::{HttpResponse, NetError, NotSent, Unanswered};
use flow_journal::ExecutionId;
use flow_plan::{EffectClass, Meaning, Operation, OperationId, Pages, Place, Plan, Response, StepId};
use flow_vm::{Program, StepPath};

use super::played;

/// The answers that are declared so far, and what the world remembers of calls.
#[derive(Debug, Default)]
pub(super) struct Mocks {
    mocks: Vec<Mock>,
    calls: Vec<Called>,
    /// Where each call stands among them.
    places: BTreeMap<(ExecutionId, StepPath), usize>,
    /// The execution that goes on.
    run: Option<LocalId>,
    /// What each call was answered last.
    answered: BTreeMap<Spot, Answer>,
    /// The calls that were answered with success when the process died, and whose answer was not durable.
    lost: BTreeSet<Spot>,
    /// The calls whose end was durable when the process died: none of them is made again.
    settled: BTreeSet<Spot>,
    /// The calls of which a confirmation has said since then that they were not done: each of them may be made again.
    denied: BTreeSet<Spot>,
    /// A call that is answered in another way.
    fault: Option<CallFault>,
}

/// A call: in which run, in which execution, and where in that.
type Spot = (Option<LocalId>, ExecutionId, StepPath);

#[derive(Debug)]
struct CallFault {
    spot: Spot,
    answer: Prepared,
    once: bool,
    attempts: u32,
    /// What its mock would have answered to the first attempt.
    withheld: Option<Answer>,
}

#[derive(Debug)]
struct Mock {
    operation: TestOperation,
    arguments: Option<Vec<Option<Vec<u8>>>>,
    answer: Prepared,
    used: usize,
}

/// An answer with its values computed.
#[derive(Clone, Debug)]
pub(super) enum Prepared {
    Empty,
    Value(Vec<u8>),
    Fail(String, Vec<u8>),
    Status(u16, Vec<u8>),
    After(Duration, Box<Prepared>),
    Sequence(Vec<Prepared>),
}

/// Computes the values of an answer.
pub(super) fn prepare(answer: &Declared, value: &mut dyn FnMut(&Value) -> Option<Vec<u8>>) -> Prepared {
    let optional = |body: &Option<Value>, value: &mut dyn FnMut(&Value) -> Option<Vec<u8>>| {
        body.as_ref().and_then(&mut *value).unwrap_or_default()
    };
    match answer {
        Declared::Empty => Prepared::Empty,
        Declared::Value(body) => Prepared::Value(value(body).unwrap_or_default()),
        Declared::Fail(name, fields) => Prepared::Fail(name.clone(), optional(fields, value)),
        Declared::Status(status, body) => Prepared::Status(*status, optional(body, value)),
        Declared::After(wait, then) => {
            Prepared::After(Duration::from_micros(*wait), Box::new(prepare(then, value)))
        }
        Declared::Sequence(answers) => {
            Prepared::Sequence(answers.iter().map(|answer| prepare(answer, value)).collect())
        }
    }
}

/// A call that was made: all its attempts together.
#[derive(Clone, Debug)]
pub(super) struct Called {
    /// `api.operation`.
    pub(super) name: String,
    /// Whether there was no mock for it.
    pub(super) unmocked: bool,
    /// Whether it was made although its end was durable, or although it is made at most once.
    pub(super) again: bool,
    /// The step.
    pub(super) step: StepId,
    /// Whether it undoes something.
    pub(super) undoes: bool,
    /// The program that makes it.
    pub(super) program: Arc<Program>,
    /// The operation in the program's plan.
    pub(super) operation_id: OperationId,
    operation: TestOperation,
    execution: ExecutionId,
    path: StepPath,
    /// A JSON text for each parameter, or a plain text where it travels as one.
    arguments: Vec<Option<Vec<u8>>>,
}

impl Called {
    /// Whether the operation declares a response, which a mock must give.
    pub(super) fn has_response(&self) -> bool {
        let operation = self.program.plan().operation(self.operation_id);
        operation.is_none_or(|operation| operation.response != Response::Ignored)
    }

    /// Whether it is a call of the operation with the arguments.
    pub(super) fn is(&self, operation: &TestOperation, arguments: Option<&[Option<Vec<u8>>]>) -> bool {
        self.operation == *operation && arguments.is_none_or(|wanted| fits(wanted, &self.arguments))
    }

    /// Whether it was made at a place of an execution.
    pub(super) fn is_at(&self, execution: ExecutionId, path: &StepPath) -> bool {
        self.execution == execution && self.path == *path
    }

    /// Where it was made.
    pub(super) fn place(&self) -> (ExecutionId, &StepPath) {
        (self.execution, &self.path)
    }

    /// The call in words.
    pub(super) fn words(&self) -> String {
        words(&self.name, self.arguments.iter().filter(|argument| argument.is_some()))
    }
}

/// A call, or calls of which some arguments are any, in words.
fn words<'a>(name: &str, arguments: impl Iterator<Item = &'a Option<Vec<u8>>>) -> String {
    let text = |argument: &Option<Vec<u8>>| match argument {
        Some(argument) => String::from_utf8_lossy(argument).into_owned(),
        None => "_".to_owned(),
    };
    let arguments: Vec<String> = arguments.map(text).collect();
    format!("{name}({})", arguments.join(", "))
}

fn fits(wanted: &[Option<Vec<u8>>], actual: &[Option<Vec<u8>>]) -> bool {
    wanted.iter().zip(actual).all(|(wanted, actual)| match (wanted, actual) {
        (None, _) => true,
        (Some(wanted), Some(actual)) => same(wanted, actual),
        (Some(wanted), None) => wanted == b"null",
    })
}

/// Whether a JSON text and what travelled are the same value.
fn same(wanted: &[u8], actual: &[u8]) -> bool {
    let read = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).ok();
    match (read(wanted), read(actual)) {
        (Some(serde_json::Value::String(wanted)), _) if wanted.as_bytes() == actual => true,
        // A repeated query parameter travels as texts.
        (Some(serde_json::Value::Array(wanted)), Some(serde_json::Value::Array(actual)))
            if wanted.len() == actual.len() && actual.iter().all(serde_json::Value::is_string) =>
        {
            wanted.iter().zip(&actual).all(|(wanted, actual)| {
                same(wanted.to_string().as_bytes(), actual.as_str().unwrap_or_default().as_bytes())
            })
        }
        (Some(wanted), Some(actual)) => wanted == actual,
        _ => wanted == actual,
    }
}

impl Mocks {
    /// Adds a mock; later ones come first.
    pub(super) fn add(
        &mut self,
        operation: TestOperation,
        arguments: Option<Vec<Option<Vec<u8>>>>,
        answer: Prepared,
    ) {
        self.mocks.push(Mock { operation, arguments, answer, used: 0 });
    }

    /// Begins to note calls, of the run that goes on.
    pub(super) fn begin(&mut self, run: LocalId) {
        self.calls.clear();
        self.places.clear();
        self.run = Some(run);
    }

    /// Answers a call in another way: always, or its first attempt alone.
    pub(super) fn fail(&mut self, run: LocalId, call: (ExecutionId, StepPath), answer: Prepared, once: bool) {
        let spot = (Some(run), call.0, call.1);
        self.fault = Some(CallFault { spot, answer, once, attempts: 0, withheld: None });
    }

    /// The process of the run dies, after these calls were settled. An answer of success that is lost is given again
    /// to whoever asks again: the world has done it, once.
    pub(super) fn crash(&mut self, settled: BTreeSet<(ExecutionId, String)>) {
        let run = self.run;
        self.settled.extend(settled.into_iter().map(|(execution, path)| (run, execution, StepPath(path))));
        let good =
            |answer: &Answer| answer.result.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status));
        let lost = self.answered.iter().filter(|(spot, answer)| spot.0 == run && good(answer));
        let lost: BTreeSet<Spot> = lost.map(|(spot, _)| spot.clone()).collect();
        self.lost.extend(lost.into_iter().filter(|spot| !self.settled.contains(spot)));
        self.denied.retain(|spot| spot.0 != run);
    }

    /// The calls since the beginning.
    pub(super) fn end(&mut self) -> Vec<Called> {
        self.places.clear();
        std::mem::take(&mut self.calls)
    }

    /// The arguments that mocks of the operation are for, in words; none where there is no mock of it.
    pub(super) fn mocked(&self, called: &Called) -> Vec<String> {
        let of_operation = self.mocks.iter().filter(|mock| mock.operation == called.operation);
        let words =
            of_operation.filter_map(|mock| Some(words(&called.name, mock.arguments.as_ref()?.iter())));
        words.collect()
    }

    /// What the network answers to an attempt.
    pub(super) fn answer(&mut self, sending: &Sending) -> Answer {
        let plan = sending.program.plan();
        let spot = (self.run, sending.execution, sending.call.path.clone());
        let is_lost = self.lost.remove(&spot);
        let unsafe_twice = is_lost
            && !self.denied.contains(&spot)
            && plan
                .operation(sending.operation)
                .is_some_and(|operation| operation.class == EffectClass::Unsafe);
        let called = called(plan, sending, unsafe_twice || self.settled.contains(&spot));
        let lost = is_lost.then(|| self.answered.get(&spot).cloned()).flatten();
        let answer = lost.or_else(|| match self.fault.take() {
            Some(mut fault) if fault.spot == spot => {
                let answer = self.faulty(&mut fault, &called, sending);
                self.fault = Some(fault);
                answer
            }
            fault => {
                self.fault = fault;
                self.usual(&called, sending)
            }
        });
        let unmocked = answer.is_none();
        let place = (called.execution, called.path.clone());
        let known = self.places.get(&place).and_then(|known| self.calls.get_mut(*known));
        match known.filter(|_| !called.again) {
            Some(known) => known.unmocked |= unmocked,
            None => {
                self.places.entry(place).or_insert(self.calls.len());
                self.calls.push(Called { unmocked, ..called });
            }
        }
        let none = || failure(NetError::not_sent(NotSent::Setting, "there is no mock"), Duration::ZERO);
        let answer = answer.unwrap_or_else(none);
        if let Some(step) = sending.call.path.confirms()
            && says_not_done(plan.operation(sending.operation), &answer)
        {
            self.denied.insert((self.run, sending.execution, StepPath(step.to_owned())));
        }
        self.answered.insert(spot, answer.clone());
        answer
    }

    /// What a mock answers; the last that fits comes first.
    fn usual(&mut self, called: &Called, sending: &Sending) -> Option<Answer> {
        let mock = self.mocks.iter_mut().rev().find(|mock| {
            mock.operation == called.operation
                && mock.arguments.as_ref().is_none_or(|wanted| fits(wanted, &called.arguments))
        })?;
        mock.used += 1;
        Some(perform(&mock.answer, mock.used, sending.program.plan(), sending, Duration::ZERO))
    }

    /// What a call is answered that goes wrong. It takes one answer of its mock, so that others get theirs.
    fn faulty(&mut self, fault: &mut CallFault, called: &Called, sending: &Sending) -> Option<Answer> {
        fault.attempts += 1;
        if fault.attempts == 1 {
            // A call without a mock has none in a variation either.
            fault.withheld = Some(self.usual(called, sending)?);
        } else if fault.once {
            return fault.withheld.take().or_else(|| self.usual(called, sending));
        }
        Some(perform(&fault.answer, 1, sending.program.plan(), sending, Duration::ZERO))
    }
}

/// Whether the answer to a confirmation says that the step was not done: null, or absent.
fn says_not_done(operation: Option<&Operation>, answer: &Answer) -> bool {
    let Ok(response) = &answer.result else { return false };
    match operation.map(|operation| operation.meaning(response.status)) {
        Some(Meaning::Absent) => true,
        Some(Meaning::Result(_)) => response.body.trim_ascii() == b"null",
        _ => false,
    }
}

fn called(plan: &Plan, sending: &Sending, again: bool) -> Called {
    let request = &sending.call.request;
    let operation = plan.operation(sending.operation);
    let api = operation.and_then(|operation| plan.api(operation.api));
    let mut path = request.path.iter();
    let arguments =
        operation.map_or(&[][..], |operation| &operation.params).iter().map(|param| match param.place {
            Place::Path => path.next().map(|text| text.clone().into_bytes()),
            Place::Query if is_list(plan, param.ty) => Some(all_named(&request.query, &param.wire)),
            Place::Query => named(&request.query, &param.wire),
            Place::Header => named(&request.headers, &param.wire),
            Place::Body => request.body.clone(),
            Place::Unsent | Place::Next => None,
        });
    Called {
        name: plan.operation_name(sending.operation),
        unmocked: false,
        again,
        step: sending.call.step,
        undoes: sending.call.undoes,
        program: Arc::clone(&sending.program),
        operation_id: sending.operation,
        arguments: arguments.collect(),
        operation: TestOperation {
            api: api.map_or_else(String::new, |api| api.name.clone()),
            version: api.map_or(1, |api| api.version),
            operation: operation.map_or_else(String::new, |operation| operation.name.clone()),
        },
        execution: sending.execution,
        path: sending.call.path.clone(),
    }
}

fn is_list(plan: &Plan, ty: flow_plan::TypeId) -> bool {
    match plan.types.get(ty) {
        flow_plan::Type::List(_) => true,
        flow_plan::Type::Optional(inner) => matches!(plan.types.get(*inner), flow_plan::Type::List(_)),
        _ => false,
    }
}

/// Every value of the name, as a JSON list of texts.
fn all_named(pairs: &[(String, String)], name: &str) -> Vec<u8> {
    let values = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    serde_json::Value::from(values.collect::<Vec<_>>()).to_string().into_bytes()
}

fn named(pairs: &[(String, String)], name: &str) -> Option<Vec<u8>> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone().into_bytes())
}

fn perform(answer: &Prepared, used: usize, plan: &Plan, sending: &Sending, after: Duration) -> Answer {
    let operation = plan.operation(sending.operation);
    match answer {
        Prepared::Empty => respond(204, Vec::new(), after),
        Prepared::Value(body) => match operation {
            Some(operation) => answered(played::value(plan, operation, body.clone()), after),
            None => respond(200, body.clone(), after),
        },
        Prepared::Status(status, body) => match operation {
            Some(operation) => answered(played::with_status(plan, operation, *status, body.clone()), after),
            None => respond(*status, body.clone(), after),
        },
        Prepared::After(wait, then) => perform(then, used, plan, sending, after.saturating_add(*wait)),
        Prepared::Sequence(answers) => match answers.get(used - 1).or(answers.last()) {
            Some(answer) => {
                let answer = perform(answer, 1, plan, sending, after);
                let by_link = operation.is_some_and(|operation| operation.form.pages == Some(Pages::Link));
                if by_link && used < answers.len() { led_on(answer, used) } else { answer }
            }
            None => respond(204, Vec::new(), after),
        },
        Prepared::Fail(name, fields) => {
            let raised = operation.and_then(|operation| {
                let error = |id| plan.error(id).is_some_and(|error| error.name == *name);
                operation
                    .raises
                    .iter()
                    .find(|(_, id)| error(*id))
                    .map(|(statuses, _)| operation.example(*statuses))
            });
            match (raised, name.as_str()) {
                (Some(status), _) => respond(status, fields.clone(), after),
                (None, "refused") => {
                    failure(NetError::not_sent(NotSent::Connection, "refused by the mock"), after)
                }
                (None, "timeout") => {
                    failure(NetError::unanswered(Unanswered::Timeout, "timed out by the mock"), after)
                }
                (None, "http") => respond(500, Vec::new(), after),
                (None, "decode") => answered(undecodable(operation), after),
                (None, _) => {
                    failure(NetError::unanswered(Unanswered::Connection, "dropped by the mock"), after)
                }
            }
        }
    }
}

/// The answer of a page that another one follows.
fn led_on(answer: Answer, used: usize) -> Answer {
    let link = format!("<?page={}>; rel=\"next\"", used.saturating_add(1));
    Answer { result: answer.result.map(|response| response.with_header("link", &link)), ..answer }
}

fn respond(status: u16, body: Vec<u8>, after: Duration) -> Answer {
    let response = HttpResponse::new(status, body).with_header("content-type", "application/json");
    answered(response, after)
}

fn answered(response: HttpResponse, after: Duration) -> Answer {
    Answer { after, result: Ok(response) }
}

/// A success that fits no type: a body that is no JSON, or a status that is not declared.
fn undecodable(operation: Option<&Operation>) -> HttpResponse {
    let declared = |status: &u16| {
        operation.is_some_and(|operation| matches!(operation.meaning(*status), Meaning::Result(Some(_))))
    };
    let status = (200..300).find(|status| !declared(status)).unwrap_or(200);
    HttpResponse::new(status, vec![0xff]).with_header("content-type", "text/html; charset=utf-8")
}

fn failure(error: NetError, after: Duration) -> Answer {
    Answer { after, result: Err(error) }
}
