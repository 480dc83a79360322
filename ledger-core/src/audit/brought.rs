//! What an auditor brings of an earlier audit (format.md §15.4).

use super::{Bookmark, strict};
use crate::crypto::ChainId;
use crate::names::Height;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// What cannot vouch for anything.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BookmarkError {
    /// Neither a bookmark nor the answer of an audit.
    #[error("it is not what an audit gives to keep: {0}")]
    Json(String),
    /// An audit of what did not hold.
    #[error("it is of an audit that did not find that the chain holds")]
    Verdict,
    /// Another chain.
    #[error("it is of chain {found}, and the genesis makes chain {wanted}")]
    Chain {
        /// The genesis's.
        wanted: ChainId,
        /// The bookmark's.
        found: ChainId,
    },
    /// The genesis, of which nobody has to be told.
    #[error("it is of height 0, where no block stands")]
    Zero,
}

impl Bookmark {
    /// Reads what an auditor kept of a chain: a bookmark, or the whole answer of an audit that says *holds*
    /// (format.md §15.4).
    ///
    /// # Errors
    /// [`BookmarkError`]: a mistake of whoever gave it, no finding of an audit.
    pub fn from_json(bytes: &[u8], chain: &ChainId) -> Result<Self, BookmarkError> {
        use BookmarkError as E;
        let malformed = |why: serde_json::Error| E::Json(why.to_string());
        let json = strict::read(bytes).map_err(malformed)?;
        let is_answer = json.get("bookmark").is_some() || json.get("verdict").is_some();
        let found = if is_answer { kept_in(&json)? } else { &json };
        let kept = Self::deserialize(found).map_err(malformed)?;
        // One way to write it: serde would take a list of the values in the place of an object, too.
        if serde_json::to_value(&kept).map_err(malformed)? != *found {
            return Err(E::Json("it is not written as an audit writes it".to_owned()));
        }
        if kept.chain != *chain {
            return Err(E::Chain { wanted: *chain, found: kept.chain });
        }
        if kept.height == Height(0) {
            return Err(E::Zero);
        }
        Ok(kept)
    }
}

/// What the answer of an audit gives to keep.
fn kept_in(answer: &Value) -> Result<&Value, BookmarkError> {
    use BookmarkError as E;
    let verdict =
        answer.get("verdict").and_then(Value::as_str).ok_or_else(|| E::Json("a verdict is missing".into()))?;
    let kept = answer.get("bookmark").filter(|kept| !kept.is_null());
    kept.filter(|_| verdict == "holds").ok_or(E::Verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Network;
    use serde_json::json;

    #[test]
    fn only_a_block_of_an_audit_that_holds_can_be_kept() {
        let mut network = Network::new(1);
        network.block(vec![]);
        let (kept, chain) = (Bookmark::of(&network.tip), network.tip.chain());
        let read = |json: Value| Bookmark::from_json(&serde_json::to_vec(&json).unwrap(), &chain);
        let bookmark = serde_json::to_value(&kept).unwrap();
        assert_eq!(read(bookmark.clone()), Ok(kept.clone()));
        let answer = |verdict: &str, bookmark: &Value| json!({"verdict": verdict, "bookmark": bookmark, "height": 1});
        assert_eq!(read(answer("holds", &bookmark)), Ok(kept));
        for refused in [answer("altered", &bookmark), answer("undecided", &bookmark), answer("holds", &Value::Null)] {
            assert_eq!(read(refused), Err(BookmarkError::Verdict));
        }
        let with = |name: &str, value: Value| {
            let mut changed = bookmark.clone();
            changed[name] = value;
            changed
        };
        let found = ChainId([7; 32]);
        let other = with("chain", json!(found.to_string()));
        assert_eq!(read(other.clone()), Err(BookmarkError::Chain { wanted: chain, found }));
        assert_eq!(read(answer("holds", &other)), Err(BookmarkError::Chain { wanted: chain, found }));
        assert_eq!(read(with("height", json!(0))), Err(BookmarkError::Zero));
        for malformed in
            [json!({}), json!([]), with("height", json!("1")), with("more", json!(1)), json!({"bookmark": 1})]
        {
            assert!(matches!(read(malformed), Err(BookmarkError::Json(_))));
        }
        // The answer of an audit that has nothing to keep.
        for nothing in [json!({"verdict": "holds"}), json!({"verdict": "undecided"}), answer("holds", &Value::Null)] {
            assert_eq!(read(nothing), Err(BookmarkError::Verdict));
        }
        // Written in another form, at whatever depth.
        let frontier = &bookmark["frontier"];
        let as_list = with("frontier", json!([frontier["size"], frontier["peaks"]]));
        for other in [as_list.clone(), with("frontier", json!([frontier]))] {
            assert!(matches!(read(answer("holds", &other)), Err(BookmarkError::Json(_))));
            assert!(matches!(read(other), Err(BookmarkError::Json(_))));
        }
        let all_as_list: Value = bookmark.as_object().unwrap().values().cloned().collect();
        assert!(matches!(read(all_as_list), Err(BookmarkError::Json(_))));
        let report = serde_json::to_string(&answer("holds", &bookmark)).unwrap();
        for (once, twice) in
            [("\"height\"", "\"height\":1,\"height\""), ("\"bookmark\"", "\"more\":{\"a\":1,\"a\":1},\"bookmark\"")]
        {
            let twice = report.replacen(once, twice, 1);
            assert!(matches!(Bookmark::from_json(twice.as_bytes(), &chain), Err(BookmarkError::Json(_))), "{twice}");
        }
        let text = serde_json::to_string(&bookmark).unwrap();
        let twice = text.replacen("\"height\":1", "\"height\":1,\"height\":1", 1);
        assert!(matches!(Bookmark::from_json(twice.as_bytes(), &chain), Err(BookmarkError::Json(_))));
    }
}
