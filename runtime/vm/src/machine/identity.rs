//! What tells the executions of a workflow apart, computed from the input before one begins.

use flow_plan::{ConfigId, FunctionId};

use super::{entry_args, pin_config};
use crate::error::{DecodeError, InputError};
use crate::fault::Fault;
use crate::heap::Heap;
use crate::interpret::{self, Budget, Env};
use crate::program::{Program, Slots};

/// What tells an execution from others of its workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The value of `key`: with the same one, two starts are one execution.
    pub key: Option<String>,
    /// The value of `one per`: executions with the same one queue up.
    pub one_per: Option<String>,
}

impl Program {
    /// What tells an execution with an input from others. The configuration is that of
    /// [`Machine::start`](crate::Machine::start).
    ///
    /// # Errors
    /// Where the input or the configuration does not fit, or a value cannot be computed.
    pub fn identity(&self, input: &[u8], config: &[(ConfigId, Vec<u8>)]) -> Result<Identity, InputError> {
        let (key, one_per) = (self.plan().key.map(|key| key.value), self.plan().one_per);
        if key.is_none() && one_per.is_none() {
            return Ok(Identity::default());
        }
        let mut heap = Heap::new(self.image());
        let config = pin_config(self, &mut heap, config, false)?;
        let args = entry_args(self, &mut heap, &config, input).map_err(InputError::Input)?;
        let mut text = |what: &'static str, id: Option<FunctionId>| {
            let computed = id.map(|id| self.identity_text(&mut heap, &config, id, &args)).transpose();
            computed.map_err(|fault| InputError::Identity { what, error: DecodeError::fault(fault) })
        };
        Ok(Identity { key: text("key", key)?, one_per: text("one per", one_per)? })
    }

    fn identity_text(
        &self,
        heap: &mut Heap,
        config: &[Option<Slots>],
        id: FunctionId,
        args: &[u64],
    ) -> Result<String, Fault> {
        let env = Env { program: self, config };
        let slots = interpret::call(env, heap, &mut Budget::default(), id, args)?;
        Ok(heap.text(slots[0])?.to_owned())
    }
}
