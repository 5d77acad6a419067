# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes signature_vectors.h: keys and signatures made by another library (python3-cryptography), so that our own
checks are not measured by themselves. Run by hand: python3 make_signature_vectors.py > signature_vectors.h"""
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MESSAGE = b"what was signed"
SHA = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}
OID = {256: "0609608648016503040201", 384: "0609608648016503040202", 512: "0609608648016503040203"}


def der(tag, content):
    length = len(content)
    assert length < 256
    head = bytes([tag, length]) if length < 128 else bytes([tag, 0x81, length])
    return head + content


def pss_identifier(bits, salt, mask_bits=None):
    digest = der(0x30, bytes.fromhex(OID[bits]) + b"\x05\x00")
    mask_digest = der(0x30, bytes.fromhex(OID[mask_bits or bits]) + b"\x05\x00")
    mask = der(0x30, bytes.fromhex("06092a864886f70d010108") + mask_digest)
    content = der(0xa0, digest) + der(0xa1, mask) + der(0xa2, der(0x02, bytes([salt])))
    return der(0x30, bytes.fromhex("06092a864886f70d01010a") + der(0x30, content))


def c_array(name, octets):
    rows = [octets[i:i + 20] for i in range(0, len(octets), 20)]
    lines = ",\n    ".join(", ".join(f"0x{octet:02x}" for octet in row) for row in rows)
    print(f"static const uint8_t {name}[] = {{\n    {lines}}};")


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


print("/* SPDX-License-Identifier: GPL-2.0-or-later */")
print("/* Written by make_signature_vectors.py; all signatures are of \"what was signed\". */")
vectors = []
rsa_key = rsa.generate_private_key(65537, 2048)
c_array("key_rsa_2048", spki(rsa_key))
for bits, last in ((256, "0b"), (384, "0c"), (512, "0d")):
    c_array(f"signature_rsa_{bits}", rsa_key.sign(MESSAGE, padding.PKCS1v15(), SHA[bits]))
    c_array(f"algorithm_rsa_{bits}", bytes.fromhex(f"300d06092a864886f70d0101{last}0500"))
    vectors.append(("key_rsa_2048", f"algorithm_rsa_{bits}", f"signature_rsa_{bits}"))
for bits, salt in ((256, 32), (384, 48), (512, 64), (256, 64)):
    name = f"pss_{bits}_{salt}"
    c_array(f"signature_{name}", rsa_key.sign(MESSAGE, padding.PSS(padding.MGF1(SHA[bits]), salt), SHA[bits]))
    c_array(f"algorithm_{name}", pss_identifier(bits, salt))
    vectors.append(("key_rsa_2048", f"algorithm_{name}", f"signature_{name}"))
c_array("algorithm_pss_weak_salt", pss_identifier(256, 20))
c_array("algorithm_pss_two_hashes", pss_identifier(256, 32, 512))
large = rsa.generate_private_key(65537, 4096)
c_array("key_rsa_4096", spki(large))
c_array("signature_rsa_4096", large.sign(MESSAGE, padding.PKCS1v15(), SHA[256]))
vectors.append(("key_rsa_4096", "algorithm_rsa_256", "signature_rsa_4096"))
exponent_3 = rsa.generate_private_key(3, 2048)
c_array("key_rsa_exponent_3", spki(exponent_3))
c_array("signature_rsa_exponent_3", exponent_3.sign(MESSAGE, padding.PKCS1v15(), SHA[256]))
vectors.append(("key_rsa_exponent_3", "algorithm_rsa_256", "signature_rsa_exponent_3"))
for bits, last in ((256, "02"), (384, "03"), (512, "04")):
    c_array(f"algorithm_ecdsa_{bits}", bytes.fromhex(f"300a06082a8648ce3d0403{last}"))
for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
    key = ec.generate_private_key(curve)
    c_array(f"key_p{curve.key_size}", spki(key))
    for bits in SHA:
        name = f"signature_p{curve.key_size}_{bits}"
        c_array(name, key.sign(MESSAGE, ec.ECDSA(SHA[bits])))
        vectors.append((f"key_p{curve.key_size}", f"algorithm_ecdsa_{bits}", name))
ed = ed25519.Ed25519PrivateKey.generate()
c_array("key_ed25519", spki(ed))
c_array("algorithm_ed25519", bytes.fromhex("300506032b6570"))
c_array("signature_ed25519", ed.sign(MESSAGE))
vectors.append(("key_ed25519", "algorithm_ed25519", "signature_ed25519"))
print("\n#define SIGNATURE_VECTORS(X) \\")
print(" \\\n".join(f"    X({key}, {algorithm}, {signature})" for key, algorithm, signature in vectors))

print("\n/* Keys that are refused. */")
weak = [("key_rsa_1024", rsa.generate_private_key(65537, 1024)),
        ("key_rsa_2040", rsa.generate_private_key(65537, 2040)),
        ("key_rsa_2050", rsa.generate_private_key(65537, 2050)),
        ("key_p192", ec.generate_private_key(ec.SECP192R1())),
        ("key_p224", ec.generate_private_key(ec.SECP224R1())),
        ("key_p256k1", ec.generate_private_key(ec.SECP256K1())),
        ("key_dsa", dsa.generate_private_key(1024))]
for name, key in weak:
    c_array(name, spki(key))
print("\n#define WEAK_KEYS(X) \\")
print(" \\\n".join(f"    X({name})" for name, _ in weak))
