#!/bin/sh
# What an auditor of a chain reads of ledger-core, in order, with its lines: of code alone, and with comments. Tests
# are left out. docs/architecture.md says why these.
set -eu
cd "$(dirname "$0")/../ledger-core/src"

list="
crypto/domain.rs crypto/hash.rs crypto/key.rs
codec.rs names.rs outcome.rs
merkle/hash.rs merkle/frontier.rs
membership.rs membership/member.rs membership/parameters.rs membership/text.rs membership/trust.rs
governance/change.rs governance/control.rs governance/fold.rs
event.rs submission.rs certificate.rs block.rs
contract/state.rs contract/roles.rs contract/fold.rs map/rule.rs
genesis.rs genesis/json.rs genesis/predecessor.rs history.rs
chain/protocol.rs chain/tip.rs chain/fault.rs chain/hashed.rs chain/rules.rs chain/settle.rs chain/folding.rs
chain/ladder.rs
archive/mod.rs archive/foot.rs archive/file.rs
audit/verdict.rs audit/judged.rs audit/judge.rs audit/batch.rs audit/held.rs audit/bookmark.rs
"

# shellcheck disable=SC2086
awk '
    FNR == 1 { files[++count] = FILENAME; tests = 0 }
    /^mod tests \{/ || /^#\[cfg\(any\(test/ { tests = 1 }
    tests { next }
    { all[FILENAME]++ }
    !/^[ \t]*($|\/\/)/ { code[FILENAME]++ }
    END {
        for (i = 1; i <= count; i++) {
            printf "%5d %5d  %s\n", code[files[i]], all[files[i]], files[i]
            codes += code[files[i]]; alls += all[files[i]]
        }
        printf "%5d %5d  in all\n", codes, alls
    }
' $list
