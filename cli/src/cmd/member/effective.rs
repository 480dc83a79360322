//! From when a change holds: a height, blocks or time from now, a date. The chain counts blocks, people count hours; so
//! each is said in both, by the pace that the chain has had of late.

use super::view::Members;
use crate::client::{Client, ClientError};
use crate::exit::Problem;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit, Zoned};
use ledger_core::names::Height;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// So many blocks show the pace.
const LATELY: u64 = 100;
/// One block for the proposal, one for the approvals, one that adopts it, and one to spare.
const LEAST_AHEAD: u64 = 4;
/// Who has less time to approve is told.
const LITTLE_MS: u64 = 10 * 60_000;

/// When a change shall hold, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effective {
    /// From this block on.
    At(u64),
    /// From so many blocks above the tip on.
    Above(u64),
    /// So many milliseconds from now.
    In(u64),
    /// At a time, in milliseconds since 1970.
    When(u64),
}

impl FromStr for Effective {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = match text.strip_prefix('+') {
            Some(rest) => rest.parse().ok().map(Self::Above).or_else(|| span(rest).map(Self::In)),
            None => text.parse().ok().map(Self::At).or_else(|| moment(text).map(Self::When)),
        };
        known.ok_or_else(|| {
            "expected a height such as 12000, +500 for 500 blocks above the tip, +2h for two hours from now (s, m, h, \
             d), or a time such as 2026-12-01T09:00, or with an offset 2026-12-01T09:00+08:00"
                .to_owned()
        })
    }
}

/// `2h`, `90s`.
fn span(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit: u64 = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// A time with its offset, or one of this machine's zone.
fn moment(text: &str) -> Option<u64> {
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        // A clock that is set back shows one time twice: the first one is taken.
        text.parse::<DateTime>().ok()?.to_zoned(TimeZone::system()).ok().map(|zoned| zoned.timestamp())
    })?;
    u64::try_from(time.as_millisecond()).ok()
}

/// How fast the chain has been of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Pace {
    /// The tip.
    height: Height,
    /// Milliseconds from one block to the next.
    block_ms: u64,
    /// Of so many blocks; none where there are too few to tell.
    over: u64,
    /// Milliseconds from one block to the next when much is sent.
    quick_ms: u64,
    /// Now, in milliseconds since 1970.
    now: u64,
}

/// A height, and when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) height: Height,
    /// About then, in milliseconds since 1970.
    pub(super) about: u64,
    pace: Pace,
}

#[derive(Deserialize)]
struct Block {
    header: Timed,
}

#[derive(Deserialize)]
struct Timed {
    time: u64,
}

impl Pace {
    /// Asks a node for it.
    pub(super) async fn ask(client: &mut Client, members: &Members) -> Result<Self, ClientError> {
        let parameters = members.in_force.parameters();
        let wait = u64::from(parameters.pace_wait_ms);
        let Height(height) = members.height;
        let over = height.saturating_sub(1).min(LATELY);
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        let mut pace = Self { height: members.height, block_ms: wait.max(1), over, quick_ms: wait.max(1), now };
        if over > 0 {
            let mut time = async |height: u64| -> Result<u64, ClientError> {
                Ok(client.get::<Block>(&format!("/v1/blocks/{height}?format=json")).await?.header.time)
            };
            let (first, last) = (time(height.saturating_sub(over)).await?, time(height).await?);
            pace.block_ms = last.saturating_sub(first).checked_div(over).unwrap_or_default().max(1);
            pace.quick_ms = pace.quick_ms.min(pace.block_ms);
        }
        Ok(pace)
    }

    /// When a height comes at this pace.
    pub(super) const fn due(self, height: Height) -> Due {
        let ahead = height.0.saturating_sub(self.height.0);
        Due { height, about: self.now.saturating_add(ahead.saturating_mul(self.block_ms)), pace: self }
    }

    /// The height that is meant.
    ///
    /// # Errors
    /// Exit code 2: a time that has passed.
    pub(super) fn height(self, effective: Effective) -> Result<Height, Problem> {
        let after = |span: u64| Height(self.height.0.saturating_add(span.div_ceil(self.block_ms)));
        Ok(match effective {
            Effective::At(height) => Height(height),
            Effective::Above(blocks) => Height(self.height.0.saturating_add(blocks)),
            Effective::In(span) => after(span),
            Effective::When(time) => after(time.checked_sub(self.now).filter(|span| *span > 0).ok_or_else(|| {
                Problem::usage(format!("{} has passed", said(time))).next("name a time that is still to come")
            })?),
        })
    }
}

impl Due {
    const fn ahead(self) -> u64 {
        self.height.0.saturating_sub(self.pace.height.0)
    }

    /// Whether there is time to approve it; what is to be said where there is little.
    ///
    /// # Errors
    /// Exit code 2: there is none.
    pub(super) fn margin(self) -> Result<Option<String>, Problem> {
        let (Height(height), Height(tip)) = (self.height, self.pace.height);
        if self.ahead() < LEAST_AHEAD {
            let least = tip.saturating_add(LEAST_AHEAD);
            return Err(Problem::usage(format!(
                "block {height} is too near: the tip is block {tip}, and proposal and approvals need blocks of their own \
                 before it"
            ))
            .next(format!("name block {least} or a later one, and leave the members time to approve")));
        }
        let soonest = self.ahead().saturating_mul(self.pace.quick_ms);
        Ok((soonest < LITTLE_MS).then(|| {
            format!(
                "block {height} may come in {}: what is not approved by more than two thirds by then lapses",
                length(soonest)
            )
        }))
    }

    /// Height and time, for a person.
    pub(super) fn words(self) -> String {
        let Pace { block_ms, over, quick_ms, .. } = self.pace;
        let ahead = self.ahead();
        if ahead == 0 {
            return format!("block {}", self.height);
        }
        let pace = if over == 0 {
            "no pace is known yet".to_owned()
        } else {
            format!("one block in {} lately", length(block_ms))
        };
        let quick = ahead.saturating_mul(quick_ms);
        let usual = ahead.saturating_mul(block_ms);
        let sooner = if quick < usual { format!("; with much to record in {}", length(quick)) } else { String::new() };
        format!("block {}, about {} (in {}, {pace}{sooner})", self.height, said(self.about), length(usual))
    }
}

/// A time as people read it, in this machine's zone.
fn said(ms: u64) -> String {
    let Ok(time) = i64::try_from(ms).map_err(drop).and_then(|ms| Timestamp::from_millisecond(ms).map_err(drop)) else {
        return format!("{ms} ms after 1970");
    };
    let zoned: Zoned = time.to_zoned(TimeZone::system());
    let zoned = zoned.round(Unit::Second).unwrap_or(zoned);
    zoned.strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// A time as programs read it.
pub(super) fn stamp(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or_else(String::new, |time| time.to_string())
}

/// A length of time, at a glance.
fn length(ms: u64) -> String {
    let (value, unit) = match ms {
        0..10_000 => {
            let tenths = ms.saturating_add(50) / 100;
            return format!("{}.{} s", tenths / 10, tenths % 10);
        }
        10_000..60_000 => (ms / 1_000, "s"),
        60_000..7_200_000 => (ms / 60_000, "min"),
        7_200_000..172_800_000 => (ms / 3_600_000, "h"),
        _ => (ms / 86_400_000, "days"),
    };
    format!("{value} {unit}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::exit::Exit;

    const HOUR: u64 = 3_600_000;

    fn pace(block_ms: u64) -> Pace {
        Pace { height: Height(1_000), block_ms, over: 100, quick_ms: block_ms.min(5_000), now: 1_800_000_000_000 }
    }

    #[test]
    fn a_height_is_named_counted_from_the_tip_or_from_now_or_a_time() {
        assert_eq!("12000".parse(), Ok(Effective::At(12_000)));
        assert_eq!("+500".parse(), Ok(Effective::Above(500)));
        assert_eq!("+2h".parse(), Ok(Effective::In(2 * HOUR)));
        assert_eq!("+90s".parse(), Ok(Effective::In(90_000)));
        assert_eq!("+1d".parse(), Ok(Effective::In(24 * HOUR)));
        let noon = Ok(Effective::When(1_796_097_600_000));
        assert_eq!("2026-12-01T04:00:00Z".parse(), noon);
        assert_eq!("2026-12-01T12:00+08:00".parse(), noon);
        assert_eq!("2026-12-01 12:00:00+08:00".parse(), noon);
        for local in ["2026-12-01T12:00", "2026-12-01 12:00", "2026-12-01"] {
            assert!(matches!(local.parse(), Ok(Effective::When(_))), "{local}");
        }
        for wrong in ["", "+", "-1", "soon", "1.5", "+2w", "+h", "2026-13-01", "12:00", "+99999999999999999999d"] {
            assert!(wrong.parse::<Effective>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_becomes_a_height_by_the_pace_and_a_height_a_time() {
        let slow = pace(600_000);
        assert_eq!(slow.height(Effective::In(2 * HOUR)).unwrap(), Height(1_012));
        assert_eq!(slow.height(Effective::When(slow.now + 2 * HOUR)).unwrap(), Height(1_012));
        assert_eq!(slow.height(Effective::In(1)).unwrap(), Height(1_001), "rounded up: never sooner");
        assert_eq!(slow.height(Effective::When(slow.now)).unwrap_err().exit, Exit::Usage);
        assert_eq!(slow.due(Height(1_012)).about, slow.now + 2 * HOUR);
        let words = slow.due(Height(1_012)).words();
        assert!(words.starts_with("block 1012, about 20"), "{words}");
        assert!(
            words.contains("(in 2 h, one block in 10 min lately; with much to record in 60 s)")
                || words.contains("1 min"),
            "{words}"
        );
    }

    #[test]
    fn what_is_too_near_is_refused_and_what_may_come_soon_is_said() {
        let margin = |height| pace(600_000).due(Height(height)).margin().map_err(|problem| problem.exit);
        assert_eq!(margin(900), Err(Exit::Usage));
        assert_eq!(margin(1_003), Err(Exit::Usage));
        assert!(margin(1_012).unwrap().unwrap().contains("may come in 1 min"));
        assert_eq!(margin(1_120), Ok(None));
    }

    #[test]
    fn lengths_are_read_at_a_glance() {
        let lengths = [250, 12_000, 90_000, 3 * HOUR, 72 * HOUR].map(length);
        assert_eq!(lengths, ["0.3 s", "12 s", "1 min", "3 h", "3 days"].map(str::to_owned));
    }
}
