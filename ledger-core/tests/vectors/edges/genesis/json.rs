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

/// What each kind of object begins with.
const OBJECTS: [(&str, &str); 31] = [
    ("the genesis", "{\"protocol\":1,\"suite\":1,\"name\":"),
    ("the predecessor", "{\"network\":"),
    ("a header", "{\"protocol\":1,\"suite\":1,\"chain\":"),
    ("a certificate", "\"certificate\":{\"height\":"),
    ("a signature", "{\"node\":1,\"signature\":"),
    ("a frontier", "{\"size\":"),
    ("a control state", "{\"protocol\":1,\"streams\":"),
    ("a stream", "{\"node\":1,\"last\":"),
    ("a proposal", "{\"id\":"),
    ("a change of membership", "{\"header\":"),
    ("a membership", "{\"next_node\":"),
    ("an heir", "{\"removed\":"),
    ("a member", "{\"code\":"),
    ("a governance key", "{\"suite\":1,\"key\":"),
    ("a node", "{\"number\":"),
    ("a node's key", "{\"purpose\":"),
    ("the parameters", "{\"block_bytes\":"),
    ("a trust policy", "{\"witnesses\":"),
    ("a sealed key", "{\"member\":"),
    ("a proposal to add a member", "{\"add_member\":"),
    ("a proposal to remove a member", "{\"remove_member\":"),
    ("a proposal to add a node", "{\"add_node\":"),
    ("a proposal to remove a node", "{\"remove_node\":"),
    ("a proposal to set a power", "{\"set_power\":"),
    ("a proposal to replace a node's keys", "{\"rotate_node_keys\":"),
    ("a proposal to replace a member's keys", "{\"rotate_member_keys\":"),
    ("a proposal to replace the parameters", "{\"set_parameters\":"),
    ("a proposal to activate a protocol", "{\"activate\":"),
    ("a proposal to withdraw", "{\"withdraw\":"),
    ("a proposal to replace the trust policy", "{\"set_trust\":"),
    ("a membership in force", "\"next\":{\"next_node\":"),
];

/// What says the same, and is another form: each of it is no genesis.
pub(super) fn forms(texts: &mut Texts<'_>) {
    objects(texts);
    lists(texts);
    left_out(
        texts,
        &["\"adopted\":false", "\"approvals\":[]", "\"round\":0", "\"nodes\":[]", "\"lag\":0", "\"wanted\":0"],
    );
    types(texts);
    scalars(texts);
}

fn objects(texts: &mut Texts<'_>) {
    for (what, begins) in OBJECTS {
        let brace = begins.find('{').unwrap() + 1;
        let (before, first) = begins.split_at(brace);
        let more = format!("{before}\"another\":0,{first}");
        texts.edit(&format!("{what} has another name"), begins, &more, false);
        let comment = format!("{before}\"\":null,{first}");
        texts.edit(&format!("{what} has an empty name"), begins, &comment, false);
        // Its first name twice, with the same value.
        let name = &first[..=first.find(':').unwrap()];
        let value = texts.value_behind(&format!("{before}{name}"));
        if value.len() < 100 {
            let twice = format!("{before}{name}{value},{first}");
            texts.edit(&format!("{what} has a name twice"), begins, &twice, false);
            let escaped = name.replacen(&name[1..2], &format!("\\u{:04x}", name.as_bytes()[1]), 1);
            let twice = format!("{before}{escaped}{value},{first}");
            texts.edit(&format!("{what} has a name twice, once escaped"), begins, &twice, false);
        }
        let capital = name.to_uppercase();
        let other = begins.replacen(name, &capital, 1);
        texts.edit(&format!("{what} has a name in capital letters"), begins, &other, false);
    }
    for (what, find, put) in [
        ("the purpose", "\"purpose\":\"consensus\"", "\"purpose\":1"),
        ("the purpose, in capital letters", "\"purpose\":\"consensus\"", "\"purpose\":\"Consensus\""),
        ("the purpose, of another", "\"purpose\":\"consensus\"", "\"purpose\":\"witness\""),
        ("the purpose, with a space", "\"purpose\":\"consensus\"", "\"purpose\":\"consensus \""),
        ("a change", "{\"remove_node\":", "{\"remove-node\":"),
        ("a change with two names", "{\"remove_node\":3}", "{\"remove_node\":3,\"activate\":2}"),
        ("a change without a name", "{\"remove_node\":3}", "{}"),
        ("a change that is a number", "{\"remove_node\":3}", "3"),
        ("a change that is a text", "{\"remove_node\":3}", "\"remove_node\""),
        ("a change of one field in a list", "{\"remove_node\":3}", "{\"remove_node\":[3]}"),
        ("a change by its number", "{\"remove_node\":3}", "{\"4\":3}"),
        ("a change of two fields, of which one is left out", "{\"set_power\":[3,2]}", "{\"set_power\":[3]}"),
        ("a change of two fields, and one more", "{\"set_power\":[3,2]}", "{\"set_power\":[3,2,1]}"),
        ("a change of two fields as an object", "{\"set_power\":[3,2]}", "{\"set_power\":{\"number\":3,\"power\":2}}"),
    ] {
        texts.edit(what, find, put, false);
    }
}

/// Objects that are written as lists of their values.
fn lists(texts: &mut Texts<'_>) {
    for begins in [
        "\"heirs\":[",
        "\"governance\":",
        "\"frontier\":",
        "\"parameters\":",
        "\"streams\":[",
        "\"keys\":[",
        "\"trust\":",
        "\"sealed_vrf\":[",
    ] {
        let object = texts.value_behind(begins);
        let fields: Vec<(String, String)> = fields_of(&object);
        let values: Vec<String> = fields.into_iter().map(|(_, value)| value).collect();
        let list = format!("{begins}[{}]", values.join(","));
        texts.edit(&format!("a list for the object behind {begins}"), &format!("{begins}{object}"), &list, false);
    }
}

/// Names and values of an object, as they are written.
fn fields_of(object: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut rest = &object[1..];
    while let Some((name, behind)) = rest.split_once(':') {
        let mut values = serde_json::Deserializer::from_str(behind).into_iter::<serde_json::Value>();
        values.next().unwrap().unwrap();
        let end = values.byte_offset();
        fields.push((name.trim_start_matches(',').to_owned(), behind[..end].to_owned()));
        rest = &behind[end..];
    }
    fields
}

/// A name whose value is nothing stands there all the same.
fn left_out(texts: &mut Texts<'_>, finds: &[&str]) {
    for find in finds {
        let name = find.split(':').next().unwrap();
        let gone = if texts.text.contains(&format!(",{find}")) { format!(",{find}") } else { format!("{find},") };
        texts.edit(&format!("without {find}"), &gone, "", false);
        if !find.ends_with("null") {
            texts.edit(&format!("{name}: null"), find, &format!("{name}:null"), false);
        }
    }
}

/// Flags and lists of other types.
fn types(texts: &mut Texts<'_>) {
    texts.edit("a list as null", "\"changes\":[", "\"changes\":null,\"changes\":[", false);
    for (find, put) in [
        ("\"adopted\":false", "0"),
        ("\"adopted\":false", "\"false\""),
        ("\"adopted\":false", "[]"),
        ("\"adopted\":true", "1"),
        ("\"adopted\":true", "\"true\""),
    ] {
        texts.edit(&format!("{find} as {put}"), find, &format!("\"adopted\":{put}"), false);
    }
}

/// Every field of a number, of hexadecimal, of a member code, in another form.
fn scalars(texts: &mut Texts<'_>) {
    for name in [
        "protocol",
        "suite",
        "time",
        "height",
        "log_size",
        "proposer",
        "round",
        "node",
        "size",
        "last",
        "effective",
        "next_node",
        "number",
        "power",
        "block_bytes",
        "block_events",
        "submission_events",
        "clock_tolerance_ms",
        "pace_events",
        "pace_wait_ms",
        "pace_seal_ms",
        "pace_idle_ms",
        "wanted",
        "lag",
        "remove_node",
        "activate",
    ] {
        let begins = format!("\"{name}\":");
        let Some(value) = (0..)
            .map(|at| nth_value(texts, &begins, at))
            .take_while(Option::is_some)
            .flatten()
            .find(|(_, value)| value.bytes().all(|byte| byte.is_ascii_digit()))
        else {
            panic!("{name}")
        };
        let (context, value) = value;
        for put in [
            format!("\"{value}\""),
            format!("{value}.0"),
            format!("{value}e0"),
            format!("0{value}"),
            format!("[{value}]"),
        ] {
            let find = format!("{context}{value}");
            texts.edit(&format!("{name} as {put}"), &find, &format!("{context}{put}"), false);
        }
    }
    for name in [
        "network",
        "chain",
        "parent",
        "body",
        "log_root",
        "map_root",
        "control",
        "next_membership",
        "block",
        "signature",
        "id",
        "key",
        "vault",
        "withdraw",
        "vrf",
    ] {
        let begins = format!("\"{name}\":");
        let found = (0..).map(|at| nth_value(texts, &begins, at)).take_while(Option::is_some).flatten();
        let Some((context, value)) = found
            .into_iter()
            .find(|(_, value)| value.starts_with('"') && value.contains(['a', 'b', 'c', 'd', 'e', 'f']))
        else {
            panic!("{name}")
        };
        let bare = value.trim_matches('"');
        let find = format!("{context}{value}");
        for (what, put) in [
            ("in capital letters", bare.to_uppercase()),
            ("with 0x before it", format!("0x{bare}")),
            ("with a space behind it", format!("{bare} ")),
            ("without its last digit", bare[..bare.len() - 1].to_owned()),
        ] {
            texts.edit(&format!("{name} {what}"), &find, &format!("{context}\"{put}\""), false);
        }
        texts.edit(&format!("{name} with a byte more"), &find, &format!("{context}\"{bare}00\""), false);
        texts.edit(&format!("{name} with a byte less"), &find, &format!("{context}\"{}\"", &bare[2..]), false);
        let bytes: Vec<String> = bare
            .as_bytes()
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap().to_string())
            .collect();
        texts.edit(&format!("{name} as a list of bytes"), &find, &format!("{context}[{}]", bytes.join(",")), false);
    }
    for (name, find) in [
        ("province", "\"province\":\"370000\""),
        ("code", "\"code\":\"370000\""),
        ("removed", "\"removed\":\"370300\""),
        ("member", "\"member\":\"370000\""),
    ] {
        let (field, value) = find.split_once(':').unwrap();
        let bare = value.trim_matches('"');
        for (what, put) in [
            ("as a number", bare.to_owned()),
            ("with a space", format!("\"{bare} \"")),
            ("with a zero more", format!("\"{bare}0\"")),
            ("as bytes", format!("\"{}\"", crate::hex(bare))),
        ] {
            texts.edit(&format!("{name} {what}"), find, &format!("{field}:{put}"), false);
        }
    }
    for digits in ["３70000", "37000", "37000a", "٣70000", "-70000", " 70000"] {
        texts.edit(
            &format!("a province {digits:?}"),
            "\"province\":\"370000\"",
            &format!("\"province\":\"{digits}\""),
            false,
        );
    }
}

/// What stands before the n-th value of a name, enough to tell it from the others, and the value.
fn nth_value(texts: &Texts<'_>, begins: &str, at: usize) -> Option<(String, String)> {
    let (place, _) = texts.text.match_indices(begins).nth(at)?;
    let rest = &texts.text[place + begins.len()..];
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
    values.next()?.ok()?;
    let value = rest[..values.byte_offset()].to_owned();
    let mut start = place;
    // The first place of what is found is where it is replaced.
    while texts.text.find(&format!("{}{value}", &texts.text[start..place + begins.len()])) != Some(start) {
        start = texts.text[..start].char_indices().next_back()?.0;
    }
    Some((texts.text[start..place + begins.len()].to_owned(), value))
}
