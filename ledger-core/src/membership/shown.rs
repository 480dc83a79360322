//! Names as they are shown on a terminal.

use super::is_hidden;

/// The text for a terminal: what is hidden is shown as `\u{…}`.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_shown_to_whoever_approves() {
        assert_eq!(escaped("济南\u{202e}a\n\u{1b}[1m"), "济南\\u{202e}a\\u{a}\\u{1b}[1m");
    }
}
