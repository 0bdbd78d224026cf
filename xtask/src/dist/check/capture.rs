//! A capture file with two packets of 10.0.0.1 to 10.0.0.2: TCP to port 80, UDP to port 53.
//!
//! Raw IP, so that nothing but what a filter asks for is in it.

const TCP: u8 = 6;
const UDP: u8 = 17;
const LINKTYPE_RAW: u32 = 101;

/// The file, as pcap-savefile(5) has it.
pub fn two_packets() -> Vec<u8> {
    let mut tcp = [0; 20];
    tcp[..4].copy_from_slice(&ports(80));
    // Its header has five words, and it is a SYN.
    tcp[12..14].copy_from_slice(&[0x50, 2]);
    let mut udp = [0; 8];
    udp[..4].copy_from_slice(&ports(53));
    udp[5] = 8;
    let mut file = words(&[0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, LINKTYPE_RAW]);
    for (second, packet) in [(1, ipv4(TCP, &tcp)), (2, ipv4(UDP, &udp))] {
        let length = u32::from(packet[3]);
        file.extend(words(&[second, 0, length, length]));
        file.extend(packet);
    }
    file
}

fn ports(destination: u8) -> [u8; 4] {
    [4, 0, 0, destination]
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(20 + payload.len()).unwrap_or(u8::MAX);
    let mut packet = vec![0x45, 0, 0, length, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(payload);
    packet
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_packets() {
        let file = two_packets();
        assert_eq!(file.len(), 24 + 16 + 40 + 16 + 28);
        assert_eq!(file[..8], [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]);
        assert_eq!(file[24 + 8..24 + 12], 40_u32.to_le_bytes());
        assert_eq!(file[80 + 8..80 + 12], 28_u32.to_le_bytes());
    }
}
