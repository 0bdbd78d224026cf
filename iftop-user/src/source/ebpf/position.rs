//! Who is at a TCX hook, and where we stand among them.
//!
//! It owns one question to the kernel, which takes `CAP_NET_ADMIN`. It must never open a program of somebody
//! else: identifiers are enough, and more would take more privileges than we may have.
//!
//! Source: bpf(2), `BPF_PROG_QUERY` of `linux/bpf.h`; `tcx_prog_query` in `kernel/bpf/tcx.c`.
#![expect(unsafe_code, reason = "bpf(2)")]

use std::io;

/// Of `linux/bpf.h`.
const BPF_PROG_QUERY: libc::c_int = 16;

/// A hook, as `enum bpf_attach_type` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Hook {
    /// `BPF_TCX_INGRESS`.
    TcxIngress = 46,
    /// `BPF_TCX_EGRESS`.
    TcxEgress = 47,
}

/// More programs at one hook than anybody has; the kernel's own limit (`BPF_MPROG_MAX`).
const MAX_PROGRAMS: u32 = 64;

/// The part of `union bpf_attr` that a query uses.
#[repr(C)]
struct Query {
    interface_index: u32,
    attach_type: u32,
    flags: u32,
    attach_flags: u32,
    /// Address of so many identifiers.
    programs: u64,
    count: u32,
    padding: u32,
    program_attach_flags: u64,
    links: u64,
    link_attach_flags: u64,
    revision: u64,
}

const _: () = assert!(size_of::<Query>() == 64);

/// The programs of a TCX hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcxPrograms {
    /// How many there are.
    pub count: usize,
    /// Which of them is ours, from 1.
    pub ours: Option<usize>,
    /// The identifier of the one that runs first.
    pub first: Option<u32>,
}

/// Who is at a hook of the interface of this index, where our program there, if any, has this identifier;
/// `None` where the kernel does not say.
pub fn tcx_programs(interface_index: u32, hook: Hook, ours: Option<u32>) -> Option<TcxPrograms> {
    match programs(interface_index, hook) {
        Ok(programs) => Some(TcxPrograms {
            count: programs.len(),
            ours: programs.iter().position(|&found| Some(found) == ours).map(|place| place + 1),
            first: programs.first().copied(),
        }),
        // Before Linux 6.6 there are no such hooks.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Some(TcxPrograms::default()),
        Err(_) => None,
    }
}

/// The identifiers of the programs, in the order in which they run.
fn programs(interface_index: u32, hook: Hook) -> io::Result<Vec<u32>> {
    let mut identifiers = vec![0_u32; MAX_PROGRAMS as usize];
    let mut query = Query {
        interface_index,
        attach_type: hook as u32,
        flags: 0,
        attach_flags: 0,
        programs: identifiers.as_mut_ptr() as u64,
        count: MAX_PROGRAMS,
        padding: 0,
        program_attach_flags: 0,
        links: 0,
        link_attach_flags: 0,
        revision: 0,
    };
    // SAFETY: the kernel reads and writes the structure, whose size it is told, and writes at most
    // as many identifiers as it says that there is room for.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_QUERY, &raw mut query, size_of::<Query>()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    identifiers.truncate(query.count as usize);
    Ok(identifiers)
}

#[cfg(test)]
mod tests {
    use iftop_common::Bytes;

    use crate::{
        interface::{self, Interface},
        netlink::namespace::{alone, run},
        source::{
            Sample, Source as _,
            ebpf::{EbpfSource, Options},
            hook::{HookChoice, HookKind},
            surroundings::{Place, Surroundings},
        },
    };

    fn open(interface: &Interface, kind: HookKind) -> EbpfSource {
        EbpfSource::open(&Options {
            interface,
            hook: HookChoice::Only(kind),
            table: None,
            max_flows: 16,
            bytes: Bytes::Ip,
            promiscuous: false,
            filter: None,
            log_refused: false,
            sandbox: None,
            wait: false,
        })
        .unwrap()
    }

    /// Position of ours, and of how many; ingress, egress.
    fn places(source: &mut EbpfSource) -> [Option<(usize, usize)>; 2] {
        let place = |place: Place| Some((place.position?, place.of));
        around(source).look.places.map(|found| found.and_then(place))
    }

    fn around(source: &mut EbpfSource) -> Surroundings {
        source.around.forget();
        let mut sample = Sample::default();
        source.sample(&mut sample).unwrap();
        sample.surroundings
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn who_comes_last_is_first() {
        alone(|| {
            run("ip link add va type veth peer name vb");
            let interface = interface::find("va").unwrap();
            let open = |kind| open(&interface, kind);
            let mut one = open(HookKind::Tcx);
            assert_eq!(places(&mut one), [Some((1, 1)); 2]);
            let mut two = open(HookKind::Tcx);
            assert_eq!(places(&mut two), [Some((1, 2)); 2]);
            assert_eq!(places(&mut one), [Some((2, 2)); 2]);
            let mut filter = open(HookKind::Clsact);
            let behind = Place { position: Some(1), of: 1, behind_tcx: 2, ..Place::default() };
            let behind = around(&mut filter).look.places.map(|place| (place, behind));
            for (place, expected) in behind {
                let place = place.unwrap();
                assert!(place.first.is_some());
                assert_eq!(Place { first: None, ..place }, expected);
            }
            drop(filter);
            drop(two);
            assert_eq!(places(&mut one), [Some((1, 1)); 2]);
        });
    }

    #[test]
    #[ignore = "needs root: cargo xtask test"]
    fn whom_our_filter_stands_behind_and_that_it_is_gone() {
        alone(|| {
            run("ip link add va type veth peer name vb");
            let interface = interface::find("va").unwrap();
            let mut one = open(&interface, HookKind::Clsact);
            assert_eq!(places(&mut one), [Some((1, 1)); 2]);
            // One classic instruction, which lets everything go on.
            let add = "tc filter add dev va ingress protocol all";
            run(&format!("{add} prio 2 bpf da bytecode '1,6 0 0 4294967295'"));
            assert_eq!(places(&mut one), [Some((1, 2)), Some((1, 1))]);
            run(&format!("{add} prio 1 bpf da bytecode '1,6 0 0 4294967295'"));
            assert_eq!(places(&mut one), [Some((2, 3)), Some((1, 1))], "the newest runs first");
            // Runs when another filter says so, never by itself.
            run(&format!("{add} prio 1 chain 1 bpf da bytecode '1,6 0 0 4294967295'"));
            assert_eq!(places(&mut one), [Some((2, 3)), Some((1, 1))]);
            assert_eq!(around(&mut one).look.places.map(|place| place.unwrap().first), [None; 2]);
            let mut two = open(&interface, HookKind::Clsact);
            assert_eq!(places(&mut one), [Some((3, 4)), Some((2, 2))]);
            assert!(
                around(&mut one).look.places.iter().all(|place| place.unwrap().first.is_some())
            );
            assert_eq!(places(&mut two), [Some((1, 4)), Some((1, 2))]);
            run("tc qdisc del dev va clsact");
            let gone = Some(Place::default());
            assert_eq!(around(&mut one).look.places, [gone; 2]);
        });
    }

    #[test]
    #[cfg(feature = "pcap")]
    #[ignore = "needs root: cargo xtask test"]
    fn a_filter_keeps_the_place_and_a_refused_one_is_no_hindrance() {
        use crate::packet_filter::{PacketFilter, Tags, tests::random::too_long};

        alone(|| {
            run("ip link add va type veth peer name vb");
            let interface = interface::find("va").unwrap();
            let mut one = open(&interface, HookKind::Tcx);
            let mut two = open(&interface, HookKind::Tcx);
            let refused = PacketFilter::of_program(too_long(), Tags::Skipped);
            let filter =
                PacketFilter::compile("tcp", iftop_common::parse::LinkType::Ethernet).unwrap();
            for _ in 0..2 {
                assert!(one.set_filter(Some(&refused)).is_err());
                one.set_filter(Some(&filter)).unwrap();
                assert_eq!(places(&mut one), [Some((2, 2)); 2]);
                assert_eq!(places(&mut two), [Some((1, 2)); 2]);
                one.set_filter(None).unwrap();
                assert_eq!(places(&mut one), [Some((2, 2)); 2]);
            }
        });
    }
}
