//! How much the kernel's verifier has to do until it takes our programs.
#![expect(unsafe_code, reason = "unshare(2)")]

use std::{collections::BTreeMap, fs::File, iter};

use aya::{VerifierLogLevel, util::KernelVersion};

use super::*;

/// The verifier follows every path that a packet could take, and gives up at a million instructions
/// (Linux 5.2). How many there are differs by kernel; this is far above what any showed.
const MOST: u32 = 80_000;

/// What is printed is held by `cargo xtask vm` against what the same kernel showed before.
#[test]
#[ignore = "needs root: cargo xtask test"]
fn it_has_little_to_do() {
    for link_type in [LinkType::Ethernet, LinkType::RawIp] {
        for table in [Table::Flat, Table::Hash] {
            let mut most = BTreeMap::new();
            for cut_by_kernel in [0, ALL_KINDS] {
                let settings = Settings { cut_by_kernel, ..settings(link_type) };
                for (name, verified) in verified(table, &settings) {
                    assert!(verified < MOST, "{name} {table:?} {settings:?}: {verified}");
                    let most = most.entry(name).or_default();
                    *most = verified.max(*most);
                }
            }
            for (name, verified) in most {
                println!("verified {name}, {table:?}, {link_type:?}: {verified}");
            }
        }
    }
}

/// Of each program that counts and may be attached with such settings.
fn verified(table: Table, settings: &Settings) -> Vec<(&'static str, u32)> {
    let kernel = KernelVersion::current().unwrap();
    let mut programs = vec![names::INGRESS, names::EGRESS];
    if settings.link_type == LinkType::Ethernet {
        programs.push(names::INGRESS_BARE);
    }
    // What is sent never comes to XDP.
    if settings.link_type == LinkType::Ethernet && settings.cut_by_kernel == 0 {
        programs.push(names::XDP);
        programs.extend((kernel >= KernelVersion::new(5, 18, 0)).then_some(names::XDP_FRAGS));
    }
    let size = Size::new(table, 16, cpus::possible().unwrap(), 2);
    if kernel < KernelVersion::new(5, 16, 0) {
        return programs
            .iter()
            .map(|name| (*name, told_by_the_log(settings, size, name)))
            .collect();
    }
    let object = object::load(settings, size, &programs).unwrap();
    let told = |name: &&'static str| {
        let info = object.program(name).unwrap().info().unwrap();
        (*name, info.verified_instruction_count().unwrap())
    };
    programs.iter().map(told).collect()
}

/// These kernels say it in the log alone, which aya asks for where a program is refused. So it is, when all
/// is done: for want of a descriptor.
fn told_by_the_log(settings: &Settings, size: Size, name: &str) -> u32 {
    let load_without_descriptors = || {
        // SAFETY: takes a number; from now on this thread has descriptors of its own.
        assert_eq!(unsafe { libc::unshare(libc::CLONE_FILES) }, 0);
        let mut object = object::load_maps(settings, size, VerifierLogLevel::STATS).unwrap();
        let _all: Vec<_> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
        format!("{:?}", object::load_program(&mut object, name).unwrap_err())
    };
    let log = thread::scope(|scope| scope.spawn(load_without_descriptors).join().unwrap());
    let count = log.split_once("processed ").and_then(|(_, rest)| rest.split(' ').next());
    count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no number in {log}"))
}
