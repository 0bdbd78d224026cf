//! The packet parser, at each hook, and captured frames of each link type.

use iftop_common::Bytes;
use iftop_user::{
    flow::FlowTable,
    orient::Rules,
    source::{
        Sample,
        frames::{Frame, Frames, LinkLayer, Local, LocalPart, Options, Way},
    },
};

use super::{
    input::Input,
    parser::{self, OUR_MAC},
};

/// What stands first is for a hook.
const HOOK_BYTES: usize = 5;
/// All that can be read, by their numbers in files.
const LINKS: [u32; 9] = [1, 113, 276, 101, 228, 229, 0, 108, 9];

/// See [`CHECKS`](super::CHECKS).
pub fn check(data: &[u8]) {
    parser::check(data);
    let mut input = Input(data);
    input.bytes(HOOK_BYTES);
    let link = input.choice(&LINKS);
    let way = input.choice(&[None, Some(Way::In), Some(Way::Out), Some(Way::By)]);
    let missing = input.number();
    captured(input.0, link, way, missing.into());
}

/// Nothing of a frame is lost or counted twice.
fn captured(bytes: &[u8], link: u32, way: Option<Way>, missing: u64) {
    let link = LinkLayer::of(link).expect("it is one that can be read");
    let local: Local = [LocalPart::Mac(OUR_MAC)].into_iter().collect();
    let frame_bytes = bytes.len() as u64 + missing;
    for counted in [Bytes::Ip, Bytes::Wire] {
        let options = Options { local: local.clone(), bytes: counted, max_flows: 16 };
        let mut frames = Frames::new(options);
        let frame = Frame { link, bytes, original_bytes: frame_bytes, way };
        frames.count(&frame).expect("there is no filter");
        let mut sample = Sample::default();
        frames.take(&mut sample);
        let mut table = FlowTable::new(Rules::default(), 16);
        table.apply(&sample);
        let account = table.account();
        assert_eq!(account.unaccounted_bytes(), 0);
        assert_eq!((account.frames.packets, account.frames.bytes), (1, frame_bytes));
    }
}
