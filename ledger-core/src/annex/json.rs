//! A small, bounded reader of JSON (RFC 8259) that loses nothing.
//!
//! It keeps the order of members and members whose key stands twice, knows the bytes that each value
//! was read from, and says of what it refuses where it stands. Depth and number of values are
//! bounded, so an input costs memory in proportion to its bytes and no stack.

use super::Code;
use std::borrow::Cow;
use std::ops::Range;

/// Deeper nesting is refused; the annex needs five levels.
const MAX_DEPTH: usize = 32;
/// More values in one text are refused: a lawful item of any kind has no less than 16 bytes a value, so this is no
/// bound on the number of new contracts in 4 MiB.
const MAX_VALUES: usize = super::MAX_VALUES;

/// A value, and the bytes it was read from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Json<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) span: Range<usize>,
}

/// What stands at a place. A number's digits stay in the bytes: no field of the annex is a number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool,
    Number,
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<Member<'a>>),
}

/// One `"key": value`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) json: Json<'a>,
}

/// Why a text is refused, and the offset of the byte that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) offset: usize,
}

/// Reads one JSON text; nothing but white space may follow it.
pub(crate) fn read(bytes: &[u8]) -> Result<Json<'_>, Refusal> {
    if is_utf16(bytes) {
        return Err(Refusal { code: Code::JsonUtf16, offset: 0 });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Refusal { code: Code::JsonByteOrderMark, offset: 0 });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let code = match error.error_len() {
            // All of it is UTF-8 but for a character that goes on behind the end.
            None => Code::JsonTruncated,
            Some(_) if is_gb18030(bytes) => Code::JsonGb18030,
            Some(_) => Code::JsonNotUtf8,
        };
        Refusal { code, offset: error.valid_up_to() }
    })?;
    let mut reader = Reader { text, at: 0, values: 0 };
    let json = reader.value(0)?;
    reader.space();
    if reader.peek().is_some() { Err(reader.refuse(Code::JsonTrailing)) } else { Ok(json) }
}

/// Whether bytes are UTF-16 (or UTF-32): by their mark, or since every JSON text begins with a character of ASCII, which
/// has a zero beside it there.
fn is_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [0, 0, 0, c, ..] | [c, 0, ..] | [0, c, ..] => c.is_ascii_graphic() || c.is_ascii_whitespace(),
        _ => false,
    }
}

/// Whether bytes that are not UTF-8 are characters of GB18030 throughout: one byte below 0x80, two, or four; the last
/// may be cut.
fn is_gb18030(mut bytes: &[u8]) -> bool {
    loop {
        bytes = match bytes {
            [] | [0x81..=0xfe] | [0x81..=0xfe, b'0'..=b'9'] | [0x81..=0xfe, b'0'..=b'9', 0x81..=0xfe] => return true,
            [0..=0x7f, rest @ ..]
            | [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, rest @ ..]
            | [0x81..=0xfe, b'0'..=b'9', 0x81..=0xfe, b'0'..=b'9', rest @ ..] => rest,
            _ => return false,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn refuse(&self, code: Code) -> Refusal {
        let code = if self.at >= self.text.len() { Code::JsonTruncated } else { code };
        Refusal { code, offset: self.at }
    }

    fn space(&mut self) {
        self.skip(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    /// Passes over bytes that fit and says how many.
    fn skip(&mut self, fits: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|b| fits(**b)).count();
        self.step(count);
        count
    }

    /// Passes over `byte` if it stands here.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.step(usize::from(found));
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Refusal> {
        if self.take(byte) { Ok(()) } else { Err(self.refuse(Code::JsonSyntax)) }
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, Refusal> {
        self.space();
        let start = self.at;
        self.values = self.values.saturating_add(1);
        if depth > MAX_DEPTH {
            return Err(self.refuse(Code::JsonTooDeep));
        }
        if self.values > MAX_VALUES {
            return Err(self.refuse(Code::JsonTooManyValues));
        }
        let value = match self.peek() {
            Some(b'{') => Value::Object(self.sequence(b'}', |reader| {
                reader.space();
                let key = reader.string()?;
                reader.space();
                reader.expect(b':')?;
                Ok(Member { key, json: reader.value(depth.saturating_add(1))? })
            })?),
            Some(b'[') => Value::List(self.sequence(b']', |reader| reader.value(depth.saturating_add(1)))?),
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b't') => self.word("true", Value::Bool)?,
            Some(b'f') => self.word("false", Value::Bool)?,
            Some(_) | None => return Err(self.refuse(Code::JsonSyntax)),
        };
        Ok(Json { value, span: start..self.at })
    }

    /// What stands between a bracket and its partner, separated by commas.
    fn sequence<T>(
        &mut self,
        close: u8,
        mut one: impl FnMut(&mut Self) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        self.step(1);
        self.space();
        let mut all = Vec::new();
        if self.take(close) {
            return Ok(all);
        }
        loop {
            all.push(one(self)?);
            self.space();
            if self.take(close) {
                return Ok(all);
            }
            self.expect(b',')?;
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Refusal> {
        word.bytes().try_for_each(|byte| self.expect(byte)).map(|()| value)
    }

    /// `-`? (`0` | [1-9][0-9]*) (`.` [0-9]+)? ([eE] [+-]? [0-9]+)?
    fn number(&mut self) -> Result<Value<'a>, Refusal> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Value::Number)
    }

    fn digits(&mut self) -> Result<(), Refusal> {
        if self.skip(|b| b.is_ascii_digit()) == 0 { Err(self.refuse(Code::JsonSyntax)) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Refusal> {
        self.expect(b'"')?;
        let mut text = Cow::Borrowed("");
        loop {
            let start = self.at;
            self.skip(|b| b >= 0x20 && b != b'"' && b != b'\\');
            // Adding to a borrowed nothing borrows: a string without escapes is never copied.
            text += self.text.get(start..self.at).unwrap_or_default();
            match self.peek() {
                Some(b'"') => {
                    self.step(1);
                    return Ok(text);
                }
                Some(b'\\') => text.to_mut().push(self.escape()?),
                Some(0) => return Err(self.refuse(Code::JsonNul)),
                Some(_) | None => return Err(self.refuse(Code::JsonControl)),
            }
        }
    }

    /// A backslash and what follows it.
    fn escape(&mut self) -> Result<char, Refusal> {
        let start = self.at;
        self.step(1);
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.step(1);
                let lone = Refusal { code: Code::JsonLoneSurrogate, offset: start };
                let first = self.hex4()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first).ok_or(lone);
                }
                if !(self.take(b'\\') && self.take(b'u')) {
                    return Err(lone);
                }
                let second = self.hex4()?;
                let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or(lone)?;
                return char::from_u32(0x1_0000_u32.saturating_add((first & 0x3ff) << 10 | low)).ok_or(lone);
            }
            Some(_) | None => return Err(self.refuse(Code::JsonSyntax)),
        };
        self.step(1);
        Ok(c)
    }

    fn hex4(&mut self) -> Result<u32, Refusal> {
        let mut number = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            number = number << 4 | digit.ok_or_else(|| self.refuse(Code::JsonSyntax))?;
            self.step(1);
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(bytes: impl AsRef<[u8]>, code: Code, offset: usize) {
        let bytes = bytes.as_ref();
        assert_eq!(read(bytes).map(|_| ()), Err(Refusal { code, offset }), "{}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn each_fault_has_its_code_and_place() {
        check("", Code::JsonTruncated, 0);
        check("{\"a\":\"b", Code::JsonTruncated, 7);
        check("{\"a\" 1}", Code::JsonSyntax, 5);
        check("[01]", Code::JsonSyntax, 2);
        check("[1,]", Code::JsonSyntax, 3);
        check("[\"\\x\"]", Code::JsonSyntax, 3);
        check("{} x", Code::JsonTrailing, 3);
        check("\u{feff}{}", Code::JsonByteOrderMark, 0);
        for utf16 in [&b"\xff\xfe{\0}\0"[..], b"\xfe\xff\0{\0}", b"{\0}\0", b"\0{\0}", b"\n\0{\0", b"\0\0\0{"] {
            check(utf16, Code::JsonUtf16, 0);
        }
        check(&"[\"鲁".as_bytes()[..4], Code::JsonTruncated, 2);
        check(&"[\"鲁".as_bytes()[..3], Code::JsonTruncated, 2);
        check(b"[\"\xc2\xb3\xc8\xd5\xce", Code::JsonGb18030, 4);
        check(b"[\"\xc2\xb3\xc8\xd5\xce\xc4\xbc\xfe\"]", Code::JsonGb18030, 4);
        check(b"[\"\xff\"]", Code::JsonNotUtf8, 2);
        check(b"[\"\xed\xa0\x80\"]", Code::JsonNotUtf8, 2);
        check(r#"["\ud800"]"#, Code::JsonLoneSurrogate, 2);
        check(r#"["\ud800\u0041"]"#, Code::JsonLoneSurrogate, 2);
        check(r#"["\udc00\ud800"]"#, Code::JsonLoneSurrogate, 2);
        check("[\"a\0\"]", Code::JsonNul, 3);
        check("[\"a\n\"]", Code::JsonControl, 3);
        check("[".repeat(100_000), Code::JsonTooDeep, MAX_DEPTH + 1);
        check(format!("[0{}]", ",0".repeat(MAX_VALUES)), Code::JsonTooManyValues, 2 * MAX_VALUES - 1);
    }

    #[test]
    fn order_spans_and_repeated_keys_are_kept() {
        let text = r#" {"b":"\u9c81\ud83d\ude00", "a":[1.5e3,null], "b":true} "#;
        let Value::Object(members) = read(text.as_bytes()).unwrap().value else { panic!("an object") };
        let shown: Vec<_> = members.iter().map(|m| (m.key.as_ref(), &text[m.json.span.clone()])).collect();
        assert_eq!(shown, [("b", r#""\u9c81\ud83d\ude00""#), ("a", "[1.5e3,null]"), ("b", "true")]);
        assert_eq!(members[0].json.value, Value::Text("鲁😀".into()));
    }

    #[test]
    fn torture_files() {
        let Some(files) = crate::vectors::json("json-parsing/nst_test_parsing.json") else { return };
        let files = files.as_object().unwrap();
        assert_eq!(files.len(), 318);
        for (name, base64) in files {
            let bytes = crate::vectors::base64(base64.as_str().unwrap());
            let parsed = read(&bytes).is_ok();
            match name.as_bytes()[0] {
                b'y' => assert!(parsed, "{name}: {:?}", read(&bytes)),
                b'n' => assert!(!parsed, "{name}"),
                _ => {}
            }
        }
    }

    /// As `serde_json` sees it, with members whose key stands twice joined as it joins them.
    fn plain(json: &Json<'_>, text: &str) -> serde_json::Value {
        match &json.value {
            Value::Null | Value::Bool | Value::Number => serde_json::from_str(&text[json.span.clone()]).unwrap(),
            Value::Text(text) => serde_json::Value::String(text.to_string()),
            Value::List(list) => list.iter().map(|json| plain(json, text)).collect(),
            Value::Object(members) => members.iter().map(|m| (m.key.to_string(), plain(&m.json, text))).collect(),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_another_reader(text in r#"[\[\]{},:" \\a\u00e9鲁0-9.eE+tnul-]{0,40}"#) {
            match (read(text.as_bytes()), serde_json::from_str::<serde_json::Value>(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(plain(&ours, &text), theirs),
                (Err(_), Err(_)) => {}
                // Numbers beyond f64 are lawful JSON that serde_json has no room for.
                (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("out of range"), "{}", error),
                (Err(refusal), Ok(_)) => prop_assert!(false, "{:?}", refusal),
            }
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
