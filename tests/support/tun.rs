//! An interface of a chosen hardware type: `tun`, whose other end is a descriptor of the test.
//!
//! Hardware of most types is nowhere at hand, and what a capture begins with depends on the type alone.
#![expect(unsafe_code, reason = "ioctl(2)")]

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::fd::AsRawFd as _,
};

use super::net::{Namespace, PacketSocket};

/// The interface; it goes with the value.
pub struct Tun {
    far_end: File,
    at_near_end: PacketSocket,
}

impl Tun {
    /// `tun0`, up, without an address. `hardware` is one of `ARPHRD_*` (`linux/if_arp.h`).
    pub fn new(namespace: &Namespace, hardware: u16) -> Self {
        // `linux/if_tun.h`.
        const TUNSETLINK: libc::c_ulong = 0x4004_54cd;
        let far_end = namespace.run(|| {
            let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun").unwrap();
            // SAFETY: zero is a valid value for every field.
            let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
            for (place, byte) in request.ifr_name.iter_mut().zip(b"tun0") {
                *place = byte.cast_signed();
            }
            request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI).try_into().unwrap();
            // SAFETY: the request lives; the second call takes a number.
            let results = unsafe {
                [
                    libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request),
                    libc::ioctl(file.as_raw_fd(), TUNSETLINK, libc::c_ulong::from(hardware)),
                ]
            };
            assert_eq!(results, [0; 2], "{}", io::Error::last_os_error());
            file
        });
        namespace.ip("link set tun0 up");
        let at_near_end = namespace.run(|| PacketSocket::sending_from("tun0"));
        Self { far_end, at_near_end }
    }

    /// Has it receive a packet, which must say its version.
    pub fn receive(&mut self, packet: &[u8]) {
        self.far_end.write_all(packet).unwrap();
    }

    /// Has it send a packet, and takes that at the far end: only then the interface counts it.
    pub fn send(&mut self, packet: &[u8]) {
        self.at_near_end.send(packet);
        let mut taken = [0; 2048];
        let bytes = self.far_end.read(&mut taken).unwrap();
        assert_eq!(&taken[..bytes], packet, "something else was sent");
    }
}
