"""Hashes, strict signatures, trees, the VRF, records."""

import dataclasses
import hashlib
import json
import os
import unittest
from pathlib import Path

import support
from luqi_verify import crypto, merkle, record, subject

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("LUQI_VECTORS", HERE.parents[3] / "shared" / "vectors"))


def shared(name: str):
    """A file of the shared public vectors; the test is left out, and counted, where they are not. Whoever names
    their folder by LUQI_VECTORS has them."""
    path = SHARED / name
    if not path.exists() and "LUQI_VECTORS" not in os.environ:
        raise support.leave_out("test_crypto", f"the public vectors {name} are not here (set LUQI_VECTORS)")
    return json.loads(path.read_text())


class Hashes(unittest.TestCase):
    def test_the_worked_example_of_section_2(self):
        preimage = bytes.fromhex("0a6c7571692f737461746501616263")
        self.assertEqual(crypto.hash_of("state", b"abc"), hashlib.sha256(preimage).digest())

    def test_domains_are_8_to_31_bytes(self):
        for name in crypto.HASHED + crypto.SIGNED:
            self.assertTrue(8 <= len(crypto.domain(name)) - 1 <= 31, name)


class StrictSignatures(unittest.TestCase):
    def check(self, file, cases):
        expected = set(shared("ed25519/strict_expected.json")[file]["accept"])
        accepted = {
            number for number, public, message, signature in cases
            if len(public) == 32 and crypto.holds(public, signature, message)
        }
        self.assertEqual(accepted, expected)

    def test_wycheproof(self):
        groups = shared("ed25519/wycheproof_ed25519_test.json")["testGroups"]
        cases = [
            (t["tcId"], bytes.fromhex(g["publicKey"]["pk"]), bytes.fromhex(t["msg"]), bytes.fromhex(t["sig"]))
            for g in groups for t in g["tests"]
        ]
        self.check("wycheproof_ed25519_test", cases)

    def test_cctv(self):
        cases = [
            (t["number"], bytes.fromhex(t["key"]), t["msg"].encode(), bytes.fromhex(t["sig"]))
            for t in shared("ed25519/cctv_ed25519vectors.json")
        ]
        self.check("cctv_ed25519vectors", cases)

    def test_speccheck(self):
        cases = [
            (n, bytes.fromhex(t["pub_key"]), bytes.fromhex(t["message"]), bytes.fromhex(t["signature"]))
            for n, t in enumerate(shared("ed25519/speccheck_cases.json"))
        ]
        self.check("speccheck_cases", cases)

    def test_keys_that_are_not_canonical(self):
        figures = shared("ed25519/noncanonical_points.json")
        for case in figures["points"] if isinstance(figures, dict) else figures:
            self.assertFalse(crypto.is_public_key(bytes.fromhex(case["encoding"])))


class Trees(unittest.TestCase):
    def test_the_reference_tree(self):
        figures = shared("merkle/reference_tree.json")
        leaves = [merkle.leaf_hash(bytes.fromhex(text)) for text in figures["leaf_inputs"]]
        for size, root in enumerate(figures["roots_by_size"]):
            self.assertEqual(merkle.root_over(leaves[:size]).hex(), root)

    def test_the_frontier_is_the_definition(self):
        def by_definition(leaves):
            if len(leaves) <= 1:
                return leaves[0] if leaves else hashlib.sha256(b"").digest()
            split = 1 << (len(leaves) - 1).bit_length() - 1
            return merkle.inner(by_definition(leaves[:split]), by_definition(leaves[split:]))

        leaves = [merkle.leaf_hash(bytes([n])) for n in range(70)]
        for size in range(71):
            self.assertEqual(merkle.root_over(leaves[:size]), by_definition(leaves[:size]))


class Vrf(unittest.TestCase):
    KEY = bytes.fromhex("54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e")
    ALPHA = bytes.fromhex("633273702e6f72672f7672662d72323535")
    PROOF = bytes.fromhex(
        "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff9265c805525233e2284dbed45e593b8eea3"
        "1d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c"
    )
    OUTPUT = bytes.fromhex(
        "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e18273603bf1c6c25d7a797aeff3c43fd32b974"
        "d3fcbd4bcce916007097922a3ea3a794"
    )

    def test_the_vector_of_c2sp(self):
        self.assertEqual(subject.verify(self.KEY, self.ALPHA, self.PROOF), self.OUTPUT)

    def test_another_question_or_another_proof(self):
        self.assertIsNone(subject.verify(self.KEY, self.ALPHA + b"x", self.PROOF))
        for at in (33, 60):
            changed = bytearray(self.PROOF)
            changed[at] ^= 1
            self.assertIsNone(subject.verify(self.KEY, self.ALPHA, bytes(changed)))

    def test_what_is_no_proof(self):
        for proof in (self.PROOF[:-1], self.PROOF + b"\0", b"\1" + self.PROOF[1:], self.PROOF[:48] + b"\xff" * 32):
            with self.assertRaises(ValueError):
                subject.verify(self.KEY, self.ALPHA, proof)
        with self.assertRaises(ValueError):
            subject.verify(bytes(32), self.ALPHA, self.PROOF)

    def test_alpha_is_as_section_4_draws_it(self):
        alpha = subject.contract_alpha("91310000MA1FL0000X", "合同-1")
        self.assertEqual(alpha[:18], b"\x11luqi/contract-vrf")
        self.assertEqual(alpha[18:], b"\1\0\x1291310000MA1FL0000X\0\x08" + "合同-1".encode())


class Records(unittest.TestCase):
    def test_hkdf_as_rfc_5869_case_3(self):
        output = record.hkdf_sha256(b"\x0b" * 22, b"", 42)
        self.assertEqual(
            output.hex(),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")

    def test_some_slots_open_a_commitment(self):
        kind, secret = record.Kind(17, 1), bytes(range(32))
        slots = [b"one", None, b"", b"four"] + [None] * 17
        commitment = kind.commit(secret, slots)
        leaves = {n: kind.slot_leaf(n, kind.salt(secret, n), value) for n, value in enumerate(slots)}
        shown = {n: record.Revealed(kind.salt(secret, n), slots[n]) for n in (1, 3)}
        entries = [shown.get(n) or record.Hidden(leaves[n]) for n in range(len(slots))]
        disclosure = record.Disclosure(kind.kind, kind.version, tuple(entries))
        self.assertEqual(record.Disclosure.decode(disclosure.encode()), disclosure)
        self.assertEqual(disclosure.commitment(), commitment)
        self.assertEqual(disclosure.shown(), {"contract_no": shown[1], "date": shown[3]})
        entries[1] = record.Revealed(kind.salt(secret, 1), b"")
        self.assertNotEqual(dataclasses.replace(disclosure, slots=tuple(entries)).commitment(), commitment)


if __name__ == "__main__":
    unittest.main()
