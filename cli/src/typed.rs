//! Codes that people type: in upper case, with dashes or spaces, they are the same codes.

use std::str::FromStr;

/// A code as programs write it: lower case, without what stands between its digits.
pub(crate) fn typed(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// Reads what is written in lower-case hexadecimal digits, as it was typed.
pub(crate) fn hex<T: FromStr>(text: &str) -> Result<T, T::Err> {
    typed(text).parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::names::ProposalId;

    #[test]
    fn a_code_that_is_typed_otherwise_is_the_same() {
        assert_eq!(typed("D149-d961-6F92"), "d149d9616f92");
        let digits = "3f09ab".repeat(10) + "abcd";
        let grouped =
            digits.to_uppercase().as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-");
        assert_eq!(hex::<ProposalId>(&grouped).map(|id| id.to_string()), Ok(digits));
        assert!(hex::<ProposalId>("3f09ag").is_err());
    }
}
