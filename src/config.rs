//! The process-wide settings: what `mempool_bulk_configure` said, overridden by the environment,
//! frozen at first use. Knows no allocator; validates, and clamps nothing silently.

use crate::error::Error;
use crate::observe::fault::{self, Attr, Fault};
use crate::observe::text::Text;
use crate::observe::{hooks, report};
use crate::sync::{forks, inside, system};
use parking_lot::Mutex;
use core::ffi::CStr;
use std::sync::OnceLock;

pub const MLOCK: u32 = 1;
pub const HUGEPAGES: u32 = 2;
pub const MEMFD: u32 = 4;
pub const POISON: u32 = 8;
const ALL_FLAGS: u32 = MLOCK | HUGEPAGES | MEMFD | POISON;
/// How often a sleeper tries its allocation function again, as in the kernel.
const DEFAULT_WAIT_MS: u32 = 5000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Most page memory ever committed; 0: three quarters of what the machine allows.
    pub limit_bytes: u64,
    pub prealloc_bytes: u64,
    pub flags: u32,
    pub node: i32,
    pub wait_timeout_ms: u32,
    /// Use the locked page cache even where restartable sequences exist. From the environment only.
    pub no_rseq: bool,
    /// Show the page allocator on stderr at exit. From the environment only.
    pub stats: bool,
}

impl Config {
    pub const DEFAULT: Config = Config { limit_bytes: 0, prealloc_bytes: 0, flags: 0, node: -1, wait_timeout_ms: 0, no_rseq: false, stats: false };
}

static REQUESTED: Mutex<Config> = Mutex::new(Config::DEFAULT);
static FROZEN: OnceLock<Config> = OnceLock::new();

/// Sets the configuration. −EBUSY once it is in use, −EINVAL for nonsense.
pub fn configure(config: Config) -> Result<(), Error> {
    let prealloc_too_big = config.limit_bytes != 0 && config.prealloc_bytes > config.limit_bytes;
    let limit_too_small = config.limit_bytes != 0 && config.limit_bytes < 4096;
    let no_such_node = config.node < -1 || (config.node > 0 && !node_exists(config.node));
    if config.flags & !ALL_FLAGS != 0 || prealloc_too_big || limit_too_small || no_such_node {
        return Err(Error::Invalid);
    }
    let _inside = inside::enter(true);
    let mut requested = REQUESTED.lock();
    if FROZEN.get().is_some() {
        return Err(Error::Busy);
    }
    *requested = config;
    Ok(())
}

/// The settings in force; the first call freezes them. None while somebody is about to, and the caller may
/// not wait for him: a signal handler may have interrupted him.
pub fn get_if(may_wait: bool) -> Option<&'static Config> {
    FROZEN.get().or_else(|| freeze(may_wait))
}

/// The same for callers that may wait, or come after the first use.
pub fn get() -> &'static Config {
    get_if(true).unwrap_or(&Config::DEFAULT)
}

/// The settings if the library has been used.
pub fn existing() -> Option<&'static Config> {
    FROZEN.get()
}

#[cold]
fn freeze(may_wait: bool) -> Option<&'static Config> {
    let mut complaints = Complaints::default();
    // A child must not find this begun and never ended.
    let inside = inside::enter(may_wait)?;
    let requested = if may_wait { REQUESTED.lock() } else { REQUESTED.try_lock()? };
    // Only whoever has the lock comes here, so nobody waits.
    let config = FROZEN.get_or_init(|| {
        let mut config = *requested;
        if !system::privileged() {
            apply_environment(&mut config, &mut complaints);
        }
        config
    });
    drop(requested);
    drop(inside);
    complain(&complaints);
    Some(config)
}

/// Not while the settings are locked: a report runs the user's handler, which may call the library, which needs
/// its settings.
fn complain(complaints: &Complaints) {
    complaints.unreadable.iter().flatten().for_each(|name| {
        let value = system::variable(name).unwrap_or_default();
        report::warn(format_args!("{}={} can't be read, ignored", name.to_string_lossy(), value.escape_ascii()));
    });
    if complaints.prealloc {
        report::warn(format_args!("MEMPOOL_BULK_PREALLOC is above the limit, ignored"));
    }
}

/// What is wrong with the environment.
#[derive(Debug, Default)]
pub struct Complaints {
    unreadable: [Option<&'static CStr>; 8],
    prealloc: bool,
}

impl Complaints {
    pub fn count(&self) -> usize {
        self.unreadable.iter().flatten().count() + usize::from(self.prealloc)
    }

    /// Reads one variable, and notes when its value can't be read.
    fn read<T>(&mut self, name: &'static CStr, parse: fn(&str) -> Option<T>, set: impl FnOnce(T)) {
        let Some(raw) = system::variable(name) else { return };
        match core::str::from_utf8(raw).ok().and_then(parse) {
            Some(value) => set(value),
            None => {
                if let Some(place) = self.unreadable.iter_mut().find(|place| place.is_none()) {
                    *place = Some(name);
                }
            }
        }
    }
}

/// What the environment says about poisoning; `read_aids` finds out.
static POISON_BY_ENVIRONMENT: OnceLock<Option<bool>> = OnceLock::new();

/// Puts in force what the environment says about debugging aids; the first call does. It does not freeze the
/// settings, because a pool of the user's own elements is no use of them. None as `get_if`, and when a fork
/// would not be safe.
pub fn read_aids(may_wait: bool) -> Option<()> {
    if POISON_BY_ENVIRONMENT.get().is_some() {
        return Some(());
    }
    let mut complaints = Complaints::default();
    let inside = inside::enter(may_wait)?;
    let one = if may_wait { REQUESTED.lock() } else { REQUESTED.try_lock()? };
    if !forks::watches_forks() {
        return None;
    }
    POISON_BY_ENVIRONMENT.get_or_init(|| if system::privileged() { hooks::detect(); None } else { aids_of_environment(&mut complaints) });
    drop(one);
    drop(inside);
    complain(&complaints);
    Some(())
}

fn aids_of_environment(complaints: &mut Complaints) -> Option<bool> {
    let (mut poison, mut tools) = (None, true);
    complaints.read(c"MEMPOOL_BULK_NO_TOOLS", parse_switch, |v| tools = v == 0);
    if tools {
        hooks::detect();
    }
    complaints.read(c"MEMPOOL_BULK_POISON", parse_switch, |v| poison = Some(v != 0));
    for (name, which) in [
        (c"MEMPOOL_BULK_FAIL_PAGE_ALLOC", Fault::PageAlloc),
        (c"MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC", Fault::MempoolAlloc),
        (c"MEMPOOL_BULK_FAIL_MEMPOOL_ALLOC_BULK", Fault::MempoolAllocBulk),
    ] {
        complaints.read(name, parse_fault, |attr| {
            let _ = fault::set(which, Some(attr)); // it was checked
        });
    }
    poison
}

/// Is the reserve of a new pool to be poisoned, by the settings and the environment?
pub fn poison() -> bool {
    let _inside = inside::enter(true);
    let settings = || FROZEN.get().map_or_else(|| REQUESTED.lock().flags, |config| config.flags);
    POISON_BY_ENVIRONMENT.get().copied().flatten().unwrap_or_else(|| settings() & POISON != 0)
}

pub fn wait_timeout_ms() -> u32 {
    match get().wait_timeout_ms {
        0 => DEFAULT_WAIT_MS,
        ms => ms,
    }
}

fn node_exists(node: i32) -> bool {
    let text: Text = Text::new(format_args!("/sys/devices/system/node/node{node}/cpumap"));
    system::read(text.as_c_str(), &mut [0; 1]).is_ok()
}

/// What the environment says, over `config`. Open to the fuzz target of that name, which reads it many times.
pub fn apply_environment(config: &mut Config, complaints: &mut Complaints) {
    complaints.read(c"MEMPOOL_BULK_LIMIT", parse_size, |v| config.limit_bytes = v);
    complaints.read(c"MEMPOOL_BULK_PREALLOC", parse_size, |v| config.prealloc_bytes = v);
    complaints.read(c"MEMPOOL_BULK_WAIT_MS", parse_ms, |v| config.wait_timeout_ms = v as u32);
    complaints.read(c"MEMPOOL_BULK_NO_RSEQ", parse_switch, |v| config.no_rseq = v != 0);
    complaints.read(c"MEMPOOL_BULK_STATS", parse_switch, |v| config.stats = v != 0);
    for (name, flag) in [
        (c"MEMPOOL_BULK_MLOCK", MLOCK),
        (c"MEMPOOL_BULK_HUGEPAGES", HUGEPAGES),
        (c"MEMPOOL_BULK_MEMFD", MEMFD),
    ] {
        complaints.read(name, parse_switch, |v| config.flags = config.flags & !flag | if v != 0 { flag } else { 0 });
    }
    if config.limit_bytes != 0 && config.prealloc_bytes > config.limit_bytes {
        complaints.prealloc = true;
        config.prealloc_bytes = 0;
    }
}

fn parse_ms(text: &str) -> Option<u64> {
    text.parse::<u32>().ok().filter(|ms| *ms > 0).map(u64::from)
}

/// `<interval>,<probability>,<space>,<times>`, as in the kernel.
fn parse_fault(text: &str) -> Option<Attr> {
    let mut parts = text.split(',');
    let mut next = || parts.next();
    let (interval, probability, space, times) = (next()?, next()?, next()?, next()?);
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| !text.starts_with('+'));
    let times = times.parse::<i64>().ok().filter(|n| *n >= -1)?;
    let attr = Attr { interval: number(interval)?, probability: number(probability)?, space: number(space)?, times };
    (parts.next().is_none() && attr.probability <= 100).then_some(attr)
}

fn parse_switch(text: &str) -> Option<u64> {
    match text {
        "0" => Some(0),
        "1" => Some(1),
        _ => None,
    }
}

/// A number of bytes with an optional K, M, G or T; at least one page.
fn parse_size(text: &str) -> Option<u64> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'K' | b'k' => (&text[..text.len() - 1], 10),
        b'M' | b'm' => (&text[..text.len() - 1], 20),
        b'G' | b'g' => (&text[..text.len() - 1], 30),
        b'T' | b't' => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse::<u64>().ok()?.checked_mul(1 << shift)?;
    (value >= 4096).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("512M"), Some(512 << 20));
        assert_eq!(parse_size("4096"), Some(4096));
        for bad in ["", "M", "-1", "+5000", "5x", "1.5G", "99999999999999999999", "99999999T", "100"] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
    }

    #[test]
    fn faults() {
        assert_eq!(parse_fault("3,100,7,-1"), Some(Attr { interval: 3, probability: 100, space: 7, times: -1 }));
        for bad in ["", "1", "1,2,3", "1,2,3,4,5", "1,101,0,1", "1,2,3,-2", "-1,2,3,4", "+1,2,3,4", "1, 2,3,4", "a,b,c,d"] {
            assert_eq!(parse_fault(bad), None, "{bad}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            Config { flags: 1 << 31, ..Config::DEFAULT },
            Config { limit_bytes: 4096, prealloc_bytes: 8192, ..Config::DEFAULT },
            Config { limit_bytes: 1, ..Config::DEFAULT },
            Config { node: 4000, ..Config::DEFAULT },
            Config { node: -2, ..Config::DEFAULT },
        ] {
            assert_eq!(configure(bad), Err(Error::Invalid));
        }
    }
}
