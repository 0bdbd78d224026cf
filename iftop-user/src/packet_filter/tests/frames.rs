//! Frames to be judged: sane ones of each kind, with tags and without, cut off and mutated.

use fastrand::Rng;

/// So many, of 0 to about 130 bytes; half of them start with an IP header.
pub fn frames(random: &mut Rng, count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| {
            let mut frame = if number % 2 == 0 { ethernet(random) } else { packet(random).1 };
            for _ in 0..random.usize(..3) * random.usize(..2) {
                if let Some(byte) = random.choice(&mut frame) {
                    *byte = random.u8(..);
                }
            }
            if random.u8(..4) == 0 {
                frame.truncate(random.usize(..=80));
            }
            frame
        })
        .collect()
}

fn ethernet(random: &mut Rng) -> Vec<u8> {
    let station = |random: &mut Rng| match random.u8(..8) {
        0 => [0xff; 6],
        1 => [1, 0, 0x5e, 0, 0, random.u8(..)],
        _ => [2, 0, 0, 0, 0, random.u8(1..=2)],
    };
    let mut frame = [station(random), station(random)].concat();
    for _ in 0..random.usize(..3) * random.usize(..2) {
        let ethertype = [0x8100_u16, 0x88a8, 0x9100][random.usize(..3)];
        frame.extend(ethertype.to_be_bytes());
        frame.extend((random.u16(..8) << 13 | random.u16(4..=7)).to_be_bytes());
    }
    let (ethertype, packet) = packet(random);
    let other = [0x0806, 0x8035, 0x8847, 0x8863, 0x8864, 0x0026, 0x809b][random.usize(..7)];
    let ethertype = if random.u8(..8) == 0 { other } else { ethertype };
    frame.extend(u16::to_be_bytes(ethertype));
    frame.extend(packet);
    frame
}

fn packet(random: &mut Rng) -> (u16, Vec<u8>) {
    let protocol = [1, 2, 6, 6, 6, 17, 17, 17, 47, 50, 51, 58, 103, 112, 132][random.usize(..15)];
    let payload = transport(random, protocol);
    if random.u8(..3) == 0 {
        let mut packet = vec![0x60, 0, 0, 0];
        packet.extend(length(payload.len()));
        packet.extend([protocol, 64]);
        for _ in 0..2 {
            packet.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, random.u8(1..=3)]);
        }
        packet.extend(payload);
        return (0x86dd, packet);
    }
    let words = if random.u8(..4) == 0 { random.u8(6..=15) } else { 5 };
    let header = usize::from(words) * 4;
    let mut packet = vec![0x40 | words, random.u8(..4)];
    packet.extend(length(header + payload.len()));
    let fragment = if random.u8(..6) == 0 { random.u16(..0x4000) } else { 0 };
    packet.extend([0, 1]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([random.u8(60..=65), protocol, 0, 0]);
    for _ in 0..2 {
        packet.extend(match random.u8(..8) {
            0 => [224, 0, 0, 5],
            1 => [192, 168, 1, 1],
            _ => [10, 0, 0, random.u8(1..=5)],
        });
    }
    packet.resize(header, 1);
    packet.extend(payload);
    (0x0800, packet)
}

fn transport(random: &mut Rng, protocol: u8) -> Vec<u8> {
    let port = |random: &mut Rng| [22_u16, 53, 80, 443, 5, 33024, 60_000][random.usize(..7)];
    let mut payload = Vec::new();
    match protocol {
        1 | 58 => payload.extend([[0, 8, 128][random.usize(..3)], 0]),
        _ => (0..2).for_each(|_| payload.extend(port(random).to_be_bytes())),
    }
    payload.resize(12, 0);
    payload.extend([0x50 | random.u8(..16), random.u8(..64)]);
    payload.resize(20, 0);
    payload.extend(b"GET / HTTP/1.1".iter().cycle().take(random.usize(..60)));
    payload
}

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}
