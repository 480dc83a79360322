//! What there is to say of one node.

use super::fork::Fork;
use crate::client::{ClientError, Url};
use crate::exit::Exit;
use crate::members::MEMBERS;
use luqi_node::called;
use luqi_node::http::{Role, State, Status};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::time::Duration;

/// A node that is so many blocks below the highest tip is behind: the nodes are not asked at the very same
/// moment.
const NEAR: u64 = 3;

/// How a node is seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// So it says itself, or so it stands beside the others.
    As(State),
    /// It does not answer.
    NoAnswer,
    /// It is of another chain than the most.
    OtherChain,
}

impl Seen {
    /// With which the command ends where no node is worse.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::As(State::Voting | State::Replica) => Exit::Holds,
            Self::As(State::Behind) => Exit::Behind,
            Self::As(State::Clock) => Exit::Clock,
            Self::As(State::Silent) => Exit::Silent,
            Self::As(State::Closed) => Exit::Closed,
            Self::As(State::Unreachable) => Exit::Unreachable,
            Self::As(State::NoMember) => Exit::NoMember,
            Self::As(State::Halted) => Exit::Halted,
            Self::As(State::Forked) => Exit::Forked,
            Self::NoAnswer | Self::OtherChain => Exit::Undecided,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::As(state) => state.name(),
            Self::NoAnswer => "no_answer",
            Self::OtherChain => "other_chain",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::As(state) => state.words(),
            Self::NoAnswer => "no answer",
            Self::OtherChain => "other chain",
        }
    }
}

/// One node.
#[derive(Debug)]
pub(super) struct Row {
    url: Url,
    pub(super) seen: Seen,
    /// All that is true of it, the worst first.
    also: Vec<State>,
    /// Why it is not well.
    why: Option<String>,
    lag: Option<u64>,
    status: Option<Status>,
}

/// What the node says, with how it is seen from here in the place of its own word for it.
impl Serialize for Row {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let said = self.status.as_ref().map(serde_json::to_value).transpose().map_err(S::Error::custom)?;
        let Value::Object(mut fields) = said.unwrap_or_else(|| Value::Object(Map::new())) else {
            return Err(S::Error::custom("a status is no object"));
        };
        fields.insert("url".to_owned(), self.url.to_string().into());
        fields.insert("state".to_owned(), self.seen.name().into());
        fields.insert("states".to_owned(), self.also.iter().map(|state| state.name()).collect());
        fields.insert("lag".to_owned(), self.lag.into());
        if let Some(why) = &self.why {
            fields.insert("why".to_owned(), why.as_str().into());
        }
        fields.serialize(to)
    }
}

impl Row {
    pub(super) fn of(url: Url, status: Result<Status, ClientError>, highest: u64, fork: Option<Fork>) -> Self {
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                let why = Some(error.to_string());
                return Self { url, seen: Seen::NoAnswer, also: Vec::new(), why, lag: None, status: None };
            }
        };
        let lag = highest.saturating_sub(status.height.0);
        let (seen, also, why) = judge(&status, lag, fork);
        Self { url, seen, also, why, lag: Some(lag), status: Some(status) }
    }

    /// What it knows of others that everybody should know.
    pub(super) fn note(&self) -> Option<String> {
        let status = self.status.as_ref().filter(|status| !status.equivocators.is_empty())?;
        let who: Vec<_> = status.equivocators.iter().map(|node| format!("node {node}")).collect();
        Some(format!(
            "node {} has proof that {} signed two things at one height and round: see `luqi verify-evidence --help`\n",
            status.node,
            who.join(", ")
        ))
    }

    /// Its line in the table.
    pub(super) fn cells(&self) -> [String; 11] {
        let why = self.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let state = format!("{}{why}", self.seen.words());
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

/// The worst of what a node says and of how it stands beside the others; all of it; and why.
fn judge(status: &Status, lag: u64, fork: Option<Fork>) -> (Seen, Vec<State>, Option<String>) {
    let own = status.not_ready.iter().map(|reason| (reason.state, reason.en.clone()));
    let beside = match fork {
        Some(Fork::Block(height)) => Some((State::Forked, format!("it has another block {height} than others"))),
        Some(Fork::Chain) => {
            return (Seen::OtherChain, status.states.clone(), Some(format!("it is of chain {}", status.chain_id)));
        }
        None => None,
    };
    let is_told = status.states.contains(&State::Behind);
    let lags = (lag > NEAR && !is_told).then(|| (State::Behind, format!("it is {lag} blocks behind the highest")));
    let mut reasons: Vec<_> = own.chain(beside).chain(lags).collect();
    reasons.sort_by(|(one, _), (other, _)| other.cmp(one));
    let mut also: Vec<_> = status.states.iter().copied().chain(reasons.iter().map(|(state, _)| *state)).collect();
    also.sort_unstable_by(|one, other| other.cmp(one));
    also.dedup();
    let worst = also.iter().copied().fold(status.state, State::max);
    let why = reasons.iter().map(|(state, why)| {
        // The first one's state stands before all of it.
        if *state == worst { why.clone() } else { format!("{}: {why}", state.words()) }
    });
    let why: Vec<_> = why.collect();
    let why = (!why.is_empty()).then(|| why.join("; "));
    (Seen::As(worst), also, why.or_else(|| adopted(status)))
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
    called::time(Duration::from_millis(milliseconds))
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
    fn sizes_for_people() {
        assert_eq!([5 << 20, 10 << 30, 3 << 40].map(size), ["5 MiB", "10 GiB", "3072 GiB"].map(str::to_owned));
    }

    #[test]
    fn each_state_has_an_exit_code_of_its_own_and_the_worse_has_the_higher() {
        let codes = State::ALL.map(|state| Seen::As(state).exit() as u8);
        assert_eq!(codes, [0, 0, 10, 11, 12, 13, 14, 15, 16, 17]);
        assert_eq!([Seen::NoAnswer, Seen::OtherChain].map(|seen| seen.exit() as u8), [3, 3]);
    }
}
