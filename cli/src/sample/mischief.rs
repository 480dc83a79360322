//! What may be wrong with an item or a file: one row a kind, named by the annex's code for it.

use super::message::*;
use super::people::resident_id;

/// What an item so treated is meant to end as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Not recorded. The treated item stands beside the good one.
    Rejected,
    /// Recorded with a warning. The treated item stands for the good one.
    Flagged,
    /// In the log, refused by the fold. Stands beside the good one.
    Refused,
    /// Of a contract that never comes. Only an item whose employer is known can wait.
    Pending,
}

/// One way to treat an item of a kind.
pub(super) struct Trick {
    pub(super) kind: Kind,
    pub(super) fate: Fate,
    pub(super) code: &'static str,
    pub(super) play: fn(&mut Item),
}

const fn trick(kind: Kind, fate: Fate, code: &'static str, play: fn(&mut Item)) -> Trick {
    Trick { kind, fate, code, play }
}

fn worker_id(item: &mut Item, number: &'static str) {
    item.set_text(WORKER_ID_TYPE, "01");
    item.set_text(WORKER_ID_NO, number);
}

fn term(item: &mut Item, code: &'static str, end: &'static str) {
    item.set_text(TERM_TYPE, code);
    item.set_text(TERM_END, end);
}

/// An end that follows from the law's article 36, so that nothing else is odd about it.
fn agreed_end(item: &mut Item) {
    item.set_text(DISSOLUTION_REASON, "361");
    item.set_text(DISSOLUTION_DATE, "20260629");
    item.set_text(NOTICE_DATE, "20260629");
}

/// Lent to a host unit, from a day to a day, under a contract of a kind of term.
fn dispatched(item: &mut Item, days: (&'static str, &'static str), term: (&'static str, &'static str)) {
    item.set_text(CONTRACT_CATEGORY, "02");
    item.set_text(HOST_UNIT_NAME, "济南禾润物流有限公司");
    item.set_text(HOST_UNIT_LEGAL_REP, "王芳");
    item.set_text(HOST_UNIT_USCC, "91370102MAFAKE019M");
    item.set_text(DISPATCH_START, days.0);
    item.set_text(DISPATCH_END, days.1);
    item.set_text(TERM_START, days.0);
    item.set_text(TERM_TYPE, term.0);
    if term.1.is_empty() { item.remove(TERM_END) } else { item.set_text(TERM_END, term.1) }
}

/// Names one file that cannot be, by what is wrong with it.
fn file(item: &mut Item, sha256: &str, size: &str, media_type: &str) {
    let file = one_file(sha256, size, media_type);
    item.push(FILES, Value::Json(format!("[{file}]").into()));
}

fn one_file(sha256: &str, size: &str, media_type: &str) -> String {
    format!(
        "{{\"文件用途\":\"contract\",\"文件摘要\":\"{sha256}\",\"文件大小\":\"{size}\",\"文件媒体类型\":\"{media_type}\"}}"
    )
}

/// Of a file that nobody has.
const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A contract that nobody made; its number depends on the item, so that each waits for its own.
fn orphan(item: &mut Item) {
    let number = format!("{}-无此合同", item.text(CONTRACT_NO).chars().take(40).collect::<String>());
    item.set_text(CONTRACT_NO, number);
}

/// Every trick, in the order in which they take turns.
#[rustfmt::skip]
pub(super) static TRICKS: &[Trick] = {
    use Fate::{Flagged, Pending, Refused, Rejected};
    use Kind::{Dissolve, Employer, New, Renew, Terminate};
    &[
    trick(New, Rejected, "RESIDENT_ID_CHECK_DIGIT", |item| worker_id(item, "370102199003079994")),
    trick(New, Rejected, "NOT_A_DATE", |item| item.set_text(TERM_START, "20250229")),
    trick(New, Rejected, "MISSING", |item| item.remove(WORKER_NAME)),
    trick(New, Refused, "DUPLICATE", |item| item.set_text(WORKER_PHONE, "13900000000")),
    trick(New, Flagged, "PHONE", |item| { item.set_text(WORKER_ID_TYPE, "01"); item.set_text(WORKER_ID_NO, resident_id("370102", "19900307", 9)); item.set_text(WORKER_PHONE, "12900001234"); }),
    trick(New, Flagged, "UNKNOWN_CODE", |item| item.set_text(EMPLOYEE_CATEGORY, "77")),
    trick(New, Rejected, "TERM_END_REQUIRED", |item| { item.set_text(TERM_TYPE, "1"); item.remove(TERM_END); }),
    trick(New, Rejected, "TOO_LONG", |item| item.set_text(CONTRACT_NAME, "关于建立劳动关系并明确双方权利义务之劳动合同书")),
    trick(New, Rejected, "NOT_A_STRING", |item| item.set(CONTRACT_NO, Value::Json("20250001".into()))),
    trick(New, Rejected, "DUPLICATE_KEY", |item| item.push(WORKER_NAME, Value::Text("张三".into()))),
    trick(New, Flagged, "UNKNOWN_KEY", |item| item.push(Key("备注", "remark"), Value::Text("无".into()))),
    trick(New, Rejected, "RESIDENT_ID_BIRTH", |item| worker_id(item, "371302200102299972")),
    trick(New, Rejected, "NOT_A_DATE", |item| item.set_text(TERM_START, "2025-03-01")),
    trick(New, Rejected, "TERM_END_NOT_AFTER_START", |item| { term(item, "1", "20181231"); }),
    trick(New, Rejected, "MISSING", |item| item.set_text(WORKER_PHONE, "")),
    trick(New, Flagged, "USCC_CHECK_DIGIT", |item| item.set_text(HOST_UNIT_USCC, "91370102MAFAKE019N")),
    trick(New, Flagged, "UNKNOWN_COUNTY", |item| { item.set_text(WORKER_ID_TYPE, "01"); item.set_text(WORKER_ID_NO, resident_id("370199", "19900307", 9)); item.set_text(WORKER_PHONE, "13900001234"); }),
    trick(New, Rejected, "FULL_WIDTH", |item| item.set_text(TERM_START, "２０２５０３０１")),
    trick(New, Rejected, "RESIDENT_ID_PROVINCE", |item| worker_id(item, "990102199003079999")),
    trick(New, Flagged, "DISPATCH_REQUIRED", |item| { item.set_text(CONTRACT_CATEGORY, "02"); item.remove(HOST_UNIT_NAME); }),
    trick(New, Rejected, "NOT_A_STRING", |item| item.set(WORKER_ID_NO, Value::Json("[\"370102199003079993\"]".into()))),
    trick(New, Rejected, "NUL", |item| item.set_text(WORKER_NAME, "王\0伟")),
    trick(New, Rejected, "RESIDENT_ID_FORMAT", |item| worker_id(item, "37010219900307999")),
    trick(New, Rejected, "NOT_A_DATE", |item| item.set_text(TERM_START, "20251301")),
    trick(New, Flagged, "DISPATCH_INCOMPLETE", |item| { item.set_text(CONTRACT_CATEGORY, "01"); item.set_text(HOST_UNIT_NAME, "济南禾润物流有限公司"); item.remove(DISPATCH_START); }),
    trick(New, Rejected, "BOTH_NAMES", |item| item.push(Key(WORKER_NAME.1, WORKER_NAME.0), Value::Text("李四".into()))),
    trick(New, Rejected, "TERM_END_NOT_ALLOWED", |item| term(item, "2", "20301231")),
    trick(New, Rejected, "CONTROL_CHARACTER", |item| item.set_text(WORKER_NAME, "王\u{1b}伟")),
    trick(New, Rejected, "BLANK", |item| item.set_text(WORKER_NAME, "  ")),
    trick(New, Rejected, "MISSING", |item| item.set(CONTRACT_NAME, Value::Json("null".into()))),
    trick(New, Flagged, "USCC_FORMAT", |item| item.set_text(HOST_UNIT_USCC, "91370102MASAKE019M")),
    trick(New, Flagged, "TERM_END_FOREVER", |item| term(item, "2", "99991231")),
    trick(New, Flagged, "DISPATCH_END_NOT_AFTER_START", |item| dispatched(item, ("20250301", "20250228"), ("1", "20280228"))),
    trick(New, Flagged, "SPACE_AROUND", |item| { let name = format!("{} ", item.text(WORKER_NAME)); item.set_text(WORKER_NAME, name); }),
    trick(New, Rejected, "SHA256", |item| file(item, "00112233", "20480", "application/pdf")),
    trick(New, Flagged, "DISPATCH_NOT_FIXED_TERM", |item| dispatched(item, ("20250301", "20270228"), ("2", ""))),
    trick(New, Rejected, "SIZE", |item| file(item, DIGEST, "20 KB", "application/pdf")),
    trick(New, Flagged, "REPLACEMENT_CHARACTER", |item| item.set_text(WORKER_NAME, "王\u{fffd}")),
    trick(New, Rejected, "MEDIA_TYPE", |item| file(item, DIGEST, "20480", "PDF")),
    trick(New, Flagged, "DISPATCH_UNDER_TWO_YEARS", |item| dispatched(item, ("20250301", "20251231"), ("1", "20251231"))),
    trick(New, Rejected, "TOO_MANY_FILES", |item| { let files = vec![one_file(DIGEST, "20480", "application/pdf"); 9]; item.push(FILES, Value::Json(format!("[{}]", files.join(",")).into())); }),
    trick(New, Flagged, "ORGANISATION_CODE", |item| { dispatched(item, ("20250301", "20270228"), ("1", "20270228")); item.set_text(HOST_UNIT_USCC, "91370102MAFAKE018J"); }),
    trick(New, Flagged, "NAME_LONG", |item| item.set_text(WORKER_NAME, "阿卜杜热合曼".repeat(4))),
    trick(New, Flagged, "INVISIBLE_CHARACTER", |item| item.set_text(WORKER_NAME, "王\u{200b}伟")),
    trick(New, Rejected, "INVISIBLE_CHARACTER", |item| { let number = format!("{}\u{200b}", item.text(CONTRACT_NO)); item.set_text(CONTRACT_NO, number); }),
    trick(New, Flagged, "NOT_STANDARD_FORM", |item| item.set_text(WORKER_NAME, "阿依古丽．买买提")),
    trick(New, Flagged, "DAMAGED_CHARACTER", |item| item.set_text(WORKER_NAME, "张?")),
    trick(New, Flagged, "NAME_CHARACTER", |item| item.set_text(WORKER_NAME, "测试001")),
    trick(New, Flagged, "DATE_IMPLAUSIBLE", |item| { item.set_text(TERM_START, "20990301"); item.set_text(TERM_TYPE, "2"); item.remove(TERM_END); }),
    trick(New, Flagged, "DOCUMENT_NUMBER", |item| { item.set_text(WORKER_ID_TYPE, "04"); item.set_text(WORKER_ID_NO, "X12345678"); }),
    trick(New, Flagged, "DOCUMENT_TYPE_DIFFERS", |item| worker_id(item, "830000199003079996")),
    trick(New, Flagged, "WORKER_UNDER_16", |item| { worker_id(item, "370102201203079998"); item.set_text(TERM_START, "20250301"); item.set_text(TERM_TYPE, "2"); item.remove(TERM_END); }),
    trick(New, Flagged, "FIXED_TERM_FOREVER", |item| term(item, "1", "99991231")),
    trick(New, Flagged, "SIGNED_LATE", |item| { item.set_text(UNIT_SIGN_DATE, "20260630"); item.set_text(TERM_START, "20250301"); item.set_text(TERM_TYPE, "2"); item.remove(TERM_END); }),
    trick(New, Flagged, "USCC_DEPARTMENT", |item| { dispatched(item, ("20250301", "20270228"), ("1", "20270228")); item.set_text(HOST_UNIT_USCC, "B0370102MAFAKE0512"); }),
    trick(New, Flagged, "DISPATCH_OUTSIDE_TERM", |item| { dispatched(item, ("20250301", "20270228"), ("1", "20270228")); item.set_text(DISPATCH_END, "20270301"); }),

    trick(Renew, Rejected, "TERM_END_REQUIRED", |item| { item.set_text(TERM_TYPE, "1"); item.remove(TERM_END); }),
    trick(Renew, Rejected, "NOT_A_DATE", |item| item.set_text(ORIGINAL_SIGN_DATE, "20230230")),
    trick(Renew, Rejected, "MISSING", |item| item.remove(UNIT_SIGN_DATE)),
    trick(Renew, Pending, "UNKNOWN", orphan),
    trick(Renew, Rejected, "NOT_A_STRING", |item| item.set(TERM_TYPE, Value::Json("1".into()))),
    trick(Renew, Flagged, "UNKNOWN_KEY", |item| item.push(Key("经办人", "clerk"), Value::Text("王芳".into()))),
    trick(Renew, Rejected, "TERM_END_NOT_AFTER_START", |item| term(item, "1", "20181231")),
    trick(Renew, Flagged, "RENEWAL_SIGNED_BEFORE_ORIGINAL", |item| { let day = item.text(UNIT_SIGN_DATE).to_owned(); item.set_text(ORIGINAL_SIGN_DATE, day); item.set_text(UNIT_SIGN_DATE, "20190101"); }),

    trick(Dissolve, Rejected, "NOT_ALLOWED", |item| item.set_text(INITIATOR, "3")),
    trick(Dissolve, Refused, "ENDED", agreed_end),
    trick(Dissolve, Flagged, "INITIATOR_AGAINST_ARTICLE", |item| { item.set_text(DISSOLUTION_REASON, "392"); item.set_text(INITIATOR, "1"); }),
    trick(Dissolve, Rejected, "NOT_A_DATE", |item| item.set_text(DISSOLUTION_DATE, "20250431")),
    trick(Dissolve, Pending, "UNKNOWN", orphan),
    trick(Dissolve, Flagged, "NOTICE_AFTER_END", |item| item.set_text(NOTICE_DATE, "20261231")),
    trick(Dissolve, Rejected, "MISSING", |item| item.remove(NOTICE_DATE)),
    trick(Dissolve, Rejected, "TOO_LONG", |item| item.set_text(DISSOLUTION_REASON, "3610")),
    trick(Dissolve, Flagged, "NOTICE_TOO_SHORT", |item| { let day = item.text(DISSOLUTION_DATE).to_owned(); item.set_text(DISSOLUTION_REASON, "371"); item.set_text(INITIATOR, "1"); item.set_text(NOTICE_DATE, day); }),

    trick(Terminate, Rejected, "TOO_LONG", |item| item.set_text(TERMINATION_NOTE, "期满".repeat(251))),
    trick(Terminate, Flagged, "NOTICE_AFTER_END", |item| item.set_text(NOTICE_DATE, "20261231")),
    trick(Terminate, Rejected, "NOT_A_DATE", |item| item.set_text(TERMINATION_DATE, "20230001")),
    trick(Terminate, Refused, "ENDED", |item| item.set_text(TERMINATION_NOTE, "重复报送")),
    trick(Terminate, Rejected, "MISSING", |item| item.remove(TERMINATION_REASON)),
    trick(Terminate, Pending, "UNKNOWN", orphan),

    trick(Employer, Rejected, "USCC_CHECK_DIGIT", |item| item.set_text(UNIT_USCC, "91370120MAFAKE019M")),
    trick(Employer, Rejected, "AGENT_REQUIRED", |item| { item.set_text(ADD_AGENT_FLAG, "1"); item.remove(AGENT_PHONE); }),
    trick(Employer, Flagged, "AGENT_WITHOUT_EFFECT", |item| { item.set_text(ADD_AGENT_FLAG, "0"); item.set_text(AGENT_NAME, "赵敏"); }),
    trick(Employer, Rejected, "RESIDENT_ID_CHECK_DIGIT", |item| { item.set_text(LEGAL_REP_ID_TYPE, "01"); item.set_text(LEGAL_REP_ID_NO, "370102199003079994"); }),
    trick(Employer, Rejected, "USCC_FORMAT", |item| item.set_text(UNIT_USCC, "91370102MASAKE019M")),
    trick(Employer, Rejected, "NOT_ALLOWED", |item| item.set_text(ADD_AGENT_FLAG, "2")),
    trick(Employer, Rejected, "MISSING", |item| item.remove(UNIT_NAME)),
    ]
};

/// One way to break a file: the annex's code, and what becomes of a message's text.
pub(super) type Break = (&'static str, fn(&str) -> Vec<u8>);

/// Every way, in the order in which they take turns.
pub(super) static BREAKS: &[Break] = &[
    ("JSON_TRUNCATED", |text| text.get(..text.floor_char_boundary(text.len() / 2)).unwrap_or("{").into()),
    ("JSON_BYTE_ORDER_MARK", |text| format!("\u{feff}{text}").into()),
    ("JSON_UTF16", |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    // 单位名称, 济南 in GBK.
    ("JSON_GB18030", |_| b"{\"\xb5\xa5\xce\xbb\xc3\xfb\xb3\xc6\":\"\xbc\xc3\xc4\xcf\"}".into()),
    ("JSON_TRAILING", |text| format!("{text}}}").into()),
    ("JSON_SYNTAX", |text| text.replacen(':', "=", 1).into()),
    ("TOO_MANY_ITEMS", |_| {
        let item =
            "{\"合同编号\":\"无此合同\",\"终止情形\":\"1\",\"合同终止时间\":\"20250301\",\"告知时间\":\"20250201\"}";
        format!("{{\"终止合同信息列表\":[{}]}}", vec![item; MAX_ITEMS + 1].join(",")).into()
    }),
    ("JSON_LONE_SURROGATE", |_| "{\"单位名称\":\"\\ud800\"}".into()),
    ("NOT_AN_OBJECT", |text| format!("[{text}]").into()),
    ("NO_ITEMS", |_| "{\"解除合同信息列表\":[]}".into()),
    ("NOT_A_LIST", |_| "{\"解除合同信息列表\":{}}".into()),
    ("UNKNOWN_MESSAGE", |_| "{\"备注\":\"无\"}".into()),
    ("JSON_NOT_UTF8", |_| b"{\"\xff\":\"\"}".into()),
    ("JSON_NUL", |_| b"{\"\xe5\x8d\x95\xe4\xbd\x8d\xe5\x90\x8d\xe7\xa7\xb0\":\"\0\"}".into()),
    ("AMBIGUOUS_MESSAGE", |_| "{\"解除合同信息列表\":[],\"终止合同信息列表\":[]}".into()),
    ("JSON_CONTROL_CHARACTER", |_| "{\"单位名称\":\"济南\n禾润\"}".into()),
    ("JSON_TOO_DEEP", |_| format!("{{\"备注\":{}{}}}", "[".repeat(40), "]".repeat(40)).into()),
    // Spaces: nothing but its length is wrong with it.
    ("MESSAGE_TOO_LONG", |text| format!("{text}{}", " ".repeat(MAX_BYTES)).into()),
    ("JSON_TOO_MANY_VALUES", |_| format!("{{\"备注\":[0{}]}}", ",0".repeat(1 << 18)).into()),
];
