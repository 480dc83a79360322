"""What the first block of a stretch stands on (section 16)."""

from .archive import Below
from .chain import Finding, Kind, Tip
from .genesis import Genesis
from .lineage import Unproved, follow


def stand_on(below: Below, genesis: Genesis) -> Tip:
    """Section 16: what has to hold of a foot."""
    header, chain, height = below.header, genesis.chain_id(), below.header.height
    try:
        in_force = follow(below.changes, header, chain, genesis.membership)
    except Unproved as error:
        raise Finding(Kind.FOOT, height, str(error)) from error
    control, above = below.control, in_force.above
    approving = {member for proposal in control.proposals for member in proposal.approvals}
    conditions = {
        "the frontier is another one": below.frontier.of() == (header.log_size, header.log_root),
        "the control state is another one": control.hash() == header.control,
        "a stream of no node": all(stream.node in above.nodes for stream in control.streams),
        "an approval of no member": all(member in above.members for member in approving),
    }
    for fault, holds in conditions.items():
        if not holds:
            raise Finding(Kind.FOOT, height, fault)
    return Tip(
        chain, height, header.hash(), header.time, below.frontier, header, header.map_root, below.control,
        in_force.at, in_force.above, None)
