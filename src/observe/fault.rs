//! Faults on purpose: shall this request fail, by the kernel's attributes and in its order of decision.
//! Takes no lock to decide, so handlers may ask. Knows nothing of what fails then.
//!
//! | word of a plan | meaning |
//! |---|---|
//! | probability | percent; 0: never, whatever the others say; written last |
//! | interval | only each so-manieth look may fail; 0 and 1: each |
//! | times | failures that are left; −1: no end |
//! | space | as long as more than a request's size is left here, it is subtracted, and nothing fails |
//! | looks | how often it came to the interval |

use super::aids;
use crate::error::Error;
use crate::sync::Lock;
use core::sync::atomic::{AtomicI64, AtomicU64, Ordering::*};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    PageAlloc,
    MempoolAlloc,
    MempoolAllocBulk,
}

pub const ALL: [Fault; 3] = [Fault::PageAlloc, Fault::MempoolAlloc, Fault::MempoolAllocBulk];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attr {
    pub probability: u64,
    pub interval: u64,
    pub times: i64,
    pub space: u64,
}

struct Plan {
    probability: AtomicU64,
    interval: AtomicU64,
    times: AtomicI64,
    space: AtomicU64,
    looks: AtomicU64,
}

static PLANS: [Plan; 3] = [const { Plan::none() }; 3];
/// Held by who changes a plan: two must not mix.
static CHANGE: Lock = Lock::new();

/// Puts a plan in force, None ends it. −EINVAL for more than 100 percent or less than −1 times.
pub fn set(fault: Fault, attr: Option<Attr>) -> Result<(), Error> {
    if attr.is_some_and(|attr| attr.probability > 100 || attr.times < -1) {
        return Err(Error::Invalid);
    }
    let plan = &PLANS[fault as usize];
    let _one = CHANGE.lock();
    plan.probability.store(0, Relaxed);
    aids::clear(1 << fault as u32);
    if let Some(attr) = attr.filter(|attr| attr.probability > 0) {
        plan.interval.store(attr.interval, Relaxed);
        plan.times.store(attr.times, Relaxed);
        plan.space.store(attr.space, Relaxed);
        plan.looks.store(0, Relaxed);
        // Release pairs with the Acquire in `decide`.
        plan.probability.store(attr.probability, Release);
        aids::set(1 << fault as u32);
    }
    Ok(())
}

/// Shall a request of this size fail now?
#[inline(always)]
pub fn strikes(fault: Fault, size: u64) -> bool {
    aids::on(1 << fault as u32) && PLANS[fault as usize].decide(size)
}

/// Is there a plan that may strike again?
pub fn may_strike(fault: Fault) -> bool {
    let plan = &PLANS[fault as usize];
    plan.probability.load(Relaxed) != 0 && plan.times.load(Relaxed) != 0
}

impl Plan {
    const fn none() -> Plan {
        Plan {
            probability: AtomicU64::new(0),
            interval: AtomicU64::new(0),
            times: AtomicI64::new(0),
            space: AtomicU64::new(0),
            looks: AtomicU64::new(0),
        }
    }

    #[cold]
    fn decide(&self, size: u64) -> bool {
        let probability = self.probability.load(Acquire);
        if probability == 0 || self.times.load(Relaxed) == 0 {
            return false;
        }
        if self.space.fetch_update(Relaxed, Relaxed, |space| (space > size).then(|| space - size)).is_ok() {
            return false;
        }
        let interval = self.interval.load(Relaxed).max(1);
        if (self.looks.fetch_add(1, Relaxed) + 1) % interval != 0 || random() % 100 >= probability {
            return false;
        }
        // Of two threads only one has the last one.
        let left = |times: i64| if times > 0 { Some(times - 1) } else { None };
        self.times.fetch_update(Relaxed, Relaxed, left).map_or_else(|times| times < 0, |_| true)
    }
}

/// The next of a fixed sequence of numbers that look random: a counter, well stirred. A program with one thread
/// meets the same faults in every run.
fn random() -> u64 {
    static AT: AtomicU64 = AtomicU64::new(0);
    let mut n = AT.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
    for (shift, factor) in [(32, 0xd6e8_feb8_6659_fd93), (29, 0xff51_afd7_ed55_8ccd)] {
        n = (n ^ n >> shift).wrapping_mul(factor);
    }
    n ^ n >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALWAYS: Attr = Attr { probability: 100, interval: 1, times: -1, space: 0 };

    fn plan(attr: Attr) -> Plan {
        let plan = Plan::none();
        plan.probability.store(attr.probability, Relaxed);
        plan.interval.store(attr.interval, Relaxed);
        plan.times.store(attr.times, Relaxed);
        plan.space.store(attr.space, Relaxed);
        plan
    }

    fn pattern(attr: Attr, sizes: &[u64]) -> Vec<bool> {
        let plan = plan(attr);
        sizes.iter().map(|size| plan.decide(*size)).collect()
    }

    #[test]
    fn the_order_of_decision() {
        assert_eq!(pattern(ALWAYS, &[1; 3]), [true; 3]);
        assert_eq!(pattern(Attr { probability: 0, ..ALWAYS }, &[1; 3]), [false; 3]);
        assert_eq!(pattern(Attr { times: 2, ..ALWAYS }, &[1; 4]), [true, true, false, false]);
        assert_eq!(pattern(Attr { interval: 3, ..ALWAYS }, &[1; 6]), [false, false, true, false, false, true]);
        assert_eq!(pattern(Attr { space: 3, ..ALWAYS }, &[1; 4]), [false, false, true, true]);
        assert_eq!(pattern(Attr { space: 4, ..ALWAYS }, &[3, 1, 8]), [false, true, true]);
        // Space comes before the interval, and what it swallows is no look.
        assert_eq!(pattern(Attr { space: 2, interval: 2, ..ALWAYS }, &[1; 5]), [false, false, true, false, true]);
    }

    #[test]
    fn percent() {
        let plan = plan(Attr { probability: 25, ..ALWAYS });
        let n = (0..10_000).filter(|_| plan.decide(1)).count();
        assert!((2200..2800).contains(&n), "{n}");
    }

    #[test]
    fn threads_share_what_is_left() {
        let plan = plan(Attr { times: 1000, ..ALWAYS });
        let hits = || (0..2000).filter(|_| plan.decide(1)).count();
        let sum: usize = std::thread::scope(|s| [s.spawn(hits), s.spawn(hits)].map(|t| t.join().expect("no panic")).iter().sum());
        assert_eq!(sum, 1000);
    }

    #[test]
    fn nonsense() {
        assert_eq!(set(Fault::PageAlloc, Some(Attr { probability: 101, ..ALWAYS })), Err(Error::Invalid));
        assert_eq!(set(Fault::PageAlloc, Some(Attr { times: -2, ..ALWAYS })), Err(Error::Invalid));
    }
}
