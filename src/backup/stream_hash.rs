//! SHA-256 of a stream, beside the reading and writing of it.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

/// From here on a thread of its own hashes: reading and writing go on meanwhile. Shorter streams are
/// done before a thread would have started.
const THREAD_FROM: u64 = 8 * 1024 * 1024;

/// Buffers in flight to the thread, which bounds the memory (they are as large as the writes).
const BUFFERS: usize = 3;

/// Largest piece that is handed over at once.
const PIECE: usize = 1024 * 1024;

static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// A hash that grows.
#[derive(Debug)]
pub(super) struct StreamHash {
    inline: Sha256,
    bytes: u64,
    helper: Option<Helper>,
}

#[derive(Debug)]
struct Helper {
    work: SyncSender<Piece>,
    spare: Receiver<Vec<u8>>,
    /// Buffers that were made so far.
    made: usize,
    thread: JoinHandle<Sha256>,
}

#[derive(Debug)]
enum Piece {
    Data(Vec<u8>),
    Zeros(u64),
}

impl StreamHash {
    pub(super) fn new() -> Self {
        Self {
            inline: Sha256::new(),
            bytes: 0,
            helper: None,
        }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        self.bytes += data.len() as u64;
        self.begin_helper();
        let Some(helper) = &mut self.helper else {
            self.inline.update(data);
            return;
        };
        for part in data.chunks(PIECE) {
            let mut buffer = helper.buffer();
            buffer.clear();
            buffer.extend_from_slice(part);
            // A thread that is gone shows when it is joined.
            _ = helper.work.send(Piece::Data(buffer));
        }
    }

    pub(super) fn update_zeros(&mut self, count: u64) {
        self.bytes += count;
        self.begin_helper();
        match &self.helper {
            Some(helper) => _ = helper.work.send(Piece::Zeros(count)),
            None => hash_zeros(&mut self.inline, count),
        }
    }

    /// The hash of everything so far; begins anew after it.
    pub(super) fn finish(&mut self) -> std::io::Result<[u8; 32]> {
        self.bytes = 0;
        let inline = std::mem::replace(&mut self.inline, Sha256::new());
        let hash = match self.helper.take() {
            None => inline,
            Some(helper) => {
                drop(helper.work);
                let joined = helper.thread.join();
                joined.map_err(|_| std::io::Error::other("the hashing thread failed"))?
            }
        };
        Ok(hash.finalize().into())
    }

    /// Hands over to a thread once that pays; where no thread can be had, goes on without.
    fn begin_helper(&mut self) {
        if self.helper.is_some() || self.bytes < THREAD_FROM {
            return;
        }
        let (work, todo) = sync_channel(BUFFERS);
        let (done, spare) = channel();
        let mut hash = self.inline.clone();
        let thread = std::thread::Builder::new()
            .name("hash".to_owned())
            .spawn(move || {
                hash_pieces(&mut hash, &todo, &done);
                hash
            });
        if let Ok(thread) = thread {
            self.helper = Some(Helper {
                work,
                spare,
                made: 0,
                thread,
            });
        }
    }
}

impl Helper {
    /// A buffer that is free; waits for one if all are in flight.
    fn buffer(&mut self) -> Vec<u8> {
        if let Ok(buffer) = self.spare.try_recv() {
            return buffer;
        }
        if self.made < BUFFERS {
            self.made += 1;
            return Vec::new();
        }
        self.spare.recv().unwrap_or_default()
    }
}

fn hash_pieces(hash: &mut Sha256, todo: &Receiver<Piece>, done: &Sender<Vec<u8>>) {
    while let Ok(piece) = todo.recv() {
        match piece {
            Piece::Data(buffer) => {
                hash.update(&buffer);
                _ = done.send(buffer);
            }
            Piece::Zeros(count) => hash_zeros(hash, count),
        }
    }
}

fn hash_zeros(hash: &mut Sha256, count: u64) {
    let mut left = count;
    while left > 0 {
        let now = left.min(ZEROS.len() as u64);
        hash.update(&ZEROS[..now as usize]);
        left -= now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Across the hand-over to the thread, with holes, in odd pieces.
    #[test]
    fn equals_the_plain_hash() {
        let data: Vec<u8> = (0..20_000_003_u32)
            .map(|at| ((at * 31) >> 3) as u8)
            .collect();
        for step in [1_000_003, 3 * 1024 * 1024 + 1] {
            let mut stream = StreamHash::new();
            let mut plain = Sha256::new();
            for part in data.chunks(step) {
                stream.update(part);
                stream.update_zeros(70_000);
                plain.update(part);
                plain.update(vec![0; 70_000]);
            }
            assert_eq!(stream.finish().unwrap(), <[u8; 32]>::from(plain.finalize()));
            let empty: [u8; 32] = Sha256::digest(b"").into();
            assert_eq!(stream.finish().unwrap(), empty);
        }
    }
}
