//! Telephone numbers in the forms that people write. No law asks for one, so another form only flags.

use super::fields::ANNEX_PHONE_MAX;

/// Whether a text is a number that can be called: a mobile number of the mainland with or without `+86`, `0086` or
/// `86`; a landline with its area code and perhaps an extension; a service number; a number abroad with `+` or `00`
/// (ITU-T E.164). Spaces, hyphens and brackets may stand between digits.
pub(super) fn is_known(text: &str) -> bool {
    let text = text.trim();
    if text.chars().count() > ANNEX_PHONE_MAX {
        return false;
    }
    let text: String = text.chars().map(half_width).collect();
    let (number, extension) = text.split_once('转').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let extension_fits = extension.is_none_or(|digits| is_digits(digits.trim(), 1, 6));
    let (plus, number) = number.strip_prefix('+').map_or((false, number), |rest| (true, rest));
    let groups: Vec<&str> = number.split([' ', '-', '(', ')']).filter(|group| !group.is_empty()).collect();
    let whole = groups.concat();
    if !extension_fits || !is_digits(&whole, 1, ANNEX_PHONE_MAX) {
        return false;
    }
    let abroad = if plus { Some(whole.as_str()) } else { whole.strip_prefix("00") };
    if let Some(national) = abroad.and_then(|digits| digits.strip_prefix("86")) {
        let area = national.trim_start_matches('0');
        // Of area codes 10 alone begins with 1.
        let is_area = area.starts_with("10") || !area.starts_with('1');
        return is_mobile(national) || is_area && is_landline(&format!("0{area}"));
    }
    if let Some(digits) = abroad {
        return !digits.starts_with('0') && is_digits(digits, 7, 15);
    }
    // The last group may be an extension: 0531-86012345-801.
    let last = groups.last().copied().unwrap_or_default();
    let before = whole.strip_suffix(last).unwrap_or_default();
    is_mobile(&whole)
        || whole.strip_prefix("86").is_some_and(is_mobile)
        || is_service(&whole)
        || is_landline(&whole)
        || is_landline(before) && is_digits(last, 1, 6)
}

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{2010}'..='\u{2015}' => '-',
        _ => c,
    }
}

fn is_digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_mobile(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..]) && is_digits(digits, 11, 11)
}

/// Area code with its zero, of three or four digits, and seven or eight digits.
fn is_landline(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'0', b'1'..=b'9', ..]) && is_digits(digits, 11, 12)
}

fn is_service(digits: &str) -> bool {
    digits.starts_with(['4', '8']) && digits.get(1..3) == Some("00") && is_digits(digits, 10, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones() {
        for known in [
            "13800138000",
            "+8613800138000",
            "008613800138000",
            "8613800138000",
            "+86 138-0013-8000",
            "138 0013 8000",
            "１３８００１３８０００",
            "0531-86012345",
            "053186012345",
            "010-12345678",
            "(0531) 86012345",
            "（0531）86012345",
            "0531-86012345-801",
            "053186012345-801",
            "0531-86012345转801",
            "0531-8601 2345",
            "+86 531 86012345",
            "+86 0531 86012345",
            "+861012345678",
            "400-100-1234",
            "8001001234",
            "+4915112345678",
            "004915112345678",
            "+85291234567",
            " 13800138000",
        ] {
            assert!(is_known(known), "{known}");
        }
        for other in [
            "",
            "+",
            "-",
            "12800138000",
            "1380013800",
            "138001380001",
            "1380013800a",
            "+0915112345678",
            "+123456",
            "+1234567890123456",
            "0531-860123",
            "0531-86012345-1-2",
            "0531",
            "86012345",
            "无",
            "+861380013800",
            "13800138000/13900139000",
            "0531-86012345转",
            "13800138000 1380013800",
            "４００",
        ] {
            assert!(!is_known(other), "{other}");
        }
    }
}
