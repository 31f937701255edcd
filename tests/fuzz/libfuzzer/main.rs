//! libFuzzer over one target, which `UPGRADE_KIT_TARGET` names.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../targets/mod.rs"]
mod targets;

static READ: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("UPGRADE_KIT_TARGET").expect("UPGRADE_KIT_TARGET names a target");
    let target = targets::TARGETS.iter().find(|target| target.name == name);
    target.expect("there is no such target").read
});

fuzz_target!(|input: &[u8]| (*READ)(input));
