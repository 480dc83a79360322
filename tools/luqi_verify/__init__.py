"""A second implementation of luqi's verifier, written from `docs/format.md` alone.

Each module stands for one idea and names the sections of that page that it implements:

    codec          1        one value, one encoding; the same declaration reads JSON
    crypto         2        domains, hashes, strict Ed25519
    merkle         3        roots and frontiers
    subject        4        the verifiable random function
    record         5        slots, salts, commitments, disclosures
    event          6        events and entries
    trust          8        origins, verifier keys, the trust policy
    membership     8        members, heirs, nodes, keys, parameters
    change         9        what can be changed, and what it makes of a membership
    governance     9        proposals, approvals, the control state
    certificate    10       votes and quorums
    block          7, 11    submissions, headers, bodies
    lineage        16       how a header is proved from a genesis on
    strict_json    12       JSON that every reader reads alike
    genesis        12       genesis.json, and what makes a chain go on from another one
    fold           13       the state of a subject
    contract_map   14       the tree over all states
    chain          11, 15   one block on top of another
    archive        16       the file, each thing in its place
    foot           16       what the first block of a stretch stands on
    judge          15, 16   how far a chain is climbed, and what ends it
    audit          15       the verdict
    extent         16.1     what else a file holds, beside the verdict
    report                  the answer, for a person and for a program
    cases, vectors, edges   golden vectors
"""
