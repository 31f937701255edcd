//! The first line of MariaDB's dumps.
//!
//! Some releases of 2024 wrote it as `/*!999999\- enable the sandbox mode */`, which MySQL's and older
//! MariaDB clients take for an unknown command (`ERROR at line 1: Unknown command '\-'`). Later ones
//! write `/*M!999999\- …`, which all take. The stored artifact stays as it is; on the way to the client
//! the old form is left out. Nothing is lost: the client gets `--binary-mode` and `--sandbox` anyway.

use std::io::{self, Read};

const OLD_FORM: &[u8] = b"/*!999999\\- enable the sandbox mode */";

/// Hands on a dump without an old-form sandbox line.
pub(super) struct SkipSandboxLine<R> {
    inner: R,
    /// Begin of the dump that was read ahead and not handed on yet; `None` before anything was read.
    ahead: Option<Vec<u8>>,
}

impl<R: Read> SkipSandboxLine<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, ahead: None }
    }

    fn begin(&mut self) -> io::Result<Vec<u8>> {
        // One byte at a time would do: it is one line of 39 bytes. The limit is for a dump that
        // begins otherwise.
        let mut ahead = vec![0; OLD_FORM.len() + 2];
        let mut length = 0;
        while length < ahead.len() {
            match self.inner.read(&mut ahead[length..])? {
                0 => break,
                count => length += count,
            }
        }
        ahead.truncate(length);
        if ahead.starts_with(OLD_FORM) {
            ahead.drain(..OLD_FORM.len());
        }
        Ok(ahead)
    }
}

impl<R: Read> Read for SkipSandboxLine<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_none() {
            self.ahead = Some(self.begin()?);
        }
        let ahead = self.ahead.get_or_insert_default();
        if ahead.is_empty() {
            return self.inner.read(buffer);
        }
        let count = ahead.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ahead[..count]);
        ahead.drain(..count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(text: &str) -> String {
        let mut passed = String::new();
        SkipSandboxLine::new(text.as_bytes())
            .read_to_string(&mut passed)
            .unwrap();
        passed
    }

    #[test]
    fn only_the_old_form_is_left_out() {
        let rest = "-- MariaDB dump\n\\- is data here\n";
        let old = format!("/*!999999\\- enable the sandbox mode */ \n{rest}");
        assert_eq!(pass(&old), format!(" \n{rest}"));
        let new = format!("/*M!999999\\- enable the sandbox mode */ \n{rest}");
        for untouched in [new.as_str(), rest, "", "x"] {
            assert_eq!(pass(untouched), untouched);
        }
    }
}
