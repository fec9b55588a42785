//! Fills a data folder the way the product does: append, seal, merge, trim, while the clock goes on. The last events stay
//! in the log, so that questions have a tail to read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{Clock as _, FrozenClock};
use events::{Batch, EventEngine as _, LogId};

use crate::export::Export;
use crate::stream::{NAMES, Stream, end, name};
use crate::{environment, open, peak};

/// Events that are appended at once.
const BATCH: u64 = 4_000;
/// Events between two sealings.
const SEALED: u64 = 200_000;
/// Events that stay in the log.
const TAIL: u64 = 1_000;

pub(crate) fn fill(folder: &Path, events: u64, export: Option<&Path>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let clock = Arc::new(FrozenClock::default());
    let (log, engine) = open(folder, &clock);
    let parts = engine.parts(environment()).unwrap();
    let floor = BTreeMap::from([(LogId::of("edge", environment()), u64::MAX)]);
    let (stream, names) = (Stream::new(events), (0..NAMES).map(name).collect::<Vec<_>>());
    let mut export = export.map(Export::create);
    let [mut appending, mut sealing, mut merging] = [Duration::ZERO; 3];
    let (mut number, mut sealed) = (0, 0);
    while number < events {
        let upto = if number < events - TAIL { (number + BATCH).min(events - TAIL) } else { events };
        let mut batch = Batch::with_capacity(BATCH as usize);
        for at in number..upto {
            let event = stream.event(at);
            event.add(&mut batch, &names);
            if let Some(export) = &mut export {
                export.add(&event, &names);
            }
            if at + 1 == upto {
                clock.advance(event.received.since(clock.now()));
            }
        }
        time(&mut appending, || runtime.block_on(engine.append(environment(), batch)).unwrap());
        number = upto;
        let last = number == events - TAIL;
        if last || number >= sealed + SEALED {
            time(&mut sealing, || while parts.seal_now().unwrap().more {});
            time(&mut merging, || while parts.compact_due().unwrap() {});
            sealed = number;
        }
        if last || number % (5 * SEALED) < BATCH {
            let mut look = parts.look_to_trim().unwrap();
            while parts.trim_due(&mut look, &floor).unwrap() {}
        }
    }
    clock.advance(end().since(clock.now()));
    runtime.block_on(log.shutdown());
    if let Some(export) = export {
        export.finish();
    }
    let per = |time: Duration| time.as_secs_f64() * 1e6 / events as f64;
    println!("{:.3} {:.3} {:.3} {}", per(appending), per(sealing), per(merging), peak());
}

fn time<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    *sum += started.elapsed();
    done
}
