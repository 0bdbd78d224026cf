//! Programs of somebody else at the hooks of an interface: two instructions, which say what is to become
//! of every packet.

use aya::{
    Ebpf, EbpfLoader,
    programs::{LinkOrder, SchedClassifier, TcAttachType, Xdp, XdpMode, tc::TcAttachOptions},
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

/// It is attached as long as the value lives.
pub struct Neighbour {
    object: Ebpf,
}

impl Neighbour {
    /// Comes before whoever is at a TCX hook of `va` by now.
    pub fn at_tcx(namespace: &Namespace, hook: TcAttachType, verdict: i32) -> Self {
        let mut object = load("classifier", verdict);
        namespace.run(|| {
            let program: &mut SchedClassifier =
                object.program_mut(NAME).unwrap().try_into().unwrap();
            program.load().unwrap();
            let first = TcAttachOptions::TcxOrder(LinkOrder::first());
            program.attach_with_options("va", hook, first).unwrap();
        });
        Self { object }
    }

    /// At the XDP hook of `va`.
    pub fn at_xdp(namespace: &Namespace, mode: XdpMode, verdict: i32) -> Self {
        // A driver asks that it takes frames that are longer than a page; the kernel does not.
        let section = if mode == XdpMode::Skb { "xdp" } else { "xdp.frags" };
        let mut object = load(section, verdict);
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

fn load(section: &str, verdict: i32) -> Ebpf {
    // r0 = verdict; exit
    let [move_number, exit] = [0xb7, 0x95];
    let mut code = vec![move_number, 0, 0, 0];
    code.extend(verdict.to_le_bytes());
    code.extend([exit, 0, 0, 0, 0, 0, 0, 0]);
    let file = elf::of_program(section, NAME, &code).unwrap();
    EbpfLoader::new().btf(None).load(&file).unwrap()
}
