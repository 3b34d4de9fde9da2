//! A store that lives as long as its process: for tests, `flow test`, and `flow run` without a store.

use std::{
    collections::{BTreeMap, HashMap},
    future::ready,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    Claim, Claims, EndStatus, ExecutionId, History, Pending, PlanId, Record, Start, State, Store, StoreError,
    Summary, codec,
};

/// Keeps histories in memory. Clones share what they keep. Records are kept encoded, so that whatever could not
/// be read back from a disk cannot be read back here either.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    plans: HashMap<PlanId, Vec<u8>>,
    executions: BTreeMap<ExecutionId, Kept>,
    claims: Claims,
}

#[derive(Debug)]
struct Kept {
    summary: Summary,
    records: Vec<Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Nothing panics while it holds the lock, and every change is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn start(
        &mut self,
        execution: ExecutionId,
        claim: Option<Claim>,
        records: &[Record],
    ) -> Result<Start, StoreError> {
        if let Some(claim) = &claim
            && let Some(existing) = self.claims.holder(claim, |holder| self.ended(holder))
        {
            return Ok(existing);
        }
        if self.executions.contains_key(&execution) {
            return Err(StoreError::Exists(execution));
        }
        let summary = records.first().and_then(|first| Summary::begin(execution, first));
        let mut summary = summary.ok_or(StoreError::Malformed("the first record is not a beginning"))?;
        let encoded = encode(&mut summary, records, 1)?;
        self.executions.insert(execution, Kept { summary, records: encoded });
        if let Some(claim) = claim {
            self.claims.take(execution, claim);
        }
        Ok(Start::Started)
    }

    /// How an execution has ended, where it has.
    fn ended(&self, execution: ExecutionId) -> Option<EndStatus> {
        match self.executions.get(&execution)?.summary.state {
            State::Ended(status) => Some(status),
            _ => None,
        }
    }

    fn append(
        &mut self,
        execution: ExecutionId,
        position: u64,
        records: &[Record],
    ) -> Result<(), StoreError> {
        let kept = self.executions.get_mut(&execution).ok_or(StoreError::NotFound(execution))?;
        let actual = kept.records.len() as u64;
        if actual != position {
            return Err(StoreError::Lost { execution, expected: position, actual });
        }
        if matches!(kept.summary.state, State::Ended(_)) {
            return Err(StoreError::Malformed("the execution has ended"));
        }
        let mut summary = kept.summary.clone();
        let encoded = encode(&mut summary, records, 0)?;
        kept.records.extend(encoded);
        kept.summary = summary;
        Ok(())
    }

    fn load(&self, execution: ExecutionId) -> Result<Option<History>, StoreError> {
        let Some(kept) = self.executions.get(&execution) else { return Ok(None) };
        let records = kept.records.iter().map(|bytes| codec::decode(bytes)).collect::<Result<Vec<_>, _>>()?;
        Ok(Some(History { position: records.len() as u64, records }))
    }
}

/// Encodes records and takes them into the summary; so many at the front may be a beginning.
fn encode(summary: &mut Summary, records: &[Record], beginnings: usize) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut encoded = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        let begins = match record {
            Record::Started(_) => true,
            Record::Sealed(sealed) => matches!(sealed.shell(), Ok(Record::Started(_))),
            _ => false,
        };
        if begins && index >= beginnings {
            return Err(StoreError::Malformed("an execution begins once"));
        }
        if matches!(summary.state, State::Ended(_)) {
            return Err(StoreError::Malformed("nothing follows an end"));
        }
        summary.apply(record);
        encoded.push(codec::encode(record)?);
    }
    Ok(encoded)
}

impl Store for MemoryStore {
    fn put_plan(&self, id: PlanId, bytes: Vec<u8>) -> Pending<'_, Result<(), StoreError>> {
        self.shelf().plans.entry(id).or_insert(bytes);
        Box::pin(ready(Ok(())))
    }

    fn plan(&self, id: PlanId) -> Pending<'_, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(ready(Ok(self.shelf().plans.get(&id).cloned())))
    }

    fn start(
        &self,
        execution: ExecutionId,
        claim: Option<Claim>,
        records: Vec<Record>,
    ) -> Pending<'_, Result<Start, StoreError>> {
        Box::pin(ready(self.shelf().start(execution, claim, &records)))
    }

    fn append(
        &self,
        execution: ExecutionId,
        position: u64,
        records: Vec<Record>,
    ) -> Pending<'_, Result<(), StoreError>> {
        Box::pin(ready(self.shelf().append(execution, position, &records)))
    }

    fn release(&self, execution: ExecutionId) -> Pending<'_, Result<(), StoreError>> {
        self.shelf().claims.release(execution);
        Box::pin(ready(Ok(())))
    }

    fn load(&self, execution: ExecutionId) -> Pending<'_, Result<Option<History>, StoreError>> {
        Box::pin(ready(self.shelf().load(execution)))
    }

    fn list(&self, state: Option<State>, limit: usize) -> Pending<'_, Result<Vec<Summary>, StoreError>> {
        let shelf = self.shelf();
        let mut found: Vec<Summary> = shelf
            .executions
            .values()
            .map(|kept| &kept.summary)
            .filter(|summary| state.is_none_or(|state| state == summary.state))
            .cloned()
            .collect();
        found.sort_by_key(|summary| std::cmp::Reverse((summary.started_us, summary.execution)));
        found.truncate(limit);
        Box::pin(ready(Ok(found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{self, Fixture};

    #[derive(Default)]
    struct InMemory(MemoryStore);

    impl Fixture for InMemory {
        type Store = MemoryStore;

        fn fresh(&mut self) -> Pending<'_, MemoryStore> {
            self.0 = MemoryStore::new();
            Box::pin(ready(self.0.clone()))
        }

        fn reopen(&mut self) -> Pending<'_, MemoryStore> {
            Box::pin(ready(self.0.clone()))
        }
    }

    #[tokio::test]
    async fn it_keeps_the_rules_of_stores() {
        conformance::run(&mut InMemory::default()).await.unwrap();
    }

    /// A store that has forgotten everything when it is opened again.
    #[derive(Default)]
    struct Forgetful;

    impl Fixture for Forgetful {
        type Store = MemoryStore;

        fn fresh(&mut self) -> Pending<'_, MemoryStore> {
            Box::pin(ready(MemoryStore::new()))
        }

        fn reopen(&mut self) -> Pending<'_, MemoryStore> {
            self.fresh()
        }
    }

    #[tokio::test]
    async fn the_rules_find_a_store_that_forgets() {
        let violation = conformance::run(&mut Forgetful).await.unwrap_err();
        assert_eq!(violation.case, "what was acknowledged is there for whoever comes next");
    }
}
