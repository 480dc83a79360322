//! One way to write a genesis: what other readers of JSON let pass is none.

use super::Texts;

/// RFC 8259, and what it is not.
pub(super) fn syntax(texts: &mut Texts<'_>) {
    for (name, find, put) in [
        ("white space of every kind", "{\"protocol\":", " \t\r\n{ \t\r\n\"protocol\" \t\r\n: \t\r\n"),
        ("white space within a list", "\"heirs\":[]", "\"heirs\":[ \t\r\n]"),
        ("letters that are escaped in a name", "\"protocol\"", "\"\\u0070rotocol\""),
        ("letters that are escaped in a text", "test.luqi", "t\\u0065st.\\u006Cuqi"),
        ("digits that are escaped in a member code", "\"code\":\"370000\"", "\"code\":\"\\u00337\\u00300\\u00300\""),
        ("letters that are escaped in hexadecimal", "\"sealed\":\"01", "\"sealed\":\"\\u00301"),
        ("an escaped solidus", "\"Member 1\"", "\"Member \\/\""),
        ("every short escape that is no hidden character", "\"Member 1\"", "\"\\\"\\\\\\/\""),
        ("a character beyond the basic plane", "\"Member 1\"", "\"\u{1f600}\""),
        ("the same, as an escaped pair", "\"Member 1\"", "\"\\ud83d\\ude00\""),
        ("the same pair in capital letters", "\"Member 1\"", "\"\\uD83D\\uDE00\""),
        ("names in another order", "\"protocol\":1,\"suite\":1,", "\"suite\":1,\"protocol\":1,"),
    ] {
        texts.edit(name, find, put, true);
    }
    let whole = texts.text.clone();
    for (name, text) in
        [("white space around it", format!("\n\t {whole} \r\n")), ("a line end behind it", format!("{whole}\n"))]
    {
        texts.edit(name, &whole.clone(), &text, true);
    }
    for (name, put) in [
        ("nothing", String::new()),
        ("white space alone", " \n".to_owned()),
        ("in a list", format!("[{whole}]")),
        ("twice", format!("{whole}{whole}")),
        ("a letter behind it", format!("{whole}x")),
        ("a comma behind it", format!("{whole},")),
        ("a zero byte behind it", format!("{whole}\0")),
        ("a byte order mark before it", format!("\u{feff}{whole}")),
        ("a byte order mark behind white space", format!(" \u{feff}{whole}")),
        ("a byte order mark behind it", format!("{whole}\u{feff}")),
        ("a no-break space before it", format!("\u{a0}{whole}")),
        ("a form feed before it", format!("\u{c}{whole}")),
        ("a form feed behind it", format!("{whole}\u{c}")),
        ("a vertical tab behind it", format!("{whole}\u{b}")),
        ("a next line behind it", format!("{whole}\u{85}")),
        ("a text of it", serde_json::to_string(&whole).unwrap()),
        ("null", "null".to_owned()),
        ("cut by its last byte", whole[..whole.len() - 1].to_owned()),
        ("a comment behind it", format!("{whole}//")),
        ("a comment before it", format!("/**/{whole}")),
    ] {
        texts.edit(name, &whole.clone(), &put, false);
    }
    for (name, find, put) in [
        ("a comma behind the last name", "]}", "],}"),
        ("a comma behind the last of a list", "]}", ",]}"),
        ("a comma before the first name", "{\"protocol\"", "{,\"protocol\""),
        ("two commas", "\"protocol\":1,", "\"protocol\":1,,"),
        ("no comma", "\"protocol\":1,", "\"protocol\":1 "),
        ("an equals sign", "\"protocol\":1", "\"protocol\"=1"),
        ("a semicolon", "\"protocol\":1,", "\"protocol\":1;"),
        ("single quotes", "\"protocol\"", "'protocol'"),
        ("no quotes", "\"protocol\"", "protocol"),
        ("a form feed between names", "\"protocol\":1,", "\"protocol\":1,\u{c}"),
        ("a no-break space between names", "\"protocol\":1,", "\"protocol\":1,\u{a0}"),
        ("an ideographic space between names", "\"protocol\":1,", "\"protocol\":1,\u{3000}"),
        ("a zero width space between names", "\"protocol\":1,", "\"protocol\":1,\u{200b}"),
        ("a byte order mark between names", "\"protocol\":1,", "\"protocol\":1,\u{feff}"),
        ("a tab within a text", "\"Member 1\"", "\"Member\t1\""),
        ("a line end within a text", "\"Member 1\"", "\"Member\n1\""),
        ("a zero byte within a text", "\"Member 1\"", "\"Member\u{0}1\""),
        ("half of a pair", "\"Member 1\"", "\"Member \\ud83d\""),
        ("half of a pair, and a letter", "\"Member 1\"", "\"Member \\ud83d1\""),
        ("the second half of a pair alone", "\"Member 1\"", "\"Member \\ude00\""),
        ("the halves of a pair in the other order", "\"Member 1\"", "\"\\ude00\\ud83d\""),
        ("half of a pair, and another escape", "\"Member 1\"", "\"\\ud83d\\u0041\""),
        ("half of a pair in a name", "{\"protocol\"", "{\"\\ud83d\":0,\"protocol\""),
        ("an escape of two digits", "\"Member 1\"", "\"Member \\x31\""),
        ("an escape of three digits", "\"Member 1\"", "\"Member \\u031\""),
        ("an escape in braces", "\"Member 1\"", "\"Member \\u{31}\""),
        ("an escape that is none", "\"Member 1\"", "\"Member \\1\""),
        ("an escaped single quote", "\"Member 1\"", "\"Member \\'\""),
        ("an escaped line end", "\"Member 1\"", "\"Member \\\n1\""),
    ] {
        texts.edit(name, find, put, false);
    }
    numbers(texts);
    left_out(
        texts,
        &["\"heirs\":[]", "\"timestamp_roots\":[]", "\"witnesses\":[]", "\"lag\":0", "\"predecessor\":null"],
    );
    for (name, find, put) in [
        ("a list as an object", "\"heirs\":[]", "\"heirs\":{}"),
        ("a list as a text", "\"heirs\":[]", "\"heirs\":\"\""),
        ("no predecessor as an object", "\"predecessor\":null", "\"predecessor\":{}"),
        ("no predecessor as a list", "\"predecessor\":null", "\"predecessor\":[]"),
        ("no predecessor as a text", "\"predecessor\":null", "\"predecessor\":\"\""),
        ("no predecessor as false", "\"predecessor\":null", "\"predecessor\":false"),
        ("a blob in capital letters", "\"sealed\":\"010203\"", "\"sealed\":\"0A\""),
        ("a blob of half a byte", "\"sealed\":\"010203\"", "\"sealed\":\"01020\""),
        ("a blob with a space", "\"sealed\":\"010203\"", "\"sealed\":\"01 02\""),
        ("a blob in base64", "\"sealed\":\"010203\"", "\"sealed\":\"AQID\""),
        ("a blob as a list of bytes", "\"sealed\":\"010203\"", "\"sealed\":[1,2,3]"),
        ("a text as a number", "\"name_en\":\"Member 1\"", "\"name_en\":1"),
        ("a text as null", "\"name_en\":\"Member 1\"", "\"name_en\":null"),
        ("a text as a list", "\"name_en\":\"Member 1\"", "\"name_en\":[\"Member 1\"]"),
        ("a text as an object", "\"name_en\":\"Member 1\"", "\"name_en\":{}"),
        ("a text as true", "\"name\":\"test.luqi.example\"", "\"name\":true"),
        ("a witness as a number", "\"witnesses\":[]", "\"witnesses\":[1]"),
        ("a blob as a number", "\"sealed\":\"010203\"", "\"sealed\":10203"),
        ("a member code as null", "\"code\":\"370000\"", "\"code\":null"),
        ("a key as a number", "\"governance\":{", "\"governance\":1,\"none\":{"),
        ("a member as a number", "\"members\":[", "\"members\":[1,"),
        ("a blob in digits that are no ASCII", "\"sealed\":\"010203\"", "\"sealed\":\"０１\""),
    ] {
        texts.edit(name, find, put, false);
    }
    texts.edit("a blob with a letter", "\"sealed\":\"010203\"", "\"sealed\":\"0a\"", true);
    let marked = |mark: &[u8], put: fn(u16) -> [u8; 2]| {
        whole.encode_utf16().flat_map(put).fold(mark.to_vec(), |mut bytes, byte| {
            bytes.push(byte);
            bytes
        })
    };
    let broken = |find: &str, put: &[u8]| {
        let at = whole.find(find).unwrap();
        [&whole.as_bytes()[..at], put, &whole.as_bytes()[at + find.len()..]].concat()
    };
    for (name, bytes) in [
        ("UTF-16, least significant byte first", marked(&[], u16::to_le_bytes)),
        ("UTF-16, most significant byte first, with a byte order mark", marked(&[0xfe, 0xff], u16::to_be_bytes)),
        ("a byte that is no UTF-8", broken("Member 1", &[b'M', 0xff])),
        ("a zero of two bytes", broken("Member 1", &[b'M', 0xc0, 0x80])),
        ("a solidus of two bytes", broken("Member 1", &[b'M', 0xc0, 0xaf])),
        ("half of a pair in UTF-8", broken("Member 1", &[b'M', 0xed, 0xa0, 0xbd])),
        ("a pair in UTF-8, each half by itself", broken("Member 1", &[b'M', 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80])),
        ("a character beyond the last", broken("Member 1", &[b'M', 0xf4, 0x90, 0x80, 0x80])),
        ("a character that is cut", broken("Member 1", &[b'M', 0xe4, 0xb8])),
    ] {
        texts.bytes(name, &bytes, false);
    }
}

/// Digits alone.
fn numbers(texts: &mut Texts<'_>) {
    for put in [
        "\"1\"",
        "1.0",
        "1e0",
        "1E0",
        "10e-1",
        "01",
        "+1",
        "-1",
        "0x1",
        "1.",
        ".1",
        "true",
        "[1]",
        "{}",
        "null",
        "\"\"",
        "1_0",
        "１",
        "1n",
        "NaN",
        "Infinity",
        "-Infinity",
    ] {
        texts.edit(&format!("the protocol is {put}"), "\"protocol\":1", &format!("\"protocol\":{put}"), false);
    }
    for put in ["-0", "00", "0.0", "0e0", "0e9", "\"0\"", "false", "null", "+0", "-0.0", "0x0", "\"\""] {
        texts.edit(&format!("the lag is {put}"), "\"lag\":0", &format!("\"lag\":{put}"), false);
    }
    let ranges = [
        (
            "protocol",
            "\"protocol\":1",
            &[("0", false), ("2", false), ("65535", false), ("65536", false), ("65537", false)][..],
        ),
        ("suite", "\"suite\":1", &[("0", false), ("2", false), ("255", false), ("256", false), ("257", false)]),
        (
            "lag",
            "\"lag\":0",
            &[
                ("9007199254740991", true),
                ("9007199254740992", false),
                ("9007199254740993", false),
                ("18446744073709551615", false),
                ("18446744073709551616", false),
                ("18446744073709551617", false),
                ("99999999999999999999", false),
                ("100000000000000000000", false),
                ("340282366920938463463374607431768211456", false),
            ],
        ),
        (
            "time",
            "\"time\":1700000000000",
            &[("0", true), ("9007199254740991", true), ("9007199254740992", false), ("18446744073709551616", false)],
        ),
        ("power", "\"power\":1", &[("0", false), ("4294967295", true), ("4294967296", false), ("4294967297", false)]),
        (
            "next node number",
            "\"next_node\":2",
            &[("1", false), ("1024", true), ("1025", false), ("4294967295", false), ("4294967298", false)],
        ),
        ("wanted", "\"wanted\":0", &[("1", false), ("4294967295", false), ("4294967296", false)]),
    ];
    for (what, find, values) in ranges {
        let (field, _) = find.split_once(':').unwrap();
        for (value, holds) in values {
            texts.edit(&format!("the {what} is {value}"), find, &format!("{field}:{value}"), *holds);
        }
    }
}

/// A name whose value is nothing stands there all the same.
pub(super) fn left_out(texts: &mut Texts<'_>, finds: &[&str]) {
    for find in finds {
        let name = find.split(':').next().unwrap();
        let gone = if texts.text.contains(&format!(",{find}")) { format!(",{find}") } else { format!("{find},") };
        texts.edit(&format!("without {find}"), &gone, "", false);
        if !find.ends_with("null") {
            texts.edit(&format!("{name}: null"), find, &format!("{name}:null"), false);
        }
    }
}
