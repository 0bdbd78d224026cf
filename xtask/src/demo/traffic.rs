//! The made-up traffic: what a small server may see on a lively day, all of it bounded.
//!
//! It owns who speaks with whom, and how fast. Each conversation is a thread or two, which go on until their
//! process ends; where one fails it is over, and the others go on.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use socket2::{Domain, Socket, Type};

/// Who there is: the first two are the near end, where iftop runs.
pub(super) const HOSTS: [(&str, &str); 8] = [
    ("10.9.0.1", "server"),
    ("fd00:9::1", "server"),
    ("10.9.0.2", "backup"),
    ("10.9.0.3", "database"),
    ("10.9.0.4", "phone"),
    ("10.9.0.5", "resolver"),
    ("fd00:9::2", "mirror"),
    ("fd00:9::3", "logs"),
];
/// Hosts beside these that come and go.
pub(super) const VISITORS: u8 = 20;

const WEB: &str = "10.9.0.1:80";
const BACKUP: &str = "10.9.0.2:873";
const DATABASE: &str = "10.9.0.3:5432";
const PHONES: [&str; 2] = ["10.9.0.1:5004", "10.9.0.4:5004"];
const RESOLVER: &str = "10.9.0.5:53";
const MIRROR: &str = "[fd00:9::2]:443";
const LOGS: &str = "[fd00:9::3]:514";

/// Between two portions of what is paced.
const STEP: Duration = Duration::from_millis(10);
/// In which the fastest of them swells and fades.
const WAVE: Duration = Duration::from_secs(30);
/// Between two of the burst, and what it has.
const BURST_EACH: Duration = Duration::from_secs(12);
const BURST_PACKETS: usize = 2000;

/// The address of one of those who come and go.
pub(super) fn visitor(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 9, 0, 100 + number)
}

/// Of the near end, or of the far one.
pub(super) fn addresses(is_near: bool) -> Vec<IpAddr> {
    let hosts = HOSTS.map(|(address, _)| address.parse().unwrap_or(IpAddr::V4(visitor(0))));
    let (near, far) = hosts.split_at(2);
    if is_near {
        return near.to_vec();
    }
    let visitors = (0..VISITORS).map(|number| IpAddr::V4(visitor(number)));
    far.iter().copied().chain(visitors).collect()
}

/// The near end begins to speak. The far end listens by now.
pub(super) fn begin_near() -> Result<()> {
    let web = TcpListener::bind(WEB).context("listen for visitors")?;
    go_on(move || {
        for visit in web.incoming() {
            answer_visit(visit?)?;
        }
        Ok(())
    });
    go_on(|| {
        let began = Instant::now();
        // Up for half of the time, down for the other.
        let megabits_per_second = move || {
            let place = began.elapsed().as_millis() % WAVE.as_millis() * 320 / WAVE.as_millis();
            20 + place.min(320 - place)
        };
        send_at(TcpStream::connect(BACKUP)?, megabits_per_second)
    });
    go_on(|| io::copy(&mut TcpStream::connect(MIRROR)?, &mut io::sink()).map(drop));
    go_on(|| {
        let mut database = TcpStream::connect(DATABASE)?;
        loop {
            database.write_all(&[b'q'; 500])?;
            database.read_exact(&mut [0; 4000])?;
            thread::sleep(STEP);
        }
    });
    go_on(|| {
        let socket = UdpSocket::bind("10.9.0.1:0")?;
        loop {
            socket.send_to(&[b'?'; 40], RESOLVER)?;
            socket.recv(&mut [0; 500])?;
            thread::sleep(10 * STEP);
        }
    });
    go_on(|| {
        let socket = UdpSocket::bind("[fd00:9::1]:0")?;
        loop {
            for packet in 0..BURST_PACKETS {
                socket.send_to(&[b'l'; 1200], LOGS)?;
                if packet % 50 == 0 {
                    thread::sleep(STEP / 2);
                }
            }
            thread::sleep(BURST_EACH);
        }
    });
    go_on(|| speak(PHONES[0], PHONES[1]));
    Ok(())
}

/// The far end listens when this returns, and speaks as soon as the near end listens too.
pub(super) fn begin_far() -> Result<()> {
    let listen = |at| TcpListener::bind(at).with_context(|| format!("listen at {at}"));
    let (backup, mirror, database) = (listen(BACKUP)?, listen(MIRROR)?, listen(DATABASE)?);
    let resolver = UdpSocket::bind(RESOLVER).context("the resolver")?;
    let logs = UdpSocket::bind(LOGS).context("who takes the logs")?;
    go_on(move || io::copy(&mut backup.accept()?.0, &mut io::sink()).map(drop));
    go_on(move || send_at(mirror.accept()?.0, || 40));
    go_on(move || {
        let (mut asks, _) = database.accept()?;
        loop {
            asks.read_exact(&mut [0; 500])?;
            asks.write_all(&[b'a'; 4000])?;
        }
    });
    go_on(move || {
        loop {
            let (_, from) = resolver.recv_from(&mut [0; 500])?;
            resolver.send_to(&[b'!'; 180], from)?;
        }
    });
    go_on(move || {
        loop {
            logs.recv(&mut [0; 1500])?;
        }
    });
    go_on(|| speak(PHONES[1], PHONES[0]));
    for number in 0..VISITORS {
        // Not all at once.
        let rest = 4 * STEP * (10 + u32::from(number));
        go_on(move || {
            loop {
                // Nobody may listen yet.
                let _ = visit(number);
                thread::sleep(rest);
            }
        });
    }
    Ok(())
}

/// On a thread of its own.
fn go_on(conversation: impl FnOnce() -> io::Result<()> + Send + 'static) {
    thread::spawn(|| {
        // Somebody has hung up.
        let _ = conversation();
    });
}

/// As fast as it is told to, which may change.
fn send_at(mut stream: TcpStream, megabits_per_second: impl Fn() -> u128) -> io::Result<()> {
    // What a megabit per second is in a step.
    let portion = vec![b'd'; 1_000_000 / 8 / 100];
    loop {
        for _ in 0..megabits_per_second() {
            stream.write_all(&portion)?;
        }
        thread::sleep(STEP);
    }
}

/// A call: a packet each 20 ms, and nobody minds whether it is heard.
fn speak(from: &str, to: &str) -> io::Result<()> {
    let socket = UdpSocket::bind(from)?;
    loop {
        let _ = socket.send_to(&[b's'; 172], to);
        thread::sleep(2 * STEP);
    }
}

/// Asks for a page.
fn visit(number: u8) -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((visitor(number), 0)).into())?;
    socket.connect(&WEB.parse::<SocketAddr>().map_err(io::Error::other)?.into())?;
    let mut page = TcpStream::from(socket);
    page.write_all(&[b'g'; 300])?;
    io::copy(&mut page, &mut io::sink()).map(drop)
}

/// The page is longer for some than for others.
fn answer_visit(mut visit: TcpStream) -> io::Result<()> {
    visit.read_exact(&mut [0; 300])?;
    let pages = match visit.peer_addr()?.ip() {
        IpAddr::V4(from) => usize::from(from.octets()[3] % 8),
        IpAddr::V6(_) => 0,
    };
    visit.write_all(&vec![b'p'; 2000 + 6000 * pages])
}
