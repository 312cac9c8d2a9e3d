//! A bounded piece of text on the stack: reports must not call malloc. Knows no handler.

use core::ffi::CStr;
use core::fmt;

/// Text of less than `N` bytes, always followed by a NUL; longer text is cut.
pub struct Text<const N: usize = 512> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    pub fn new(args: fmt::Arguments<'_>) -> Self {
        let mut text = Text { bytes: [0; N], len: 0 };
        // Cutting is not an error, so writing can't fail.
        let _ = fmt::Write::write_fmt(&mut text, args);
        text
    }

    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }

    /// Cut in the middle of a letter, it ends before that.
    pub fn as_str(&self) -> &str {
        self.bytes[..self.len].utf8_chunks().next().map_or("", |chunk| chunk.valid())
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let n = s.len().min(N - 1 - self.len);
        self.bytes[self.len..self.len + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
        Ok(())
    }
}
