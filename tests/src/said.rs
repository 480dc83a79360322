//! What an audit says, whoever made it: the library, the binary, or the second implementation. All print the
//! same JSON, and this is as much of it as has to agree.

use ledger_core::audit::Verdict;
use serde_json::Value;

/// An answer, as far as two verifiers have to agree on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The verdict.
    pub verdict: Verdict,
    /// The height up to which it vouches.
    pub height: u64,
    /// Height of the lowest finding, where something was altered.
    pub first: Option<u64>,
    /// The last block whose own certificate was verified.
    pub signed: Option<u64>,
    /// The last block that it vouches for; none where it vouches for none.
    pub tip: Option<String>,
    /// The log there.
    pub log_root: Option<String>,
}

impl Said {
    /// From what `--json` prints; none where that is no report.
    #[must_use]
    pub fn read(report: &Value) -> Option<Self> {
        let verdict: Verdict = serde_json::from_value(report.get("verdict")?.clone()).ok()?;
        // Nothing vouched for is written as no height, or as that of the genesis.
        let height = report.get("height")?.as_u64().unwrap_or(0);
        let finding = report.get("findings")?.get(0);
        let hash = |name: &str| report.get(name).and_then(Value::as_str).filter(|_| height > 0).map(str::to_owned);
        Some(Self {
            verdict,
            height,
            first: finding.filter(|_| verdict == Verdict::Altered).and_then(|finding| finding.get("height")?.as_u64()),
            signed: report.get("signed")?.as_u64().filter(|signed| *signed > 0),
            tip: hash("tip"),
            log_root: hash("log_root"),
        })
    }
}
