//! A bounded piece of text on the stack: reports must not call malloc. Knows no handler.

use core::fmt;

/// Text of at most 511 bytes, always followed by a NUL; longer text is cut.
pub struct Text {
    bytes: [u8; 512],
    len: usize,
}

impl Text {
    pub fn new(args: fmt::Arguments<'_>) -> Self {
        let mut text = Text { bytes: [0; 512], len: 0 };
        // Cutting is not an error, so writing can't fail.
        let _ = fmt::Write::write_fmt(&mut text, args);
        text
    }

    pub fn as_c_str(&self) -> &core::ffi::CStr {
        core::ffi::CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let room = self.bytes.len() - 1 - self.len;
        let n = s.len().min(room);
        self.bytes[self.len..self.len + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
        Ok(())
    }
}
