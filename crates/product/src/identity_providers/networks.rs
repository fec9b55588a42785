//! Which machines are asked on behalf of organisations: those on the internet, and no others, unless the operator names their
//! networks; by an installation that is on this machine, this one too. It is looked at after a name was resolved, so that none leads
//! elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What is not on the internet, by IANA's registry of special-purpose addresses.
const SPECIAL_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];
/// What of IPv6 is given out for the internet.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 3);
/// What of that is not on it, or leads to an address of IPv4: protocols of the IETF with Teredo, documentation, 6to4.
const SPECIAL_V6: [Ipv6Net; 4] =
    [v6([0x2001, 0], 23), v6([0x2001, 0xdb8], 32), v6([0x2002, 0], 16), v6([0x3fff, 0], 20)];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6([a, b]: [u16; 2], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

/// Which networks may be asked beside the internet.
pub(super) struct Networks {
    /// By the operator.
    pub(super) named: Vec<IpNet>,
    pub(super) this_machine: bool,
}

/// Where a machine is that may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Internet,
    ThisMachine,
    /// In a network that the operator named. Organisations may have a provider there, and learn nothing else of it.
    Named,
}

impl Networks {
    /// Where an address is; nothing if it may not be asked.
    pub(super) fn place(&self, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        if is_on_the_internet(address) {
            Some(Place::Internet)
        } else if self.named.iter().any(|network| network.contains(&address)) {
            Some(Place::Named)
        } else {
            (self.this_machine && address.is_loopback()).then_some(Place::ThisMachine)
        }
    }
}

fn is_on_the_internet(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|network| network.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(networks: &Networks, address: &str) -> Option<Place> {
        networks.place(address.parse().unwrap())
    }

    #[test]
    fn the_internet_is_asked_and_nothing_else() {
        let networks = Networks { named: Vec::new(), this_machine: false };
        for address in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.32.0.1",
            "192.167.1.1",
            "223.255.255.254",
            "2606:4700::1111",
        ] {
            assert_eq!(place(&networks, address), Some(Place::Internet), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
            "100::1",
        ] {
            assert_eq!(place(&networks, address), None, "{address}");
        }
        assert_eq!(place(&networks, "::ffff:1.1.1.1"), Some(Place::Internet));
    }

    #[test]
    fn networks_that_the_operator_names_are_asked_and_this_machine_by_an_installation_on_it() {
        let named = vec!["10.1.0.0/16".parse().unwrap(), "fd12::/32".parse().unwrap()];
        let networks = Networks { named, this_machine: true };
        for (address, expected) in [
            ("10.1.2.3", Some(Place::Named)),
            ("::ffff:10.1.2.3", Some(Place::Named)),
            ("fd12::7", Some(Place::Named)),
            ("10.2.0.1", None),
            ("fd13::7", None),
            ("127.0.0.1", Some(Place::ThisMachine)),
            ("::1", Some(Place::ThisMachine)),
            ("::ffff:127.0.0.1", Some(Place::ThisMachine)),
            ("0.0.0.0", None),
            ("1.1.1.1", Some(Place::Internet)),
        ] {
            assert_eq!(place(&networks, address), expected, "{address}");
        }
    }
}
