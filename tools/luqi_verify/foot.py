"""What the first block of a stretch stands on (section 16)."""

from .archive import Below
from .chain import Finding, Kind, Tip
from .genesis import Genesis
from .membership import Judges


def stand_on(below: Below, genesis: Genesis) -> Tip:
    """Section 16: what has to hold of a foot."""
    header, chain, height = below.header, genesis.chain_id(), below.header.height
    judged, judges = climb_changes(below, genesis)
    conditions = {
        "the header below is of another chain": header.chain == chain,
        "it stands on the genesis": height >= 1,
        "the changes do not lead to the membership": judges.hash == header.next_membership,
        "the frontier is another one": below.frontier.of() == (header.log_size, header.log_root),
        "the control state is another one": below.control.hash() == header.control,
    }
    for fault, holds in conditions.items():
        if not holds:
            raise Finding(Kind.FOOT, height, fault)
    return Tip(
        chain, height, header.hash(), header.time, below.frontier, header, header.map_root, below.control,
        judged, judges, None)


def climb_changes(below: Below, genesis: Genesis) -> tuple[Judges, Judges]:
    """The membership that judged the header below, and the one that judges what follows."""
    chain = genesis.chain_id()
    judged = judges = Judges(genesis.membership)
    height, top = 0, below.header.height
    for change in below.changes:
        header = change.header
        fault = None
        if header.chain != chain:
            fault = "a change of another chain"
        elif not height < header.height <= top or (header.height == top and header != below.header):
            fault = "changes out of order, or of another block than the one below"
        elif why := change.certificate.fault(chain, header.height, header.hash(), judges):
            fault = f"the certificate of the change at height {header.height}: {why}"
        elif change.membership.hash() != header.next_membership:
            fault = f"the membership of the change at height {header.height} is another one"
        if fault:
            raise Finding(Kind.FOOT, top, fault)
        height, judged, judges = header.height, judges, Judges(change.membership)
    return (judged if height == top else judges), judges
