//! What there is to say of one node.

use super::fork::Fork;
use crate::client::{ClientError, Url};
use crate::members::MEMBERS;
use luqi_node::http::{Role, Status};
use serde::Serialize;

/// A node that is so many blocks below the highest tip is behind: the nodes are not asked at the very same
/// moment.
const NEAR: u64 = 3;

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Ok,
    Behind,
    /// It has another block at some height than others.
    Forked,
    /// It is of another chain.
    OtherChain,
    /// It does not answer.
    Silent,
    NotReady,
}

/// One node.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    url: Url,
    pub(super) state: State,
    /// Why it is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    lag: Option<u64>,
    #[serde(flatten)]
    status: Option<Status>,
}

impl Row {
    pub(super) fn of(url: Url, status: Result<Status, ClientError>, highest: u64, fork: Option<Fork>) -> Self {
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                let why = Some(error.to_string());
                return Self { url, state: State::Silent, why, lag: None, status: None };
            }
        };
        let lag = highest.saturating_sub(status.height.0);
        let (state, why) = judge(&status, lag, fork);
        Self { url, state, why, lag: Some(lag), status: Some(status) }
    }

    /// Its line in the table.
    pub(super) fn cells(&self) -> [String; 11] {
        let why = self.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let state = match self.state {
            State::Ok => "ok",
            State::Behind => "behind",
            State::Forked => "FORKED",
            State::OtherChain => "other chain",
            State::Silent => "silent",
            State::NotReady => "not ready",
        };
        let state = format!("{state}{why}");
        let Some(status) = &self.status else {
            let mut cells = [const { String::new() }; 11];
            let [first, .., last] = &mut cells;
            (*first, *last) = (self.url.to_string(), state);
            return cells;
        };
        let code = status.member.map(|code| code.to_string()).unwrap_or_default();
        let name = MEMBERS.into_iter().find(|(known, ..)| *known == code).map_or("", |(_, _, name)| name);
        let role = match status.role {
            Role::Validator => "validator",
            Role::Replica => "replica",
            Role::Outsider => "outsider",
        };
        [
            status.node.to_string(),
            format!("{code} {name}").trim().to_owned(),
            role.to_owned(),
            status.height.to_string(),
            status.tip.to_string().chars().take(12).collect(),
            self.lag.unwrap_or(0).to_string(),
            status.peers.len().to_string(),
            age(status.tip_age_ms),
            status.pending.to_string(),
            status.disk_free.map_or_else(|| "?".to_owned(), size),
            state,
        ]
    }
}

fn judge(status: &Status, lag: u64, fork: Option<Fork>) -> (State, Option<String>) {
    match fork {
        Some(Fork::Block(height)) => {
            return (State::Forked, Some(format!("it has another block {height} than others")));
        }
        Some(Fork::Chain) => return (State::OtherChain, Some(format!("it is of chain {}", status.chain_id))),
        None => {}
    }
    let reasons: Vec<&str> = status.not_ready.iter().map(|reason| reason.en.as_str()).collect();
    let why = (!reasons.is_empty()).then(|| reasons.join("; "));
    if lag > NEAR || status.not_ready.iter().any(|reason| reason.code == "BEHIND") {
        return (State::Behind, why.or_else(|| Some(format!("{lag} blocks"))));
    }
    if !status.ready {
        return (State::NotReady, why);
    }
    (State::Ok, status.silent.as_ref().map(|why| format!("it does not vote: {why}")).or_else(|| adopted(status)))
}

/// What is adopted, where this version will make no block by it.
fn adopted(status: &Status) -> Option<String> {
    let adopted = status.adopted_protocol.filter(|adopted| !adopted.known)?;
    let (protocol, effective, newest) = (adopted.protocol, adopted.effective, status.newest_protocol);
    Some(format!(
        "protocol {protocol} is adopted from block {effective} on, and this version knows protocols up to {newest}: install a newer one before"
    ))
}

fn age(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        0 => format!("{:.1} s", milliseconds as f64 / 1e3),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

fn size(bytes: u64) -> String {
    match bytes >> 20 {
        megabytes @ 0..10_240 => format!("{megabytes} MiB"),
        megabytes => format!("{} GiB", megabytes >> 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_for_people() {
        assert_eq!(
            [900, 1_000, 119_999, 120_000, 7_200_000].map(age),
            ["0.9 s", "1 s", "119 s", "2 min", "2 h"].map(str::to_owned)
        );
        assert_eq!([5 << 20, 10 << 30, 3 << 40].map(size), ["5 MiB", "10 GiB", "3072 GiB"].map(str::to_owned));
    }
}
