//! The first words of a TLS client, written by hand: no library of today says what must be refused.

use base::Rng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::trust::outside::PATIENCE;

/// What a client offers.
pub(super) struct Offer {
    pub(super) name: &'static str,
    /// The newest version that it knows: 0x0303 is TLS 1.2, 0x0304 TLS 1.3.
    version: u16,
    suites: &'static [u16],
}

/// What a door makes of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// It goes on with the handshake.
    Accepts,
    /// It says no, or hangs up.
    Refuses,
    /// It speaks something else.
    Other,
}

const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;

/// What a door accepts one of, whichever profile it speaks. An offer that is refused proves something only beside it.
pub(super) const STRONG: &[Offer] = &[
    Offer { name: "TLS 1.3 with AES-GCM", version: TLS_1_3, suites: &[0x1301, 0x1302] },
    Offer { name: "TLS 1.2 with AES-GCM", version: TLS_1_2, suites: &[0xc02b, 0xc02f, 0xc02c, 0xc030] },
];

const CBC: &[u16] = &[0xc013, 0xc014, 0xc009, 0xc00a, 0x002f, 0x0035, 0x000a];

/// What must be refused.
pub(super) const WEAK: &[Offer] = &[
    Offer { name: "SSL 3.0", version: 0x0300, suites: CBC },
    Offer { name: "TLS 1.0", version: 0x0301, suites: CBC },
    Offer { name: "TLS 1.1", version: 0x0302, suites: CBC },
    Offer { name: "key exchange without forward secrecy", version: 0x0303, suites: &[0x009c, 0x009d, 0x002f, 0x0035] },
    Offer { name: "CBC suites", version: 0x0303, suites: &[0xc013, 0xc014, 0xc009, 0xc00a, 0xc023, 0xc024, 0xc027] },
    Offer { name: "finite-field key exchange", version: 0x0303, suites: &[0x0033, 0x0039, 0x009e, 0x009f] },
    Offer {
        name: "RC4, 3DES, NULL or export suites",
        version: 0x0303,
        suites: &[0x0005, 0x000a, 0x0001, 0x0003, 0xc012],
    },
    Offer { name: "suites without a certificate", version: 0x0303, suites: &[0x0034, 0x006c, 0x00a6, 0xc018] },
];

impl Offer {
    /// Says it to a door.
    pub(super) async fn make(&self, stream: &mut TcpStream, sni: Option<&str>, rng: &dyn Rng) -> Reply {
        let hello = self.client_hello(sni, rng);
        let mut answer = [0; 6];
        let saying = async {
            stream.write_all(&hello).await?;
            stream.read_exact(&mut answer).await
        };
        match timeout(PATIENCE, saying).await {
            // A handshake record whose message is a ServerHello.
            Ok(Ok(_)) if answer[0] == 22 && answer[5] == 2 => Reply::Accepts,
            Ok(Ok(_)) if answer[0] == 21 => Reply::Refuses,
            Ok(Err(_)) => Reply::Refuses,
            Ok(Ok(_)) | Err(_) => Reply::Other,
        }
    }

    fn client_hello(&self, sni: Option<&str>, rng: &dyn Rng) -> Vec<u8> {
        // TLS 1.3 calls itself 1.2 here, and says what it is in an extension.
        let mut body = self.version.min(TLS_1_2).to_be_bytes().to_vec();
        body.extend(rng.bytes::<32>());
        body.push(0); // no session to resume
        let suites: Vec<u8> = self.suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        body.extend(counted(&suites));
        body.extend([1, 0]); // no compression
        if self.version > 0x0300 {
            body.extend(counted(&self.extensions(sni, rng)));
        }
        let mut message = vec![1];
        message.extend(&length(&body).to_be_bytes()[1..]);
        message.extend(body);
        let mut record = vec![22, 3, u8::from(self.version > 0x0300)];
        record.extend(counted(&message));
        record
    }

    fn extensions(&self, sni: Option<&str>, rng: &dyn Rng) -> Vec<u8> {
        let mut all = Vec::new();
        let mut add = |kind: u16, data: &[u8]| {
            all.extend(kind.to_be_bytes());
            all.extend(counted(data));
        };
        if let Some(name) = sni {
            let name = [&[0], counted(name.as_bytes()).as_slice()].concat();
            add(0, &counted(&name));
        }
        add(10, &counted(&[0, 29, 0, 23, 0, 24])); // x25519, P-256, P-384
        add(11, &[1, 0]); // uncompressed points
        // ECDSA and RSA with SHA-256 and SHA-384, RSA-PSS, and what old clients have: SHA-1.
        add(13, &counted(&[4, 3, 5, 3, 8, 4, 8, 5, 4, 1, 5, 1, 2, 3, 2, 1]));
        add(23, &[]); // extended master secret
        if self.version == TLS_1_3 {
            add(43, &[2, 3, 4]);
            // Any 32 bytes are somebody's public key on that curve.
            let share = [[0, 29].as_slice(), &counted(&rng.bytes::<32>())].concat();
            add(51, &counted(&share));
        }
        all
    }
}

/// Bytes behind their number in two bytes.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let count = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&count.to_be_bytes(), bytes].concat()
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
