"""Votes, and the certificates that make a block final (section 10)."""

from typing import Annotated

from .codec import U32, Hash, Height, ListOf, Option, Structure, structure
from .crypto import PublicKey, Signature, holds, signed_bytes
from .membership import CONSENSUS, Judges, rises


# -- what is signed in agreement ---------------------------------------------------------------


@structure
class Ballot(Structure):
    """`luqi/prevote` and `luqi/precommit`: a vote for a block, or for none."""

    height: Height
    round: U32
    block: Annotated[bytes | None, Option(Hash)]


@structure
class ConsensusProposal(Structure):
    """`luqi/consensus-proposal`."""

    height: Height
    round: U32
    block: Hash
    valid_round: Annotated[int | None, Option(U32)]
    proposer: U32


@structure
class Parts(Structure):
    """`luqi/parts`."""

    height: Height
    round: U32
    block: Hash
    parts: U32
    bytes: U32
    proposer: U32


@structure
class Validator(Structure):
    """`luqi/validator`: which peer speaks for a node."""

    node: U32
    peer: PublicKey


# -- what makes a block final ------------------------------------------------------------------


@structure
class Vote(Structure):
    node: U32
    signature: Signature


@structure
class Certificate(Structure):
    height: Height
    round: U32
    block: Hash
    signatures: Annotated[tuple[Vote, ...], ListOf(Vote, 512)]

    def precommit(self, chain: bytes) -> bytes:
        """The bytes that every vote in it signs."""
        return signed_bytes("precommit", chain, Ballot(self.height, self.round, self.block).encode())

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
