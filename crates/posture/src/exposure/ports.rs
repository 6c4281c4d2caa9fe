//! Protocols, port ranges, and the ports that must not face the internet.

/// A transport protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// The name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        }
    }
}

/// Ports from `start` to `end`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortRange {
    /// The first port.
    pub start: u16,
    /// The last port.
    pub end: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: PortRange = PortRange { start: 0, end: u16::MAX };

    /// One port.
    pub fn one(port: u16) -> Self {
        Self { start: port, end: port }
    }

    /// Whether `port` is in the range.
    pub fn contains(self, port: u16) -> bool {
        (self.start..=self.end).contains(&port)
    }

    /// Reads `80`, `80-90` or `*`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "*" {
            return Some(Self::ALL);
        }
        match text.split_once('-') {
            Some((start, end)) => {
                let range = Self { start: start.trim().parse().ok()?, end: end.trim().parse().ok()? };
                (range.start <= range.end).then_some(range)
            }
            None => text.parse().ok().map(Self::one),
        }
    }
}

/// The ports that no machine should open to the internet: the vendor's list of high-risk ports and those of
/// remote management (decision record 0002).
pub const GUARDED_PORTS: [(Protocol, u16); 22] = [
    (Protocol::Tcp, 20),
    (Protocol::Tcp, 21),
    (Protocol::Tcp, 22),
    (Protocol::Tcp, 23),
    (Protocol::Tcp, 111),
    (Protocol::Tcp, 119),
    (Protocol::Tcp, 135),
    (Protocol::Tcp, 161),
    (Protocol::Tcp, 162),
    (Protocol::Tcp, 445),
    (Protocol::Tcp, 512),
    (Protocol::Tcp, 514),
    (Protocol::Tcp, 593),
    (Protocol::Tcp, 873),
    (Protocol::Tcp, 2049),
    (Protocol::Tcp, 3389),
    (Protocol::Tcp, 5800),
    (Protocol::Tcp, 5900),
    (Protocol::Tcp, 5985),
    (Protocol::Tcp, 5986),
    (Protocol::Udp, 69),
    (Protocol::Udp, 11211),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_written_forms() {
        assert_eq!(PortRange::parse("*"), Some(PortRange::ALL));
        assert_eq!(PortRange::parse(" 80 "), Some(PortRange::one(80)));
        assert_eq!(PortRange::parse("80-443"), Some(PortRange { start: 80, end: 443 }));
        for text in ["", "443-80", "65536", "http", "-1"] {
            assert_eq!(PortRange::parse(text), None, "{text}");
        }
    }
}
