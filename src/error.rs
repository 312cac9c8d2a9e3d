//! The errors a call can end with, one errno each. Knows nothing about who reports them.

/// Why a call did not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    NoMemory,
    Invalid,
    Busy,
    TooBig,
    NoSpace,
    NotSupported,
    NoEntry,
    TimedOut,
}

impl Error {
    /// The negative errno value that C callers see.
    pub fn errno(self) -> i32 {
        -match self {
            Error::NoMemory => libc::ENOMEM,
            Error::Invalid => libc::EINVAL,
            Error::Busy => libc::EBUSY,
            Error::TooBig => libc::E2BIG,
            Error::NoSpace => libc::ENOSPC,
            Error::NotSupported => libc::ENOTSUP,
            Error::NoEntry => libc::ENOENT,
            Error::TimedOut => libc::ETIMEDOUT,
        }
    }
}
