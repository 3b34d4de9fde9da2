//! The APIs as they are played: the operations of all plans, put together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flow_plan::{Idempotency, Operation, OperationId, Param, Place, Setting};
use flow_vm::Program;

use crate::{
    Calls, OperationCalls, OperationName, Options, StartError, answer,
    given::{self, Unknown},
    memory::Memory,
    route::{PathParams, Route},
};

/// One API.
pub(crate) struct Api {
    pub(crate) name: String,
    pub(crate) version: u32,
    /// Where it listens, with a slash at the end.
    pub(crate) base: String,
    /// What its plans say of where it is.
    declared: Vec<Declared>,
    pub(crate) operations: Vec<Played>,
    routes: Vec<Route>,
    pub(crate) options: Arc<Options>,
    memory: Mutex<Memory>,
}

/// A base URL as a plan declares it, in a form that is the same for every plan.
#[derive(PartialEq, Eq)]
enum Declared {
    Text(String),
    Config(String),
}

/// One operation.
pub(crate) struct Played {
    program: Arc<Program>,
    pub(crate) id: OperationId,
    pub(crate) operation: Operation,
    /// `payments.charge`, with the version where several are played.
    pub(crate) label: String,
    /// The JSON that replaces its sample data.
    pub(crate) answer: Option<String>,
}

impl Played {
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// The header that carries its idempotency key.
    pub(crate) fn key_header(&self) -> Option<&str> {
        match &self.operation.idempotency {
            Some(Idempotency::Header(name)) => Some(name),
            Some(Idempotency::Natural | Idempotency::Field(_)) | None => None,
        }
    }

    /// The way to the field of the body that carries its idempotency key.
    pub(crate) fn key_field(&self) -> Option<&[String]> {
        match &self.operation.idempotency {
            Some(Idempotency::Field(path)) => Some(path),
            _ => None,
        }
    }

    /// The parameter that is the body.
    pub(crate) fn body_param(&self) -> Option<&Param> {
        self.operation.params.iter().find(|param| param.place == Place::Body)
    }
}

impl Api {
    /// The APIs of the plans, each once, in the order of the plans.
    pub(crate) fn all(programs: &[Arc<Program>], options: &Arc<Options>) -> Vec<Self> {
        let mut apis: Vec<Self> = Vec::new();
        for program in programs {
            for api in &program.plan().apis {
                if !apis.iter().any(|known| known.name == api.name && known.version == api.version) {
                    apis.push(Self {
                        name: api.name.clone(),
                        version: api.version,
                        base: String::new(),
                        declared: declared(program, &api.base),
                        operations: Vec::new(),
                        routes: Vec::new(),
                        options: Arc::clone(options),
                        memory: Mutex::new(Memory::new(0)),
                    });
                }
            }
            for (id, operation) in (0..).map(OperationId).zip(&program.plan().operations) {
                let declared = program.plan().api(operation.api);
                let api = apis
                    .iter_mut()
                    .find(|api| declared.is_some_and(|d| d.name == api.name && d.version == api.version));
                if let Some(api) = api {
                    api.add(program, id, operation);
                }
            }
        }
        let names: Vec<String> = apis.iter().map(|api| api.name.clone()).collect();
        for api in &mut apis {
            api.complete(names.iter().filter(|name| **name == api.name).count() > 1);
        }
        apis
    }

    /// Adds an operation, if no other plan has brought it.
    fn add(&mut self, program: &Arc<Program>, id: OperationId, operation: &Operation) {
        let same = |played: &Played| {
            played.operation.name == operation.name
                && played.operation.method == operation.method
                && played.operation.path == operation.path
        };
        if !self.operations.iter().any(same) {
            self.operations.push(Played {
                program: Arc::clone(program),
                id,
                operation: operation.clone(),
                label: String::new(),
                answer: None,
            });
        }
    }

    /// Names the operations, and orders the ways to them.
    fn complete(&mut self, several_versions: bool) {
        for played in &mut self.operations {
            let version = several_versions.then_some(self.version);
            let operation = played.operation.name.clone();
            played.label = OperationName { api: self.name.clone(), version, operation }.to_string();
        }
        self.routes =
            self.operations.iter().enumerate().map(|(place, p)| Route::new(&p.operation, place)).collect();
        self.routes.sort_by_key(Route::rank);
        self.memory = Mutex::new(Memory::new(self.operations.len()));
    }

    /// The operation that a request is for.
    pub(crate) fn route(&self, method: &str, path: &str) -> Option<(usize, &Played, PathParams)> {
        self.routes.iter().find_map(|route| {
            let params = route.matches(method, path)?;
            Some((route.operation, self.operations.get(route.operation)?, params))
        })
    }

    /// Whether it is declared to be where another one is. A request for it may then come to the other's port:
    /// whoever sets the configuration entry that both use can only give one URL.
    pub(crate) fn shares_base(&self, other: &Api) -> bool {
        self.declared.iter().any(|base| other.declared.contains(base))
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what it has seen.
    pub(crate) fn count(&self, calls: &mut Calls) {
        let memory = self.memory();
        calls.unmatched += memory.unmatched;
        for (played, seen) in self.operations.iter().zip(&memory.operations) {
            let seen = OperationCalls {
                requests: seen.requests,
                effects: seen.effects,
                keys: seen.keys.keys().cloned().collect(),
            };
            calls.operations.insert(played.label.clone(), seen);
        }
    }
}

fn declared(program: &Program, base: &[Setting]) -> Vec<Declared> {
    base.iter()
        .map(|setting| match setting {
            Setting::Config(id) => Declared::Config(entry_name(program, *id)),
            other => Declared::Text(shown(program, other)),
        })
        .collect()
}

/// A setting that is put together, with the names of what it is made of.
fn shown(program: &Program, setting: &Setting) -> String {
    match setting {
        Setting::Text(text) => text.clone(),
        Setting::Config(id) => format!("{{{}}}", entry_name(program, *id)),
        Setting::Joined(parts) => parts.iter().map(|part| shown(program, part)).collect(),
        Setting::Computed(index) => format!("{{{index}}}"),
    }
}

fn entry_name(program: &Program, id: flow_plan::ConfigId) -> String {
    program.plan().config_entry(id).map_or_else(|| id.to_string(), |entry| entry.name.clone())
}

/// Gives the operations what the options say of them.
pub(crate) fn instruct(apis: &mut [Api], options: &Options) -> Result<(), StartError> {
    for failure in &options.failures {
        for (api, place) in named(apis, &failure.operation)? {
            if let Some(api) = apis.get(api)
                && let Some(operation) = api.memory().operations.get_mut(place)
            {
                operation.script.extend(&failure.steps);
            }
        }
    }
    for own in &options.answers {
        for (api, place) in named(apis, &own.operation)? {
            if let Some(played) = apis.get_mut(api).and_then(|api| api.operations.get_mut(place)) {
                played.answer = Some(own.json.clone());
            }
            if let Some(api) = apis.get(api)
                && let Some(played) = api.operations.get(place)
            {
                if let Some(Unknown { member, known }) = given::unknown_member(played) {
                    return Err(StartError::UnknownMember { name: own.operation.clone(), member, known });
                }
                answer::try_given(api, played)
                    .map_err(|reason| StartError::Answer { name: own.operation.clone(), reason })?;
            }
        }
    }
    Ok(())
}

/// The places of the operations that a name means.
fn named(apis: &[Api], name: &OperationName) -> Result<Vec<(usize, usize)>, StartError> {
    let mut places = Vec::new();
    for (index, api) in apis.iter().enumerate() {
        for (place, played) in api.operations.iter().enumerate() {
            if name.names(&api.name, api.version, &played.operation.name) {
                places.push((index, place));
            }
        }
    }
    if places.is_empty() {
        let known = apis.iter().flat_map(|api| &api.operations).map(|played| played.label.clone()).collect();
        return Err(StartError::UnknownOperation { name: name.clone(), known });
    }
    Ok(places)
}
