//! What is said about a message: a stable code, a place, and text in two languages.
//!
//! A text names the field and the rule, never the value, so it may be logged and shown to anybody.
//! The value can be looked up in the message by the finding's span.

use super::fields::Field;
use std::ops::Range;

/// Whether a finding keeps an item from being recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Recorded, with this named warning.
    Flag,
    /// Not recorded.
    Error,
}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident $text:literal $zh:literal $en:literal)*) => {
        /// The rule that a finding is about. Names are stable: programs may compare them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $en] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The rule in Chinese.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$name => $zh,)* }
            }

            /// The rule in English.
            #[must_use]
            pub const fn en(self) -> &'static str {
                match self { $(Self::$name => $en,)* }
            }
        }
    };
}

codes! {
    // The whole message cannot be read.
    MessageTooLong "MESSAGE_TOO_LONG" "报文过长" "the message is too long"
    JsonByteOrderMark "JSON_BYTE_ORDER_MARK" "报文以字节顺序标记（BOM）开头，应为不带BOM的UTF-8" "the message begins with a byte-order mark; send UTF-8 without one"
    JsonGb18030 "JSON_GB18030" "报文是GB18030（GBK）编码，应为UTF-8" "the message is in GB18030 (GBK); send UTF-8"
    JsonNotUtf8 "JSON_NOT_UTF8" "报文不是有效的UTF-8编码" "the message is not UTF-8"
    JsonSyntax "JSON_SYNTAX" "JSON语法错误" "the message is not JSON: unexpected character"
    JsonTruncated "JSON_TRUNCATED" "JSON不完整，报文提前结束" "the message ends before its JSON does"
    JsonTrailing "JSON_TRAILING" "JSON结束后还有多余内容" "something follows the JSON"
    JsonTooDeep "JSON_TOO_DEEP" "JSON嵌套过深" "the JSON is nested too deeply"
    JsonTooManyValues "JSON_TOO_MANY_VALUES" "JSON中的值过多" "the JSON has too many values"
    JsonLoneSurrogate "JSON_LONE_SURROGATE" "字符串含有不成对的UTF-16代理字符" "a string has half of a surrogate pair"
    JsonNul "JSON_NUL" "字符串含有未转义的NUL字符" "a string has a raw NUL character"
    JsonControl "JSON_CONTROL_CHARACTER" "字符串含有未转义的控制字符" "a string has a raw control character"

    // The message as a whole is not one of the annex's.
    NotAnObject "NOT_AN_OBJECT" "应为JSON对象" "must be a JSON object"
    UnknownMessage "UNKNOWN_MESSAGE" "无法识别报文类型：没有列表，也没有单位信息" "the message has neither a list nor an employer's fields"
    AmbiguousMessage "AMBIGUOUS_MESSAGE" "一个报文只能有一个列表" "the message has more than one list"
    OtherMessage "OTHER_MESSAGE" "报文类型与接口不符" "the message is of another kind than asked for"
    NotAList "NOT_A_LIST" "应为JSON数组" "must be a JSON array"
    NoItems "NO_ITEMS" "列表为空" "the list has no items"
    TooManyItems "TOO_MANY_ITEMS" "列表条数超过上限" "the list has too many items"

    // One member of an object.
    DuplicateKey "DUPLICATE_KEY" "同一参数出现多次" "stands more than once"
    BothNames "BOTH_NAMES" "同一参数的中文名和英文别名同时出现" "stands under its Chinese key and under its alias"
    UnknownKey "UNKNOWN_KEY" "规范中没有此参数" "is not a parameter of the specification"
    Missing "MISSING" "必填项缺失或为空" "is mandatory and is missing or empty"
    NotAString "NOT_A_STRING" "应为JSON字符串" "must be a JSON string"
    Nul "NUL" "含有NUL字符" "has a NUL character"
    ControlCharacter "CONTROL_CHARACTER" "含有控制字符" "has a control character"
    Blank "BLANK" "只有空白字符" "is nothing but white space"
    TooLong "TOO_LONG" "超过最大长度" "is too long"
    FullWidth "FULL_WIDTH" "含有全角字符，应使用半角" "has full-width characters; use ASCII"
    ReplacementCharacter "REPLACEMENT_CHARACTER" "含有替换字符（U+FFFD），原文可能已损坏" "has a replacement character (U+FFFD); the text was damaged before it came"
    SpaceAround "SPACE_AROUND" "首尾有空白字符" "begins or ends with white space"

    // One field by its format.
    NotADate "NOT_A_DATE" "不是真实日期，格式应为yyyyMMdd" "is no real day in the form yyyyMMdd"
    NotAllowed "NOT_ALLOWED" "取值不在规范允许的范围内" "is none of the values that the specification allows"
    UnknownCode "UNKNOWN_CODE" "代码不在代码表中" "is not in the code table"
    UsccFormat "USCC_FORMAT" "统一社会信用代码应为18位数字或大写字母（不含I、O、S、V、Z）" "is not 18 digits and capital letters without I, O, S, V, Z (GB 32100)"
    UsccCheckDigit "USCC_CHECK_DIGIT" "统一社会信用代码校验码错误" "has a wrong check character (GB 32100)"
    OrganisationCode "ORGANISATION_CODE" "其中的组织机构代码校验码不符" "has an organisation code with a wrong check character inside (GB 11714)"
    ResidentIdFormat "RESIDENT_ID_FORMAT" "居民身份证号码应为17位数字加1位数字或X" "is not 17 digits and a digit or X (GB 11643)"
    ResidentIdBirth "RESIDENT_ID_BIRTH" "居民身份证号码中的出生日期不真实" "has no real day of birth (GB 11643)"
    ResidentIdCheckDigit "RESIDENT_ID_CHECK_DIGIT" "居民身份证号码校验码错误" "has a wrong check character (GB 11643)"
    ResidentIdProvince "RESIDENT_ID_PROVINCE" "居民身份证号码的省级代码不存在" "begins with no province's code (GB/T 2260)"
    UnknownCounty "UNKNOWN_COUNTY" "居民身份证号码的县级代码不在代码表中" "begins with a county code that is not in the table (GB/T 2260)"
    Phone "PHONE" "不是有效的联系电话" "is not a telephone number that may stand here"
    Sha256 "SHA256" "应为64位小写十六进制的SHA-256摘要" "is not a SHA-256 digest of 64 lower-case hexadecimal digits"
    Size "SIZE" "应为十进制字节数" "is not a size in bytes in decimal digits"
    MediaType "MEDIA_TYPE" "不是有效的媒体类型" "is not a media type"
    TooManyFiles "TOO_MANY_FILES" "文件数量超过上限" "has too many files"

    // Fields against each other.
    AgentRequired "AGENT_REQUIRED" "新增授权人标志为1时必填" "is mandatory when an agent is added"
    AgentWithoutEffect "AGENT_WITHOUT_EFFECT" "新增授权人标志为0，填写无效" "has no effect, since no agent is added"
    TermEndRequired "TERM_END_REQUIRED" "固定期限合同必须有终止日期（劳动合同法第13条）" "is mandatory for a fixed term (Labour Contract Law, article 13)"
    TermEndNotAfterStart "TERM_END_NOT_AFTER_START" "终止日期应晚于起始日期" "is not after the start of the term"
    TermEndNotAllowed "TERM_END_NOT_ALLOWED" "无固定期限合同不应有终止日期（劳动合同法第14条）" "may not be given for an open-ended term (Labour Contract Law, article 14)"
    TermEndForever "TERM_END_FOREVER" "无固定期限合同以99991231表示终止日期" "is 99991231, which stands for no end"
    DispatchRequired "DISPATCH_REQUIRED" "劳务派遣合同必填" "is mandatory for labour dispatch"
    DispatchIncomplete "DISPATCH_INCOMPLETE" "用工单位和派遣信息应全部填写或全部不填" "is missing: the dispatch fields come all or none"
    DispatchEndNotAfterStart "DISPATCH_END_NOT_AFTER_START" "派遣终止日期应晚于派遣起始日期" "is not after the start of the dispatch"
    DispatchNotFixedTerm "DISPATCH_NOT_FIXED_TERM" "劳务派遣应订立固定期限合同（劳动合同法第58条）" "is not a fixed term, as labour dispatch asks for (Labour Contract Law, article 58)"
    DispatchUnderTwoYears "DISPATCH_UNDER_TWO_YEARS" "劳务派遣合同期限不足二年（劳动合同法第58条）" "ends less than two years after the start, in labour dispatch (Labour Contract Law, article 58)"
    NoticeAfterEnd "NOTICE_AFTER_END" "告知时间晚于合同结束日期" "is after the end of the contract"
    NoticeTooShort "NOTICE_TOO_SHORT" "劳动者提前通知不足30日（试用期不足3日，劳动合同法第37条）" "is less than 30 days, or 3 in probation, before the end (Labour Contract Law, article 37)"
    InitiatorAgainstArticle "INITIATOR_AGAINST_ARTICLE" "发起方与解除情形所依据的条款不符" "is not the party that the reason's article lets dissolve"
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing said about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub code: Code,
    /// Whether it keeps the item out.
    pub severity: Severity,
    /// Where: a JSON pointer (RFC 6901) with the keys as they stood in the message, and the Chinese
    /// key for what is missing.
    pub pointer: String,
    /// The field, when it is one of the specification's.
    pub field: Option<&'static Field>,
    /// The greatest number that the rule allows, when it is about a number.
    pub limit: Option<usize>,
    /// The bytes of the message that it is about.
    pub span: Range<usize>,
}

impl Finding {
    /// The text in Chinese: field and rule.
    #[must_use]
    pub fn zh(&self) -> String {
        let field = self.field.map(|field| format!("{}：", field.key)).unwrap_or_default();
        let limit = self.limit.map(|limit| format!("（最多{limit}）")).unwrap_or_default();
        format!("{field}{}{limit}", self.code.zh())
    }

    /// The text in English: field and rule.
    #[must_use]
    pub fn en(&self) -> String {
        let field = self.field.map(|field| format!("{} ({}) ", field.alias, field.key)).unwrap_or_default();
        let limit = self.limit.map(|limit| format!(" (at most {limit})")).unwrap_or_default();
        format!("{field}{}{limit}", self.code.en())
    }

    /// The bytes in question, out of the message that the finding is about. They may be personal
    /// data: to be shown only to whom the message belongs.
    #[must_use]
    pub fn value<'a>(&self, message: &'a [u8]) -> Option<&'a str> {
        std::str::from_utf8(message.get(self.span.clone())?).ok()
    }
}

/// A place in a message for a person to find: line and column count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Byte offset, from 0.
    pub offset: usize,
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Position {
    /// The place of a byte.
    #[must_use]
    pub fn of(offset: usize, message: &[u8]) -> Self {
        let before = message.get(..offset).unwrap_or(message);
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |place| place.saturating_add(1));
        // Bytes that continue a UTF-8 sequence begin no character.
        let begins = |b: &&u8| !(0x80..0xc0).contains(*b);
        Self {
            offset,
            line: before.iter().filter(|b| **b == b'\n').count().saturating_add(1),
            column: before.iter().skip(line_start).filter(begins).count().saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn positions() {
        let text = "{\n \"鲁\": x}".as_bytes();
        let offset = text.iter().position(|b| *b == b'x').unwrap();
        assert_eq!(Position::of(offset, text), Position { offset, line: 2, column: 7 });
        assert_eq!(Position::of(0, text), Position { offset: 0, line: 1, column: 1 });
    }
}
