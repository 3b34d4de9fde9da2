//! A child that comes to a call after the deadline around it, and before its parent's timer has told of that: it waits
//! to be cut off.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use flow_engine::{Begun, Clock, Engine, Now, Outcome, Parts};
use flow_http::{Exchange, HttpRequest, HttpResponse, Net, Pending, Timings};
use flow_journal::{MemoryStore, Sealer};

use crate::{
    shop::{CHARGE, SECOND, Shop},
    tokio_shell::given,
    world::{link, load},
};

/// A clock that stands still, and leaps once; its timers come late.
#[derive(Clone, Default)]
struct Leaping(Arc<AtomicBool>);

/// So often others may go on before a timer that is due comes.
const LATE: usize = 100;

impl Clock for Leaping {
    fn now(&self) -> Now {
        let mono_us = if self.0.load(Ordering::SeqCst) { 10 * SECOND } else { 0 };
        Now { wall_us: i64::try_from(mono_us).unwrap(), mono_us }
    }

    fn sleep_until(&self, mono_us: u64) -> Pending<'_, ()> {
        Box::pin(async move {
            while self.now().mono_us < mono_us {
                tokio::task::yield_now().await;
            }
            for _ in 0..LATE {
                tokio::task::yield_now().await;
            }
        })
    }
}

/// A server whose answer to what changes something takes until the clock has leapt.
struct Slow(Leaping);

impl Net for Slow {
    fn send(&self, request: HttpRequest) -> Pending<'_, Exchange> {
        Box::pin(async move {
            if request.method.as_str() == "POST" {
                self.0.0.store(true, Ordering::SeqCst);
            }
            Exchange { result: Ok(HttpResponse::new(200, r#"{"id":"x-1"}"#)), timings: Timings::default() }
        })
    }
}

#[tokio::test]
async fn a_child_that_is_late_waits_for_the_deadline_that_cuts_it_off() {
    for one_per in [false, true] {
        let child = load(Shop::told_apart(Shop::default().only(CHARGE, 2), None, one_per));
        let parent = Shop { within_us: 5 * SECOND, ..Shop::default() }.siblings(child.plan());
        let clock = Leaping::default();
        let store = Arc::new(MemoryStore::new());
        let parts = Parts::new(store, Arc::new(Sealer::new([1; 32])), Arc::new(Slow(clock.clone())));
        let engine = Engine::new(Parts { clock: Arc::new(clock), ..parts });
        let program = link(parent, &child);
        let input = br#"{"id":"o-1"}"#.to_vec();
        let begun = engine.start(program, input, &given(), None, Arc::new(|_| ())).await.unwrap();
        let Begun::Started(handle) = begun else { panic!("no key was given") };
        let Outcome::Failed(failure) = handle.report().await.unwrap().outcome else { panic!("it is late") };
        assert_eq!(failure.error.name, "deadline");
    }
}
