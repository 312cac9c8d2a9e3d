//! Any text in the variables that the library reads, against a second reader that is written differently.
//! Knows no allocation: the settings are read again for each input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mempool_bulk::config::{self, Complaints, Config, HUGEPAGES, MEMFD, MLOCK};
use std::ffi::{CString, c_char};
use std::ptr::null;

const VARIABLES: usize = 8;
const NAMES: [&str; VARIABLES] = [
    "MEMPOOL_BULK_LIMIT", "MEMPOOL_BULK_PREALLOC", "MEMPOOL_BULK_WAIT_MS",
    "MEMPOOL_BULK_NO_RSEQ", "MEMPOOL_BULK_MLOCK", "MEMPOOL_BULK_HUGEPAGES",
    "MEMPOOL_BULK_MEMFD", "MEMPOOL_BULK_STATS",
];

/// Digits and at most one suffix, as a number that can't overflow on the way.
fn size(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unit = match &text[digits..] {
        b"" => 1u128,
        b"K" | b"k" => 1 << 10,
        b"M" | b"m" => 1 << 20,
        b"G" | b"g" => 1 << 30,
        b"T" | b"t" => 1 << 40,
        _ => return None,
    };
    let number = text[..digits].iter().try_fold(0u128, |n, d| (n < 1 << 64).then_some(n * 10 + u128::from(d - b'0')))?;
    u64::try_from(number * unit).ok().filter(|bytes| digits > 0 && number < 1 << 64 && *bytes >= 4096)
}

/// A count of milliseconds; a plus sign before it is read over.
fn milliseconds(text: &[u8]) -> Option<u64> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let number = digits.iter().try_fold(0u64, |n, d| (d.is_ascii_digit() && n < 1 << 32).then(|| n * 10 + u64::from(d.wrapping_sub(b'0'))))?;
    (!digits.is_empty() && number > 0 && number < 1 << 32).then_some(number)
}

fn switch(text: &[u8]) -> Option<u64> {
    (text == b"0" || text == b"1").then(|| u64::from(text[0] - b'0'))
}

/// What must come out, and how many complaints.
fn expected(values: &[Option<&[u8]>; VARIABLES]) -> (Config, usize) {
    let readers: [fn(&[u8]) -> Option<u64>; VARIABLES] = [size, size, milliseconds, switch, switch, switch, switch, switch];
    let read: Vec<_> = values.iter().zip(readers).map(|(value, reader)| value.map(reader)).collect();
    let mut complaints = read.iter().filter(|value| **value == Some(None)).count();
    let value = |i: usize| read[i].flatten();
    let flag = |i: usize, bit: u32| if value(i) == Some(1) { bit } else { 0 };
    let mut config = Config {
        limit_bytes: value(0).unwrap_or(0),
        prealloc_bytes: value(1).unwrap_or(0),
        wait_timeout_ms: value(2).unwrap_or(0) as u32,
        no_rseq: value(3) == Some(1),
        flags: flag(4, MLOCK) | flag(5, HUGEPAGES) | flag(6, MEMFD),
        stats: value(7) == Some(1),
        ..Config::DEFAULT
    };
    if config.limit_bytes != 0 && config.prealloc_bytes > config.limit_bytes {
        config.prealloc_bytes = 0;
        complaints += 1;
    }
    (config, complaints)
}

/// The input's parts, one for each variable: each begins with a byte that says how long it is.
fn parts(mut data: &[u8]) -> [Option<&[u8]>; VARIABLES] {
    [(); VARIABLES].map(|()| {
        let (length, rest) = data.split_first()?;
        let part;
        (part, data) = rest.split_at(rest.len().min(usize::from(*length)));
        // A variable ends at the first zero byte.
        (*length < 0xf0).then(|| part.split(|byte| *byte == 0).next().unwrap_or(part))
    })
}

unsafe extern "C" {
    /// The C library's own, which getenv() reads.
    static mut environ: *const *const c_char;
}

/// Runs something with these variables and no others. Not by setenv(), which keeps every value for ever.
fn with_environment(values: &[Option<&[u8]>; VARIABLES], run: impl FnOnce()) {
    let text = |(name, value): (&&str, &Option<&[u8]>)| value.map(|value| CString::new([name.as_bytes(), b"=", value].concat()).expect("no zero byte"));
    let texts: Vec<CString> = NAMES.iter().zip(values).filter_map(text).collect();
    let all: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).chain([null()]).collect();
    // SAFETY: no other thread reads the environment, and the array lives until it is put back.
    let before = unsafe { std::mem::replace(&mut *(&raw mut environ), all.as_ptr()) };
    run();
    // SAFETY: as above.
    unsafe { environ = before };
}

fuzz_target!(|data: &[u8]| {
    let values = parts(data);
    let (mut config, mut complaints) = (Config::DEFAULT, Complaints::default());
    with_environment(&values, || config::apply_environment(&mut config, &mut complaints));
    let (wanted, wanted_complaints) = expected(&values);
    assert_eq!(config, wanted);
    assert_eq!(complaints.count(), wanted_complaints, "{complaints:?}");
});
