//! `flow run`: one execution, from start to end, against real HTTP services or mocks.

mod callbacks;
pub(super) mod failure;
pub(crate) mod progress;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use flow_diagnostics::nearest;
use flow_driver::{Compilation, CompiledWorkflow};
use flow_engine::{Begun, Engine, Handle, Parts, Report, StartError};
use flow_http::{NetOptions, ReqwestNet};
use flow_journal::{MemoryStore, Sealer};
use flow_mock::{Failure, Mock, Options};
use flow_vm::Program as Loaded;

use crate::exit::{Exit, Usage, usage};
use crate::output::{Output, plain_json};
use crate::program::Program;
use crate::settings::Sources;

/// The longest input that is read: 8 MiB.
const INPUT_BYTES_MAX: u64 = 8 << 20;

/// Runs one execution of a workflow and waits for its end. The result goes to stdout.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    flow run main.flow\n  \
    flow run order.flow --input @order.json --set orders_url=http://127.0.0.1:8081\n  \
    flow run order.flow --input @order.json --mock --fail payments.charge=402")]
pub(crate) struct Run {
    /// The file
    file: PathBuf,

    /// The workflow; needed where the file declares several
    workflow: Option<String>,

    /// The input as JSON, a file with it (`@file`), or stdin (`-`); `{}` if none is given
    #[arg(long, value_name = "JSON|@FILE|-")]
    input: Option<String>,

    /// A value for a config entry; also FLOW_SET_NAME, FLOW_SET_NAME_FILE, flow.toml
    #[arg(long = "set", value_name = "NAME=VALUE")]
    sets: Vec<String>,

    /// A file of lines `FLOW_SET_NAME=value`
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,

    /// A signal for the execution, sent as it begins, such as approve='{"ok": true}'; one that is not waited for yet
    /// is kept until it is
    #[arg(long = "send", value_name = "SIGNAL=JSON")]
    signals: Vec<String>,

    /// Where callbacks are answered, if the workflow makes any; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    callbacks: std::net::SocketAddr,

    /// Play the declared APIs on local HTTP servers, with sample data
    #[arg(long)]
    mock: bool,

    /// With --mock: what an operation does wrong: a status, `drop`, `reset`, `timeout`, `delay:3s` or `ok`,
    /// each with `:TIMES`, several with commas: payments.charge=503:2,402
    #[arg(long = "fail", value_name = "API.OP=WHAT", requires = "mock")]
    failures: Vec<String>,

    /// With --mock: an answer in place of sample data, such as orders.validate='{"valid": false}'
    #[arg(long = "answer", value_name = "API.OP=JSON", requires = "mock")]
    answers: Vec<String>,

    /// With --mock: chooses the sample data
    #[arg(long, value_name = "NUMBER", requires = "mock", default_value_t = 0)]
    seed: u64,

    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The result as JSON; a failure is shown on stderr.
    #[default]
    Text,
    /// One JSON document on the execution, failed or not.
    Json,
}

impl Run {
    /// Runs the execution.
    ///
    /// # Errors
    /// Where it could not be started: the file, the input, the configuration.
    pub(crate) fn run(&self, output: &Output) -> anyhow::Result<Exit> {
        let Some(program) = Program::compile(&self.file, output)? else { return Ok(Exit::Source) };
        let workflow = program.workflow(self.workflow.as_deref())?;
        let input = self.read_input(output)?;
        let given = Sources::gather(&self.sets, self.env_file.as_deref(), &program.root)?;
        given.refuse_unknown(&program.compilation.config)?;
        for name in given.unclaimed(&program.compilation.config, &program.root) {
            output.say(&format!(
                "warning: no program of this project has a config `{name}`, which {} sets\n",
                crate::world::PROJECT_FILE
            ));
        }
        crate::exit::require_open_files()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(self.execute(&program, workflow, input, &given, output))
    }

    async fn execute(
        &self,
        program: &Program,
        workflow: &CompiledWorkflow,
        input: Vec<u8>,
        given: &Sources,
        output: &Output,
    ) -> anyhow::Result<Exit> {
        let mut loaded = Program::link(&program.compilation, workflow, &|_| {})?;
        let signals = self.read_signals(workflow)?;
        for (name, json) in &signals {
            let declared = workflow.plan.signals.iter().find(|signal| signal.name == *name);
            if let Some(Err(error)) = declared.map(|signal| loaded.check_value(signal.ty, json)) {
                usage!("--send {name}: what is sent does not fit: {error}");
            }
        }
        let mock = if self.mock { Some(self.start_mock(&loaded).await?) } else { None };
        if let Some(mock) = &mock {
            loaded = Program::link(&program.compilation, workflow, &|plan| mock.redirect(plan))?;
        }
        let net =
            ReqwestNet::new(NetOptions { allow_private: given.allow_private, ..NetOptions::default() })?;
        // What is sealed is kept as long as the store is: as long as this process.
        let sealer = Sealer::random().context("the system gives no randomness for a key")?;
        let mut parts = Parts::new(Arc::new(MemoryStore::default()), Arc::new(sealer), Arc::new(net));
        let mut answers = None;
        if program.compilation.workflows.iter().any(|workflow| callbacks::makes_callbacks(&workflow.plan)) {
            let bound = callbacks::Bound::bind(self.callbacks).await?;
            parts.callbacks = Arc::from(bound.url());
            answers = Some(bound);
        }
        let engine = Engine::new(parts);
        // It ends with the runtime, after the execution.
        answers.map(|bound| tokio::spawn(bound.serve(engine.clone())));
        let mut settings = given.for_program(&loaded);
        if self.mock {
            settings = settings.with_stand_ins(loaded.plan());
            for below in loaded.descendants() {
                settings = settings.with_stand_ins(below.plan());
            }
        }
        if loaded.plan().key.is_some() || loaded.plan().one_per.is_some() {
            output.say("`key` and `one per` tell executions of one process apart: this one runs alone\n");
        }
        let watcher = progress::watcher(output, &loaded);
        let begun = engine.start(loaded, input, &settings, None, watcher).await;
        let handle = match begun {
            Ok(Begun::Started(handle)) => handle,
            Ok(Begun::Existing(execution)) => bail!("execution {execution} has this key already"),
            Err(error) => return Err(explain(error, given, &program.compilation)),
        };
        for (name, json) in signals {
            // It fits: what is left is that the execution has ended, or keeps 1,000 already.
            if engine.signal(handle.execution(), name.as_str(), json).await.is_err() {
                output.say(&format!("--send {name}: it came too late, and nobody received it\n"));
            }
        }
        let (report, mut signal) = wait(handle, output).await?;
        // What it has started goes its own way, but not further than this process.
        let mut all_good = true;
        loop {
            let started = engine.take_started();
            if started.is_empty() {
                break;
            }
            for handle in started {
                let execution = handle.execution();
                let (report, caught) = wait(handle, output).await?;
                signal = signal.or(caught);
                let ending = report.outcome.words();
                output.say(&format!("execution {execution}, which was started, {ending}\n"));
                all_good &= matches!(report.outcome, flow_engine::Outcome::Succeeded(_));
            }
        }
        let shown = report::Shown::new(&report, program, workflow);
        match self.format {
            Format::Json => output.result(&format!("{}\n", plain_json(&shown.json()?)))?,
            Format::Text => shown.text(output)?,
        }
        Ok(signal.unwrap_or(if shown.is_success() && all_good { Exit::Ok } else { Exit::Failed }))
    }

    fn read_input(&self, output: &Output) -> anyhow::Result<Vec<u8>> {
        match self.input.as_deref() {
            None => Ok(b"{}".to_vec()),
            Some("-") => {
                if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
                    output.say("reading the input from the terminal: end it with Ctrl-D\n");
                }
                bounded(std::io::stdin().lock(), "stdin")
            }
            Some(text) => match text.strip_prefix('@') {
                Some(path) => {
                    let file = std::fs::File::open(Path::new(path)).map_err(|error| {
                        anyhow::anyhow!("cannot read {path}: {}", crate::world::words(&error))
                    })?;
                    bounded(file, path)
                }
                None => Ok(text.as_bytes().to_vec()),
            },
        }
    }

    /// The signals of `--send`, each known to the workflow.
    fn read_signals(&self, workflow: &CompiledWorkflow) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let known: Vec<&str> = workflow.plan.signals.iter().map(|signal| signal.name.as_str()).collect();
        let mut signals = Vec::new();
        for text in &self.signals {
            let Some((name, json)) = text.split_once('=') else {
                usage!("--send {text}: write SIGNAL=JSON, such as approve='{{\"ok\": true}}'");
            };
            if !known.contains(&name) {
                match nearest(name, known.iter().copied()) {
                    Some(near) => usage!("the workflow receives no signal `{name}`: did you mean `{near}`?"),
                    None if known.is_empty() => usage!("the workflow receives no signals"),
                    None => {
                        usage!("the workflow receives no signal `{name}`: it receives {}", known.join(", "))
                    }
                }
            }
            signals.push((name.to_owned(), json.as_bytes().to_vec()));
        }
        Ok(signals)
    }

    async fn start_mock(&self, program: &Arc<Loaded>) -> anyhow::Result<Mock> {
        let failures = self
            .failures
            .iter()
            .map(|text| Failure::parse(text).map_err(|error| Usage(format!("in --fail {text}: {error}"))));
        let answers = self.answers.iter().map(|text| {
            flow_mock::Answer::parse(text).map_err(|error| Usage(format!("in --answer {text}: {error}")))
        });
        let options = Options {
            seed: self.seed,
            failures: failures.collect::<Result<_, _>>()?,
            answers: answers.collect::<Result<_, _>>()?,
            ..Options::default()
        };
        let mut programs = program.descendants();
        programs.push(Arc::clone(program));
        match Mock::start(&programs, options).await {
            Ok(mock) => Ok(mock),
            Err(flow_mock::StartError::UnknownOperation { name, known }) => {
                let name = name.to_string();
                match nearest(&name, known.iter().map(String::as_str)) {
                    Some(near) => usage!("the workflow calls no `{name}`: did you mean `{near}`?"),
                    None => usage!("the workflow calls no `{name}`: it calls {}", known.join(", ")),
                }
            }
            Err(flow_mock::StartError::UnknownMember { name, member, known }) => {
                match nearest(&member, known.iter().map(String::as_str)) {
                    Some(near) => {
                        usage!("in --answer: `{name}` answers with no `{member}`: did you mean `{near}`?")
                    }
                    None => {
                        usage!(
                            "in --answer: `{name}` answers with no `{member}`: it has {}",
                            known.join(", ")
                        )
                    }
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn bounded(source: impl std::io::Read, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(source, INPUT_BYTES_MAX + 1), &mut bytes)
        .map_err(|error| anyhow::anyhow!("cannot read {name}: {}", crate::world::words(&error)))?;
    if bytes.len() as u64 > INPUT_BYTES_MAX {
        bail!("the input from {name} is longer than 8 MiB");
    }
    Ok(bytes)
}

/// Waits for the end. Ctrl-C, SIGTERM or the terminal's end cancels the execution, which undoes what it did; a second one ends the
/// process at once.
async fn wait(handle: Handle, output: &Output) -> anyhow::Result<(Report, Option<Exit>)> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut hangups = signal(SignalKind::hangup())?;
    let canceller = handle.canceller();
    let mut caught = None;
    let report = handle.report();
    tokio::pin!(report);
    loop {
        let exit = tokio::select! {
            report = &mut report => return Ok((report?, caught)),
            _ = interrupts.recv() => Exit::Interrupted,
            _ = terminations.recv() => Exit::Terminated,
            _ = hangups.recv() => Exit::HungUp,
        };
        if caught.is_some() {
            std::process::exit(exit as i32);
        }
        caught = Some(exit);
        output.say("cancelling: what was done is being undone; once more ends at once\n");
        canceller.cancel().await;
    }
}

fn explain(error: StartError, given: &Sources, compilation: &Compilation) -> anyhow::Error {
    let errors = match error {
        StartError::Settings(errors) => errors,
        StartError::Input(error) => return Usage(error.to_string()).into(),
        other => return anyhow::Error::new(other),
    };
    let lines: Vec<String> = errors.iter().map(|error| setting(error, given, compilation)).collect();
    anyhow::anyhow!("{}", lines.join("\n       "))
}

fn setting(error: &flow_engine::SettingError, given: &Sources, compilation: &Compilation) -> String {
    use flow_engine::SettingError as Error;
    match error {
        Error::SecretMissing(name) => {
            let upper = name.to_ascii_uppercase();
            format!("{error}: set FLOW_SET_{upper}, or FLOW_SET_{upper}_FILE to a file that holds it")
        }
        Error::Missing(name) => {
            format!("{error}: pass --set {name}=VALUE, or set FLOW_SET_{}", name.to_ascii_uppercase())
        }
        Error::SecretEmpty(name)
        | Error::SecretTooLong(name)
        | Error::SecretMalformed(name)
        | Error::Malformed { name, .. } => match given.origin(name) {
            Some(origin) => format!("{error} (from {origin})"),
            None => error.to_string(),
        },
        Error::Broken { name, .. } | Error::SecretBroken(name) => {
            let origin = given.origin(name).unwrap_or("its default");
            match condition(compilation, name) {
                Some(condition) => format!("{error} (from {origin})\n       {condition}"),
                None => format!("{error} (from {origin})"),
            }
        }
        Error::SecretUnread { .. } => error.to_string(),
    }
}

/// Where the condition of a config entry stands: `shop.flow:3: port: int where port > 0`.
fn condition(compilation: &Compilation, name: &str) -> Option<String> {
    compilation.workflows.iter().find_map(|workflow| {
        let check = workflow.plan.config.iter().find(|entry| entry.name == name)?.check?;
        let (_, at) = workflow.debug.functions.get(check.index())?.places.first()?;
        let file = workflow.debug.files.get(at.file as usize)?;
        let source = compilation.sources.iter().find(|source| source.name() == file)?;
        let line = source.text().lines().nth(at.line.checked_sub(1)? as usize)?;
        Some(format!("{}:{}: {}", compilation.sources.shown_name(source.id()), at.line, line.trim()))
    })
}
