//! The machine.
use std::sync::Arc;

use crate::{Completion, InputError, Program, ResumeError, StateError, Status, Step};
use flow_plan::ConfigId;

/// One execution.
#[derive(Debug)]
pub struct Machine {
    program: Arc<Program>,
}

impl Machine {
    /// Starts an execution. `input` and the values of pinned configuration entries are JSON.
    ///
    /// # Errors
    /// Where the input or a configuration value does not fit.
    pub fn start(
        program: Arc<Program>,
        input: &[u8],
        config: &[(ConfigId, Vec<u8>)],
    ) -> Result<(Self, Step), InputError> {
        let _ = (input, config);
        Ok((Self { program }, Step { effects: Vec::new(), status: Status::Waiting }))
    }

    /// The program that it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Goes on with what came of an effect.
    ///
    /// # Errors
    /// Where nobody waits for the effect; the machine is then unchanged.
    pub fn resume(&mut self, completion: Completion) -> Result<Step, ResumeError> {
        Err(ResumeError::NotAwaited(completion.effect))
    }

    /// Goes on after [`Status::Running`].
    pub fn proceed(&mut self) -> Step {
        Step { effects: Vec::new(), status: Status::Waiting }
    }

    /// Raises `cancelled` at the next step of each fiber; compensations run.
    pub fn cancel(&mut self) -> Step {
        Step { effects: Vec::new(), status: Status::Waiting }
    }

    /// The whole state, in its canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Reads an encoded state.
    ///
    /// # Errors
    /// Where the bytes are damaged, of another format, or of another plan.
    pub fn decode(program: Arc<Program>, bytes: &[u8]) -> Result<Self, StateError> {
        let _ = bytes;
        Ok(Self { program })
    }
}
