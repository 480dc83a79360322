"""Votes, and the certificates that make a block final (section 10)."""

from typing import Annotated

from .codec import U32, U64, Hash, ListOf, Structure, structure
from .crypto import Signature, holds, signed_bytes
from .membership import CONSENSUS, Judges, rises


@structure
class Vote(Structure):
    node: U32
    signature: Signature


@structure
class Certificate(Structure):
    height: U64
    round: U32
    block: Hash
    signatures: Annotated[tuple[Vote, ...], ListOf(Vote, 512)]

    def precommit(self, chain: bytes) -> bytes:
        """The bytes that every vote in it signs."""
        fields = self.height.to_bytes(8, "big") + self.round.to_bytes(4, "big") + b"\1" + self.block
        return signed_bytes("precommit", chain, fields)

    def fault(self, chain: bytes, height: int, block: bytes, judges: Judges) -> str | None:
        """Why it does not make this block final, or nothing if it does."""
        if fault := self.misnames(height, block):
            return fault
        numbers = [vote.node for vote in self.signatures]
        if not rises(numbers):
            return "node numbers do not rise"
        nodes = [judges.nodes.get(number) for number in numbers]
        if any(node is None or node.power == 0 for node in nodes):
            return "a node that has no vote"
        if not judges.has_quorum(sum(node.power for node in nodes)):
            return "no quorum"
        message = self.precommit(chain)
        for node, vote in zip(nodes, self.signatures):
            if not holds(node.key(CONSENSUS), vote.signature, message):
                return f"the signature of node {node.number} does not hold"
        return None

    def misnames(self, height: int, block: bytes) -> str | None:
        """The part of `fault` that needs no signature."""
        if (self.height, self.block) != (height, block):
            return "it is for another block"
        return None
