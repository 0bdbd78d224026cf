//! The command line of tcpdump(1) that shows the packets of what is listened to.
//!
//! Pure text, for a shell: whoever named an interface or a file must not have a part in the command.

use crate::netns::Target;

/// What is listened to.
#[derive(Clone, Copy, Debug)]
pub enum Listening<'a> {
    /// An interface, where asked for inside another network namespace.
    Interface(&'a str, Option<&'a Target>),
    /// A capture file.
    File(&'a str),
}

/// The command without an expression.
pub fn command(listening: Listening<'_>) -> String {
    match listening {
        Listening::File(name) => format!("tcpdump -nr {}", quoted(name)),
        Listening::Interface(name, netns) => {
            let inside = match netns {
                None => String::new(),
                Some(Target::Name(name)) => format!("ip netns exec {} ", quoted(name)),
                Some(Target::Process(number)) => format!("nsenter -t {number} -n "),
                Some(Target::Path(path)) => format!("nsenter --net={} ", quoted(path)),
            };
            format!("{inside}tcpdump -ni {}", quoted(name))
        }
    }
}

/// One word of a shell. What is no graphic ASCII is left to its `?`, which matches any character.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut quoted = "'".to_owned();
    for c in word.chars() {
        match c {
            '\'' => quoted.push_str(r"'\''"),
            ' ' => quoted.push(' '),
            c if c.is_ascii_graphic() => quoted.push(c),
            _ => quoted.push_str("'?'"),
        }
    }
    quoted + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_for_a_shell() {
        let (name, process, path) = (
            Target::Name("web 1".to_owned()),
            Target::Process(77),
            Target::Path("/run/netns/x".to_owned()),
        );
        let cases = [
            (Listening::Interface("eth0.5", None), "tcpdump -ni eth0.5"),
            (Listening::Interface("e;reboot", None), "tcpdump -ni 'e;reboot'"),
            (Listening::Interface("eth0", Some(&name)), "ip netns exec 'web 1' tcpdump -ni eth0"),
            (Listening::Interface("eth0", Some(&process)), "nsenter -t 77 -n tcpdump -ni eth0"),
            (
                Listening::Interface("eth0", Some(&path)),
                "nsenter --net=/run/netns/x tcpdump -ni eth0",
            ),
            (Listening::File("-"), "tcpdump -nr -"),
            (Listening::File("a'b\n$(x).pcap"), r"tcpdump -nr 'a'\''b'?'$(x).pcap'"),
            (Listening::File("\u{1f980} x"), "tcpdump -nr ''?' x'"),
            (Listening::File(""), "tcpdump -nr ''"),
        ];
        for (listening, expected) in cases {
            assert_eq!(command(listening), expected);
        }
    }
}
