"""Reads vectors.json by the descriptions in this folder, with none of Pilotfish's code: pip install cryptography.

Run by hand, and whenever a format is added: python3 docs/formats/read_vectors.py
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import pathlib
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

V = json.loads((pathlib.Path(__file__).parent / "vectors.json").read_text())
H = bytes.fromhex
KINDS = {kind["name"]: kind["code"] for kind in V["key_kinds"]}


def fields(*parts):
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def open_gcm(key, aad, sealed):
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], aad)


def expand(prk, info, length=32):
    return HKDFExpand(hashes.SHA256(), length, info).derive(prk)


def decapsulate(private, enc):
    """RFC 9180, DHKEM(X25519, HKDF-SHA256), Decap."""
    suite = b"KEM" + struct.pack(">H", 0x0020)
    key = X25519PrivateKey.from_private_bytes(private)
    public = key.public_key().public_bytes_raw()
    shared = key.exchange(X25519PublicKey.from_public_bytes(enc))
    prk = hmac.digest(b"", b"HPKE-v1" + suite + b"eae_prk" + shared, "sha256")
    return expand(prk, struct.pack(">H", 32) + b"HPKE-v1" + suite + b"shared_secret" + enc + public)


def open_sealed(private, sealed, environment, subject, field, version):
    header, enc, rest = sealed[:14], sealed[14:46], sealed[46:]
    assert header[0] == 1
    key = expand(decapsulate(private, enc), b"pilotfish/sealed-value/key/v1" + header)
    aad = fields(b"pilotfish/sealed-value/v1", environment, subject, field.encode(), struct.pack(">Q", version))
    return open_gcm(key, aad, rest)


def keyed(key, *parts):
    return hmac.digest(key, fields(*parts), "sha256")


a = V["aead"]
aad = fields(b"pilotfish/example/v1", b"field", b"\1", struct.pack(">I", 2), struct.pack(">Q", 3))
assert aad == H(a["aad"])
assert open_gcm(H(a["key"]), aad, H(a["sealed"])) == H(a["plain"])
assert open_gcm(H(a["key"]), aad, H(a["nonce_given"] + a["sealed_with_nonce_given"])) == H(a["plain"])

p = V["provider"]
lines = [line for line in p["root_key_file"].splitlines() if line and not line.startswith("#")]
assert lines[0] == "pilotfish-root-key 1"
version, state, _, root, checksum = lines[1].split(" ")
root = H(root)
assert state == "primary"
sum_input = b"pilotfish/root-key/v1" + struct.pack(">I", int(version)) + root
assert hashlib.sha256(sum_input).digest()[:4] == H(checksum)

for w in p["wrapped_keys"]:
    record, wrapped = w["record"], H(w["record"]["bytes"])
    assert wrapped[:5] == b"\1" + struct.pack(">I", 1) and len(wrapped) == 65
    kind, number = bytes([KINDS[record["kind"]]]), struct.pack(">I", record["version"])
    aad = fields(b"pilotfish/wrapped-key/v1", kind, H(w["owner_bytes"]), number)
    assert aad == H(w["aad"])
    assert open_gcm(root, aad, wrapped[5:]) == H(w["key"])

e = p["erasable"]
environment, cell = H(e["environment"]), H(e["cell"])
assert H(e["header"]) == b"pilotfish-erase\1" + environment + bytes(480)
assert e["cell_offset"] == 512 + e["bucket"] * 512
assert cell[0] == 1 and cell[1:5] == struct.pack(">I", 1) and cell[109:] == bytes(19)
aad = fields(b"pilotfish/erasable-key/v1", environment, bytes([e["bucket"]]), cell[5:9], cell[9:17], cell[17:49])
private = open_gcm(root, aad, cell[49:109])
assert private == H(e["private"]) and cell[17:49] == H(e["public"])
assert X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw() == cell[17:49]

person = e["person"]
assert H(person["id"])[0] == e["bucket"]
opened = open_sealed(private, H(person["sealed_private"]), environment, H(person["id"]), person["field"], person["version"])
assert X25519PrivateKey.from_private_bytes(opened).public_key().public_bytes_raw() == H(person["public"])

for s in V["sealed_values"]:
    sealed, key = H(s["sealed"]), s["key"]
    assert sealed[:14] == struct.pack(">BBIQ", 1, KINDS[key["kind"]], key["version"], key["number"])
    plain = open_sealed(H(s["private"]), sealed, H(s["environment"]), H(s["subject"]), s["field"], s["version"])
    assert plain == H(s["plain"])

h = V["hashes"]
key = H(h["key"])
b, m, t, k = h["blind_index"], h["message_hash"], h["token_hash"], h["api_key"]
assert keyed(key, b"pilotfish/blind-index/v1", b["namespace"].encode(), b["value"].encode())[:16] == H(b["hash"])
assert keyed(key, b"pilotfish/message-hash/v1", H(m["environment"]), m["message_id"].encode())[:16] == H(m["hash"])
assert keyed(key, b"pilotfish/token-hash/v1", t["purpose"].encode(), t["token"].encode()) == H(t["hash"])
for entry in h["address_hash"]:
    address = ipaddress.ip_address(entry["address"])
    prefix = address.packed[: 3 if address.version == 4 else 6]
    assert keyed(key, b"pilotfish/address-hash/v1", bytes([address.version]), prefix)[:16] == H(entry["hash"])
prefix, text = k["text"][:4], k["text"][4:]
decoded = base64.b32decode(text.upper())
assert len(decoded) == 35
assert hashlib.sha256(b"pilotfish/api-key/v1" + prefix.encode() + decoded[:32]).digest()[:3] == decoded[32:]
assert keyed(key, b"pilotfish/api-key-hash/v1", prefix.encode(), decoded[:32]) == H(k["hash"])

bundle = V["edge_bundle"]
lines = [line for line in bundle["file"].splitlines() if line and not line.startswith("#")]
assert lines[0] == "pilotfish-edge-bundle 1"
_, digits, checksum = lines[1].split(" ")
grant, grant_key = H(bundle["grant"]), H(digits)
assert grant_key == H(bundle["grant_key"])
assert hashlib.sha256(b"pilotfish/edge-bundle/v1" + grant + grant_key).digest()[:4] == H(checksum)


def open_granted(sealed, label, *parts):
    assert sealed[0] == 1
    return open_gcm(grant_key, fields(label, grant, *parts), sealed[1:])


g = bundle["granted_key"]
number = struct.pack(">I", g["version"])
context = fields(b"pilotfish/wrapped-key/v1", bytes([KINDS[g["kind"]]]), H(g["owner_bytes"]), number)
assert open_granted(H(g["sealed"]), b"pilotfish/granted-key/v1", context) == H(g["key"])
g = bundle["granted_public_keys"]
plain = open_granted(H(g["sealed"]), b"pilotfish/granted-publics/v1", H(g["environment"]))
assert plain == b"".join(struct.pack(">I", bucket + 1) + bytes([bucket]) * 32 for bucket in range(256))
g = bundle["granted_leaf"]
assert open_granted(H(g["sealed"]), b"pilotfish/granted-leaf/v1") == fields(*map(H, [*g["chain"], g["private"]]))

print("every vector reads as described")
