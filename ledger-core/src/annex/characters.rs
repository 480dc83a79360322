//! Characters that nobody can match later: what is not seen, what is written in another form than the document's,
//! and what was lost before it came. They only flag: the text is kept as it was written.

/// Whether a text has a character that shows nothing: format controls, bidirectional controls, fillers and variation
/// selectors (Unicode: `Default_Ignorable_Code_Point`, with the blank of Braille and the separators of lines).
pub(super) fn has_invisible(text: &str) -> bool {
    text.contains(is_invisible)
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text has what stands for a lost character: private use, a box, and a question mark where `asks` says
/// that none belongs there. U+FFFD is a finding of its own.
pub(super) fn is_damaged(text: &str, asks: bool) -> bool {
    let private = |c| matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}');
    let box_ = |c| matches!(c, '\u{25a0}' | '\u{25a1}' | '\u{25af}' | '\u{2b1c}' | '\u{3013}');
    text.contains(|c| private(c) || !asks && (box_(c) || matches!(c, '?' | '\u{ff1f}')))
}

/// Whether a text has a character that the standard form writes as another: compatibility ideographs and signs,
/// radicals in place of ideographs, marks and letters of Hangul that stand apart. Of what is met in Chinese records
/// nothing else is outside NFC (UAX 15).
pub(super) fn has_other_form(text: &str) -> bool {
    text.contains(is_other_form)
}

fn is_other_form(c: char) -> bool {
    // Twelve of the compatibility block are ideographs of their own.
    const OWN: &[char] = &[
        '\u{fa0e}', '\u{fa0f}', '\u{fa11}', '\u{fa13}', '\u{fa14}', '\u{fa1f}', '\u{fa21}', '\u{fa23}', '\u{fa24}',
        '\u{fa27}', '\u{fa28}', '\u{fa29}',
    ];
    let radical = matches!(c, '\u{2e80}'..='\u{2fd5}' | '\u{31c0}'..='\u{31e3}');
    let compatible = matches!(c, '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}') && !OWN.contains(&c);
    let mark = matches!(c, '\u{300}'..='\u{34e}' | '\u{350}'..='\u{36f}' | '\u{3099}' | '\u{309a}');
    let jamo = matches!(c, '\u{1100}'..='\u{115e}' | '\u{1161}'..='\u{11ff}');
    radical || compatible || mark || jamo || matches!(c, '\u{2126}' | '\u{212a}' | '\u{212b}')
}

/// Full-width forms of ASCII characters, U+FF01 to U+FF5E: they look alike and are others.
pub(super) fn has_full_width(text: &str) -> bool {
    text.contains(|c: char| ('\u{ff01}'..='\u{ff5e}').contains(&c))
}

/// Full-width letters and digits.
pub(super) fn has_full_width_alphanumeric(text: &str) -> bool {
    text.contains(|c: char| c.is_alphanumeric() && ('\u{ff01}'..='\u{ff5e}').contains(&c))
}

/// Whether a person's name is written in another form than documents have: see [`has_other_form`]; full-width letters
/// and digits; another dot than U+00B7 between its parts; a space beside an ideograph, or two in a row.
pub(super) fn is_name_in_other_form(name: &str) -> bool {
    let inside: Vec<char> = name.trim().chars().collect();
    let beside = inside.windows(2).any(|pair| match pair {
        [left, right] => is_apart(*left, *right) || is_apart(*right, *left),
        _ => false,
    });
    has_other_form(name) || has_full_width_alphanumeric(name) || name.contains(is_other_dot) || beside
}

/// Whether `space` is one that stands beside an ideograph or another space, or a full stop beside an ideograph.
fn is_apart(space: char, beside: char) -> bool {
    space.is_whitespace() && (is_han(beside) || beside.is_whitespace()) || space == '.' && is_han(beside)
}

/// Dots that are taken for U+00B7.
fn is_other_dot(c: char) -> bool {
    matches!(
        c,
        '\u{387}'
            | '\u{1427}'
            | '\u{16eb}'
            | '\u{2022}'
            | '\u{2024}'
            | '\u{2027}'
            | '\u{2219}'
            | '\u{22c5}'
            | '\u{25cf}'
            | '\u{2e31}'
            | '\u{30fb}'
            | '\u{318d}'
            | '\u{fe52}'
            | '\u{ff0e}'
            | '\u{ff65}'
    )
}

/// Whether a character is one of Unicode's Han, in every extension that there is or will be: 〇 and planes 2 and 3.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Whether a person's name has a character that stands in no name. What has a finding of its own is not counted again.
pub(super) fn has_no_names_character(name: &str) -> bool {
    let of_names = |c: char| {
        is_han(c)
            || c.is_alphabetic()
            || c.is_whitespace()
            || matches!(c, '\u{b7}' | '-' | '\u{2010}' | '\'' | '\u{2019}' | '.')
    };
    let told = |c: char| {
        c.is_control()
            || is_invisible(c)
            || is_other_form(c)
            || is_other_dot(c)
            || c == '\u{fffd}'
            || is_damaged(c.encode_utf8(&mut [0; 4]), false)
    };
    name.contains(|c| !of_names(c) && !told(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn han_of_every_plane_is_a_name() {
        for name in
            ["王〇", "𠮷", "\u{2a700}", "\u{30000}", "\u{323af}", "\u{33479}", "々木", "龥", "\u{9fff}", "\u{fa29}"]
        {
            assert!(!has_no_names_character(name) && !is_name_in_other_form(name) && !has_invisible(name), "{name}");
        }
    }

    #[test]
    fn each_kind_is_told_once() {
        for (name, told) in [
            ("王\u{200b}伟", [true, false, false, false]),
            ("王\u{e0100}", [true, false, false, false]),
            ("阿\u{ff0e}买", [false, true, false, false]),
            ("\u{2f46}", [false, true, false, false]),
            ("王 伟", [false, true, false, false]),
            ("Wang  Wei", [false, true, false, false]),
            ("张\u{e86c}", [false, false, true, false]),
            ("张?", [false, false, true, false]),
            ("张3", [false, false, false, true]),
            ("张（经理）", [false, false, false, true]),
            ("Wang Wei", [false; 4]),
            ("Martin L. King", [false; 4]),
            ("阿依古丽·买买提", [false; 4]),
        ] {
            let found = [
                has_invisible(name),
                is_name_in_other_form(name),
                is_damaged(name, false),
                has_no_names_character(name),
            ];
            assert_eq!(found, told, "{name}");
        }
        assert!(!is_damaged("同意？", true) && is_damaged("\u{10fffd}", true));
    }
}
