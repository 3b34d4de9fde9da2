//! Independent work on all cores, with results in the order of the work: how many cores there are changes nothing else.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most threads that one compilation uses.
const THREADS_MAX: usize = 8;

/// Pieces of work below which threads are not worth their start.
const WORK_MIN: usize = 4;

/// Applies a function to each piece of work.
pub(crate) fn map<T: Send, U: Send>(work: Vec<T>, function: impl Fn(T) -> U + Sync) -> Vec<U> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    if cores < 2 || work.len() < WORK_MIN {
        return work.into_iter().map(function).collect();
    }
    let due: Vec<Mutex<Option<T>>> = work.into_iter().map(|piece| Mutex::new(Some(piece))).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        while let at = next.fetch_add(1, Ordering::Relaxed)
            && let Some(piece) = due.get(at)
        {
            if let Some(piece) = piece.lock().ok().and_then(|mut piece| piece.take()) {
                done.push((at, function(piece)));
            }
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..cores)
            // Where the system gives no more threads, the others do the work.
            .filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, run).ok())
            .collect();
        let mut done = run();
        for helper in helpers {
            match helper.join() {
                Ok(others) => done.extend(others),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn results_stand_in_the_order_of_the_work() {
        let work: Vec<usize> = (0..1_000).collect();
        assert_eq!(map(work.clone(), |n| n), work);
        assert_eq!(map(vec![1, 2], |n| n + 1), [2, 3]);
    }
}
