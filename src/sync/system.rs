//! What the process's environment and small files of the system say, and writing to a descriptor, without a call of
//! malloc: it may fail, and a library that answers when memory is short must not need it. Knows no name of either.
//! Invariant: no call of the library is a point where a thread is cancelled (see `Uncancelled`).

use core::ffi::CStr;
use core::fmt;

unsafe extern "C" {
    fn pthread_setcancelstate(state: libc::c_int, before: *mut libc::c_int) -> libc::c_int;
}

const PTHREAD_CANCEL_DISABLE: libc::c_int = 1;

/// As long as it lives, its thread is not cancelled. `open`, `read` and all that may block are points where that
/// happens: the thread would end there, and leave its lock held.
pub struct Uncancelled(libc::c_int);

impl Uncancelled {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let mut before = 0;
        // SAFETY: a number, and a place for one.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &mut before) };
        Uncancelled(before)
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        let mut before = 0;
        // SAFETY: what the call itself has said, and a place for a number.
        unsafe { pthread_setcancelstate(self.0, &mut before) };
    }
}

/// Was this program started with more rights than its caller has? Then the environment is not ours
/// to believe.
pub fn privileged() -> bool {
    // SAFETY: getauxval reads a table the kernel gave the process; any key is allowed.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// A variable of the environment. As everywhere in C, nobody may change it meanwhile.
pub fn variable(name: &CStr) -> Option<&'static [u8]> {
    // SAFETY: a NUL-terminated name; what comes back is NULL or a NUL-terminated value.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes())
    }
}

/// Why a file could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is none, or none for us.
    Absent,
    /// It may be there.
    Unknown,
}

/// The beginning of a file, as far as it fits the buffer.
pub fn read<'a>(path: &CStr, buffer: &'a mut [u8]) -> Result<&'a [u8], Unread> {
    let _uncancelled = Uncancelled::new();
    // SAFETY: a NUL-terminated path and a plain open; no memory is handed over.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        let error = std::io::Error::last_os_error().raw_os_error();
        let absent = matches!(error, Some(libc::ENOENT | libc::ENOTDIR | libc::EACCES | libc::EPERM | libc::ENAMETOOLONG));
        return Err(if absent { Unread::Absent } else { Unread::Unknown });
    }
    let mut have = 0;
    loop {
        // SAFETY: the rest of the buffer is ours and as long as we say; fd is the one just opened.
        let n = unsafe { libc::read(fd, buffer[have..].as_mut_ptr().cast(), buffer.len() - have) };
        match usize::try_from(n) {
            Ok(n) if n > 0 => have += n,
            end => {
                // SAFETY: closed once.
                unsafe { libc::close(fd) };
                return if end.is_ok() { Ok(&buffer[..have]) } else { Err(Unread::Unknown) };
            }
        }
    }
}

/// A path on the stack, with its NUL; too long a one is none.
pub struct PathBuffer {
    bytes: [u8; 4096],
    len: usize,
}

impl PathBuffer {
    /// The parts, one behind the other.
    pub fn new(parts: &[&[u8]]) -> Option<PathBuffer> {
        let mut path = PathBuffer { bytes: [0; 4096], len: 0 };
        for part in parts {
            let end = path.len + part.len();
            path.bytes.get_mut(path.len..end)?.copy_from_slice(part);
            path.len = end;
        }
        (path.len < path.bytes.len()).then_some(path)
    }

    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }
}

/// Writes to a descriptor without a buffer and without a lock, which a child of fork could find held.
pub struct Fd {
    fd: libc::c_int,
    /// That of the first write that failed, 0 for none.
    pub error: libc::c_int,
}

impl Fd {
    pub fn new(fd: libc::c_int) -> Self {
        Fd { fd, error: 0 }
    }
}

impl fmt::Write for Fd {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let _uncancelled = Uncancelled::new();
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            // SAFETY: the bytes are a live string's.
            let n = unsafe { libc::write(self.fd, rest.as_ptr().cast(), rest.len()) };
            if n < 0 {
                let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
                if error == libc::EINTR {
                    continue;
                }
                self.error = error;
                return Err(fmt::Error);
            }
            rest = &rest[n as usize..];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let mut buffer = [0; 16];
        assert!(read(c"/proc/self/stat", &mut buffer).is_ok_and(|text| text.len() == 16));
        assert_eq!(read(c"/proc/self/no such file", &mut buffer), Err(Unread::Absent));
        assert_eq!(read(c"/proc/self/mem", &mut buffer), Err(Unread::Unknown));
    }

    #[test]
    fn paths() {
        assert_eq!(PathBuffer::new(&[b"/a", b"", b"/b"]).expect("room").as_c_str(), c"/a/b");
        assert!(PathBuffer::new(&[&[b'x'; 4095]]).is_some() && PathBuffer::new(&[&[b'x'; 4000], &[b'y'; 96]]).is_none());
    }
}
