//! Programs of somebody else at the hooks of an interface: a few instructions, which say what is to become
//! of every packet.

use aya::{
    Ebpf, EbpfLoader,
    programs::{
        LinkOrder, SchedClassifier, TcAttachType, Xdp, XdpMode,
        tc::{NlOptions, TcAttachOptions},
    },
};

use super::{iftop::Iftop, net::Namespace};

#[path = "../../iftop-user/src/source/ebpf/gate/elf.rs"]
mod elf;

/// Verdicts of tc (`linux/pkt_cls.h`): the next one decides, it passes on, it is dropped.
pub const NEXT: i32 = -1;
pub const OK: i32 = 0;
pub const SHOT: i32 = 2;
/// Verdicts of XDP (`linux/bpf.h`).
pub const XDP_DROP: i32 = 1;
pub const XDP_PASS: i32 = 2;

const NAME: &str = "foreign";

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Verdict(i32),
    /// It is sent by the interface with this index.
    Redirect(u32),
}

/// It is attached as long as the value lives.
pub struct Neighbour {
    object: Ebpf,
}

impl Neighbour {
    /// Comes before whoever is at a TCX hook of `va` by now.
    pub fn at_tcx(namespace: &Namespace, hook: TcAttachType, verdict: i32) -> Self {
        Self::at_tcx_in_order(namespace, hook, Decision::Verdict(verdict), LinkOrder::first())
    }

    /// At that place of a TCX hook of `va`.
    pub fn at_tcx_in_order(
        namespace: &Namespace,
        hook: TcAttachType,
        decision: Decision,
        order: LinkOrder,
    ) -> Self {
        Self::at_tc(namespace, hook, decision, TcAttachOptions::TcxOrder(order))
    }

    /// Comes after all filters of clsact, which must be there.
    pub fn at_clsact(namespace: &Namespace, hook: TcAttachType, decision: Decision) -> Self {
        let last = NlOptions { priority: u16::MAX, ..NlOptions::default() };
        Self::at_tc(namespace, hook, decision, TcAttachOptions::Netlink(last))
    }

    fn at_tc(
        namespace: &Namespace,
        hook: TcAttachType,
        decision: Decision,
        options: TcAttachOptions,
    ) -> Self {
        let mut object = load("classifier", decision);
        namespace.run(|| {
            let program: &mut SchedClassifier =
                object.program_mut(NAME).unwrap().try_into().unwrap();
            program.load().unwrap();
            program.attach_with_options("va", hook, options).unwrap();
        });
        Self { object }
    }

    /// At the XDP hook of `va`.
    pub fn at_xdp(namespace: &Namespace, mode: XdpMode, verdict: i32) -> Self {
        // A driver asks that it takes frames that are longer than a page; the kernel does not.
        let section = if mode == XdpMode::Skb { "xdp" } else { "xdp.frags" };
        let mut object = load(section, Decision::Verdict(verdict));
        namespace.run(|| {
            let program: &mut Xdp = object.program_mut(NAME).unwrap().try_into().unwrap();
            program.load().unwrap();
            program.attach("va", mode).unwrap();
        });
        Self { object }
    }

    /// The kernel's number for it.
    pub fn id(&self) -> u32 {
        let program = self.object.program(NAME).unwrap();
        program.info().unwrap().id()
    }
}

/// Whose XDP program, run by the kernel, there is beside what is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    Nobody,
    Iftop,
    Foreign,
}

/// It is gone with the value.
#[expect(dead_code, reason = "only to be there")]
pub enum AtXdp {
    Nobody,
    Iftop(Iftop),
    Foreign(Neighbour),
}

impl Beside {
    /// At `va`; every frame passes it.
    pub fn start(self, namespace: &Namespace) -> AtXdp {
        match self {
            Self::Nobody => AtXdp::Nobody,
            Self::Iftop => AtXdp::Iftop(Iftop::json(namespace, "-i va --hook xdp")),
            Self::Foreign => AtXdp::Foreign(Neighbour::at_xdp(namespace, XdpMode::Skb, XDP_PASS)),
        }
    }
}

fn load(section: &str, decision: Decision) -> Ebpf {
    let file = elf::of_program(section, NAME, &decision.code()).unwrap();
    EbpfLoader::new().btf(None).load(&file).unwrap()
}

impl Decision {
    /// Instructions (`linux/bpf.h`): code, registers, offset, number.
    fn code(self) -> Vec<u8> {
        let [move_number, call, exit] = [0xb7, 0x85, 0x95];
        let instruction = |code: u8, register: u8, number: [u8; 4]| {
            [&[code, register, 0, 0], &number[..]].concat()
        };
        let decide = match self {
            Self::Verdict(verdict) => instruction(move_number, 0, verdict.to_le_bytes()),
            // bpf_redirect(index, 0)
            Self::Redirect(index) => [
                instruction(move_number, 1, index.to_le_bytes()),
                instruction(move_number, 2, [0; 4]),
                instruction(call, 0, 23_u32.to_le_bytes()),
            ]
            .concat(),
        };
        [decide, instruction(exit, 0, [0; 4])].concat()
    }
}
