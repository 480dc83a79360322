//! Which texts may be names: those of members, and origins (of the log, of witnesses), which stand in signed notes
//! (format.md §8).

use thiserror::Error;

/// A text that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing to show.
    #[error("it is empty")]
    Empty,
    /// A character that is not seen, or that turns or parts a line.
    #[error("it holds the hidden character {0:?}")]
    Hidden(char),
    /// A character that ends a name in a signed note.
    #[error("it holds {0:?}, which ends a name in a signed note")]
    Ends(char),
}

/// A person reads it as it stands: not empty, no hidden characters.
///
/// # Errors
/// [`NameError`].
pub fn check_name(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    text.chars().find(|c| is_hidden(*c)).map_or(Ok(()), |c| Err(NameError::Hidden(c)))
}

/// A name that can stand in a signed note: further, no white space and no `+`.
///
/// # Errors
/// [`NameError`].
pub fn check_origin(text: &str) -> Result<(), NameError> {
    check_name(text)?;
    text.chars().find(|c| *c == '+' || c.is_whitespace()).map_or(Ok(()), |c| Err(NameError::Ends(c)))
}

/// Control characters, and those that turn the direction of a text or part its lines.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_as_they_stand() {
        for good in ["济南市", "Jinan", "Jinan City", "a", "山东 (省)"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        assert_eq!(check_name(""), Err(NameError::Empty));
        for hidden in ('\0'..='\u{3100}').filter(|c| is_hidden(*c)) {
            assert_eq!(check_name(&format!("a{hidden}b")), Err(NameError::Hidden(hidden)));
        }
        let beyond_control = |c: &char| is_hidden(*c) && !c.is_control();
        let turning: Vec<u32> = ('\0'..=char::MAX).filter(beyond_control).map(u32::from).collect();
        let page = [0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e];
        assert_eq!(turning, [&page[..], &[0x2066, 0x2067, 0x2068, 0x2069]].concat());
    }

    #[test]
    fn an_origin_ends_where_a_signed_note_says() {
        assert_eq!(check_origin("luqi.sd.example"), Ok(()));
        assert_eq!(check_origin("鲁契"), Ok(()));
        assert_eq!(check_origin("a+b"), Err(NameError::Ends('+')));
        // White space as the page lists it, but for what is hidden already.
        let spaces: Vec<u32> = ('\0'..=char::MAX).filter(|c| c.is_whitespace()).map(u32::from).collect();
        let page = [9, 10, 11, 12, 13, 0x20, 0x85, 0xa0, 0x1680];
        let page = page.into_iter().chain(0x2000..=0x200a).chain([0x2028, 0x2029, 0x202f, 0x205f, 0x3000]);
        assert_eq!(spaces, page.collect::<Vec<_>>());
        for space in [' ', '\u{a0}', '\u{3000}', '\u{2003}'] {
            assert_eq!(check_origin(&format!("a{space}")), Err(NameError::Ends(space)));
        }
    }
}
