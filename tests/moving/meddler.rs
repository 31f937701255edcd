//! Somebody who works on a tree without pause.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::{FILES, FOLDERS, Swapped, place_in};
use crate::proof::random::Random;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Directories are swapped for links and put back: when it stops, nothing has changed.
    Swaps,
    /// Files come, go, grow, shrink, get other modes.
    Files,
    /// One log grows.
    Grows,
    /// All of it, and names that change their kind.
    Everything,
}

impl Kind {
    pub(super) fn of_round(round: u64) -> Self {
        match round % 4 {
            0 => Self::Swaps,
            1 => Self::Files,
            2 => Self::Everything,
            _ => Self::Grows,
        }
    }
}

/// A thread that meddles until it is told to stop.
pub(super) struct Meddler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
    told: String,
}

impl Meddler {
    /// `lane` tells rounds apart.
    pub(super) fn start(top: &Path, outside: &Path, kind: Kind, lane: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut hands = Hands {
            top: top.to_owned(),
            outside: outside.to_owned(),
            random: Random::of("moving", lane),
        };
        let until = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut done = 0;
            while !until.load(Ordering::Relaxed) {
                // What is not possible now may be later.
                _ = hands.act(kind);
                done += 1;
                if hands.random.below(8) == 0 {
                    std::thread::sleep(std::time::Duration::from_micros(hands.random.below(800)));
                }
            }
            done
        });
        Self {
            stop,
            thread,
            told: format!("{kind:?}, lane {lane}"),
        }
    }

    /// Lets it end what it does; what it did.
    pub(super) fn stop(self) -> String {
        self.stop.store(true, Ordering::Relaxed);
        let done = self.thread.join().unwrap();
        format!("{}: {done} times", self.told)
    }
}

struct Hands {
    top: PathBuf,
    outside: PathBuf,
    random: Random,
}

impl Hands {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.random.below(from.len() as u64) as usize]
    }

    fn act(&mut self, kind: Kind) -> io::Result<()> {
        match kind {
            Kind::Swaps => {
                self.swap();
                Ok(())
            }
            Kind::Files => self.file(),
            Kind::Grows => append(&self.top.join("5")),
            Kind::Everything => match self.random.below(4) {
                0 => {
                    self.swap();
                    Ok(())
                }
                1 => self.change_kind(),
                _ => self.file(),
            },
        }
    }

    /// Out, for a moment of some length, and back.
    fn swap(&mut self) {
        let folder = self.pick(FOLDERS);
        let swapped = Swapped {
            path: place_in(&self.top, folder),
            aside: self.top.with_extension("aside"),
            to: place_in(&self.outside, folder),
        };
        if !swapped.path.is_dir() {
            return;
        }
        swapped.turn(true);
        for _ in 0..self.random.below(2_000) {
            std::hint::spin_loop();
        }
        swapped.turn(false);
    }

    fn file(&mut self) -> io::Result<()> {
        let name = self.pick(FILES);
        let path = self.top.join(name);
        if path.is_symlink() {
            return Ok(());
        }
        match self.random.below(7) {
            0 => fs::write(path.with_extension("new"), "new"),
            1 => fs::remove_file(path.with_extension("new")),
            2 => append(&path),
            3 => OpenOptions::new().write(true).open(&path)?.set_len(3),
            4 => fs::set_permissions(&path, PermissionsExt::from_mode(0o600)),
            5 => fs::rename(&path, path.with_extension("new")),
            // The size and the time of before: only the system's own time tells of it.
            _ => {
                let before = fs::metadata(&path)?;
                let mut file = OpenOptions::new().write(true).open(&path)?;
                file.write_all(b"C")?;
                file.set_modified(before.modified()?)
            }
        }
    }

    /// A file becomes a directory or a link to outside, a directory becomes a file or a FIFO, and back.
    fn change_kind(&mut self) -> io::Result<()> {
        let name = self.pick(FILES);
        let path = self.top.join(name);
        match self.random.below(4) {
            0 => {
                fs::remove_file(&path)?;
                fs::create_dir(&path)?;
                fs::write(path.join("inside"), "inside")
            }
            1 => {
                fs::remove_file(&path)?;
                symlink(self.outside.join(name), &path)
            }
            2 => {
                let removed = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
                fs::write(&path, format!("content of {name}")).or(removed)
            }
            _ => {
                let folder = self.pick(&FOLDERS[1..]);
                let folder = place_in(&self.top, folder);
                let aside = self.top.with_extension("aside");
                fs::rename(&folder, &aside)?;
                fs::write(&folder, "no folder")?;
                fs::remove_file(&folder)?;
                fs::rename(&aside, &folder)
            }
        }
    }
}

fn append(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(b"one more line\n")
}
