//! What every store must do, as a suite that any store can be put through.
//!
//! A store's own test is one call of [`run`] with a [`Fixture`] that opens it.

use crate::{
    Claim, EndStatus, ExecutionId, PlanId, Record, Start, State, Store, StoreError, sample, store::Pending,
};

/// Opens the store under test.
pub trait Fixture {
    /// The store.
    type Store: Store;

    /// Forgets everything, and opens an empty store.
    fn fresh(&mut self) -> Pending<'_, Self::Store>;

    /// Opens what the last store that was opened has kept, as a process does that comes after one that died.
    fn reopen(&mut self) -> Pending<'_, Self::Store>;
}

/// What a store did wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{case}: {found}")]
pub struct Violation {
    /// The rule.
    pub case: &'static str,
    /// What was found instead.
    pub found: String,
}

type Checked = Result<(), Violation>;

fn hold(case: &'static str, holds: bool, found: impl std::fmt::Debug) -> Checked {
    if holds { Ok(()) } else { Err(Violation { case, found: format!("{found:?}") }) }
}

fn works<T>(case: &'static str, result: Result<T, StoreError>) -> Result<T, Violation> {
    result.map_err(|error| Violation { case, found: error.to_string() })
}

/// Puts a store through all rules.
///
/// # Errors
/// The first rule that it breaks.
pub async fn run<F: Fixture>(fixture: &mut F) -> Checked {
    let store = fixture.fresh().await;
    plans(&store).await?;
    let store = fixture.fresh().await;
    histories(&store).await?;
    let store = fixture.fresh().await;
    positions(&store).await?;
    let store = fixture.fresh().await;
    beginnings_and_ends(&store).await?;
    let store = fixture.fresh().await;
    claims(&store).await?;
    freed_claims(&store).await?;
    let store = fixture.fresh().await;
    lists(&store).await?;
    durability(fixture).await
}

async fn plans<S: Store>(store: &S) -> Checked {
    let case = "a plan is kept by its hash";
    let (one, other) = (PlanId([1; 32]), PlanId([2; 32]));
    works(case, store.put_plan(one, vec![1, 2, 3]).await)?;
    works(case, store.put_plan(one, vec![1, 2, 3]).await)?;
    let found = works(case, store.plan(one).await)?;
    hold(case, found.as_deref() == Some(&[1, 2, 3]), found)?;
    let found = works(case, store.plan(other).await)?;
    hold(case, found.is_none(), found)
}

async fn histories<S: Store>(store: &S) -> Checked {
    let case = "every kind of record comes back, in order";
    let id = ExecutionId([1; 16]);
    let records = sample::records();
    let (first, rest) = records.split_at(2);
    works(case, store.start(id, None, first.to_vec()).await)?;
    for (index, record) in rest.iter().enumerate() {
        works(case, store.append(id, index as u64 + 2, vec![record.clone()]).await)?;
    }
    let history = works(case, store.load(id).await)?;
    let Some(history) = history else { return hold(case, false, "no history") };
    hold(case, history.position == records.len() as u64, history.position)?;
    // A store may leave out what the snapshot has made superfluous, and only that.
    let snapshot = records.iter().position(|record| matches!(record, Record::Snapshot(_))).unwrap_or(0);
    let needed = records.get(snapshot..).unwrap_or_default();
    hold(case, history.records.first() == records.first(), &history.records)?;
    hold(case, history.records.ends_with(needed), &history.records)?;
    let mut all = records.iter();
    hold(case, history.records.iter().all(|kept| all.any(|record| record == kept)), &history.records)?;

    let case = "an execution that does not exist is not found";
    let other = ExecutionId([2; 16]);
    let found = works(case, store.load(other).await)?;
    hold(case, found.is_none(), found)?;
    let refused = store.append(other, 0, vec![Record::Cancelled { at_us: 1 }]).await;
    hold(case, matches!(refused, Err(StoreError::NotFound(id)) if id == other), refused)
}

async fn positions<S: Store>(store: &S) -> Checked {
    let case = "whoever does not know the last record writes nothing";
    let id = ExecutionId([1; 16]);
    let note = |at_us| Record::Cancelled { at_us };
    works(case, store.start(id, None, vec![sample::started(1), note(2)]).await)?;
    works(case, store.append(id, 2, vec![note(3), note(4)]).await)?;
    for position in [0, 2, 3, 5, u64::MAX] {
        let refused = store.append(id, position, vec![note(9)]).await;
        let lost = matches!(
            refused,
            Err(StoreError::Lost { execution, expected, actual: 4 }) if execution == id && expected == position
        );
        hold(case, lost, refused)?;
    }
    let history = works(case, store.load(id).await)?;
    hold(case, history.as_ref().is_some_and(|h| h.records.len() == 4), history)
}

async fn beginnings_and_ends<S: Store>(store: &S) -> Checked {
    let case = "an execution begins once and ends once";
    let id = ExecutionId([1; 16]);
    let refused = store.start(id, None, vec![Record::Cancelled { at_us: 1 }]).await;
    hold(case, matches!(refused, Err(StoreError::Malformed(_))), refused)?;
    let refused = store.start(id, None, Vec::new()).await;
    hold(case, matches!(refused, Err(StoreError::Malformed(_))), refused)?;
    works(case, store.start(id, None, vec![sample::started(1)]).await)?;
    let refused = store.start(id, None, vec![sample::started(2)]).await;
    hold(case, matches!(refused, Err(StoreError::Exists(existing)) if existing == id), refused)?;
    let refused = store.append(id, 1, vec![sample::started(2)]).await;
    hold(case, matches!(refused, Err(StoreError::Malformed(_))), refused)?;

    let case = "records are added all or none";
    let refused = store.append(id, 1, vec![sample::ended(3), Record::Cancelled { at_us: 4 }]).await;
    hold(case, matches!(refused, Err(StoreError::Malformed(_))), refused)?;
    let history = works(case, store.load(id).await)?;
    hold(case, history.as_ref().is_some_and(|h| h.records.len() == 1), history)?;
    works(case, store.append(id, 1, vec![sample::ended(3)]).await)?;
    let refused = store.append(id, 2, vec![Record::Cancelled { at_us: 4 }]).await;
    hold(case, matches!(refused, Err(StoreError::Malformed(_))), refused)
}

async fn freed_claims<S: Store>(store: &S) -> Checked {
    let case = "a key is free again when its time is over, or after a failure where that is said";
    let claim = |key: &str, at_us, again| {
        let (workflow, key) = ("w".into(), key.into());
        Some(Claim { workflow, key, input: [1; 32], at_us, for_us: Some(100), again })
    };
    let id = |n| ExecutionId([n; 16]);
    let existing = |n| Start::Existing { execution: id(n), same_input: true };
    let end = |status| vec![Record::Ended(crate::Ended { status, outcome: Vec::new(), at_us: 5 })];
    let start = async |n, claim| works(case, store.start(id(n), claim, vec![sample::started(1)]).await);
    // It holds for its time, and until its execution has ended.
    for (n, key) in [(21, "time"), (22, "failed")] {
        let begun = start(n, claim(key, 1, false)).await?;
        hold(case, begun == Start::Started, begun)?;
        let again = start(30, claim(key, 1_000, true)).await?;
        hold(case, again == existing(n), again)?;
    }
    works(case, store.append(id(21), 1, end(EndStatus::Succeeded)).await)?;
    works(case, store.append(id(22), 1, end(EndStatus::Failed)).await)?;
    for (n, key, at_us, again, due) in [
        (31, "time", 100, true, existing(21)),
        (31, "time", 101, false, Start::Started),
        (31, "failed", 100, false, existing(22)),
        (32, "failed", 100, true, Start::Started),
        (33, "failed", 150, true, existing(32)),
    ] {
        let found = start(n, claim(key, at_us, again)).await?;
        hold(case, found == due, found)?;
    }
    Ok(())
}

async fn claims<S: Store>(store: &S) -> Checked {
    let case = "a key belongs to the execution that took it first";
    let claim = |workflow: &str, key: &str, input: u8| {
        Some(Claim {
            workflow: workflow.into(),
            key: key.into(),
            input: [input; 32],
            at_us: 1,
            for_us: None,
            again: false,
        })
    };
    let first = ExecutionId([1; 16]);
    let begin = || vec![sample::started(1)];
    let started = works(case, store.start(first, claim("w", "k", 1), begin()).await)?;
    hold(case, started == Start::Started, started)?;
    for (input, same_input) in [(1, true), (2, false)] {
        let second = ExecutionId([2; 16]);
        let existing = works(case, store.start(second, claim("w", "k", input), begin()).await)?;
        hold(case, existing == Start::Existing { execution: first, same_input }, existing)?;
        let nothing = works(case, store.load(second).await)?;
        hold(case, nothing.is_none(), nothing)?;
    }
    let case = "a key that is given free belongs to whoever claims it next";
    let third = ExecutionId([17; 16]);
    works(case, store.release(first).await)?;
    let started = works(case, store.start(third, claim("w", "k", 2), begin()).await)?;
    hold(case, started == Start::Started, started)?;
    works(case, store.release(first).await)?;
    let existing = works(case, store.start(ExecutionId([18; 16]), claim("w", "k", 2), begin()).await)?;
    hold(case, existing == Start::Existing { execution: third, same_input: true }, existing)?;
    works(case, store.release(ExecutionId([19; 16])).await)?;
    for (id, claim) in [(3, claim("other", "k", 1)), (4, claim("w", "other", 1)), (5, None), (6, None)] {
        let started = works(case, store.start(ExecutionId([id; 16]), claim, begin()).await)?;
        hold(case, started == Start::Started, started)?;
    }
    let case = "a key is not taken by a start that failed";
    let refused = store.start(first, claim("w", "free", 1), begin()).await;
    hold(case, matches!(refused, Err(StoreError::Exists(_))), refused)?;
    let started = works(case, store.start(ExecutionId([7; 16]), claim("w", "free", 1), begin()).await)?;
    hold(case, started == Start::Started, started)
}

async fn lists<S: Store>(store: &S) -> Checked {
    let case = "executions are listed by state, newest first";
    for id in 1..=4_u8 {
        let started = sample::started(i64::from(id) * 10);
        works(case, store.start(ExecutionId([id; 16]), None, vec![started]).await)?;
    }
    let held =
        |needs_attention| Record::Held(crate::Held { needs_attention, reason: String::new(), at_us: 50 });
    works(case, store.append(ExecutionId([1; 16]), 1, vec![sample::ended(60)]).await)?;
    works(case, store.append(ExecutionId([2; 16]), 1, vec![held(true)]).await)?;
    works(case, store.append(ExecutionId([3; 16]), 1, vec![held(false)]).await)?;
    for (state, limit, expected) in [
        (None, 10, &[4, 3, 2, 1][..]),
        (None, 2, &[4, 3]),
        (Some(State::Running), 10, &[4]),
        (Some(State::Paused), 10, &[3]),
        (Some(State::NeedsAttention), 10, &[2]),
        (Some(State::Ended(EndStatus::Succeeded)), 10, &[1]),
        (Some(State::Ended(EndStatus::Failed)), 10, &[]),
    ] {
        let listed = works(case, store.list(state, limit).await)?;
        let ids: Vec<u8> = listed.iter().map(|summary| summary.execution.0[0]).collect();
        hold(case, ids == expected, (state, limit, ids))?;
    }
    let case = "an execution that goes on is running again";
    works(case, store.append(ExecutionId([3; 16]), 2, vec![Record::Cancelled { at_us: 70 }]).await)?;
    let listed = works(case, store.list(Some(State::Paused), 10).await)?;
    hold(case, listed.is_empty(), listed)
}

async fn durability<F: Fixture>(fixture: &mut F) -> Checked {
    let case = "what was acknowledged is there for whoever comes next";
    let id = ExecutionId([1; 16]);
    let plan = PlanId([7; 32]);
    let claim =
        Claim { workflow: "w".into(), key: "k".into(), input: [1; 32], at_us: 1, for_us: None, again: false };
    let records = {
        let store = fixture.fresh().await;
        works(case, store.put_plan(plan, vec![9]).await)?;
        works(case, store.start(id, Some(claim.clone()), vec![sample::started(1)]).await)?;
        works(case, store.append(id, 1, vec![Record::Cancelled { at_us: 2 }]).await)?;
        works(case, store.load(id).await)?
    };
    let store = fixture.reopen().await;
    let found = works(case, store.load(id).await)?;
    hold(case, found.is_some() && found == records, found)?;
    let found = works(case, store.plan(plan).await)?;
    hold(case, found == Some(vec![9]), found)?;
    let existing =
        works(case, store.start(ExecutionId([2; 16]), Some(claim), vec![sample::started(3)]).await)?;
    hold(case, existing == Start::Existing { execution: id, same_input: true }, existing)?;
    works(case, store.append(id, 2, vec![sample::ended(4)]).await)
}
