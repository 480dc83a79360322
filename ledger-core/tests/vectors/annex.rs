//! Vectors of the records that the annex's five messages make.

use crate::private::{arrival, record};
use ledger_core::annex::{Config, Date, Uscc, parse};
use ledger_core::record::{Arrival, Record, Reveal};
use serde_json::{Value, json};

const USCC: &str = "91370102MAFAKE019M";

/// As many files as an item may have.
fn files() -> Value {
    let roles = ["contract", "attachment", "timestamp_token", "notice", "certificate", "other", "other", "other"];
    let file = |(number, role): (usize, &str)| json!({ "role": role, "sha256": format!("{number:064x}"), "size": number.to_string(), "media_type": "text/plain" });
    (1..).zip(roles).map(file).collect()
}

/// A message of one item: its list, the item with every field, the fields that it can do without.
struct Message {
    name: &'static str,
    list: Option<&'static str>,
    item: Value,
    optional: &'static [&'static str],
    shown: [&'static str; 2],
    absent: &'static str,
}

fn messages() -> [Message; 5] {
    [new(), renew(), dissolve(), terminate(), employer()]
}

fn new() -> Message {
    Message {
        name: "new",
        list: Some("new_contracts"),
        item: json!({
            "contract_no": "LQ-2025-0001", "contract_name": "劳动合同", "worker_id_type": "01",
            "worker_name": "王虚构", "worker_id_no": "37083219880229996X", "worker_phone": "13900139000",
            "term_type": "1", "term_start": "20250301", "term_end": "20280229", "employee_category": "01",
            "contract_category": "02", "host_unit_name": "青岛虚构制造有限公司", "host_unit_legal_rep": "赵虚构",
            "dispatch_start": "20250301", "dispatch_end": "20260228", "host_unit_uscc": "92370202MAFAKE027J",
            "unit_sign_date": "20250225", "worker_sign_date": "20250226",
        }),
        optional: &[
            "term_end",
            "host_unit_name",
            "host_unit_legal_rep",
            "dispatch_start",
            "dispatch_end",
            "host_unit_uscc",
            "unit_sign_date",
            "worker_sign_date",
        ],
        shown: ["contract_no", "worker_name"],
        absent: "term_end",
    }
}

fn renew() -> Message {
    Message {
        name: "renew",
        list: Some("renewals"),
        item: json!({
            "contract_no": "LQ-2025-0001", "term_type": "1", "term_start": "20280301", "term_end": "20300228",
            "original_sign_date": "20250225", "unit_sign_date": "20280215", "worker_sign_date": "20280216",
        }),
        optional: &["term_end"],
        shown: ["term_start", "file_8"],
        absent: "term_end",
    }
}

fn dissolve() -> Message {
    Message {
        name: "dissolve",
        list: Some("dissolutions"),
        item: json!({
            "contract_no": "LQ-2025-0001", "dissolution_reason": "371", "dissolution_date": "20250630",
            "notice_date": "20250530", "initiator": "1",
        }),
        optional: &[],
        shown: ["dissolution_date", "raw_sha256"],
        absent: "unit_uscc",
    }
}

fn terminate() -> Message {
    Message {
        name: "terminate",
        list: Some("terminations"),
        item: json!({
            "contract_no": "LQ-2025-0001", "termination_reason": "1", "termination_date": "20280229",
            "notice_date": "20280129", "termination_note": "合同期满\n不再续签",
        }),
        optional: &["termination_note"],
        shown: ["termination_note", "platform"],
        absent: "termination_note",
    }
}

fn employer() -> Message {
    Message {
        name: "employer",
        list: None,
        item: json!({
            "unit_uscc": USCC, "unit_name": "济南虚构科技有限公司", "legal_rep_id_type": "01",
            "legal_rep_id_no": "370102199003079993", "legal_rep_name": "张虚构", "add_agent_flag": "1",
            "agent_id_type": "01", "agent_name": "李虚构", "agent_id_no": "370202198511229987",
            "agent_phone": "13800138000",
        }),
        optional: &["agent_id_type", "agent_name", "agent_id_no", "agent_phone"],
        shown: ["unit_name", "platform_signature"],
        absent: "agent_name",
    }
}

impl Message {
    /// The message with every field and file.
    fn full(&self) -> Value {
        let mut item = self.item.clone();
        let Some(list) = self.list else { return item };
        item["files"] = files();
        json!({ "unit_uscc": USCC, list: [item] })
    }

    /// The message with no more than it needs.
    fn least(&self) -> Value {
        let mut item = self.item.clone();
        let fields = item.as_object_mut().unwrap();
        self.optional.iter().for_each(|field| assert!(fields.remove(*field).is_some()));
        match self.name {
            // Without an end, a term is open; without a host, a contract is of the common kind.
            "new" => {
                item["term_type"] = json!("2");
                item["contract_category"] = json!("01");
                json!({ "unit_uscc": USCC, "new_contracts": [item] })
            }
            "renew" => {
                item["term_type"] = json!("2");
                json!({ "renewals": [item] })
            }
            "employer" => {
                item["add_agent_flag"] = json!("0");
                item
            }
            _ => json!({ self.list.unwrap(): [item] }),
        }
    }
}

fn made(message: &Value, arrival: &Arrival) -> Record {
    let text = message.to_string();
    let message = parse(text.as_bytes(), None, &Config::new(Date::parse("20251124").unwrap())).unwrap();
    let outcome = &message.outcomes[0];
    let item = outcome.item.as_ref().unwrap_or_else(|| panic!("{:?}", outcome.findings));
    Record::of_item(item, &text.as_bytes()[outcome.span.clone()], arrival).unwrap()
}

/// Each kind twice: with every slot filled but what is deduced, and with as few as there may be.
pub(crate) fn records() -> Vec<Value> {
    let (known, unknown) = (arrival(Some(vec![0x51; 64])), Arrival { platform: None, ..arrival(None) });
    let mut cases = Vec::new();
    for message in messages() {
        let (full, least) = (made(&message.full(), &known), made(&message.least(), &unknown));
        // What was sent is not deduced, and what was not is.
        assert!(full.slots().all(|(slot, value)| value.is_some() != (slot.name() == "deduced")), "{}", message.name);
        let least = least.with_deduced_employer(&Uscc::parse(USCC).unwrap()).unwrap();
        let [one, other] = message.shown;
        cases.push(record(
            &format!("{} with every slot, {one} and {other} disclosed", message.name),
            &full,
            Reveal::Named(&message.shown),
        ));
        let absent = message.absent;
        assert!(least.slots().any(|(slot, value)| slot.name() == absent && value.is_none()));
        let name = format!("{} with as few as there may be, the absence of {absent} disclosed", message.name);
        cases.push(record(&name, &least, Reveal::Named(&[absent])));
    }
    cases
}
